package logs

import (
	"cmp"
	"encoding/json"
	"fmt"
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

// Kinds of what runs in a pod.
const (
	KindStep = "step"
	// KindSidecar runs beside the steps: Tekton's sidecars, those that Kubernetes runs as restartable init containers, and
	// whatever was added to the pod by others.
	KindSidecar = "sidecar"
	// KindInit runs before the steps. Tekton's own are listed only when they failed.
	KindInit = "init"
)

const (
	stepPrefix    = "step-"
	sidecarPrefix = "sidecar-"
)

// ownContainers are Tekton's, of no interest as long as they work.
var ownContainers = map[string]bool{
	"prepare": true, "place-scripts": true, "working-dir-initializer": true, "sidecar-tekton-log-results": true,
}

// usualWaits are the reasons of a container that waits for its turn.
var usualWaits = map[string]bool{"": true, "PodInitializing": true, "ContainerCreating": true}

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

// container is what a pod says about one of its containers.
type container struct {
	ref     ContainerRef
	kind    string
	taskRun string
	task    string // of the pipeline; empty for a TaskRun without one
	step    string
	node    string
	created time.Time // of the pod
	index   int       // of the container in the pod

	started  bool // there is or will be a log
	ended    bool // it will not grow
	state    string
	reason   string
	message  string // of the cluster
	said     string // the container's own last words, which may hold secrets
	exit     *int32
	start    *metav1.Time
	end      *metav1.Time
	restarts int64                            // instances that ended before the present one
	before   *corev1.ContainerStateTerminated // the end of the last of them
	backoff  bool                             // the present instance has ended too and is what the cluster calls the last
	stopped  bool                             // the present instance is Tekton's way to end a sidecar and has no log
	fate     string                           // why the pod goes away before its time
}

// containers lists what runs in a run's pods: pods by age; in each the init containers, the steps and the sidecars.
func containers(pods []corev1.Pod) []container {
	var out []container
	for i := range pods {
		out = append(out, podContainers(&pods[i])...)
	}
	slices.SortStableFunc(out, func(a, b container) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.ref.Pod, b.ref.Pod), cmp.Compare(a.ref.UID, b.ref.UID), a.index-b.index)
	})
	return out
}

// podContainers lists those of one pod that are worth a log.
func podContainers(pod *corev1.Pod) []container {
	var inits, steps, sidecars []container
	for i := range pod.Spec.InitContainers {
		spec := &pod.Spec.InitContainers[i]
		c := newContainer(pod, KindInit, spec.Name)
		restartable := spec.RestartPolicy != nil && *spec.RestartPolicy == corev1.ContainerRestartPolicyAlways
		c.observe(status(pod.Status.InitContainerStatuses, spec.Name), restartable)
		if restartable {
			c.kind = KindSidecar
			sidecars = append(sidecars, c)
		} else {
			inits = append(inits, c)
		}
	}
	for i := range pod.Spec.Containers {
		name := pod.Spec.Containers[i].Name
		found := status(pod.Status.ContainerStatuses, name)
		if strings.HasPrefix(name, stepPrefix) {
			c := newContainer(pod, KindStep, name)
			c.observe(found, false)
			if len(steps) > 0 {
				c.follows(&steps[len(steps)-1])
			}
			steps = append(steps, c)
			continue
		}
		c := newContainer(pod, KindSidecar, name)
		c.observe(found, false)
		sidecars = append(sidecars, c)
	}
	stopSidecars(steps, sidecars)
	all := slices.DeleteFunc(slices.Concat(inits, steps, sidecars), func(c container) bool { return !c.interesting() })
	for i := range all {
		all[i].index = i
		all[i].inPod(pod)
	}
	return all
}

func newContainer(pod *corev1.Pod, kind, name string) container {
	c := container{
		ref:     ContainerRef{Namespace: pod.Namespace, Pod: pod.Name, UID: string(pod.UID), Container: name},
		kind:    kind,
		taskRun: cmp.Or(pod.Labels[labelTaskRun], pod.Name),
		task:    pod.Labels[labelPipelineTask],
		node:    pod.Spec.NodeName,
		created: pod.CreationTimestamp.Time,
		state:   StepWaiting,
	}
	prefix := sidecarPrefix
	if kind == KindStep {
		prefix = stepPrefix
	}
	c.step = strings.TrimPrefix(name, prefix)
	return c
}

// interesting leaves out what Tekton does for itself, unless it is the reason that nothing else runs.
func (c *container) interesting() bool {
	failing := c.exit != nil && *c.exit != 0 && !c.stopped
	return !ownContainers[c.ref.Container] || failing || c.stuck()
}

func status(all []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	i := slices.IndexFunc(all, func(s corev1.ContainerStatus) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// observe takes the state over. One that is restartable may run again after its end.
func (c *container) observe(status *corev1.ContainerStatus, restartable bool) {
	if status == nil {
		return
	}
	c.restarts, c.before = int64(status.RestartCount), status.LastTerminationState.Terminated.DeepCopy()
	switch state := status.State; {
	case state.Terminated != nil:
		c.terminated(state.Terminated)
		c.started = state.Terminated.ContainerID != "" || status.ContainerID != ""
		c.ended = !restartable
	case state.Running != nil:
		c.started, c.state, c.start = true, StepRunning, state.Running.StartedAt.DeepCopy()
	case state.Waiting != nil:
		c.started, c.backoff = c.before != nil, c.before != nil
		c.reason, c.message = state.Waiting.Reason, state.Waiting.Message
	}
}

// follows says that a step waits for the one before: Tekton starts all containers of a pod at once.
func (c *container) follows(before *container) {
	switch {
	case c.state != StepRunning:
	case before.end == nil:
		c.state, c.start = StepWaiting, nil
	default:
		c.start = before.end
	}
}

// stopSidecars finds the sidecars that Tekton has ended: when all steps are through it gives them another image and with
// it a restart. The image does nothing; where the sidecar has a command, it cannot even start.
func stopSidecars(steps, sidecars []container) {
	var end time.Time
	for _, s := range steps {
		if s.end == nil {
			return
		}
		if s.end.After(end) {
			end = s.end.Time
		}
	}
	for i := range sidecars {
		c := &sidecars[i]
		if len(steps) == 0 || c.restarts == 0 || c.before == nil || c.before.FinishedAt.Time.Before(end) {
			continue
		}
		c.stopped, c.ended = true, true
		c.state, c.reason, c.said, c.exit = StepSuccess, "Stopped", "", nil
		c.start, c.end = c.before.StartedAt.DeepCopy(), c.before.FinishedAt.DeepCopy()
	}
}

func (c *container) terminated(t *corev1.ContainerStateTerminated) {
	exit := t.ExitCode // a copy: the pod may belong to a cache
	c.exit, c.reason, c.state = &exit, t.Reason, StepSuccess
	c.start, c.end = t.StartedAt.DeepCopy(), t.FinishedAt.DeepCopy()
	if t.ExitCode != 0 {
		c.state = StepFailure
	}
	if !json.Valid([]byte(t.Message)) { // Tekton's is a list of results
		c.said = t.Message
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

// inPod adds what the pod as a whole tells: why it was not scheduled, failed or has to go.
func (c *container) inPod(pod *corev1.Pod) {
	over := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	c.ended = c.ended || over // also what never started, in an evicted pod
	for _, condition := range pod.Status.Conditions {
		switch {
		case condition.Type == corev1.DisruptionTarget && condition.Status == corev1.ConditionTrue:
			c.fate = told(condition.Reason, condition.Message)
		case condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse && c.state == StepWaiting:
			c.reason, c.message = condition.Reason, condition.Message
		}
	}
	if pod.Status.Reason != "" {
		c.fate = told(pod.Status.Reason, pod.Status.Message)
		if c.broken() {
			c.reason, c.message, c.said = pod.Status.Reason, pod.Status.Message, ""
		}
	}
	if over && usualWaits[c.reason] && c.state == StepWaiting {
		c.reason = ""
	}
}

// broken says that the container was not ended by itself.
func (c *container) broken() bool {
	const killed, terminated = 128 + 9, 128 + 15
	return c.state != StepSkipped && (c.exit == nil || *c.exit == killed || *c.exit == terminated || c.reason == "ContainerStatusUnknown")
}

func told(reason, message string) string {
	if message == "" {
		return reason
	}
	return reason + ": " + message
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

// stuck says that the container waits for something else than its turn.
func (c *container) stuck() bool { return c.state == StepWaiting && !usualWaits[c.reason] }

// restartReason tells how the instance before ended, for people; empty when that is not known.
func (c container) restartReason() string {
	if c.before == nil || c.backoff {
		return ""
	}
	return fmt.Sprintf(" (%d): the one before ended with code %d, %s", c.restarts, c.before.ExitCode, c.before.Reason)
}
