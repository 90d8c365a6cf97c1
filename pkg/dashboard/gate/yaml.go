package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// Objects that YAML shows.
const (
	OfPipelineJob = "pipelinejob"
	OfPipelineRun = "pipelinerun"
	OfProwJob     = "prowjob"
)

// YAML shows an object of the run for people. Objects of a run hold names of secrets only; what the cluster adds for its own
// bookkeeping is left out. One that is gone, or was never there, is ErrNotFound.
func (r *Run) YAML(ctx context.Context, of string) ([]byte, error) {
	switch of {
	case OfPipelineRun:
		return r.pipelineRunYAML(ctx)
	case OfProwJob:
		return r.prowJobYAML(ctx)
	}
	pj := r.pj.DeepCopy()
	pj.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "PipelineJob"}
	tidy(&pj.ObjectMeta)
	return encode(r.pj.Name, pj)
}

func (r *Run) pipelineRunYAML(ctx context.Context) ([]byte, error) {
	run, err := r.PipelineRun(ctx)
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, fmt.Errorf("the PipelineRun of %s is not in the cluster: %w", r.pj.Name, ErrNotFound)
	}
	run = run.DeepCopy()
	run.TypeMeta = metav1.TypeMeta{APIVersion: "tekton.dev/v1", Kind: "PipelineRun"}
	tidy(&run.ObjectMeta)
	return encode(r.pj.Name, run)
}

// prowJobYAML shows what the archive wrote, or for a run that has not begun what it would write.
func (r *Run) prowJobYAML(ctx context.Context) ([]byte, error) {
	var kept map[string]any
	err := r.JSON(ctx, logs.JobFile, &kept)
	if errors.Is(err, ErrNotFound) {
		return encode(r.pj.Name, logs.ProwJob(r.pj, nil))
	}
	if err != nil {
		return nil, err
	}
	return encode(r.pj.Name, kept)
}

func tidy(m *metav1.ObjectMeta) {
	m.ManagedFields = nil
	delete(m.Annotations, corev1.LastAppliedConfigAnnotation)
}

func encode(name string, object any) ([]byte, error) {
	text, err := yaml.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", name, err)
	}
	return bytes.TrimLeft(text, "\n"), nil
}
