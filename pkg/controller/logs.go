package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/ship"
	"github.com/pharos-ci/pharos/pkg/pipeline"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// LogsOptions say where the log of runs comes from and where it goes. Client, Store, Source and Layout are required.
type LogsOptions struct {
	Client client.Client
	// API reads past the cache the pods of runs, their secrets, which are hidden in logs, and their events. It needs to
	// get pods and secrets and to list events where runs are; a secret that it may not get is noted in the run's steps.
	// Nil: nothing is hidden, and the records do not describe pods.
	API    client.Reader
	Store  storage.Store
	Source kubelet.Source
	Layout logs.Layout
	// Spool, SpoolLimit, Uploads and Compress are those of [ship.Options].
	Spool      string
	SpoolLimit int64
	Uploads    int
	Compress   bool
}

// Logs has the log of every run archived. It tells a [ship.Shipper] what happens to runs and their pods, writes what
// that achieves to status.log and to the condition LogArchived, and holds each PipelineJob by a finalizer until then.
type Logs struct {
	client  client.Client
	shipper *ship.Shipper

	mu    sync.Mutex
	queue workqueue.TypedRateLimitingInterface[reconcile.Request] // nil before the controller starts
}

// NewLogs makes the reconciler; it starts nothing.
func NewLogs(o LogsOptions) *Logs {
	l := &Logs{client: o.Client}
	l.shipper = ship.New(ship.Options{
		Store: o.Store, Source: o.Source, Layout: o.Layout, API: o.API, Changed: l.enqueue,
		Spool: o.Spool, SpoolLimit: o.SpoolLimit, Uploads: o.Uploads, Compress: o.Compress,
	})
	return l
}

// SetupWithManager registers the reconciler and the shipper's goroutines; both run on the leader only.
func (l *Logs) SetupWithManager(mgr ctrl.Manager) error {
	if err := mgr.Add(l.shipper); err != nil {
		return fmt.Errorf("add log shipper: %w", err)
	}
	return builder.ControllerManagedBy(mgr).
		Named("logs").
		For(&v1alpha1.PipelineJob{}, builder.WithPredicates(predicate.NewPredicateFuncs(hasLogWork))).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(jobOfPod)).
		WatchesRawSource(source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.queue = queue
			return nil
		})).
		Complete(l)
}

// enqueue is called by the shipper when it got further.
func (l *Logs) enqueue(name types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queue != nil {
		l.queue.Add(reconcile.Request{NamespacedName: name})
	}
}

// hasLogWork passes runs that may have pods, until they are archived and released.
func hasLogWork(o client.Object) bool {
	pj, ok := o.(*v1alpha1.PipelineJob)
	if !ok {
		return false
	}
	if pj.Status.Log.Archived {
		return controllerutil.ContainsFinalizer(pj, v1alpha1.FinalizerLogs)
	}
	return begun(pj) || !pj.DeletionTimestamp.IsZero()
}

// begun says that the run has, or may have had, a PipelineRun.
func begun(pj *v1alpha1.PipelineJob) bool {
	return pj.Status.State == v1alpha1.StatePending || pj.Status.State.Terminal()
}

// jobOfPod finds the PipelineJob of a pod. Tekton copies the PipelineRun's labels and annotations to it.
func jobOfPod(_ context.Context, pod client.Object) []reconcile.Request {
	run := pod.GetLabels()[logs.LabelPipelineRun]
	if run == "" {
		return nil
	}
	namespace := pod.GetAnnotations()[pipeline.AnnotationJobNamespace]
	if namespace == "" {
		namespace = pod.GetNamespace()
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: namespace, Name: run}}}
}

// conflictDelay lets the cache catch up with what another controller wrote.
const conflictDelay = 100 * time.Millisecond

// Reconcile brings the shipper and the object up to date with each other.
func (l *Logs) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	err := l.reconcile(ctx, req)
	if apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: conflictDelay}, nil
	}
	return reconcile.Result{}, err
}

func (l *Logs) reconcile(ctx context.Context, req reconcile.Request) error {
	pj := &v1alpha1.PipelineJob{}
	if err := l.client.Get(ctx, req.NamespacedName, pj); err != nil {
		if apierrors.IsNotFound(err) {
			l.shipper.Forget(req.NamespacedName)
			return nil
		}
		return fmt.Errorf("get pipeline job: %w", err)
	}
	switch deleting := !pj.DeletionTimestamp.IsZero(); {
	case pj.Status.Log.Archived:
		l.shipper.Forget(req.NamespacedName)
		return l.setFinalizer(ctx, pj, controllerutil.RemoveFinalizer)
	case deleting && !controllerutil.ContainsFinalizer(pj, v1alpha1.FinalizerLogs):
		return nil // it goes away as soon as nobody else holds it
	case !begun(pj) && !deleting:
		return nil
	case !deleting:
		if err := l.setFinalizer(ctx, pj, controllerutil.AddFinalizer); err != nil {
			return err
		}
	}
	return l.ship(ctx, pj)
}

// setFinalizer adds or removes the finalizer.
func (l *Logs) setFinalizer(ctx context.Context, pj *v1alpha1.PipelineJob, change func(client.Object, string) bool) error {
	before := pj.DeepCopy()
	if !change(pj, v1alpha1.FinalizerLogs) {
		return nil
	}
	// The list is replaced as a whole, so nobody else's finalizer may have come or gone since it was read.
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := l.client.Patch(ctx, pj, patch); err != nil {
		return fmt.Errorf("set finalizer: %w", err)
	}
	return nil
}

// ship tells the shipper how the run stands, and the object how the shipper stands.
func (l *Logs) ship(ctx context.Context, pj *v1alpha1.PipelineJob) error {
	var pods corev1.PodList
	err := l.client.List(ctx, &pods, client.InNamespace(pipeline.Namespace(pj)), client.MatchingLabels{logs.LabelPipelineRun: pj.Name})
	if err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	name := client.ObjectKeyFromObject(pj)
	_, shipping := l.shipper.Status(name)
	over := pj.Status.State.Terminal() || !pj.DeletionTimestamp.IsZero()
	if !shipping && !over && len(pods.Items) == 0 {
		return nil // its first pod will bring us back
	}
	l.shipper.Observe(ctx, pj.DeepCopy(), pods.Items)
	status, ok := l.shipper.Status(name)
	if !ok {
		return nil // shutting down
	}
	return l.tell(ctx, pj, status)
}

// tell patches status.log, and the condition when its value changes.
func (l *Logs) tell(ctx context.Context, pj *v1alpha1.PipelineJob, status v1alpha1.LogStatus) error {
	if status == pj.Status.Log {
		return nil
	}
	before := pj.DeepCopy()
	pj.Status.Log = status
	patch := client.MergeFrom(before)
	if status.Archived {
		meta.SetStatusCondition(&pj.Status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionArchived, Status: metav1.ConditionTrue, Reason: "Stored",
			Message: "The log is in the store.", ObservedGeneration: pj.Generation, LastTransitionTime: metav1.NewTime(time.Now()),
		})
		// Conditions are a list, which a merge patch replaces as a whole.
		patch = client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	}
	if err := l.client.Status().Patch(ctx, pj, patch); err != nil {
		return fmt.Errorf("patch log status: %w", err)
	}
	return nil
}

// PodCache is what the informer cache should keep of pods: those of runs, and of them only what the log needs. Objects
// from such a cache must never be written.
func PodCache() map[client.Object]cache.ByObject {
	readOnly := true
	return map[client.Object]cache.ByObject{&corev1.Pod{}: {
		Label:                 labels.SelectorFromSet(labels.Set{v1alpha1.LabelManaged: "true"}),
		Transform:             slimPod,
		UnsafeDisableDeepCopy: &readOnly,
	}}
}

func slimPod(o any) (any, error) {
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return o, nil
	}
	pod.ManagedFields, pod.OwnerReferences = nil, nil
	pod.Annotations = keepOwn(pod.Annotations)
	pod.Spec = corev1.PodSpec{
		NodeName: pod.Spec.NodeName, InitContainers: slimContainers(pod.Spec.InitContainers), Containers: slimContainers(pod.Spec.Containers),
	}
	pod.Status.EphemeralContainerStatuses = nil
	return pod, nil
}

// slimContainers keeps of containers what tells steps, sidecars and those that only run at first.
func slimContainers(containers []corev1.Container) []corev1.Container {
	slim := make([]corev1.Container, len(containers))
	for i := range containers {
		slim[i].Name, slim[i].RestartPolicy = containers[i].Name, containers[i].RestartPolicy
	}
	return slim
}
