package ship

import (
	"bytes"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/censor"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// lastApplied is kubectl's copy of a whole object.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// clean is a copy without secrets, and without what only the API server needs.
func clean(info logs.PodInfo, secrets *censor.Secrets) logs.PodInfo {
	pod := info.Pod.DeepCopy()
	pod.ManagedFields = nil
	delete(pod.Annotations, lastApplied)
	for key, value := range pod.Annotations {
		pod.Annotations[key] = secrets.HideString(value)
	}
	hideContainers(pod.Spec.InitContainers, secrets)
	hideContainers(pod.Spec.Containers, secrets)
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			hideState(&statuses[i].State, secrets)
			hideState(&statuses[i].LastTerminationState, secrets)
		}
	}
	pod.Status.Message = secrets.HideString(pod.Status.Message)
	events := make([]corev1.Event, len(info.Events))
	for i := range info.Events {
		info.Events[i].DeepCopyInto(&events[i])
		events[i].ManagedFields = nil
		events[i].Message = secrets.HideString(events[i].Message)
	}
	return logs.PodInfo{Pod: pod, Events: events}
}

// hideContainers hides the secrets that somebody wrote out instead of naming their Secret.
func hideContainers(containers []corev1.Container, secrets *censor.Secrets) {
	for i := range containers {
		c := &containers[i]
		for j := range c.Env {
			c.Env[j].Value = secrets.HideString(c.Env[j].Value)
		}
		for _, words := range [][]string{c.Command, c.Args} {
			for j := range words {
				words[j] = secrets.HideString(words[j])
			}
		}
	}
}

func hideState(state *corev1.ContainerState, secrets *censor.Secrets) {
	if state.Waiting != nil {
		state.Waiting.Message = secrets.HideString(state.Waiting.Message)
	}
	if state.Terminated != nil {
		state.Terminated.Message = secrets.HideString(state.Terminated.Message)
	}
}

// hideJob is a copy of a job without the secrets that somebody wrote out in it.
func hideJob(job *v1alpha1.PipelineJob, secrets *censor.Secrets) *v1alpha1.PipelineJob {
	if secrets == nil {
		return job
	}
	job = job.DeepCopy()
	job.Status.Description = secrets.HideString(job.Status.Description)
	if spec := job.Spec.PodSpec; spec != nil {
		hideContainers(spec.InitContainers, secrets)
		hideContainers(spec.Containers, secrets)
	}
	if spec := job.Spec.PipelineRunSpec; spec != nil {
		job.Spec.PipelineRunSpec = &runtime.RawExtension{Raw: hideJSON(spec.Raw, secrets)}
	}
	return job
}

// hideJSON hides secrets in the strings of a JSON text, of which the names of fields are none.
func hideJSON(text []byte, secrets *censor.Secrets) []byte {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil // no API server takes it either
	}
	out, err := json.Marshal(hideValue(value, secrets))
	if err != nil {
		return nil
	}
	return out
}

func hideValue(value any, secrets *censor.Secrets) any {
	switch value := value.(type) {
	case string:
		return secrets.HideString(value)
	case []any:
		for i := range value {
			value[i] = hideValue(value[i], secrets)
		}
	case map[string]any:
		for name := range value {
			value[name] = hideValue(value[name], secrets)
		}
	}
	return value
}
