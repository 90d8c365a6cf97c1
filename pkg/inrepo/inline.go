package inrepo

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"

	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// inliner makes each PipelineRun whole, as Pipelines-as-Code does: what it refers to by name is written into it. Names are
// looked up in its own annotations, then in those of its pipeline, then in .tekton/.
type inliner struct {
	*reading
	tasks     map[string]*pipelinev1.Task
	pipelines map[string]*pipelinev1.Pipeline
}

// offer makes a Task or Pipeline of .tekton/ known; of two with one name the second is a mistake.
func (in *inliner) offer(file string, o *object) {
	name := o.meta.Name
	clash := false
	switch {
	case o.task != nil:
		_, clash = in.tasks[name]
		in.tasks[name] = o.task
	case o.pipeline != nil:
		_, clash = in.pipelines[name]
		in.pipelines[name] = o.pipeline
	}
	if clash {
		line, column := o.doc.Position("metadata.name")
		in.add(Problem{File: file, Line: line, Column: column, Message: fmt.Sprintf("there are two objects of kind %s named %q", o.kind, name), Remedy: "rename one of them"})
	}
}

// inline completes a run. With an error comes the place in the run's document that it is about.
func (in *inliner) inline(ctx context.Context, o *object) (place string, err error) {
	spec := &o.run.Spec
	tasks, place, err := in.annotated(ctx, o.meta.Annotations, "")
	if err != nil {
		return place, err
	}
	referred := spec.PipelineSpec == nil
	if ref := spec.PipelineRef; ref != nil && ref.Resolver == "" && referred {
		pipeline, base, err := in.pipeline(ctx, o.meta.Annotations, ref.Name)
		if err != nil {
			return "spec.pipelineRef", err
		}
		more, _, err := in.annotated(ctx, pipeline.Annotations, base)
		if err != nil {
			return "spec.pipelineRef", err
		}
		for name, task := range more {
			if tasks[name] == nil {
				tasks[name] = task
			}
		}
		spec.PipelineRef, spec.PipelineSpec = nil, pipeline.Spec.DeepCopy()
	}
	if spec.PipelineSpec == nil {
		return "", nil
	}
	for _, list := range []struct {
		key   string
		tasks []pipelinev1.PipelineTask
	}{{"tasks", spec.PipelineSpec.Tasks}, {"finally", spec.PipelineSpec.Finally}} {
		for i := range list.tasks {
			if err := in.task(&list.tasks[i], tasks); err != nil {
				if referred { // the place is in another document
					return "spec.pipelineRef", err
				}
				return fmt.Sprintf("spec.pipelineSpec.%s[%d].taskRef", list.key, i), err
			}
		}
	}
	return "", nil
}

// task replaces a reference by name. Those that Tekton resolves itself, and those that stand for Pharos's own clone, stay.
func (in *inliner) task(t *pipelinev1.PipelineTask, known map[string]*pipelinev1.Task) error {
	ref := t.TaskRef
	if ref == nil || ref.Resolver != "" || (ref.APIVersion != "" && !strings.HasPrefix(ref.APIVersion, "tekton.dev/")) ||
		ref.Kind == "ClusterTask" || strings.HasPrefix(ref.Name, "PROW_") {
		return nil
	}
	task := known[ref.Name]
	if task == nil {
		task = in.tasks[ref.Name]
	}
	if task == nil {
		return fmt.Errorf("there is no task %q; put it into .tekton/, or name it in annotation %stask", ref.Name, pac)
	}
	t.TaskRef = nil
	t.TaskSpec = &pipelinev1.EmbeddedTask{
		TaskSpec: *task.Spec.DeepCopy(),
		Metadata: pipelinev1.PipelineTaskMetadata{Labels: task.Labels, Annotations: task.Annotations},
	}
	return nil
}

// pipeline finds a pipeline by name: the annotated one first. The address that it came from, if any, is what the references
// in its own annotations are relative to.
func (in *inliner) pipeline(ctx context.Context, annotations map[string]string, name string) (*pipelinev1.Pipeline, string, error) {
	if text, ok := annotations[pac+"pipeline"]; ok {
		values, err := annotationValues(text)
		if err != nil {
			return nil, "", err
		}
		for _, reference := range values {
			o, address, err := in.fetch(ctx, "pipeline", reference, "")
			if err != nil {
				return nil, "", err
			}
			if o.pipeline.Name == name {
				return o.pipeline, address, nil
			}
		}
	}
	if p := in.pipelines[name]; p != nil {
		return p, "", nil
	}
	return nil, "", fmt.Errorf("there is no pipeline %q; put it into .tekton/, or name it in annotation %spipeline", name, pac)
}

// annotated fetches the tasks that annotations name, by the tasks' own names.
func (in *inliner) annotated(ctx context.Context, annotations map[string]string, base string) (tasks map[string]*pipelinev1.Task, place string, err error) {
	tasks = map[string]*pipelinev1.Task{}
	for _, key := range taskAnnotations(annotations) {
		place = "metadata.annotations[" + key + "]"
		values, err := annotationValues(annotations[key])
		if err != nil {
			return nil, place, fmt.Errorf("annotation %s: %w", key, err)
		}
		for _, reference := range values {
			o, _, err := in.fetch(ctx, "task", reference, base)
			if err != nil {
				return nil, place, fmt.Errorf("annotation %s: %w", key, err)
			}
			if tasks[o.task.Name] == nil {
				tasks[o.task.Name] = o.task
			}
		}
	}
	return tasks, "", nil
}

// taskAnnotations are the keys "task" and "task-N" in order.
func taskAnnotations(annotations map[string]string) []string {
	var keys []string
	for key := range annotations {
		name, ok := strings.CutPrefix(key, pac)
		if ok && (name == "task" || strings.HasPrefix(name, "task-")) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// fetch reads a task or pipeline that an annotation names: an address, a file of the repository, or a name of the catalog.
func (in *inliner) fetch(ctx context.Context, kind, reference, base string) (o object, address string, err error) {
	var data []byte
	isFile := strings.Contains(reference, "/") || isYAML(reference)
	switch {
	case isURL(reference):
		address = reference
	case isFile && base != "":
		if address, err = resolve(base, reference); err != nil {
			return object{}, "", err
		}
	}
	switch {
	case address != "":
		data, err = in.remoteFile(ctx, address)
	case isFile:
		data, err = in.own(ctx, strings.TrimPrefix(path.Clean(reference), "./"))
	default:
		data, err = in.hubFile(ctx, kind, reference)
	}
	if err != nil {
		return object{}, "", err
	}
	o, err = firstOf(kind, reference, data)
	return o, address, err
}

// resolve makes a reference absolute.
func resolve(base, reference string) (string, error) {
	from, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("%q is not an address", base)
	}
	to, err := url.Parse(reference)
	if err != nil {
		return "", fmt.Errorf("%q is not an address", reference)
	}
	return from.ResolveReference(to).String(), nil
}

// firstOf finds the first object of a kind in a file that may hold others.
func firstOf(kind, name string, data []byte) (object, error) {
	docs, problems := strictyaml.ParseAll(name, data)
	objects, more := decodeObjects(name, docs)
	for _, p := range append(problems, more...) {
		if !p.Loose {
			return object{}, p
		}
	}
	for _, o := range objects {
		if (kind == "task" && o.task != nil) || (kind == "pipeline" && o.pipeline != nil) {
			return o, nil
		}
	}
	return object{}, fmt.Errorf("%s holds no %s", name, kind)
}
