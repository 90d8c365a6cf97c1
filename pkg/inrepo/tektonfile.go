package inrepo

import (
	"context"
	"fmt"
	"strings"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	pipelinev1beta1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"

	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// object is one Tekton object of a file, in version v1. One of the pointers is set; none where Tekton has no such kind.
type object struct {
	doc      *strictyaml.Document
	kind     string
	meta     metav1.ObjectMeta
	run      *pipelinev1.PipelineRun
	pipeline *pipelinev1.Pipeline
	task     *pipelinev1.Task
	taskRun  *pipelinev1.TaskRun
}

// header is what every object begins with.
type header struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   metav1.ObjectMeta `json:"metadata"`
	Spec       strictyaml.Raw    `json:"spec"`
	Status     strictyaml.Raw    `json:"status"`
}

// decodeObjects reads the Tekton objects of a file that was parsed. Objects of other groups are left out.
func decodeObjects(file string, docs []*strictyaml.Document) ([]object, []strictyaml.Problem) {
	var objects []object
	var problems []strictyaml.Problem
	for _, doc := range docs {
		var h header
		found := doc.Decode(&h)
		group, version, _ := strings.Cut(h.APIVersion, "/")
		if group != "tekton.dev" && h.APIVersion != "" {
			continue
		}
		o := object{doc: doc, kind: h.Kind, meta: h.Metadata}
		more, err := o.decode(version)
		found = append(found, more...)
		if err != nil {
			line, column := doc.Position("apiVersion")
			found = append(found, strictyaml.Problem{File: file, Line: line, Column: column, Message: err.Error()})
		}
		problems = append(problems, found...)
		objects = append(objects, o)
	}
	return objects, problems
}

// decode fills in the typed object, converting older versions with Tekton's own code.
func (o *object) decode(version string) ([]strictyaml.Problem, error) {
	old := version == "v1beta1"
	if !old && version != "v1" && version != "" {
		return nil, fmt.Errorf("version %q of Tekton's API is not known; use v1 or v1beta1", version)
	}
	switch o.kind {
	case "PipelineRun":
		o.run = &pipelinev1.PipelineRun{}
		return decodeAs(o.doc, old, o.run, &pipelinev1beta1.PipelineRun{})
	case "Pipeline":
		o.pipeline = &pipelinev1.Pipeline{}
		return decodeAs(o.doc, old, o.pipeline, &pipelinev1beta1.Pipeline{})
	case "Task":
		o.task = &pipelinev1.Task{}
		return decodeAs(o.doc, old, o.task, &pipelinev1beta1.Task{})
	case "TaskRun":
		o.taskRun = &pipelinev1.TaskRun{}
		return decodeAs(o.doc, old, o.taskRun, &pipelinev1beta1.TaskRun{})
	}
	return nil, nil
}

func decodeAs(doc *strictyaml.Document, old bool, into, older apis.Convertible) ([]strictyaml.Problem, error) {
	if !old {
		return doc.Decode(into), nil
	}
	problems := doc.Decode(older)
	for _, p := range problems {
		if !p.Loose {
			return problems, nil
		}
	}
	if err := older.ConvertTo(context.Background(), into); err != nil {
		return problems, fmt.Errorf("cannot be converted to tekton.dev/v1: %w", err)
	}
	return problems, nil
}
