package logs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"

	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// LabelPipelineRun is the label by which the pods of a run are found; Tekton sets it.
const LabelPipelineRun = "tekton.dev/pipelineRun"

// RunNamespace is where the pods of a run are.
func RunNamespace(job *v1alpha1.PipelineJob) string {
	if job.Spec.Namespace != "" {
		return job.Spec.Namespace
	}
	return job.Namespace
}

// Names of two more files in a run's folder.
const (
	// PodInfoFile is a [PodReport].
	PodInfoFile = "podinfo.json"
	// CloneRecordsFile is a list of the checkouts, as the clone step hands it in: refs, commands with their output, error
	// and duration in nanoseconds, failed, final_sha and the duration of all.
	CloneRecordsFile = "clone-records.json"
)

// PodInfo is a pod as the cluster described it last, and the events about it, oldest first. Secrets are hidden in it.
type PodInfo struct {
	Pod    *corev1.Pod    `json:"pod"`
	Events []corev1.Event `json:"events"`
}

// PodReport is podinfo.json. Its pod and events are those that Prow's file has for its only pod: here of the pod that
// failed, or else of the first. Pods are all of them by age.
type PodReport struct {
	PodInfo
	Pods []PodInfo `json:"pods"`
}

// LoadPods reads podinfo.json of the run whose folder is given; a run without one is storage.ErrNotExist.
func LoadPods(ctx context.Context, store storage.Store, run string) (PodReport, error) {
	var report PodReport
	object, err := store.Get(ctx, path.Join(run, PodInfoFile), storage.Range{})
	if err != nil {
		return report, err
	}
	err = json.NewDecoder(object.Body).Decode(&report)
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return report, fmt.Errorf("read %s of %s: %w", PodInfoFile, run, err)
	}
	return report, nil
}
