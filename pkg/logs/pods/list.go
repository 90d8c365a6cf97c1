package pods

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// SettleTime is how long after a run's end its pods may still show up or start in what we know of the cluster.
const SettleTime = 5 * time.Second

// List finds the pods of a run: its PipelineRun has the name of the job.
func List(ctx context.Context, cluster client.Reader, job *v1alpha1.PipelineJob) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := cluster.List(ctx, &pods, client.InNamespace(logs.RunNamespace(job)), client.MatchingLabels{logs.LabelPipelineRun: job.Name})
	return pods.Items, err
}
