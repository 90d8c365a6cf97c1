package inrepo

import (
	"slices"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
)

// lighthouseParams are the parameters that every pipeline of Lighthouse may use without declaring them. Those that an event
// may lack are empty then.
var lighthouseParams = []struct {
	name     string
	optional bool
}{
	{"BUILD_ID", false}, {"JOB_NAME", false}, {"JOB_SPEC", false}, {"JOB_TYPE", false}, {"PULL_BASE_REF", false},
	{"PULL_BASE_SHA", false}, {"PULL_NUMBER", true}, {"PULL_PULL_REF", true}, {"PULL_PULL_SHA", true}, {"PULL_REFS", false},
	{"REPO_NAME", false}, {"REPO_OWNER", false}, {"REPO_URL", false},
}

// parameters declares Lighthouse's parameters on the pipeline and on each task written out in it, and gives the values that
// the job's own environment lacks.
func (l *lighthousePipelines) parameters(spec *pipelinev1.PipelineRunSpec) {
	if spec.PipelineSpec == nil {
		return
	}
	values := map[string]string{"REPO_URL": l.event.Refs.CloneURI, "PULL_PULL_REF": ""}
	if l.event.pull() {
		values["PULL_PULL_REF"] = l.event.Refs.Pulls[0].Ref
	}
	for _, name := range []string{"PULL_PULL_REF", "REPO_URL"} {
		if !slices.ContainsFunc(spec.Params, func(p pipelinev1.Param) bool { return p.Name == name }) {
			spec.Params = append(spec.Params, pipelinev1.Param{Name: name, Value: *pipelinev1.NewStructuredValues(values[name])})
		}
	}
	spec.PipelineSpec.Params = declare(spec.PipelineSpec.Params)
	for _, tasks := range [][]pipelinev1.PipelineTask{spec.PipelineSpec.Tasks, spec.PipelineSpec.Finally} {
		for i := range tasks {
			if tasks[i].TaskSpec != nil && tasks[i].TaskSpec.APIVersion == "" {
				giveParameters(&tasks[i])
			}
		}
	}
}

func declare(params pipelinev1.ParamSpecs) pipelinev1.ParamSpecs {
	for _, known := range lighthouseParams {
		if slices.ContainsFunc(params, func(p pipelinev1.ParamSpec) bool { return p.Name == known.name }) {
			continue
		}
		p := pipelinev1.ParamSpec{Name: known.name, Type: pipelinev1.ParamTypeString}
		if known.optional {
			p.Default = pipelinev1.NewStructuredValues("")
		}
		params = append(params, p)
	}
	return params
}

// giveParameters hands the pipeline's parameters to a task, as parameters and to each of its steps as environment.
func giveParameters(task *pipelinev1.PipelineTask) {
	task.TaskSpec.Params = declare(task.TaskSpec.Params)
	if task.TaskSpec.StepTemplate == nil {
		task.TaskSpec.StepTemplate = &pipelinev1.StepTemplate{}
	}
	template := task.TaskSpec.StepTemplate
	for _, known := range lighthouseParams {
		if !slices.ContainsFunc(task.Params, func(p pipelinev1.Param) bool { return p.Name == known.name }) {
			task.Params = append(task.Params, passOn(pipelinev1.ParamSpec{Name: known.name}))
		}
		if !slices.ContainsFunc(template.Env, func(e corev1.EnvVar) bool { return e.Name == known.name }) {
			template.Env = append(template.Env, corev1.EnvVar{Name: known.name, Value: "$(params." + known.name + ")"})
		}
	}
}
