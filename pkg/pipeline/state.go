package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/supervisor"
)

// State says what a run's status means for the job: its state, one line for people, and when it ended (nil while it has
// not). A failed run says only that tasks failed; with its TaskRuns, as many as are known, the line names the task and
// faults of the infrastructure become [v1alpha1.StateError] instead of failure.
func State(run *tektonv1.PipelineRun, tasks ...*tektonv1.TaskRun) (v1alpha1.JobState, string, *metav1.Time) {
	condition := run.Status.GetCondition(apis.ConditionSucceeded)
	if condition == nil || condition.Status == corev1.ConditionUnknown {
		return v1alpha1.StatePending, progress(condition), nil
	}
	state, description := outcome(run, condition, tasks)
	done := run.Status.CompletionTime
	if done == nil {
		done = &condition.LastTransitionTime.Inner
	}
	if done.IsZero() {
		done = &metav1.Time{Time: run.CreationTimestamp.Time}
	}
	return state, description, done.DeepCopy()
}

// progress has few answers on purpose: each change of the line is a write to the job and may be one to the forge.
func progress(condition *apis.Condition) string {
	if condition == nil {
		return "Running."
	}
	switch tektonv1.PipelineRunReason(condition.Reason) {
	case tektonv1.PipelineRunReasonPending:
		return "The PipelineRun is held back."
	case tektonv1.PipelineRunReasonStopping, tektonv1.PipelineRunReasonCancelledRunningFinally, tektonv1.PipelineRunReasonStoppedRunningFinally:
		return "Stopping."
	}
	return "Running."
}

func outcome(run *tektonv1.PipelineRun, condition *apis.Condition, tasks []*tektonv1.TaskRun) (v1alpha1.JobState, string) {
	if condition.Status == corev1.ConditionTrue {
		return v1alpha1.StateSuccess, "Succeeded" + duration(run) + "."
	}
	switch tektonv1.PipelineRunReason(condition.Reason) {
	case tektonv1.PipelineRunReasonTimedOut:
		return v1alpha1.StateFailure, "Timed out" + timeout(run) + "."
	case tektonv1.PipelineRunReasonCancelled:
		return v1alpha1.StateAborted, "Cancelled."
	case tektonv1.PipelineRunReasonFailed:
		return failure(condition, tasks)
	}
	// Every other reason means that Tekton could not run the pipeline as it is written or as the cluster is.
	return v1alpha1.StateError, sentence(condition.Reason + ": " + condition.Message)
}

// failure looks for the task to blame: the test's own fault counts before the infrastructure's, and the earliest first.
func failure(condition *apis.Condition, tasks []*tektonv1.TaskRun) (v1alpha1.JobState, string) {
	failed := slices.DeleteFunc(slices.Clone(tasks), func(t *tektonv1.TaskRun) bool {
		c := t.Status.GetCondition(apis.ConditionSucceeded)
		return c == nil || c.Status != corev1.ConditionFalse || c.Reason == tektonv1.TaskRunReasonCancelled.String() ||
			c.Reason == tektonv1.TaskRunReasonFailureIgnored.String()
	})
	slices.SortStableFunc(failed, func(a, b *tektonv1.TaskRun) int { return endOf(a).Compare(endOf(b)) })
	if len(failed) == 0 {
		return v1alpha1.StateFailure, sentence(condition.Message)
	}
	state, description := taskOutcome(failed[0])
	for _, t := range failed[1:] {
		if state == v1alpha1.StateFailure {
			break
		}
		if s, d := taskOutcome(t); s == v1alpha1.StateFailure {
			state, description = s, d
		}
	}
	return state, description
}

// infrastructure are TaskRun reasons that are nobody's test: the pod could not be made, or was taken away.
var infrastructure = []string{
	tektonv1.TaskRunReasonImagePullFailed.String(),
	tektonv1.TaskRunReasonCreateContainerConfigError.String(),
	tektonv1.TaskRunReasonPodCreationFailed.String(),
	tektonv1.TaskRunReasonPodEvicted.String(),
	tektonv1.TaskRunReasonInitContainerFailed.String(),
	tektonv1.TaskRunReasonInitContainerOOM.String(),
	tektonv1.TaskRunReasonStopSidecarFailed.String(),
	tektonv1.TaskRunReasonInvalidParamValue.String(),
	tektonv1.TaskRunReasonFailedResolution.String(),
	tektonv1.TaskRunReasonFailedValidation.String(),
	tektonv1.TaskRunReasonTaskFailedValidation.String(),
	tektonv1.TaskRunReasonResourceVerificationFailed.String(),
	// Reasons that Tekton's controller sets without a name in its API.
	"ExceededResourceQuota", "ExceededNodeResources", "PullImageFailed", "PodAdmissionFailed",
}

func taskOutcome(task *tektonv1.TaskRun) (v1alpha1.JobState, string) {
	condition := task.Status.GetCondition(apis.ConditionSucceeded)
	name := task.Labels["tekton.dev/pipelineTask"]
	if state, description, ok := cloneOutcome(task); ok {
		return state, description
	}
	switch {
	case condition.Reason == tektonv1.TaskRunReasonTimedOut.String():
		limit := ""
		if task.Spec.Timeout != nil {
			limit = " after " + task.Spec.Timeout.Duration.String()
		}
		return v1alpha1.StateFailure, sentence(fmt.Sprintf("Task %s timed out%s", name, limit))
	case slices.Contains(infrastructure, condition.Reason) || strings.HasPrefix(condition.Reason, "CouldntGet"):
		return v1alpha1.StateError, sentence(fmt.Sprintf("Task %s: %s: %s", name, condition.Reason, condition.Message))
	}
	for _, s := range task.Status.Steps {
		if t := s.Terminated; t != nil && t.ExitCode != 0 && s.TerminationReason != "Skipped" && s.TerminationReason != "Continued" {
			return v1alpha1.StateFailure, fmt.Sprintf("Step %s of task %s%s.", s.Name, name, why(t, s.TerminationReason))
		}
	}
	return v1alpha1.StateFailure, sentence(fmt.Sprintf("Task %s failed: %s", name, condition.Message))
}

func why(t *corev1.ContainerStateTerminated, reason string) string {
	switch {
	case t.Reason == "OOMKilled":
		return " ran out of memory"
	case reason == "TimeoutExceeded", t.ExitCode == supervisor.ExitTimeout:
		return " timed out"
	}
	return fmt.Sprintf(" exited with code %d", t.ExitCode)
}

// cloneOutcome tells a pull request that does not merge from a forge that does not answer.
func cloneOutcome(task *tektonv1.TaskRun) (v1alpha1.JobState, string, bool) {
	for _, s := range task.Status.Steps {
		if (s.Name != CloneStep && s.Name != CloneStepAlternate) || s.Terminated == nil {
			continue
		}
		switch s.Terminated.ExitCode {
		case git.ExitConflict:
			return v1alpha1.StateFailure, "The pull request does not merge with its base.", true
		case git.ExitMissing:
			return v1alpha1.StateError, "A commit to test is gone from the repository.", true
		case git.ExitFault:
			return v1alpha1.StateError, "The repository could not be cloned.", true
		}
	}
	return "", "", false
}

func endOf(task *tektonv1.TaskRun) time.Time {
	if task.Status.CompletionTime == nil {
		return time.Time{}
	}
	return task.Status.CompletionTime.Time
}

func duration(run *tektonv1.PipelineRun) string {
	if run.Status.StartTime == nil || run.Status.CompletionTime == nil {
		return ""
	}
	return " after " + run.Status.CompletionTime.Sub(run.Status.StartTime.Time).Round(time.Second).String()
}

func timeout(run *tektonv1.PipelineRun) string {
	if run.Spec.Timeouts == nil || run.Spec.Timeouts.Pipeline == nil {
		return ""
	}
	limit := run.Spec.Timeouts.Pipeline.Duration
	if t := run.Spec.Timeouts.Tasks; t != nil && t.Duration > 0 && t.Duration < limit {
		limit = t.Duration
	}
	return " after " + limit.String()
}

// maxDescription keeps status objects small; reporters cut further.
const maxDescription = 500

// sentence makes one line out of a message of Tekton's.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxDescription {
		text = strings.ToValidUTF8(text[:maxDescription-3], "") + "..."
	}
	if text != "" && !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
