package inrepo

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// Annotations of Lighthouse's pipelines.
const (
	annotationLoadRefs = "lighthouse.jenkins-x.io/loadFileRefs"
	annotationPrepend  = "lighthouse.jenkins-x.io/prependStepsURL"
	annotationAppend   = "lighthouse.jenkins-x.io/appendStepsURL"
	annotationParams   = "lighthouse.jenkins-x.io/defaultParameters"
)

// lighthousePipelines loads the pipelines of one job, which may include parts of others.
type lighthousePipelines struct {
	*reading
	// dir is where the references of the pipeline lead from.
	dir string
	// depth and loads bound what one job may include.
	depth, loads int
}

const (
	maxDepth = 5
	maxLoads = 50
)

// readObject reads the one object that a file must hold; it is nil where the problems say why.
func readObject(file string, data []byte) (*object, []strictyaml.Problem) {
	docs, problems := strictyaml.ParseAll(file, data)
	objects, more := decodeObjects(file, docs)
	problems = append(problems, more...)
	if hard(problems) {
		return nil, problems
	}
	if len(objects) != 1 {
		message := fmt.Sprintf("the file holds %d Tekton objects; a source is one", len(objects))
		return nil, append(problems, strictyaml.Problem{File: file, Line: 1, Column: 1, Message: message})
	}
	return &objects[0], problems
}

// complete is a PipelineRun, Pipeline, TaskRun or Task as the spec of a PipelineRun with everything that it includes.
func (l *lighthousePipelines) complete(ctx context.Context, o *object) (*pipelinev1.PipelineRunSpec, error) {
	spec, err := o.asRun()
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, map[string]string, *pipelinev1.PipelineRunSpec) error{l.loadRefs, l.useSteps, l.surround} {
		if err := step(ctx, o.meta.Annotations, spec); err != nil {
			return nil, err
		}
	}
	bindWorkspaces(spec)
	if o.meta.Annotations[annotationParams] != "false" {
		l.parameters(spec)
	}
	return spec, nil
}

// asRun wraps what is no PipelineRun in one.
func (o *object) asRun() (*pipelinev1.PipelineRunSpec, error) {
	switch {
	case o.run != nil:
		return &o.run.Spec, nil
	case o.pipeline != nil:
		return &pipelinev1.PipelineRunSpec{PipelineSpec: &o.pipeline.Spec}, nil
	case o.task != nil:
		return wrapTask(o.meta.Name, o.task.Spec), nil
	case o.taskRun != nil && o.taskRun.Spec.TaskSpec != nil:
		spec := wrapTask(o.meta.Name, *o.taskRun.Spec.TaskSpec)
		spec.Params, spec.Workspaces = o.taskRun.Spec.Params, o.taskRun.Spec.Workspaces
		spec.TaskRunTemplate = pipelinev1.PipelineTaskRunTemplate{ServiceAccountName: o.taskRun.Spec.ServiceAccountName, PodTemplate: o.taskRun.Spec.PodTemplate}
		return spec, nil
	case o.taskRun != nil:
		return nil, errors.New("a TaskRun needs spec.taskSpec here")
	}
	return nil, fmt.Errorf("kind %q is not one that can be run; use PipelineRun, Pipeline, TaskRun or Task", o.kind)
}

// wrapTask makes a pipeline of one task that hands its parameters and workspaces on.
func wrapTask(name string, task pipelinev1.TaskSpec) *pipelinev1.PipelineRunSpec {
	if name == "" {
		name = "default"
	}
	pt := pipelinev1.PipelineTask{Name: name, TaskSpec: &pipelinev1.EmbeddedTask{TaskSpec: task}}
	pipeline := &pipelinev1.PipelineSpec{Params: slices.Clone(task.Params)}
	for _, p := range task.Params {
		pt.Params = append(pt.Params, passOn(p))
	}
	for _, w := range task.Workspaces {
		pipeline.Workspaces = append(pipeline.Workspaces, pipelinev1.PipelineWorkspaceDeclaration{Name: w.Name, Optional: w.Optional})
		pt.Workspaces = append(pt.Workspaces, pipelinev1.WorkspacePipelineTaskBinding{Name: w.Name, Workspace: w.Name})
	}
	pipeline.Tasks = []pipelinev1.PipelineTask{pt}
	return &pipelinev1.PipelineRunSpec{PipelineSpec: pipeline}
}

// passOn gives an inner parameter the value of the outer one of the same name.
func passOn(p pipelinev1.ParamSpec) pipelinev1.Param {
	ref := "$(params." + p.Name + ")"
	switch {
	case p.Type == pipelinev1.ParamTypeArray || (p.Default != nil && p.Default.Type == pipelinev1.ParamTypeArray):
		return pipelinev1.Param{Name: p.Name, Value: pipelinev1.ParamValue{Type: pipelinev1.ParamTypeArray, ArrayVal: []string{"$(params." + p.Name + "[*])"}}}
	case p.Type == pipelinev1.ParamTypeObject:
		ref = "$(params." + p.Name + "[*])"
	}
	return pipelinev1.Param{Name: p.Name, Value: *pipelinev1.NewStructuredValues(ref)}
}

// loadRefs replaces references whose name matches the annotation's expression by the file of that name.
func (l *lighthousePipelines) loadRefs(ctx context.Context, annotations map[string]string, spec *pipelinev1.PipelineRunSpec) error {
	pattern := annotations[annotationLoadRefs]
	if pattern == "" {
		return nil
	}
	wanted, err := regexp.Compile(pattern)
	if err != nil {
		return fmt.Errorf("annotation %s: %w", annotationLoadRefs, err)
	}
	if ref := spec.PipelineRef; spec.PipelineSpec == nil && ref != nil && ref.Name != "" && wanted.MatchString(ref.Name) {
		o, err := l.sibling(ctx, ref.Name)
		if err != nil {
			return err
		}
		if o.pipeline == nil {
			return fmt.Errorf("%s is no Pipeline", ref.Name)
		}
		spec.PipelineRef, spec.PipelineSpec = nil, &o.pipeline.Spec
	}
	if spec.PipelineSpec == nil {
		return nil
	}
	for _, tasks := range [][]pipelinev1.PipelineTask{spec.PipelineSpec.Tasks, spec.PipelineSpec.Finally} {
		for i := range tasks {
			ref := tasks[i].TaskRef
			if ref == nil || tasks[i].TaskSpec != nil || ref.Name == "" || !wanted.MatchString(ref.Name) {
				continue
			}
			o, err := l.sibling(ctx, ref.Name)
			if err != nil {
				return err
			}
			if o.task == nil {
				return fmt.Errorf("%s is no Task", ref.Name)
			}
			tasks[i].TaskRef, tasks[i].TaskSpec = nil, &pipelinev1.EmbeddedTask{TaskSpec: o.task.Spec}
		}
	}
	return nil
}

// sibling reads the one object of a file beside the pipeline.
func (l *lighthousePipelines) sibling(ctx context.Context, name string) (object, error) {
	file := path.Join(l.dir, name)
	if !strings.HasSuffix(file, ".yaml") {
		file += ".yaml"
	}
	data, err := l.own(ctx, file)
	if err != nil {
		return object{}, err
	}
	return oneObject(file, data)
}

// oneObject reads a file of one Tekton object, for which a mistake in it is an error.
func oneObject(file string, data []byte) (object, error) {
	docs, problems := strictyaml.ParseAll(file, data)
	objects, more := decodeObjects(file, docs)
	for _, p := range append(problems, more...) {
		if !p.Loose {
			return object{}, p
		}
	}
	if len(objects) != 1 {
		return object{}, fmt.Errorf("%s holds %d Tekton objects; want one", file, len(objects))
	}
	return objects[0], nil
}

// surround puts steps of other tasks before the first and after the last task's.
func (l *lighthousePipelines) surround(ctx context.Context, annotations map[string]string, spec *pipelinev1.PipelineRunSpec) error {
	if spec.PipelineSpec == nil || len(spec.PipelineSpec.Tasks) == 0 {
		return nil
	}
	tasks := spec.PipelineSpec.Tasks
	for _, side := range []struct {
		annotation string
		task       *pipelinev1.PipelineTask
		join       func(own, other []pipelinev1.Step) []pipelinev1.Step
	}{
		{annotationPrepend, &tasks[0], func(own, other []pipelinev1.Step) []pipelinev1.Step { return slices.Concat(other, own) }},
		{annotationAppend, &tasks[len(tasks)-1], func(own, other []pipelinev1.Step) []pipelinev1.Step { return slices.Concat(own, other) }},
	} {
		address := annotations[side.annotation]
		if address == "" || side.task.TaskSpec == nil {
			continue
		}
		data, err := l.remoteFile(ctx, address)
		if err != nil {
			return fmt.Errorf("annotation %s: %w", side.annotation, err)
		}
		o, err := oneObject(address, data)
		if err != nil {
			return fmt.Errorf("annotation %s: %w", side.annotation, err)
		}
		if o.task == nil {
			return fmt.Errorf("annotation %s: %s is no Task", side.annotation, address)
		}
		side.task.TaskSpec.Steps = side.join(side.task.TaskSpec.Steps, o.task.Spec.Steps)
	}
	return nil
}

// bindWorkspaces gives an empty folder to each workspace that the pipeline declares and the run does not bind, as Lighthouse does.
func bindWorkspaces(spec *pipelinev1.PipelineRunSpec) {
	if spec.PipelineSpec == nil {
		return
	}
	for _, w := range spec.PipelineSpec.Workspaces {
		bound := slices.ContainsFunc(spec.Workspaces, func(b pipelinev1.WorkspaceBinding) bool { return b.Name == w.Name })
		if !bound && !w.Optional {
			spec.Workspaces = append(spec.Workspaces, pipelinev1.WorkspaceBinding{Name: w.Name, EmptyDir: &corev1.EmptyDirVolumeSource{}})
		}
	}
}
