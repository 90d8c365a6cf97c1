package graph_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"
	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard/graph"
	"github.com/pharos-ci/pharos/pkg/logs"
)

const pipelineSpec = `
tasks:
- name: build
- name: unit
  runAfter: [build]
  retries: 2
- name: image
  params: [{name: digest, value: $(tasks.build.results.digest)}]
- name: deploy
  runAfter: [unit, image, unit]
  when: [{input: "$(params.branch)", operator: in, values: [main]}, {cel: "'a' == 'b'"}]
finally:
- name: notify
`

func spec(t *testing.T) *pipelinev1.PipelineSpec {
	t.Helper()
	s := &pipelinev1.PipelineSpec{}
	if err := yaml.Unmarshal([]byte(pipelineSpec), s); err != nil {
		t.Fatal(err)
	}
	return s
}

func at(minute int) *metav1.Time {
	return &metav1.Time{Time: time.Date(2026, 1, 1, 12, minute, 0, 0, time.UTC)}
}

func taskRun(task string, status corev1.ConditionStatus, reason string) pipelinev1.TaskRun {
	tr := pipelinev1.TaskRun{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"tekton.dev/pipelineTask": task}}}
	tr.Status.StartTime, tr.Status.CompletionTime = at(1), at(3)
	tr.Status.SetCondition(&apis.Condition{Type: apis.ConditionSucceeded, Status: status, Reason: reason, Message: reason + "!"})
	return tr
}

// sketch is a graph in one line: name after[…] = state.
func sketch(tasks []graph.Task) string {
	var all []string
	for _, t := range tasks {
		text := t.Name
		if t.Finally {
			text += "!"
		}
		if len(t.RunAfter) > 0 {
			text += "<" + strings.Join(t.RunAfter, "+")
		}
		text += "=" + t.State
		if t.Skipped != "" {
			text += "(" + t.Skipped + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestTasks(t *testing.T) {
	running := &pipelinev1.PipelineRun{}
	running.Status.PipelineSpec = spec(t)
	running.Status.SkippedTasks = []pipelinev1.SkippedTask{{Name: "deploy", Reason: pipelinev1.WhenExpressionsSkip}}
	step := func(task, step, state string) logs.StepInfo {
		return logs.StepInfo{Task: task, Step: step, State: state, Start: at(1), End: at(2)}
	}
	for name, tc := range map[string]struct {
		source graph.Source
		want   string
	}{
		"nothing is known": {graph.Source{State: v1alpha1.StateTriggered}, ""},
		"before it starts the stored specification is shown": {
			graph.Source{State: v1alpha1.StateTriggered, Spec: spec(t)},
			"build=waiting unit<build=waiting image<build=waiting deploy<image+unit=waiting notify!=waiting",
		},
		"while it runs TaskRuns tell the states": {
			graph.Source{State: v1alpha1.StatePending, Run: running, TaskRuns: []pipelinev1.TaskRun{
				taskRun("build", corev1.ConditionTrue, "Succeeded"), taskRun("unit", corev1.ConditionUnknown, "Running"),
				taskRun("image", corev1.ConditionFalse, "Failed"), taskRun("image", corev1.ConditionTrue, "Succeeded"),
				taskRun("notify", corev1.ConditionUnknown, "Pending"),
			}},
			"build=success unit<build=running image<build=failure deploy<image+unit=skipped(When Expressions evaluated to false) notify!=waiting",
		},
		"a cancelled task is aborted": {
			graph.Source{State: v1alpha1.StateAborted, Run: running, TaskRuns: []pipelinev1.TaskRun{taskRun("build", corev1.ConditionFalse, "TaskRunCancelled")}},
			"build=aborted unit<build=skipped image<build=skipped deploy<image+unit=skipped(When Expressions evaluated to false) notify!=skipped",
		},
		"afterwards the steps tell the states, of a retried task the last attempt": {
			graph.Source{State: v1alpha1.StateFailure, Spec: spec(t), Steps: []logs.StepInfo{
				step("build", "a", logs.StepSuccess), step("unit", "go", logs.StepFailure), step("unit-retry1", "go", logs.StepSuccess),
				step("image", "push", logs.StepFailure), step("notify", "mail", logs.StepRunning),
			}},
			"build=success unit<build=success image<build=failure deploy<image+unit=skipped notify!=unknown",
		},
		"without a specification the steps tell the tasks": {
			graph.Source{State: v1alpha1.StateSuccess, Steps: []logs.StepInfo{step("test", "clone", logs.StepSuccess), step("test", "test", logs.StepSkipped), step("docs", "all", logs.StepSkipped)}},
			"test=success docs=skipped",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, sketch(graph.Tasks(tc.source))); diff != "" {
				t.Errorf("graph (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATaskHasTimesStepsAndConditions(t *testing.T) {
	tasks := graph.Tasks(graph.Source{State: v1alpha1.StateSuccess, Spec: spec(t), Steps: []logs.StepInfo{
		{Task: "unit", Step: "a", State: logs.StepFailure, Start: at(2), End: at(3)},
		{Task: "unit-retry1", Step: "a", State: logs.StepFailure, Reason: "Error", Start: at(4), End: at(9)},
	}})
	begin, end := at(2).Time, at(9).Time
	want := graph.Task{
		Name: "unit", State: graph.Failure, RunAfter: []string{"build"}, Steps: []string{"unit/a", "unit-retry1/a"},
		Started: &begin, Ended: &end, Reason: "Error", Retries: 1,
	}
	if diff := cmp.Diff(want, tasks[1]); diff != "" {
		t.Errorf("task (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`"$(params.branch)" in ["main"]`, "'a' == 'b'"}, tasks[3].When); diff != "" {
		t.Errorf("when (-want +got):\n%s", diff)
	}
}
