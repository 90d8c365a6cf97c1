package job

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Again makes another run of a job as it was written when it ran, on the same commits, without a delivery as its cause. What
// may be changed on the object is the caller's; the configuration of today does not matter.
func Again(of *v1alpha1.PipelineJob, buildID string) *v1alpha1.PipelineJob {
	pj := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Labels: maps.Clone(of.Labels), Annotations: maps.Clone(of.Annotations)},
		Spec:       *of.Spec.DeepCopy(),
	}
	pj.Spec.BuildID, pj.Spec.Delivery, pj.Spec.Abort = buildID, "", ""
	cause := Cause{Delivery: of.Name + " " + buildID, Type: pj.Spec.Type, Connection: pj.Spec.Connection}
	if pj.Spec.Refs != nil {
		cause.Refs = *pj.Spec.Refs
	}
	pj.Name = runName(pj.Spec.Job, pj.Spec.Context, cause)
	mark(pj)
	return pj
}
