package pods

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/logs"
)

// Labels that Tekton sets on a run's pods, beside [logs.LabelPipelineRun].
const (
	labelTaskRun      = "tekton.dev/taskRun"
	labelPipelineTask = "tekton.dev/pipelineTask"
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

// Container is what a pod says about one of its containers.
type Container struct {
	Ref      logs.ContainerRef
	Node     string
	Started  bool   // there is or will be a log
	Ended    bool   // it will not grow
	State    string // as in logs.StepInfo
	Reason   string
	Said     string // the container's own last words, which may hold secrets
	Restarts int64  // instances that ended before the present one
	Backoff  bool   // the present instance has ended too and is what the cluster calls the last
	Stopped  bool   // the present instance is Tekton's way to end a sidecar and has no log
	Fate     string // why the pod goes away before its time

	kind    string
	taskRun string
	task    string // of the pipeline; empty for a TaskRun without one
	step    string
	created time.Time // of the pod
	index   int       // of the container in the pod
	message string    // of the cluster
	exit    *int32
	start   *metav1.Time
	end     *metav1.Time
	before  *corev1.ContainerStateTerminated // the end of the last of the instances before
}

// Ran is how long the present instance has run, or did.
func (c Container) Ran() time.Duration {
	switch {
	case c.start == nil:
		return 0
	case c.end != nil:
		return c.end.Sub(c.start.Time)
	default:
		return time.Since(c.start.Time)
	}
}

// Containers lists what runs in a run's pods: pods by age; in each the init containers, the steps and the sidecars.
func Containers(pods []corev1.Pod) []Container {
	var out []Container
	for i := range pods {
		out = append(out, podContainers(&pods[i])...)
	}
	slices.SortStableFunc(out, func(a, b Container) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.Ref.Pod, b.Ref.Pod), cmp.Compare(a.Ref.UID, b.Ref.UID), a.index-b.index)
	})
	return out
}

// podContainers lists those of one pod that are worth a log.
func podContainers(pod *corev1.Pod) []Container {
	var inits, steps, sidecars []Container
	for i := range pod.Spec.InitContainers {
		spec := &pod.Spec.InitContainers[i]
		c := newContainer(pod, logs.KindInit, spec.Name)
		restartable := spec.RestartPolicy != nil && *spec.RestartPolicy == corev1.ContainerRestartPolicyAlways
		c.observe(status(pod.Status.InitContainerStatuses, spec.Name), restartable)
		if restartable {
			c.kind = logs.KindSidecar
			sidecars = append(sidecars, c)
		} else {
			inits = append(inits, c)
		}
	}
	for i := range pod.Spec.Containers {
		name := pod.Spec.Containers[i].Name
		found := status(pod.Status.ContainerStatuses, name)
		if strings.HasPrefix(name, stepPrefix) {
			c := newContainer(pod, logs.KindStep, name)
			c.observe(found, false)
			if len(steps) > 0 {
				c.follows(&steps[len(steps)-1])
			}
			steps = append(steps, c)
			continue
		}
		c := newContainer(pod, logs.KindSidecar, name)
		c.observe(found, false)
		sidecars = append(sidecars, c)
	}
	stopSidecars(steps, sidecars)
	all := slices.DeleteFunc(slices.Concat(inits, steps, sidecars), func(c Container) bool { return !c.interesting() })
	for i := range all {
		all[i].index = i
		all[i].inPod(pod)
	}
	return all
}

func newContainer(pod *corev1.Pod, kind, name string) Container {
	c := Container{
		Ref:     logs.ContainerRef{Namespace: pod.Namespace, Pod: pod.Name, UID: string(pod.UID), Container: name},
		kind:    kind,
		taskRun: cmp.Or(pod.Labels[labelTaskRun], pod.Name),
		task:    pod.Labels[labelPipelineTask],
		Node:    pod.Spec.NodeName,
		created: pod.CreationTimestamp.Time,
		State:   logs.StepWaiting,
	}
	prefix := sidecarPrefix
	if kind == logs.KindStep {
		prefix = stepPrefix
	}
	c.step = strings.TrimPrefix(name, prefix)
	return c
}

// interesting leaves out what Tekton does for itself, unless it is the reason that nothing else runs.
func (c *Container) interesting() bool {
	failing := c.exit != nil && *c.exit != 0 && !c.Stopped
	return !ownContainers[c.Ref.Container] || failing || c.Stuck()
}

func status(all []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	i := slices.IndexFunc(all, func(s corev1.ContainerStatus) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// observe takes the state over. One that is restartable may run again after its end.
func (c *Container) observe(status *corev1.ContainerStatus, restartable bool) {
	if status == nil {
		return
	}
	c.Restarts, c.before = int64(status.RestartCount), status.LastTerminationState.Terminated.DeepCopy()
	switch state := status.State; {
	case state.Terminated != nil:
		c.terminated(state.Terminated)
		c.Started = state.Terminated.ContainerID != "" || status.ContainerID != ""
		c.Ended = !restartable
	case state.Running != nil:
		c.Started, c.State, c.start = true, logs.StepRunning, state.Running.StartedAt.DeepCopy()
	case state.Waiting != nil:
		c.Started, c.Backoff = c.before != nil, c.before != nil
		c.Reason, c.message = state.Waiting.Reason, state.Waiting.Message
	}
}

// follows says that a step waits for the one before: Tekton starts all containers of a pod at once.
func (c *Container) follows(before *Container) {
	switch {
	case c.State != logs.StepRunning:
	case before.end == nil:
		c.State, c.start = logs.StepWaiting, nil
	default:
		c.start = before.end
	}
}

// stopSidecars finds the sidecars that Tekton has ended: when all steps are through it gives them another image and with
// it a restart. The image does nothing; where the sidecar has a command, it cannot even start.
func stopSidecars(steps, sidecars []Container) {
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
		if len(steps) == 0 || c.Restarts == 0 || c.before == nil || c.before.FinishedAt.Time.Before(end) {
			continue
		}
		c.Stopped, c.Ended = true, true
		c.State, c.Reason, c.Said, c.exit = logs.StepSuccess, "Stopped", "", nil
		c.start, c.end = c.before.StartedAt.DeepCopy(), c.before.FinishedAt.DeepCopy()
	}
}

func (c *Container) terminated(t *corev1.ContainerStateTerminated) {
	exit := t.ExitCode // a copy: the pod may belong to a cache
	c.exit, c.Reason, c.State = &exit, t.Reason, logs.StepSuccess
	c.start, c.end = t.StartedAt.DeepCopy(), t.FinishedAt.DeepCopy()
	if t.ExitCode != 0 {
		c.State = logs.StepFailure
	}
	if !json.Valid([]byte(t.Message)) { // Tekton's is a list of results
		c.Said = t.Message
	}
	for _, r := range tektonResults(t.Message) {
		switch {
		case r.Key == "StartedAt":
			if at, err := time.Parse(time.RFC3339, r.Value); err == nil {
				c.start = &metav1.Time{Time: at}
			}
		case r.Key == "Reason":
			c.Reason = r.Value
			if r.Value == "Skipped" {
				c.State = logs.StepSkipped
			}
		case r.Key == "ExitCode" && r.Value != "0" && c.State == logs.StepSuccess:
			c.State = logs.StepFailure // onError: continue hides it from the container's own code
		}
	}
}

// inPod adds what the pod as a whole tells: why it was not scheduled, failed or has to go.
func (c *Container) inPod(pod *corev1.Pod) {
	over := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	c.Ended = c.Ended || over // also what never started, in an evicted pod
	for _, condition := range pod.Status.Conditions {
		switch {
		case condition.Type == corev1.DisruptionTarget && condition.Status == corev1.ConditionTrue:
			c.Fate = told(condition.Reason, condition.Message)
		case condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse && c.State == logs.StepWaiting:
			c.Reason, c.message = condition.Reason, condition.Message
		}
	}
	if pod.Status.Reason != "" {
		c.Fate = told(pod.Status.Reason, pod.Status.Message)
		if c.broken() {
			c.Reason, c.message, c.Said = pod.Status.Reason, pod.Status.Message, ""
		}
	}
	if over && usualWaits[c.Reason] && c.State == logs.StepWaiting {
		c.Reason = ""
	}
}

// broken says that the container was not ended by itself.
func (c *Container) broken() bool {
	const killed, terminated = 128 + 9, 128 + 15
	return c.State != logs.StepSkipped && (c.exit == nil || *c.exit == killed || *c.exit == terminated || c.Reason == "ContainerStatusUnknown")
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

// Stuck says that the container waits for something else than its turn.
func (c *Container) Stuck() bool { return c.State == logs.StepWaiting && !usualWaits[c.Reason] }

// RestartReason tells how the instance before ended, for people; empty when that is not known.
func (c *Container) RestartReason() string {
	if c.before == nil || c.Backoff {
		return ""
	}
	return fmt.Sprintf(" (%d): the one before ended with code %d, %s", c.Restarts, c.before.ExitCode, c.before.Reason)
}
