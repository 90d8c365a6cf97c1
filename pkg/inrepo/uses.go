package inrepo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
)

const usesPrefix = "uses:"

// useSteps replaces each step whose image begins with "uses:" by the steps that are named so. An image of the step template
// holds for the steps that have none.
func (l *lighthousePipelines) useSteps(ctx context.Context, _ map[string]string, spec *pipelinev1.PipelineRunSpec) error {
	if spec.PipelineSpec == nil {
		return nil
	}
	for _, tasks := range [][]pipelinev1.PipelineTask{spec.PipelineSpec.Tasks, spec.PipelineSpec.Finally} {
		for i := range tasks {
			if tasks[i].TaskSpec == nil {
				continue
			}
			if err := l.useInTask(ctx, spec, &tasks[i]); err != nil {
				return fmt.Errorf("task %s: %w", tasks[i].Name, err)
			}
		}
	}
	return nil
}

func (l *lighthousePipelines) useInTask(ctx context.Context, spec *pipelinev1.PipelineRunSpec, task *pipelinev1.PipelineTask) error {
	own := &task.TaskSpec.TaskSpec
	shared := ""
	if own.StepTemplate != nil && strings.HasPrefix(own.StepTemplate.Image, usesPrefix) {
		shared, own.StepTemplate.Image = own.StepTemplate.Image, ""
	}
	written := own.Steps
	own.Steps = nil
	for _, step := range written {
		image := step.Image
		if image == "" {
			image = shared
		}
		address, ok := strings.CutPrefix(image, usesPrefix)
		if !ok {
			own.Steps = append(own.Steps, step)
			continue
		}
		step.Image = ""
		steps, err := l.use(ctx, spec, task, address, step)
		if err != nil {
			return fmt.Errorf("uses %s: %w", address, err)
		}
		own.Steps = append(own.Steps, steps...)
	}
	return nil
}

// use finds the steps that one step stands for, and takes over what they need from around them.
func (l *lighthousePipelines) use(ctx context.Context, spec *pipelinev1.PipelineRunSpec, task *pipelinev1.PipelineTask, address string, step pipelinev1.Step) ([]pipelinev1.Step, error) {
	other, err := l.include(ctx, address)
	if err != nil {
		return nil, err
	}
	used, err := taskOf(other, task.Name)
	if err != nil {
		return nil, err
	}
	inherit(spec, task, other, used)
	if step.Name == "" {
		return used.TaskSpec.Steps, nil
	}
	name, suffix, copied := strings.Cut(step.Name, ":")
	i := slices.IndexFunc(used.TaskSpec.Steps, func(s pipelinev1.Step) bool { return s.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no step %s", name)
	}
	found := *used.TaskSpec.Steps[i].DeepCopy()
	overrideStep(&found, &step)
	if copied {
		found.Name = name + "-" + suffix
	}
	return []pipelinev1.Step{found}, nil
}

// include loads another pipeline, with what that one uses in turn.
func (l *lighthousePipelines) include(ctx context.Context, address string) (*pipelinev1.PipelineRunSpec, error) {
	if l.loads++; l.loads > maxLoads {
		return nil, fmt.Errorf("more than %d files are used", maxLoads)
	}
	if l.depth >= maxDepth {
		return nil, fmt.Errorf("files use each other more than %d levels deep", maxDepth)
	}
	data, err := l.usedFile(ctx, address)
	if err != nil {
		return nil, err
	}
	o, err := oneObject(address, data)
	if err != nil {
		return nil, err
	}
	spec, err := o.asRun()
	if err != nil {
		return nil, err
	}
	l.depth++
	defer func() { l.depth-- }()
	return spec, l.useSteps(ctx, nil, spec)
}

// taskOf is the only task of a pipeline, or the one of that name.
func taskOf(spec *pipelinev1.PipelineRunSpec, name string) (*pipelinev1.PipelineTask, error) {
	if spec.PipelineSpec == nil || len(spec.PipelineSpec.Tasks) == 0 {
		return nil, fmt.Errorf("it has no pipelineSpec with tasks")
	}
	tasks := spec.PipelineSpec.Tasks
	i := 0
	if len(tasks) > 1 {
		i = slices.IndexFunc(tasks, func(t pipelinev1.PipelineTask) bool { return t.Name == name })
	}
	if i < 0 {
		return nil, fmt.Errorf("none of its %d tasks is named %s", len(tasks), name)
	}
	if tasks[i].TaskSpec == nil {
		return nil, fmt.Errorf("its task %s has no taskSpec", tasks[i].Name)
	}
	return &tasks[i], nil
}

// usedFile reads what a uses address names: a file of a repository at a version, an address, or a file of this repository.
func (l *lighthousePipelines) usedFile(ctx context.Context, address string) ([]byte, error) {
	if isURL(address) {
		return l.remoteFile(ctx, address)
	}
	if strings.Contains(address, "@") {
		return l.gitFile(ctx, address)
	}
	return l.own(ctx, address)
}
