package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/rush"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Retry limits. A forge that is down gets an hour and a half to come back before its deliveries are dead letters; an
// error that waiting will not mend gets three tries, in case it was judged wrongly.
const (
	transientAttempts = 16
	permanentAttempts = 3
	firstDelay        = 2 * time.Second
	longestDelay      = 10 * time.Minute
)

// workers is how many subjects are worked on at once. The work waits for the forge and for calmer times, so it far
// exceeds the processor count.
const workers = 32

const (
	// storingLimit is how long an attempt lets deliveries that are being stored go first.
	storingLimit = 250 * time.Millisecond
	// startingLimit is how long the record of an attempt lets runs start first. The attempt may be made twice if Pharos dies
	// in between, which changes nothing.
	startingLimit = time.Second
)

// subjectIndex finds the unfinished deliveries of a subject in the informer.
const subjectIndex = "unfinished-subject"

// Dispatcher does the work that an event asks for.
type Dispatcher interface {
	Dispatch(ctx context.Context, delivery string, e scm.Event, earlier chatops.Report) (chatops.Report, error)
}

// Worker processes stored deliveries on the leader.
type Worker struct {
	inbox    *Inbox
	reader   client.Reader
	dispatch Dispatcher
	now      func() time.Time
	// Rush is shared with whatever starts runs; nil records at once.
	Rush *rush.Rush
	// written holds, by delivery name, the version that was read before the last write. While the informer still shows
	// that version, the delivery looks as if the attempt had not been made.
	written sync.Map
}

// NewWorker makes a worker over the inbox; reader is the informer cache.
func NewWorker(i *Inbox, reader client.Reader, d Dispatcher) *Worker {
	return &Worker{inbox: i, reader: reader, dispatch: d, now: time.Now}
}

// SetupWithManager registers the worker as a controller whose requests are subjects: the work queue then never runs one
// subject twice at once, which is what keeps its deliveries in order.
func (w *Worker) SetupWithManager(mgr ctrl.Manager) error {
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.Delivery{}, subjectIndex, unfinishedSubject); err != nil {
		return fmt.Errorf("index deliveries by subject: %w", err)
	}
	bySubject := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []string {
		return unfinishedSubject(o)
	})
	return builder.TypedControllerManagedBy[string](mgr).
		Named("inbox").
		Watches(&v1alpha1.Delivery{}, bySubject).
		WithOptions(controller.TypedOptions[string]{MaxConcurrentReconciles: workers}).
		Complete(w)
}

func unfinishedSubject(o client.Object) []string {
	d, ok := o.(*v1alpha1.Delivery)
	if !ok || d.Status.Phase.Finished() {
		return nil
	}
	return []string{d.Spec.Subject}
}

// Reconcile works off the deliveries of one subject until none is due.
func (w *Worker) Reconcile(ctx context.Context, subject string) (reconcile.Result, error) {
	for {
		d, err := w.next(ctx, subject)
		if err != nil || d == nil {
			return reconcile.Result{}, err
		}
		if wait := w.untilDue(d); wait > 0 {
			return reconcile.Result{RequeueAfter: wait}, nil
		}
		wait, err := w.process(ctx, d)
		if err != nil || wait > 0 {
			return reconcile.Result{RequeueAfter: wait}, err
		}
	}
}

// next is the oldest unfinished delivery of a subject, nil when there is none.
func (w *Worker) next(ctx context.Context, subject string) (*v1alpha1.Delivery, error) {
	var list v1alpha1.DeliveryList
	if err := w.reader.List(ctx, &list, client.InNamespace(w.inbox.namespace), client.MatchingFields{subjectIndex: subject}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list deliveries of %s: %w", subject, err)
	}
	items := slices.DeleteFunc(list.Items, func(d v1alpha1.Delivery) bool {
		before, ok := w.written.Load(d.Name)
		return ok && before == d.ResourceVersion
	})
	if len(items) == 0 {
		return nil, nil
	}
	oldest := slices.MinFunc(items, func(a, b v1alpha1.Delivery) int {
		return a.Spec.ReceivedAt.Compare(b.Spec.ReceivedAt.Time)
	})
	return oldest.DeepCopy(), nil
}

func (w *Worker) untilDue(d *v1alpha1.Delivery) time.Duration {
	if d.Status.NextAttempt == nil {
		return 0
	}
	return d.Status.NextAttempt.Sub(w.now())
}

// process makes one attempt and records it; a positive wait asks for the next.
func (w *Worker) process(ctx context.Context, d *v1alpha1.Delivery) (wait time.Duration, err error) {
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("delivery", d.Name, "subject", d.Spec.Subject, "event", d.Spec.Event))
	before := d.DeepCopy()
	w.inbox.storing.Pass(ctx, storingLimit)
	report, failure := w.attempt(ctx, d)
	if ctx.Err() != nil {
		return 0, ctx.Err() // shutting down is no fault of the delivery: the next leader takes it up as it is
	}
	d.Status.Outcomes, d.Status.Jobs = report.Outcomes, report.Jobs
	d.Status.Attempts++
	if failure == nil {
		w.finish(d, v1alpha1.DeliveryProcessed, "")
	} else {
		wait = w.fail(ctx, d, failure)
	}
	w.Rush.Pass(ctx, startingLimit)
	if err := w.inbox.client.Patch(ctx, d, client.MergeFrom(before)); err != nil {
		return 0, fmt.Errorf("record outcome of delivery %s: %w", d.Name, err)
	}
	w.remember(before)
	if d.Status.Phase == v1alpha1.DeliveryProcessed {
		w.dropBlob(ctx, before)
	}
	return wait, nil
}

func (w *Worker) attempt(ctx context.Context, d *v1alpha1.Delivery) (chatops.Report, error) {
	defer w.Rush.Begin()()
	earlier := chatops.Report{Outcomes: d.Status.Outcomes, Jobs: d.Status.Jobs}
	e, err := w.inbox.unpack(ctx, d)
	if err != nil {
		return earlier, err
	}
	return w.dispatch.Dispatch(ctx, d.Name, e, earlier)
}

func (w *Worker) fail(ctx context.Context, d *v1alpha1.Delivery, failure error) time.Duration {
	limit := int32(permanentAttempts)
	if errors.Is(failure, scm.ErrTransient) {
		limit = transientAttempts
	}
	if d.Status.Attempts >= limit {
		log.FromContext(ctx).Error(failure, "delivery is a dead letter", "attempts", d.Status.Attempts)
		w.finish(d, v1alpha1.DeliveryDead, failure.Error())
		return 0
	}
	wait := Delay(d.Status.Attempts)
	var limited *scm.RateLimitedError
	if errors.As(failure, &limited) {
		wait = max(wait, limited.Until.Sub(w.now()))
	}
	next := metav1.NewTime(w.now().Add(wait))
	d.Status.Phase, d.Status.NextAttempt, d.Status.Message = v1alpha1.DeliveryRetrying, &next, failure.Error()
	log.FromContext(ctx).Info("delivery will be retried", "attempts", d.Status.Attempts, "in", wait.String(), "error", failure.Error())
	return wait
}

// Delay before the attempt that follows the given number of failed ones: doubling from 2 s up to 10 min.
func Delay(failed int32) time.Duration {
	d := firstDelay << min(max(failed-1, 0), 20)
	return min(d, longestDelay)
}

func (w *Worker) finish(d *v1alpha1.Delivery, phase v1alpha1.DeliveryPhase, message string) {
	now := metav1.NewTime(w.now())
	d.Status.Phase, d.Status.Message, d.Status.FinishedAt, d.Status.NextAttempt = phase, message, &now, nil
	condition := metav1.Condition{Type: v1alpha1.ConditionProcessed, Status: metav1.ConditionTrue, Reason: string(phase), Message: message, LastTransitionTime: now}
	if phase == v1alpha1.DeliveryDead {
		condition.Status = metav1.ConditionFalse
	} else {
		d.Spec.Payload, d.Spec.PayloadKey = nil, ""
	}
	meta.SetStatusCondition(&d.Status.Conditions, condition)
	processed.WithLabelValues(string(phase)).Inc()
	latency.Observe(w.now().Sub(d.Spec.ReceivedAt.Time).Seconds())
}

// remember keeps the version that was just replaced out of next; a minute is far more than a watch event takes.
func (w *Worker) remember(before *v1alpha1.Delivery) {
	w.written.Store(before.Name, before.ResourceVersion)
	time.AfterFunc(time.Minute, func() { w.written.CompareAndDelete(before.Name, before.ResourceVersion) })
}

// dropBlob removes a processed payload from the bucket; what it leaves behind on failure is only garbage.
func (w *Worker) dropBlob(ctx context.Context, before *v1alpha1.Delivery) {
	if before.Spec.PayloadKey == "" {
		return
	}
	if err := w.inbox.blobs.DeleteBlob(ctx, before.Spec.PayloadKey); err != nil {
		log.FromContext(ctx).Info("processed payload stays in the bucket", "key", before.Spec.PayloadKey, "error", err.Error())
	}
}
