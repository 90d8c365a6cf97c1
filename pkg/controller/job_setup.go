package controller

import (
	"context"
	"fmt"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"k8s.io/apimachinery/pkg/labels"
	"knative.dev/pkg/apis"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/pipeline"
)

// SetupWithManager registers the reconciler and its indexes; it runs on the leader only.
func (r *Job) SetupWithManager(mgr ctrl.Manager) error {
	for name, index := range jobIndexes() {
		if err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.PipelineJob{}, name, index); err != nil {
			return fmt.Errorf("index pipeline jobs by %s: %w", name, err)
		}
	}
	// TaskRuns are read only when a run failed, but by then they must be in the cache.
	if _, err := mgr.GetCache().GetInformer(context.Background(), &pipelinev1.TaskRun{}, cache.BlockUntilSynced(false)); err != nil {
		return fmt.Errorf("watch task runs: %w", err)
	}
	return builder.ControllerManagedBy(mgr).
		Named("job").
		// The status is written by several controllers; only the spec concerns this one.
		For(&v1alpha1.PipelineJob{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.PipelineJob{}, handler.EnqueueRequestsFromMapFunc(r.waiting), builder.WithPredicates(slotFreed())).
		Watches(&pipelinev1.PipelineRun{}, handler.EnqueueRequestsFromMapFunc(jobOfRun), builder.WithPredicates(runMoved())).
		WithOptions(controller.Options{MaxConcurrentReconciles: jobWorkers}).
		Complete(r)
}

// slotFreed passes jobs that end or go away before their end.
func slotFreed() predicate.Funcs {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*v1alpha1.PipelineJob)
			after, ok2 := e.ObjectNew.(*v1alpha1.PipelineJob)
			return ok && ok2 && !before.Status.State.Terminal() && after.Status.State.Terminal()
		},
		DeleteFunc: func(e event.DeleteEvent) bool {
			pj, ok := e.Object.(*v1alpha1.PipelineJob)
			return ok && !pj.Status.State.Terminal()
		},
	}
}

// runMoved passes changes of a run that can change its job's state.
func runMoved() predicate.Funcs {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*pipelinev1.PipelineRun)
		after, ok2 := e.ObjectNew.(*pipelinev1.PipelineRun)
		if !ok || !ok2 {
			return false
		}
		a, b := before.Status.GetCondition(apis.ConditionSucceeded), after.Status.GetCondition(apis.ConditionSucceeded)
		return (a == nil) != (b == nil) || (a != nil && (a.Status != b.Status || a.Reason != b.Reason))
	}}
}

// jobOfRun is the PipelineJob of a PipelineRun, which has its name.
func jobOfRun(_ context.Context, o client.Object) []reconcile.Request {
	if o.GetLabels()[v1alpha1.LabelManaged] != "true" {
		return nil
	}
	namespace := o.GetAnnotations()[pipeline.AnnotationJobNamespace]
	if namespace == "" {
		namespace = o.GetNamespace()
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: namespace, Name: o.GetName()}}}
}

// hasRun says whether the cache shows a PipelineRun of the job.
func (r *Job) hasRun(ctx context.Context, pj *v1alpha1.PipelineJob) bool {
	return r.client.Get(ctx, runKey(pj), &pipelinev1.PipelineRun{}) == nil
}

// JobCache is what the informer cache should keep of Tekton's objects: only those that Pharos made, and of them only
// what its controllers read. Objects from such a cache must never be written back whole; patch them.
func JobCache() map[client.Object]cache.ByObject {
	managed := labels.SelectorFromSet(labels.Set{v1alpha1.LabelManaged: "true"})
	return map[client.Object]cache.ByObject{
		&pipelinev1.PipelineRun{}: {Label: managed, Transform: slimRun},
		&pipelinev1.TaskRun{}:     {Label: managed, Transform: slimTask},
	}
}

func slimRun(o any) (any, error) {
	run, ok := o.(*pipelinev1.PipelineRun)
	if !ok {
		return o, nil
	}
	run.ManagedFields = nil
	run.Annotations = keepOwn(run.Annotations)
	run.Spec = pipelinev1.PipelineRunSpec{Status: run.Spec.Status, Timeouts: run.Spec.Timeouts}
	run.Status.PipelineSpec, run.Status.Provenance, run.Status.Results, run.Status.SpanContext = nil, nil, nil, nil
	run.Status.Annotations = nil
	return run, nil
}

func slimTask(o any) (any, error) {
	task, ok := o.(*pipelinev1.TaskRun)
	if !ok {
		return o, nil
	}
	task.ManagedFields, task.Annotations = nil, nil
	task.Spec = pipelinev1.TaskRunSpec{Timeout: task.Spec.Timeout, Status: task.Spec.Status}
	s := &task.Status
	s.TaskSpec, s.Provenance, s.Results, s.SpanContext, s.RetriesStatus, s.Sidecars, s.Annotations = nil, nil, nil, nil, nil, nil, nil
	for i := range s.Steps {
		s.Steps[i].Results, s.Steps[i].Provenance, s.Steps[i].Inputs, s.Steps[i].Outputs = nil, nil, nil, nil
		if s.Steps[i].Terminated != nil {
			s.Steps[i].Terminated.Message = ""
		}
	}
	return task, nil
}

// keepOwn drops what people and tools wrote and keeps whose the run is.
func keepOwn(annotations map[string]string) map[string]string {
	if annotations[pipeline.AnnotationJobNamespace] == "" {
		return nil
	}
	return map[string]string{
		pipeline.AnnotationJobNamespace: annotations[pipeline.AnnotationJobNamespace],
		pipeline.AnnotationJobUID:       annotations[pipeline.AnnotationJobUID],
	}
}
