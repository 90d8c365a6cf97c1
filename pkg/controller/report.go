package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/report"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Indexes of the informer that find the runs of one commit and of one pull request.
const (
	commitIndex = "report-commit"
	pullIndex   = "report-pull"
)

const (
	// reportWorkers is how many commits and threads are told at once. The work waits for the forge.
	reportWorkers = 8
	// firstReportDelay and longestReportDelay bound the pause before an unreachable forge is tried again; there is no
	// last try.
	firstReportDelay, longestReportDelay = time.Second, time.Minute
	// pageGrace is how long a run that has not begun may lack its page before its status goes out without one.
	pageGrace = 2 * time.Second
	// defaultCommentDelay lets the runs of a pull request that end together share one comment and one notification.
	defaultCommentDelay = 2 * time.Second
)

// Clients finds the forge of a connection.
type Clients interface {
	// Client is asked at every report, so a connection may be reconfigured at any time.
	Client(connection string) (*scm.Client, error)
	// Bot is the login that Pharos's own comments carry; empty when it is not known.
	Bot(connection string) string
}

// ReportOptions change what the reporter does; the zero value is what production uses.
type ReportOptions struct {
	// CommentDelay is how long a failure waits for others before the pull request is told; 0 means two seconds.
	CommentDelay time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Report tells the forge how runs stand, and goes on until the forge knows: what it was told is kept on each run.
type Report struct {
	client  client.Client
	clients Clients
	delay   time.Duration
	now     func() time.Time
	backoff workqueue.TypedRateLimiter[ReportKey]
	told    told
}

// ReportKey is one piece of the forge that takes reports: a commit with its statuses when SHA is set, or else the thread
// of a pull request. It is what the work queue holds, so nothing is told to one commit or thread twice at once, and a
// status can never overtake another.
type ReportKey struct {
	Repo scm.Repo
	SHA  string
	Pull int
}

// String is the key of the informer's index.
func (k ReportKey) String() string {
	if k.SHA != "" {
		return k.Repo.String() + "@" + k.SHA
	}
	return scm.PullRef{Repo: k.Repo, Number: k.Pull}.String()
}

// NewReport makes the reporter. The client must read from the informer cache of a manager.
func NewReport(c client.Client, clients Clients, o ReportOptions) *Report {
	r := &Report{client: c, clients: clients, delay: cmp.Or(o.CommentDelay, defaultCommentDelay), now: o.Now}
	if r.now == nil {
		r.now = time.Now
	}
	r.backoff = workqueue.NewTypedItemExponentialFailureRateLimiter[ReportKey](firstReportDelay, longestReportDelay)
	return r
}

// SetupWithManager registers the reporter and its indexes; it runs on the leader only.
func (r *Report) SetupWithManager(mgr ctrl.Manager) error {
	for name, index := range reportIndexes() {
		if err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.PipelineJob{}, name, index); err != nil {
			return fmt.Errorf("index pipeline jobs by %s: %w", name, err)
		}
	}
	kept := predicate.Funcs{DeleteFunc: func(event.DeleteEvent) bool { return false }}
	return builder.TypedControllerManagedBy[ReportKey](mgr).
		Named("report").
		Watches(&v1alpha1.PipelineJob{}, handler.TypedEnqueueRequestsFromMapFunc(reportKeys), builder.WithPredicates(kept)).
		WithOptions(controller.TypedOptions[ReportKey]{MaxConcurrentReconciles: reportWorkers}).
		Complete(r)
}

func reportIndexes() map[string]client.IndexerFunc {
	return map[string]client.IndexerFunc{
		commitIndex: func(o client.Object) []string {
			pj, ok := o.(*v1alpha1.PipelineJob)
			if !ok || !report.Wanted(pj) {
				return nil
			}
			return []string{commitKey(pj).String()}
		},
		pullIndex: func(o client.Object) []string {
			pj, ok := o.(*v1alpha1.PipelineJob)
			if !ok {
				return nil
			}
			ref, ok := report.Pull(pj)
			if !ok {
				return nil
			}
			return []string{ref.String()}
		},
	}
}

func commitKey(pj *v1alpha1.PipelineJob) ReportKey {
	repo, sha := report.Commit(pj)
	return ReportKey{Repo: repo, SHA: sha}
}

// reportKeys is who must hear of a change of a run: always its commit, and the thread once the run is over.
func reportKeys(_ context.Context, o client.Object) []ReportKey {
	pj, ok := o.(*v1alpha1.PipelineJob)
	if !ok || !report.Wanted(pj) {
		return nil
	}
	keys := []ReportKey{commitKey(pj)}
	if ref, ok := report.Pull(pj); ok && pj.Status.State.Terminal() {
		keys = append(keys, ReportKey{Repo: ref.Repo, Pull: ref.Number})
	}
	return keys
}

// Reconcile brings one commit or thread up to date. A forge that cannot be reached is tried again after a while, which
// no worker waits for.
func (r *Report) Reconcile(ctx context.Context, key ReportKey) (reconcile.Result, error) {
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("to", key.String()))
	var wait time.Duration
	var err error
	if key.SHA != "" {
		wait, err = r.statuses(ctx, key)
	} else {
		wait, err = r.thread(ctx, key)
	}
	if err == nil || ctx.Err() != nil {
		r.backoff.Forget(key)
		return reconcile.Result{RequeueAfter: wait}, ctx.Err()
	}
	var failure *forgeError
	if !errors.As(err, &failure) {
		return reconcile.Result{}, err
	}
	wait = r.backoff.When(key)
	var limited *scm.RateLimitedError
	if errors.As(err, &limited) {
		wait = max(wait, limited.Until.Sub(r.now()))
	}
	log.FromContext(ctx).Info("report will be retried", "in", wait.String(), "error", err.Error())
	return reconcile.Result{RequeueAfter: wait}, nil
}

// forgeError is a failure of the forge that the same call may not meet later.
type forgeError struct{ error }

func (e *forgeError) Unwrap() error { return e.error }

// transient says whether a call may succeed later. A time-out is the way's fault even where a driver did not say so.
func transient(err error) bool {
	return errors.Is(err, scm.ErrTransient) || errors.Is(err, context.DeadlineExceeded)
}

// runs are the runs that an index holds under a key. They belong to the informer and must not be changed.
func (r *Report) runs(ctx context.Context, index string, key ReportKey) ([]*v1alpha1.PipelineJob, error) {
	var list v1alpha1.PipelineJobList
	if err := r.client.List(ctx, &list, client.MatchingFields{index: key.String()}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list runs of %s: %w", key, err)
	}
	runs := make([]*v1alpha1.PipelineJob, len(list.Items))
	for i := range list.Items {
		runs[i] = &list.Items[i]
	}
	return runs, nil
}

// forge is the client of a connection. A connection that is gone may come back with the next configuration.
func (r *Report) forge(connection string) (*scm.Client, error) {
	c, err := r.clients.Client(connection)
	if err != nil {
		return nil, &forgeError{fmt.Errorf("open connection %s: %w", connection, err)}
	}
	return c, nil
}
