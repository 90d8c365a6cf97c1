package inbox

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/scm"
)

type blobMap map[string][]byte

func (m blobMap) PutBlob(_ context.Context, key string, data []byte) error { m[key] = data; return nil }
func (m blobMap) GetBlob(_ context.Context, key string) ([]byte, error)    { return m[key], nil }
func (m blobMap) DeleteBlob(_ context.Context, key string) error           { delete(m, key); return nil }

// recorder notes the ids it was asked to dispatch and answers with the errors lined up for it.
type recorder struct {
	ids    []string
	errors []error
}

func (r *recorder) Dispatch(_ context.Context, _ string, e scm.Event, earlier chatops.Report) (chatops.Report, error) {
	r.ids = append(r.ids, e.Envelope().ID)
	if len(r.errors) == 0 {
		return earlier, nil
	}
	err := r.errors[0]
	r.errors = r.errors[1:]
	return earlier, err
}

type bench struct {
	t      *testing.T
	client client.Client
	inbox  *Inbox
	worker *Worker
	work   *recorder
	blobs  blobMap
	now    time.Time
}

func newBench(t *testing.T, failures ...error) *bench {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, work: &recorder{errors: failures}, blobs: blobMap{}, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	b.client = fake.NewClientBuilder().WithScheme(scheme).WithIndex(&v1alpha1.Delivery{}, subjectIndex, unfinishedSubject).Build()
	b.inbox = New(b.client, "pharos", b.blobs)
	b.worker = NewWorker(b.inbox, b.client, b.work)
	clock := func() time.Time { return b.now }
	b.inbox.now, b.worker.now = clock, clock
	return b
}

func (b *bench) put(id string) {
	b.t.Helper()
	b.now = b.now.Add(time.Millisecond)
	if err := b.inbox.Put(b.t.Context(), event(id, "")); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) work1() time.Duration {
	b.t.Helper()
	result, err := b.worker.Reconcile(b.t.Context(), event("", "").Subject())
	if err != nil {
		b.t.Fatal(err)
	}
	return result.RequeueAfter
}

func (b *bench) get(id string) *v1alpha1.Delivery {
	b.t.Helper()
	var d v1alpha1.Delivery
	if err := b.client.Get(b.t.Context(), client.ObjectKey{Namespace: "pharos", Name: Name("main", id)}, &d); err != nil {
		b.t.Fatal(err)
	}
	return &d
}

func event(id, body string) *scm.CommentEvent {
	repo := scm.Repo{Connection: "main", Org: "acme", Name: "app"}
	return &scm.CommentEvent{Meta: scm.Envelope{ID: id, Repo: repo}, Number: 7, IsPull: true, Action: scm.ActionCreated, Comment: scm.Comment{Body: body}}
}

func TestDeliveriesOfASubjectAreWorkedOffInOrder(t *testing.T) {
	b := newBench(t)
	b.put("zebra")
	b.put("ape")
	b.put("lion")
	b.work1()
	if diff := cmp.Diff([]string{"zebra", "ape", "lion"}, b.work.ids); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if d := b.get("ape"); d.Status.Phase != v1alpha1.DeliveryProcessed || d.Spec.Payload != nil {
		t.Errorf("processed delivery has phase %q and %d bytes of payload", d.Status.Phase, len(d.Spec.Payload))
	}
}

func TestARedeliveryIsNotWorkedOffTwice(t *testing.T) {
	b := newBench(t)
	b.put("one")
	b.put("one")
	b.work1()
	b.put("one")
	b.work1()
	if diff := cmp.Diff([]string{"one"}, b.work.ids); diff != "" {
		t.Errorf("dispatched (-want +got):\n%s", diff)
	}
}

func TestATransientFailureHoldsBackTheNextDelivery(t *testing.T) {
	b := newBench(t, scm.ErrTransient)
	b.put("one")
	b.put("two")
	wait := b.work1()
	if wait != firstDelay {
		t.Errorf("waits %v, want %v", wait, firstDelay)
	}
	if d := b.get("one"); d.Status.Phase != v1alpha1.DeliveryRetrying || d.Spec.Payload == nil {
		t.Errorf("phase %q with %d bytes of payload, want Retrying with its payload", d.Status.Phase, len(d.Spec.Payload))
	}
	b.work1() // not due yet
	b.now = b.now.Add(wait)
	b.work1()
	if diff := cmp.Diff([]string{"one", "one", "two"}, b.work.ids); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestALastFailureMakesADeadLetterThatCanBeReplayed(t *testing.T) {
	broken := errors.New("broken")
	b := newBench(t, broken, broken, broken)
	b.put("one")
	for range permanentAttempts {
		b.now = b.now.Add(longestDelay)
		b.work1()
	}
	if d := b.get("one"); d.Status.Phase != v1alpha1.DeliveryDead || d.Status.Message != "broken" {
		t.Fatalf("phase %q, message %q; want Dead, broken", d.Status.Phase, d.Status.Message)
	}
	if err := b.inbox.Replay(t.Context(), Name("main", "one")); err != nil {
		t.Fatal(err)
	}
	b.work1()
	if d := b.get("one"); d.Status.Phase != v1alpha1.DeliveryProcessed {
		t.Errorf("phase %q after the replay, want Processed", d.Status.Phase)
	}
	if err := b.inbox.Replay(t.Context(), Name("main", "one")); err == nil || !strings.Contains(err.Error(), "only dead letters") {
		t.Errorf("replay of a processed delivery answers %v", err)
	}
}

func TestARateLimitIsWaitedFor(t *testing.T) {
	b := newBench(t)
	b.work.errors = []error{&scm.RateLimitedError{Until: b.now.Add(time.Hour)}}
	b.put("one")
	if wait := b.work1(); wait < 59*time.Minute {
		t.Errorf("waits %v although the forge said an hour", wait)
	}
}

func TestAnOversizedPayloadGoesToTheStore(t *testing.T) {
	b := newBench(t)
	body := make([]byte, 0, 4<<20)
	for i := uint32(1); len(body) < cap(body); i++ { // incompressible enough
		i = i*1664525 + 1013904223
		body = append(body, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[i>>26])
	}
	if err := b.inbox.Put(t.Context(), event("big", string(body))); err != nil {
		t.Fatal(err)
	}
	if d := b.get("big"); d.Spec.Payload != nil || len(b.blobs) != 1 {
		t.Fatalf("object holds %d bytes and the store %d blobs; want none and one", len(d.Spec.Payload), len(b.blobs))
	}
	b.work1()
	if diff := cmp.Diff([]string{"big"}, b.work.ids); diff != "" || len(b.blobs) != 0 {
		t.Errorf("dispatched (-want +got):\n%s\n%d blobs stay behind", diff, len(b.blobs))
	}
}

func TestExpiryKeepsDeadLettersLonger(t *testing.T) {
	b := newBench(t, nil, errors.New("x"), errors.New("x"), errors.New("x"))
	b.put("fine")
	b.put("dead")
	for range permanentAttempts {
		b.work1()
		b.now = b.now.Add(longestDelay)
	}
	e := &Expiry{Client: b.client, Namespace: "pharos", Processed: time.Hour, Dead: 48 * time.Hour}
	if err := e.Sweep(t.Context(), b.now.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	var list v1alpha1.DeliveryList
	if err := b.client.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || list.Items[0].Spec.ID != "dead" {
		t.Errorf("%d deliveries are left, want the dead letter only", len(list.Items))
	}
}

func TestShutdownIsNoFailedAttempt(t *testing.T) {
	b := newBench(t)
	b.put("one")
	ctx, cancel := context.WithCancel(t.Context())
	b.worker.dispatch = dispatchFunc(func() error { cancel(); return ctx.Err() })
	if _, err := b.worker.Reconcile(ctx, event("", "").Subject()); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want context.Canceled", err)
	}
	if d := b.get("one"); d.Status.Attempts != 0 {
		t.Errorf("%d attempts were counted", d.Status.Attempts)
	}
}

type dispatchFunc func() error

func (f dispatchFunc) Dispatch(context.Context, string, scm.Event, chatops.Report) (chatops.Report, error) {
	return chatops.Report{}, f()
}
