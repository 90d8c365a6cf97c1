package logs

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Labels that Tekton sets on a run's pods.
const (
	LabelPipelineRun  = "tekton.dev/pipelineRun"
	labelTaskRun      = "tekton.dev/taskRun"
	labelPipelineTask = "tekton.dev/pipelineTask"
)

// stepPrefix starts the name of every container that is a step.
const stepPrefix = "step-"

// States of a step, for people and pages.
const (
	StepWaiting = "waiting"
	StepRunning = "running"
	StepSuccess = "success"
	StepFailure = "failure"
	// StepSkipped never ran because a step before it failed.
	StepSkipped = "skipped"
	// StepUnknown was running when its pod vanished, or never started.
	StepUnknown = "unknown"
)

// container is what a pod says about one of its steps.
type container struct {
	ref     ContainerRef
	taskRun string
	task    string // of the pipeline; empty for a TaskRun without one
	step    string
	created time.Time // of the pod
	index   int       // of the step in the pod

	started bool // there is or will be a log
	ended   bool // it will not grow
	state   string
	reason  string
	exit    *int32
	start   *metav1.Time
	end     *metav1.Time
}

// containers lists the steps of a run's pods: pods by age, steps in their order.
func containers(pods []corev1.Pod) []container {
	var out []container
	for i := range pods {
		out = append(out, podSteps(&pods[i])...)
	}
	slices.SortStableFunc(out, func(a, b container) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.ref.Pod, b.ref.Pod), cmp.Compare(a.ref.UID, b.ref.UID), a.index-b.index)
	})
	return out
}

func podSteps(pod *corev1.Pod) []container {
	statuses := make(map[string]*corev1.ContainerStatus, len(pod.Status.ContainerStatuses))
	for i := range pod.Status.ContainerStatuses {
		statuses[pod.Status.ContainerStatuses[i].Name] = &pod.Status.ContainerStatuses[i]
	}
	var out []container
	for _, spec := range pod.Spec.Containers {
		step, ok := strings.CutPrefix(spec.Name, stepPrefix)
		if !ok {
			continue
		}
		c := container{
			ref:     ContainerRef{Namespace: pod.Namespace, Pod: pod.Name, UID: string(pod.UID), Container: spec.Name},
			taskRun: cmp.Or(pod.Labels[labelTaskRun], pod.Name),
			task:    pod.Labels[labelPipelineTask],
			step:    step,
			created: pod.CreationTimestamp.Time,
			index:   len(out),
			state:   StepWaiting,
		}
		if status := statuses[spec.Name]; status != nil {
			var before *container
			if len(out) > 0 {
				before = &out[len(out)-1]
			}
			c.observe(status, before)
		}
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			c.ended = true // also what never started, in an evicted pod
		}
		out = append(out, c)
	}
	return out
}

// observe takes the state over. Tekton starts all containers of a pod at once and lets each wait for the one before:
// a step runs when that has ended.
func (c *container) observe(status *corev1.ContainerStatus, before *container) {
	switch state := status.State; {
	case state.Terminated != nil:
		c.terminated(state.Terminated)
		c.started, c.ended = state.Terminated.ContainerID != "" || status.ContainerID != "", true
	case state.Running != nil:
		c.started = true
		switch {
		case before == nil:
			c.state, c.start = StepRunning, state.Running.StartedAt.DeepCopy()
		case before.end != nil:
			c.state, c.start = StepRunning, before.end
		}
	case state.Waiting != nil:
		c.reason = state.Waiting.Reason
	}
}

func (c *container) terminated(t *corev1.ContainerStateTerminated) {
	exit := t.ExitCode // a copy: the pod may belong to a cache
	c.exit, c.reason, c.state = &exit, t.Reason, StepSuccess
	c.start, c.end = t.StartedAt.DeepCopy(), t.FinishedAt.DeepCopy()
	if t.ExitCode != 0 {
		c.state = StepFailure
	}
	for _, r := range tektonResults(t.Message) {
		switch {
		case r.Key == "StartedAt":
			if at, err := time.Parse(time.RFC3339, r.Value); err == nil {
				c.start = &metav1.Time{Time: at}
			}
		case r.Key == "Reason":
			c.reason = r.Value
			if r.Value == "Skipped" {
				c.state = StepSkipped
			}
		case r.Key == "ExitCode" && r.Value != "0" && c.state == StepSuccess:
			c.state = StepFailure // onError: continue hides it from the container's own code
		}
	}
}

// tektonResult is one of the facts that Tekton's entrypoint leaves in a container's termination message.
type tektonResult struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Type  any    `json:"type"`
}

// internalResult marks Tekton's own facts, beside the results of the task's author.
const internalResult = "InternalTektonResult"

func tektonResults(message string) []tektonResult {
	var all []tektonResult
	if json.Unmarshal([]byte(message), &all) != nil {
		return nil // a message of somebody else
	}
	return slices.DeleteFunc(all, func(r tektonResult) bool { return r.Type != internalResult && r.Type != float64(3) })
}
