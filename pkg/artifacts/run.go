package artifacts

import (
	"context"
	"errors"
	"fmt"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/pipeline"
)

// labelRun is Tekton's, on every pod of a PipelineRun.
const labelRun = "tekton.dev/pipelineRun"

// errNoRun means that the pod belongs to no run of ours, or to one that is over.
var errNoRun = errors.New("the pod belongs to no run that is under way")

// Runs finds the run of a pod.
type Runs struct {
	// Cache is asked first and Live, the API server itself, about what the cache does not have.
	Cache, Live client.Reader
	// Namespace of the PipelineJobs.
	Namespace string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// of answers errNoRun for strangers.
func (r *Runs) of(ctx context.Context, p Pod) (*v1alpha1.PipelineJob, error) {
	pod := &corev1.Pod{}
	if err := r.get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: p.Name}, pod); err != nil {
		return nil, err
	}
	name := pod.Labels[labelRun]
	if string(pod.UID) != p.UID || name == "" {
		return nil, errNoRun
	}
	run := &pipelinev1.PipelineRun{}
	if err := r.get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: name}, run); err != nil {
		return nil, err
	}
	job := &v1alpha1.PipelineJob{} // of the same name
	if err := r.get(ctx, client.ObjectKey{Namespace: r.Namespace, Name: name}, job); err != nil {
		return nil, err
	}
	if !belongs(run, job) || r.over(job) {
		return nil, errNoRun
	}
	return job, nil
}

func (r *Runs) get(ctx context.Context, key client.ObjectKey, into client.Object) error {
	err := r.Cache.Get(ctx, key, into)
	if apierrors.IsNotFound(err) {
		err = r.Live.Get(ctx, key, into)
	}
	if apierrors.IsNotFound(err) {
		return errNoRun
	}
	if err != nil {
		return fmt.Errorf("get %v: %w", key, err)
	}
	return nil
}

// belongs is by owner where one can be set, by annotation in another namespace.
func belongs(run *pipelinev1.PipelineRun, job *v1alpha1.PipelineJob) bool {
	if run.Namespace == job.Namespace {
		return metav1.IsControlledBy(run, job)
	}
	return run.Annotations[pipeline.AnnotationJobNamespace] == job.Namespace && run.Annotations[pipeline.AnnotationJobUID] == string(job.UID)
}

func (r *Runs) over(job *v1alpha1.PipelineJob) bool {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	return job.Status.CompletionTime != nil && now().Sub(job.Status.CompletionTime.Time) > lateTime
}
