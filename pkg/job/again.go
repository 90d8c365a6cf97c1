package job

import (
	"errors"
	"fmt"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Again makes another run of a job as it was written when it ran, on the same commits, without a delivery as its cause. What
// may be changed on the object is the caller's; the configuration of today does not matter.
func Again(of *v1alpha1.PipelineJob, buildID string) *v1alpha1.PipelineJob {
	pj := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Labels: maps.Clone(of.Labels), Annotations: maps.Clone(of.Annotations)},
		Spec:       *of.Spec.DeepCopy(),
	}
	pj.Spec.BuildID, pj.Spec.Delivery, pj.Spec.Abort = buildID, "", ""
	pj.Name = runName(pj.Spec.Job, pj.Spec.Context, repeat(of, buildID))
	mark(pj)
	return pj
}

// ErrNotConfigured is a run of a job that is not configured any more, or that its repository keeps itself.
var ErrNotConfigured = errors.New("the job is not in the configuration now; one that its repository keeps runs by its rerun command")

// AgainToday makes another run on the same commits, of the job as it is configured in set for the run's branch. A job that is
// not there is ErrNotConfigured.
func AgainToday(set *Set, of *v1alpha1.PipelineJob, buildID string) (*v1alpha1.PipelineJob, error) {
	cause := repeat(of, buildID)
	d, ok := set.Find(of.Spec.Type, of.Spec.Job, scm.Repo{Connection: cause.Connection, Org: cause.Refs.Org, Name: cause.Refs.Repo}, cause.Refs.BaseRef)
	if !ok {
		return nil, fmt.Errorf("run %s again: %w", of.Spec.Job, ErrNotConfigured)
	}
	cause.Refs.BloblessFetch, cause.Refs.SparseCheckoutFiles = nil, nil // the job's own are added
	pj := New(d, cause, buildID)
	pj.Spec.Delivery = ""
	return pj, nil
}

// repeat is the cause of another run on the same commits.
func repeat(of *v1alpha1.PipelineJob, buildID string) Cause {
	cause := Cause{Delivery: of.Name + " " + buildID, Type: of.Spec.Type, Connection: of.Spec.Connection}
	if of.Spec.Refs != nil {
		cause.Refs = *of.Spec.Refs
	}
	return cause
}
