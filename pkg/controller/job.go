package controller

import (
	"context"
	"fmt"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/pipeline"
	"github.com/pharos-ci/pharos/pkg/rush"
)

const (
	// jobWorkers is how many jobs are looked at together; the work is one or two writes to the API server.
	jobWorkers = 4
	// slotRecheck looks again for a free slot in case a wake-up was missed.
	slotRecheck = time.Minute
	// staleRecheck waits for an informer that has not caught up with what is known to exist.
	staleRecheck = 500 * time.Millisecond
	// taskGrace is how long after a run's failure its TaskRuns are waited for: they say why it failed.
	taskGrace = 10 * time.Second
	// rushLimit is how long the start of a run may go unrecorded while others start; rushRecheck looks again.
	rushLimit, rushRecheck = 2 * time.Second, 100 * time.Millisecond
	// refusalRecheck and refusalGrace bound the time in which a refused run is tried again: a quota frees itself.
	refusalRecheck, refusalGrace = 10 * time.Second, time.Minute
)

// JobOptions are the settings of the [Job] reconciler.
type JobOptions struct {
	// Pipeline is what PipelineRuns are built with; its DashboardURL is set for each run from RunURL.
	Pipeline pipeline.Options
	// RunURL is the run's page on the dashboard; nil means that there is none.
	RunURL func(*v1alpha1.PipelineJob) string
	// Rush is on while runs are being started, which goes before writing that they have started; nil writes at once.
	Rush *rush.Rush
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Job leads each PipelineJob through its life: it waits for a slot, becomes a PipelineRun, follows it and ends. It owns
// the state, description, URL, times, PipelineRun and Complete condition of the status and touches nothing else there.
type Job struct {
	client client.Client
	opts   JobOptions
	slots  slots
}

// NewJob makes the reconciler; reads go through c's cache only, which needs the indexes of [Job.SetupWithManager].
func NewJob(c client.Client, opts JobOptions) *Job {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.RunURL == nil {
		opts.RunURL = func(*v1alpha1.PipelineJob) string { return "" }
	}
	return &Job{client: c, opts: opts, slots: slots{claimed: map[types.NamespacedName]bool{}}}
}

// Reconcile brings one PipelineJob one step forward.
func (r *Job) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	pj := &v1alpha1.PipelineJob{}
	if err := r.client.Get(ctx, req.NamespacedName, pj); err != nil {
		if apierrors.IsNotFound(err) {
			r.slots.release(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if pj.Status.State.Terminal() && pj.Status.CompletionTime != nil {
		r.slots.release(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	result, err := r.step(ctx, pj)
	if apierrors.IsConflict(err) {
		// The cache is behind one of our own writes or another controller's; the object comes again.
		log.FromContext(ctx).V(1).Info("pipeline job changed meanwhile", "error", err.Error())
		return ctrl.Result{RequeueAfter: staleRecheck}, nil
	}
	return result, err
}

func (r *Job) step(ctx context.Context, pj *v1alpha1.PipelineJob) (ctrl.Result, error) {
	if pj.Status.State.Terminal() {
		return ctrl.Result{}, r.end(ctx, pj, pj.Status.State, pj.Status.Description, nil)
	}
	run := &pipelinev1.PipelineRun{}
	err := r.client.Get(ctx, runKey(pj), run)
	switch {
	case err == nil:
		return r.follow(ctx, pj, run)
	case !apierrors.IsNotFound(err):
		return ctrl.Result{}, fmt.Errorf("get pipeline run: %w", err)
	case abortReason(pj) != "":
		return r.abortUnseen(ctx, pj)
	case pj.Status.State == v1alpha1.StatePending:
		return r.vanished(ctx, pj)
	}
	return r.start(ctx, pj)
}

// start creates the PipelineRun as soon as nothing speaks against it.
func (r *Job) start(ctx context.Context, pj *v1alpha1.PipelineJob) (ctrl.Result, error) {
	defer r.opts.Rush.Begin()()
	newer, err := r.supersede(ctx, pj)
	if err != nil {
		return ctrl.Result{}, err
	}
	if newer != "" {
		return ctrl.Result{}, r.end(ctx, pj, v1alpha1.StateAborted, supersededBy(newer), nil)
	}
	free, err := r.claim(ctx, pj)
	if err != nil {
		return ctrl.Result{}, err
	}
	if !free {
		description := fmt.Sprintf("Waiting: %d runs of this job at once are allowed (max_concurrency).", pj.Spec.MaxConcurrency)
		return ctrl.Result{RequeueAfter: slotRecheck}, r.hold(ctx, pj, description)
	}
	opts := r.opts.Pipeline
	opts.DashboardURL = r.opts.RunURL(pj)
	run, err := pipeline.Build(pj, opts)
	if err != nil {
		return ctrl.Result{}, r.end(ctx, pj, v1alpha1.StateError, err.Error(), nil)
	}
	if fields := pipeline.Unsupported(pj); len(fields) > 0 {
		log.FromContext(ctx).Info("pod spec fields left out", "fields", fields)
	}
	if err := r.client.Create(ctx, run); err != nil {
		return r.refused(ctx, pj, run, err)
	}
	return r.started(ctx, pj)
}

// started records the start, or leaves that to a calmer moment: until then the PipelineRun itself tells it.
func (r *Job) started(ctx context.Context, pj *v1alpha1.PipelineJob) (ctrl.Result, error) {
	if pj.Status.StartTime == nil { // one that waited for a slot would tell of the queue, not of us
		jobStart.Observe(r.opts.Now().Sub(triggeredAt(pj)).Seconds())
	}
	log.FromContext(ctx).Info("pipeline run created", "job", pj.Spec.Job, "type", pj.Spec.Type, "delivery", pj.Spec.Delivery)
	if r.opts.Rush.On() {
		return ctrl.Result{RequeueAfter: rushRecheck}, nil
	}
	return ctrl.Result{}, r.write(ctx, pj, v1alpha1.StatePending, "Running.", nil)
}

// refused sorts out why a PipelineRun could not be created.
func (r *Job) refused(ctx context.Context, pj *v1alpha1.PipelineJob, run *pipelinev1.PipelineRun, err error) (ctrl.Result, error) {
	switch {
	case apierrors.IsAlreadyExists(err):
		// Either ours, which the cache does not show yet, or a stranger's, which it never will.
		found, err := r.lookUp(ctx, pj)
		if err != nil {
			return ctrl.Result{}, err
		}
		return r.follow(ctx, pj, found)
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err), apierrors.IsNotFound(err):
		return ctrl.Result{}, r.end(ctx, pj, v1alpha1.StateError, "The cluster refused the PipelineRun: "+err.Error(), nil)
	case apierrors.IsForbidden(err):
		if since := pj.Status.StartTime; since != nil && r.opts.Now().Sub(since.Time) > refusalGrace && isRefusal(pj.Status.Description) {
			return ctrl.Result{}, r.end(ctx, pj, v1alpha1.StateError, "The cluster refused the PipelineRun: "+err.Error(), nil)
		}
		return ctrl.Result{RequeueAfter: refusalRecheck}, r.hold(ctx, pj, refusalPrefix+err.Error())
	}
	return ctrl.Result{}, fmt.Errorf("create pipeline run %s: %w", run.Name, err)
}

// follow carries the run's state over to the job.
func (r *Job) follow(ctx context.Context, pj *v1alpha1.PipelineJob, run *pipelinev1.PipelineRun) (ctrl.Result, error) {
	if !owns(pj, run) {
		return ctrl.Result{}, r.end(ctx, pj, v1alpha1.StateError,
			fmt.Sprintf("A PipelineRun named %s exists and belongs to something else.", run.Name), nil)
	}
	tasks, complete, err := r.taskRuns(ctx, run)
	if err != nil {
		return ctrl.Result{}, err
	}
	state, description, done := pipeline.State(run, tasks...)
	if !state.Terminal() {
		if r.opts.Rush.On() && pj.Status.PendingTime == nil && r.opts.Now().Sub(run.CreationTimestamp.Time) < rushLimit {
			return ctrl.Result{RequeueAfter: rushRecheck}, nil
		}
		if why := abortReason(pj); why != "" {
			description = "Aborting: " + why
			if err := r.cancel(ctx, run); err != nil {
				return ctrl.Result{}, client.IgnoreNotFound(err)
			}
		}
		return ctrl.Result{}, r.write(ctx, pj, v1alpha1.StatePending, description, nil)
	}
	if !complete && r.opts.Now().Sub(done.Time) < taskGrace {
		return ctrl.Result{RequeueAfter: staleRecheck}, nil
	}
	if why := abortReason(pj); why != "" && state != v1alpha1.StateSuccess {
		// A run that was told to stop fails in many ways; one that was faster than the order did pass.
		state, description = v1alpha1.StateAborted, why
	}
	return ctrl.Result{}, r.end(ctx, pj, state, description, done)
}

// abortUnseen ends a job whose run the cache does not show. The order to cancel is also the proof that there is none.
func (r *Job) abortUnseen(ctx context.Context, pj *v1alpha1.PipelineJob) (ctrl.Result, error) {
	run, err := r.lookUp(ctx, pj)
	switch {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, r.end(ctx, pj, v1alpha1.StateAborted, abortReason(pj), nil)
	case err != nil:
		return ctrl.Result{}, err
	}
	return r.follow(ctx, pj, run)
}

// vanished ends a job whose run was deleted, after asking the API server: the cache may be behind.
func (r *Job) vanished(ctx context.Context, pj *v1alpha1.PipelineJob) (ctrl.Result, error) {
	run, err := r.lookUp(ctx, pj)
	switch {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, r.end(ctx, pj, v1alpha1.StateError, "The PipelineRun was deleted.", nil)
	case err != nil:
		return ctrl.Result{}, err
	}
	return r.follow(ctx, pj, run)
}

// lookUp gives the run as the API server has it now. An empty patch changes nothing and, unlike the cache, is never behind.
func (r *Job) lookUp(ctx context.Context, pj *v1alpha1.PipelineJob) (*pipelinev1.PipelineRun, error) {
	key := runKey(pj)
	run := &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Name: key.Name, Namespace: key.Namespace}}
	if err := r.client.Patch(ctx, run, client.RawPatch(types.MergePatchType, []byte(`{}`))); err != nil {
		return nil, fmt.Errorf("look up pipeline run %s: %w", key.Name, err)
	}
	return run, nil
}

// cancel asks Tekton to stop the run, letting its finally tasks clean up. It is a no-op when that was asked before.
func (r *Job) cancel(ctx context.Context, run *pipelinev1.PipelineRun) error {
	switch run.Spec.Status {
	case pipelinev1.PipelineRunSpecStatusCancelledRunFinally, pipelinev1.PipelineRunSpecStatusCancelled:
		return nil
	}
	target := &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Name: run.Name, Namespace: run.Namespace}}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"status":"`+pipelinev1.PipelineRunSpecStatusCancelledRunFinally+`"}}`))
	if err := r.client.Patch(ctx, target, patch); err != nil {
		return fmt.Errorf("cancel pipeline run %s: %w", run.Name, err)
	}
	log.FromContext(ctx).Info("pipeline run cancelled")
	return nil
}

// taskRuns are the run's TaskRuns when they matter, that is when it failed; complete says that all of them are here with
// their end.
func (r *Job) taskRuns(ctx context.Context, run *pipelinev1.PipelineRun) (tasks []*pipelinev1.TaskRun, complete bool, err error) {
	if !run.IsDone() || !run.IsFailure() {
		return nil, true, nil
	}
	complete = true
	for _, child := range run.Status.ChildReferences {
		if child.Kind != "TaskRun" {
			continue
		}
		task := &pipelinev1.TaskRun{}
		err := r.client.Get(ctx, client.ObjectKey{Namespace: run.Namespace, Name: child.Name}, task)
		switch {
		case err == nil:
			tasks = append(tasks, task)
			complete = complete && task.IsDone()
		case apierrors.IsNotFound(err):
			complete = false
		default:
			return nil, false, fmt.Errorf("get task run %s: %w", child.Name, err)
		}
	}
	return tasks, complete, nil
}

// abortReason is why the job shall stop, or empty. A deleted job stops too: its finalizer waits for an end.
func abortReason(pj *v1alpha1.PipelineJob) string {
	if pj.Spec.Abort == "" && !pj.DeletionTimestamp.IsZero() {
		return "The job was deleted."
	}
	return pj.Spec.Abort
}

func runKey(pj *v1alpha1.PipelineJob) client.ObjectKey {
	return client.ObjectKey{Namespace: pipeline.Namespace(pj), Name: pj.Name}
}

// owns says whether a run of the job's name is the job's: by owner where one can be set, by annotation elsewhere.
func owns(pj *v1alpha1.PipelineJob, run *pipelinev1.PipelineRun) bool {
	if run.Namespace == pj.Namespace {
		return metav1.IsControlledBy(run, pj)
	}
	return run.Annotations[pipeline.AnnotationJobNamespace] == pj.Namespace && run.Annotations[pipeline.AnnotationJobUID] == string(pj.UID)
}
