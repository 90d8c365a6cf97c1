package logs

import (
	"bytes"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// CloneStep is the name of the step that checks out the code; its log is clone-log.txt instead of part of build-log.txt.
const CloneStep = "clone"

// CloneStepAlternate is the name of the step that checks out the code where the user has a step called [CloneStep].
const CloneStepAlternate = "pharos-clone"

// gitReference begins the task references that Pharos replaces by a checkout.
var gitReference = []byte("PROW_")

// Checkouts tells the steps that Pharos adds to check out the code from those that a user calls the same.
func Checkouts(job *v1alpha1.PipelineJob, steps []StepInfo) func(StepInfo) bool {
	spec := job.Spec.PipelineRunSpec
	added := job.Spec.Decorate || spec != nil && bytes.Contains(spec.Raw, gitReference)
	alternate := map[string]bool{} // tasks
	for _, s := range steps {
		if s.Step == CloneStepAlternate {
			alternate[s.Task] = true
		}
	}
	return func(s StepInfo) bool {
		if alternate[s.Task] {
			return s.Step == CloneStepAlternate
		}
		return added && s.Step == CloneStep
	}
}

// StepTitle stands before the log of a step in one text of several; i counts them from 0.
func StepTitle(i int, step StepInfo) string {
	title := fmt.Sprintf("==> %s/%s <==\n", step.Task, step.Step)
	if i > 0 {
		title = "\n" + title // a log may end within a line
	}
	return title
}
