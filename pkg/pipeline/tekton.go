package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Task references that stand for a checkout, as Prow's Tekton agent names them: the repository under test, and extra_refs
// by index.
const (
	implicitGitRef = "PROW_IMPLICIT_GIT_REF"
	extraGitRef    = "PROW_EXTRA_GIT_REF_"
)

// fromPipelineRunSpec keeps what the user wrote and adds the job's environment: as parameters for everything, as variables
// for the tasks that are written out in the job. Tasks that live in the cluster get parameters only.
func (b *builder) fromPipelineRunSpec() (*tektonv1.PipelineRunSpec, error) {
	raw := b.job.Spec.PipelineRunSpec
	if raw == nil || len(raw.Raw) == 0 {
		return nil, errors.New("job of agent tekton-pipeline has no pipeline_run_spec")
	}
	spec := &tektonv1.PipelineRunSpec{}
	if err := json.Unmarshal(raw.Raw, spec); err != nil {
		return nil, fmt.Errorf("decode pipeline_run_spec: %w", err)
	}
	spec.Params = append(spec.Params, params(b.env, spec)...)
	if spec.PipelineSpec == nil {
		return spec, nil
	}
	for _, tasks := range [][]tektonv1.PipelineTask{spec.PipelineSpec.Tasks, spec.PipelineSpec.Finally} {
		for i := range tasks {
			if err := b.pipelineTask(&tasks[i]); err != nil {
				return nil, fmt.Errorf("task %q: %w", tasks[i].Name, err)
			}
		}
	}
	return spec, nil
}

func (b *builder) pipelineTask(task *tektonv1.PipelineTask) error {
	if task.TaskRef != nil {
		refs, ok, err := b.gitRef(task.TaskRef.Name)
		if err != nil || !ok {
			return err
		}
		spec, err := b.cloneTask(refs, task.Params)
		task.TaskRef, task.TaskSpec = nil, &tektonv1.EmbeddedTask{TaskSpec: spec}
		return err
	}
	// With an apiVersion it is a custom task: another controller's document, which has no steps.
	if task.TaskSpec != nil && task.TaskSpec.APIVersion == "" {
		b.prepareTask(&task.TaskSpec.TaskSpec)
	}
	return nil
}

// gitRef says which repository a task reference stands for, if any.
func (b *builder) gitRef(name string) (refs v1alpha1.Refs, ok bool, err error) {
	if name == implicitGitRef {
		if b.job.Spec.Refs == nil {
			return refs, false, fmt.Errorf("%s: the job has no refs", name)
		}
		return *b.job.Spec.Refs, true, nil
	}
	index, ok := strings.CutPrefix(name, extraGitRef)
	if !ok {
		return refs, false, nil
	}
	n, err := strconv.Atoi(index)
	if err != nil || n < 0 || n >= len(b.job.Spec.ExtraRefs) {
		return refs, false, fmt.Errorf("%s: the job has %d extra_refs", name, len(b.job.Spec.ExtraRefs))
	}
	return b.job.Spec.ExtraRefs[n], true, nil
}
