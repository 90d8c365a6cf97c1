package logs

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// prowJob is a ProwJob of prow.k8s.io/v1, as far as a PipelineJob maps onto one.
type prowJob struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              prowJobSpec   `json:"spec"`
	Status            prowJobStatus `json:"status"`
}

type prowJobSpec struct {
	Type           v1alpha1.JobType                 `json:"type,omitempty"`
	Agent          v1alpha1.Agent                   `json:"agent,omitempty"`
	Cluster        string                           `json:"cluster,omitempty"`
	Namespace      string                           `json:"namespace,omitempty"`
	Job            string                           `json:"job,omitempty"`
	Refs           *v1alpha1.Refs                   `json:"refs,omitempty"`
	ExtraRefs      []v1alpha1.Refs                  `json:"extra_refs,omitempty"`
	Report         bool                             `json:"report,omitempty"`
	Context        string                           `json:"context,omitempty"`
	RerunCommand   string                           `json:"rerun_command,omitempty"`
	MaxConcurrency int32                            `json:"max_concurrency,omitempty"`
	PodSpec        *corev1.PodSpec                  `json:"pod_spec,omitempty"`
	PipelineRun    map[string]*runtime.RawExtension `json:"tekton_pipeline_run_spec,omitempty"`
}

type prowJobStatus struct {
	StartTime      *metav1.Time      `json:"startTime,omitempty"`
	PendingTime    *metav1.Time      `json:"pendingTime,omitempty"`
	CompletionTime *metav1.Time      `json:"completionTime,omitempty"`
	State          v1alpha1.JobState `json:"state,omitempty"`
	Description    string            `json:"description,omitempty"`
	URL            string            `json:"url,omitempty"`
	PodName        string            `json:"pod_name,omitempty"`
	BuildID        string            `json:"build_id,omitempty"`
}

// prowCluster is the name Prow has for the cluster it runs in.
const prowCluster = "default"

// ProwJob is the run as prowjob.json holds it: an object that encodes to a ProwJob of prow.k8s.io/v1, as far as a PipelineJob
// maps onto one. Steps are known when it is over; nil before. It shares what it holds with the run.
func ProwJob(job *v1alpha1.PipelineJob, steps []StepInfo) any {
	spec, status := &job.Spec, &job.Status
	p := prowJob{
		TypeMeta: metav1.TypeMeta{Kind: "ProwJob", APIVersion: "prow.k8s.io/v1"},
		ObjectMeta: metav1.ObjectMeta{
			Name: job.Name, Namespace: job.Namespace, UID: job.UID, CreationTimestamp: job.CreationTimestamp,
			Labels: job.Labels, Annotations: job.Annotations,
		},
		Spec: prowJobSpec{
			Type: spec.Type, Agent: spec.Agent, Cluster: prowCluster, Namespace: cmp.Or(spec.Namespace, job.Namespace),
			Job: spec.Job, Refs: spec.Refs, ExtraRefs: spec.ExtraRefs, Report: spec.Report, Context: spec.Context,
			RerunCommand: spec.RerunCommand, MaxConcurrency: spec.MaxConcurrency, PodSpec: spec.PodSpec,
		},
		Status: prowJobStatus{
			StartTime: status.StartTime, PendingTime: status.PendingTime, CompletionTime: status.CompletionTime,
			State: status.State.Known(), Description: status.Description, URL: status.URL,
			BuildID: spec.BuildID,
		},
	}
	if spec.PipelineRunSpec != nil {
		p.Spec.PipelineRun = map[string]*runtime.RawExtension{"v1": spec.PipelineRunSpec}
	}
	if len(steps) > 0 {
		p.Status.PodName = steps[0].Container.Pod
	}
	return p
}
