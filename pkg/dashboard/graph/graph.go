// Package graph tells how the tasks of a run depend on each other and how each stands: from the PipelineRun and its
// TaskRuns while the cluster has them, from the stored specification and steps afterwards.
package graph

import (
	"fmt"
	"slices"
	"strings"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// States of a task.
const (
	Waiting = "waiting"
	Running = "running"
	Success = "success"
	Failure = "failure"
	Skipped = "skipped"
	Aborted = "aborted"
	Unknown = "unknown"
)

// Task is one node.
type Task struct {
	Name     string     `json:"name"`
	State    string     `json:"state" enum:"waiting,running,success,failure,skipped,aborted,unknown"`
	RunAfter []string   `json:"runAfter" doc:"Tasks that come before: by runAfter, or because results of theirs are used."`
	Finally  bool       `json:"finally" doc:"Runs at the end whatever happened."`
	Started  *time.Time `json:"started,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Message  string     `json:"message,omitempty"`
	Steps    []string   `json:"steps" doc:"Names of its steps, as task/step."`
	When     []string   `json:"when,omitempty" doc:"Conditions on which it runs, in words."`
	Skipped  string     `json:"skipped,omitempty" doc:"Why it did not run."`
	Retries  int        `json:"retries,omitempty" doc:"Number of attempts after the first."`
}

// Source is what is known of a run. Only State is always there.
type Source struct {
	State v1alpha1.JobState
	// Spec is the specification as it was stored with the job; that of Run's status is preferred.
	Spec     *pipelinev1.PipelineSpec
	Run      *pipelinev1.PipelineRun
	TaskRuns []pipelinev1.TaskRun
	Steps    []logs.StepInfo
}

// Tasks lists the tasks in the order of the specification, those of finally last; without a specification, in the order in
// which their steps began.
func Tasks(s Source) []Task {
	tasks := declared(s.spec())
	known := len(tasks) > 0
	for _, step := range s.Steps {
		i := owner(tasks, step.Task)
		if i < 0 && known {
			continue // a sidecar of something that the specification does not name
		}
		if i < 0 {
			tasks, i = append(tasks, Task{Name: step.Task, RunAfter: []string{}, Steps: []string{}}), len(tasks)
		}
		tasks[i].Steps = append(tasks[i].Steps, step.Task+"/"+step.Step)
	}
	for i := range tasks {
		s.fill(&tasks[i])
	}
	return tasks
}

func (s Source) spec() *pipelinev1.PipelineSpec {
	if s.Run != nil && s.Run.Status.PipelineSpec != nil {
		return s.Run.Status.PipelineSpec
	}
	if s.Run != nil && s.Run.Spec.PipelineSpec != nil {
		return s.Run.Spec.PipelineSpec
	}
	return s.Spec
}

func declared(spec *pipelinev1.PipelineSpec) []Task {
	if spec == nil {
		return []Task{}
	}
	after := pipelinev1.PipelineTaskList(spec.Tasks).Deps()
	tasks := make([]Task, 0, len(spec.Tasks)+len(spec.Finally))
	add := func(t *pipelinev1.PipelineTask, finally bool) {
		node := Task{Name: t.Name, Finally: finally, RunAfter: []string{}, Steps: []string{}, When: conditions(t.When)}
		if !finally {
			node.RunAfter = append(node.RunAfter, after[t.Name]...)
			slices.Sort(node.RunAfter)
			node.RunAfter = slices.Compact(node.RunAfter)
		}
		tasks = append(tasks, node)
	}
	for i := range spec.Tasks {
		add(&spec.Tasks[i], false)
	}
	for i := range spec.Finally {
		add(&spec.Finally[i], true)
	}
	return tasks
}

func conditions(when pipelinev1.WhenExpressions) []string {
	var words []string
	for _, w := range when {
		if w.CEL != "" {
			words = append(words, w.CEL)
			continue
		}
		words = append(words, fmt.Sprintf("%q %s %q", w.Input, w.Operator, w.Values))
	}
	return words
}

// owner finds the task that a step's task belongs to: itself, or with something added for a retry or a place in a matrix.
func owner(tasks []Task, name string) int {
	best := -1
	for i, t := range tasks {
		if t.Name == name {
			return i
		}
		if strings.HasPrefix(name, t.Name+"-") && (best < 0 || len(t.Name) > len(tasks[best].Name)) {
			best = i
		}
	}
	return best
}

// fill says how a task stands.
func (s Source) fill(t *Task) {
	runs := s.runsOf(t.Name)
	switch {
	case len(runs) > 0:
		fromRuns(t, runs)
	case len(t.Steps) > 0:
		s.fromSteps(t)
	case s.State.Terminal():
		t.State = Skipped
	default:
		t.State = Waiting
	}
	if s.Run == nil {
		return
	}
	for _, skipped := range s.Run.Status.SkippedTasks {
		if skipped.Name == t.Name {
			t.State, t.Skipped = Skipped, string(skipped.Reason)
		}
	}
}

const labelTask = "tekton.dev/pipelineTask"

func (s Source) runsOf(task string) []*pipelinev1.TaskRun {
	var runs []*pipelinev1.TaskRun
	for i := range s.TaskRuns {
		if s.TaskRuns[i].Labels[labelTask] == task {
			runs = append(runs, &s.TaskRuns[i])
		}
	}
	return runs
}

// fromRuns sums up the TaskRuns of one task; a matrix has several. The worst state wins, and its reason.
func fromRuns(t *Task, runs []*pipelinev1.TaskRun) {
	for i, run := range runs {
		condition := run.Status.GetCondition(apis.ConditionSucceeded)
		state := stateOf(condition)
		if i == 0 || rank(state) > rank(t.State) {
			t.State, t.Reason, t.Message = state, "", ""
			if condition != nil {
				t.Reason, t.Message = condition.Reason, condition.Message
			}
		}
		t.Retries += len(run.Status.RetriesStatus)
		t.Started = earlier(t.Started, run.Status.StartTime)
		t.Ended = later(t.Ended, run.Status.CompletionTime)
	}
	if t.State == Running || t.State == Waiting {
		t.Ended = nil
	}
}

// reasonPodPending is what Tekton says of a TaskRun whose pod waits for a node or an image.
const reasonPodPending = "Pending"

func stateOf(c *apis.Condition) string {
	switch {
	case c == nil:
		return Waiting
	case c.Status == corev1.ConditionTrue:
		return Success
	case c.Status == corev1.ConditionFalse && c.Reason == pipelinev1.TaskRunReasonCancelled.String():
		return Aborted
	case c.Status == corev1.ConditionFalse:
		return Failure
	case c.Reason == pipelinev1.TaskRunReasonPending.String(), c.Reason == reasonPodPending:
		return Waiting
	}
	return Running
}

// rank orders states by what a reader needs to know first.
func rank(state string) int {
	return slices.Index([]string{Skipped, Success, Unknown, Waiting, Aborted, Running, Failure}, state)
}

var ofStep = map[string]string{
	logs.StepWaiting: Waiting, logs.StepRunning: Running, logs.StepSuccess: Success, logs.StepFailure: Failure,
	logs.StepSkipped: Skipped, logs.StepUnknown: Unknown,
}

// fromSteps sums up the steps of one task; of retries only the last counts.
func (s Source) fromSteps(t *Task) {
	last := ""
	attempts := map[string]bool{}
	for _, step := range s.Steps {
		if slices.Contains(t.Steps, step.Task+"/"+step.Step) {
			last = step.Task
			if strings.HasPrefix(strings.TrimPrefix(step.Task, t.Name), "-retry") {
				attempts[step.Task] = true
			}
		}
	}
	t.Retries, t.State = len(attempts), Skipped
	for _, step := range s.Steps {
		if !slices.Contains(t.Steps, step.Task+"/"+step.Step) {
			continue
		}
		t.Started, t.Ended = earlier(t.Started, step.Start), later(t.Ended, step.End)
		state := ofStep[step.State]
		if (len(attempts) == 0 || step.Task == last) && rank(state) > rank(t.State) {
			t.State, t.Reason = state, step.Reason
		}
	}
	if t.State == Running && s.State.Terminal() {
		t.State = Unknown
	}
}

func earlier(a *time.Time, b *metav1.Time) *time.Time {
	if b == nil || b.IsZero() || a != nil && a.Before(b.Time) {
		return a
	}
	utc := b.UTC()
	return &utc
}

func later(a *time.Time, b *metav1.Time) *time.Time {
	if b == nil || b.IsZero() || a != nil && a.After(b.Time) {
		return a
	}
	utc := b.UTC()
	return &utc
}
