package pipeline_test

import (
	"strings"
	"testing"
	"time"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/pipeline"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func runWith(status corev1.ConditionStatus, reason, message string) *tektonv1.PipelineRun {
	run := &tektonv1.PipelineRun{}
	run.Spec.Timeouts = &tektonv1.TimeoutFields{Pipeline: &metav1.Duration{Duration: time.Hour}}
	run.Status.StartTime = &metav1.Time{Time: began}
	if status != corev1.ConditionUnknown {
		run.Status.CompletionTime = &metav1.Time{Time: began.Add(90 * time.Second)}
	}
	run.Status.SetCondition(&apis.Condition{Type: apis.ConditionSucceeded, Status: status, Reason: reason, Message: message})
	return run
}

func failed(after time.Duration, reason, message string, steps ...tektonv1.StepState) *tektonv1.TaskRun {
	task := &tektonv1.TaskRun{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"tekton.dev/pipelineTask": "unit"}}}
	task.Spec.Timeout = &metav1.Duration{Duration: 10 * time.Minute}
	task.Status.CompletionTime = &metav1.Time{Time: began.Add(after)}
	task.Status.Steps = steps
	task.Status.SetCondition(&apis.Condition{Type: apis.ConditionSucceeded, Status: corev1.ConditionFalse, Reason: reason, Message: message})
	return task
}

func exited(step string, code int32, reason, termination string) tektonv1.StepState {
	return tektonv1.StepState{Name: step, TerminationReason: termination, ContainerState: corev1.ContainerState{
		Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason}}}
}

func TestStateOfARun(t *testing.T) {
	const lost = corev1.ConditionFalse
	for name, tc := range map[string]struct {
		run         *tektonv1.PipelineRun
		tasks       []*tektonv1.TaskRun
		state       v1alpha1.JobState
		description string
	}{
		"a run that Tekton has not seen is pending":  {&tektonv1.PipelineRun{}, nil, v1alpha1.StatePending, "Running."},
		"a running one is pending":                   {runWith(corev1.ConditionUnknown, "Running", ""), nil, v1alpha1.StatePending, "Running."},
		"a stopping one is pending":                  {runWith(corev1.ConditionUnknown, "CancelledRunningFinally", ""), nil, v1alpha1.StatePending, "Stopping."},
		"success":                                    {runWith(corev1.ConditionTrue, "Succeeded", ""), nil, v1alpha1.StateSuccess, "Succeeded after 1m30s."},
		"success with skipped tasks":                 {runWith(corev1.ConditionTrue, "Completed", ""), nil, v1alpha1.StateSuccess, "Succeeded after 1m30s."},
		"a timeout is the test's fault and is named": {runWith(lost, "PipelineRunTimeout", "x"), nil, v1alpha1.StateFailure, "Timed out after 1h0m0s."},
		"a cancelled run is aborted":                 {runWith(lost, "Cancelled", "x"), nil, v1alpha1.StateAborted, "Cancelled."},
		"a missing pipeline is an error":             {runWith(lost, "CouldntGetPipeline", "no such\nthing"), nil, v1alpha1.StateError, "CouldntGetPipeline: no such thing."},
		"a run that Tekton refuses is an error":      {runWith(lost, "PipelineValidationFailed", "bad."), nil, v1alpha1.StateError, "PipelineValidationFailed: bad."},
		"a TaskRun that could not be made":           {runWith(lost, "CreateRunFailed", "quota"), nil, v1alpha1.StateError, "CreateRunFailed: quota."},
		"a failure without known tasks":              {runWith(lost, "Failed", "Tasks Completed: 1 (Failed: 1)"), nil, v1alpha1.StateFailure, "Tasks Completed: 1 (Failed: 1)."},
		"a failing step is named": {runWith(lost, "Failed", "x"), []*tektonv1.TaskRun{failed(1, "StepFailed", "x",
			exited("clone", 0, "Completed", "Completed"), exited("test", 2, "Error", "Error"), exited("after", 1, "Error", "Skipped"))},
			v1alpha1.StateFailure, "Step test of task unit exited with code 2."},
		"a step out of memory is the test's fault": {runWith(lost, "Failed", "x"),
			[]*tektonv1.TaskRun{failed(1, "StepOOM", "x", exited("test", 137, "OOMKilled", "OOMKilled"))},
			v1alpha1.StateFailure, "Step test of task unit ran out of memory."},
		"a step past its time limit": {runWith(lost, "Failed", "x"),
			[]*tektonv1.TaskRun{failed(1, "StepFailed", "x", exited("test", 1, "Error", "TimeoutExceeded"))},
			v1alpha1.StateFailure, "Step test of task unit timed out."},
		"a task past its time limit": {runWith(lost, "Failed", "x"), []*tektonv1.TaskRun{failed(1, "TaskRunTimeout", "x")},
			v1alpha1.StateFailure, "Task unit timed out after 10m0s."},
		"an image that cannot be pulled is an error": {runWith(lost, "Failed", "x"),
			[]*tektonv1.TaskRun{failed(1, "TaskRunImagePullFailed", "no such image")},
			v1alpha1.StateError, "Task unit: TaskRunImagePullFailed: no such image."},
		"an evicted pod is an error": {runWith(lost, "Failed", "x"), []*tektonv1.TaskRun{failed(1, "PodEvicted", "disk")},
			v1alpha1.StateError, "Task unit: PodEvicted: disk."},
		"a failing test counts before an evicted pod": {runWith(lost, "Failed", "x"), []*tektonv1.TaskRun{
			failed(1, "PodEvicted", "disk"), failed(2, "StepFailed", "x", exited("test", 1, "Error", "Error"))},
			v1alpha1.StateFailure, "Step test of task unit exited with code 1."},
		"the earliest failure is named": {runWith(lost, "Failed", "x"), []*tektonv1.TaskRun{
			failed(2, "StepFailed", "x", exited("second", 1, "Error", "Error")), failed(1, "StepFailed", "x", exited("first", 1, "Error", "Error"))},
			v1alpha1.StateFailure, "Step first of task unit exited with code 1."},
		"tasks cancelled with the first failure are not named": {runWith(lost, "Failed", "x"), []*tektonv1.TaskRun{
			failed(1, "TaskRunCancelled", "x"), failed(2, "Failed", "it broke")}, v1alpha1.StateFailure, "Task unit failed: it broke."},
		"a merge conflict is the pull request's fault": {runWith(lost, "Failed", "x"),
			[]*tektonv1.TaskRun{failed(1, "StepFailed", "x", exited("clone", git.ExitConflict, "Error", "Error"))},
			v1alpha1.StateFailure, "The pull request does not merge with its base."},
		"a forge that does not answer is an error": {runWith(lost, "Failed", "x"),
			[]*tektonv1.TaskRun{failed(1, "StepFailed", "x", exited("pharos-clone", git.ExitFault, "Error", "Error"))},
			v1alpha1.StateError, "The repository could not be cloned."},
		"a user's own step called clone": {runWith(lost, "Failed", "x"),
			[]*tektonv1.TaskRun{failed(1, "StepFailed", "x", exited("clone", 1, "Error", "Error"))},
			v1alpha1.StateFailure, "Step clone of task unit exited with code 1."},
		"a long message is cut": {runWith(lost, "PipelineInvalidGraph", strings.Repeat("é", 600)), nil,
			v1alpha1.StateError, "PipelineInvalidGraph: " + strings.Repeat("é", 237) + "..."},
	} {
		t.Run(name, func(t *testing.T) {
			state, description, done := pipeline.State(tc.run, tc.tasks...)
			if state != tc.state || description != tc.description {
				t.Errorf("state %s, %q; want %s, %q", state, description, tc.state, tc.description)
			}
			if state.Terminal() != (done != nil) {
				t.Errorf("state %s with completion %v", state, done)
			}
			if done != nil && !done.Time.Equal(began.Add(90*time.Second)) {
				t.Errorf("completed %v", done)
			}
		})
	}
}

func TestAnEndWithoutATimeStillHasOne(t *testing.T) {
	run := runWith(corev1.ConditionFalse, "CouldntGetPipeline", "x")
	run.Status.CompletionTime = nil
	if _, _, done := pipeline.State(run); done.IsZero() {
		t.Error("no completion time")
	}
}
