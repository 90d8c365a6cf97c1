package logs

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"

	corev1 "k8s.io/api/core/v1"
)

// settleTime is how long after a run's end its pods may still show up or start in what we know of the cluster.
const settleTime = 5 * time.Second

// RunNamespace is where the pods of a run are.
func RunNamespace(job *v1alpha1.PipelineJob) string {
	if job.Spec.Namespace != "" {
		return job.Spec.Namespace
	}
	return job.Namespace
}

// listPods finds the pods of a run: its PipelineRun has the name of the job.
func listPods(ctx context.Context, cluster client.Reader, job *v1alpha1.PipelineJob) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := cluster.List(ctx, &pods, client.InNamespace(RunNamespace(job)), client.MatchingLabels{LabelPipelineRun: job.Name})
	return pods.Items, err
}
