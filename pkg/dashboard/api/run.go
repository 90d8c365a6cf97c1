package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/dashboard/graph"
	"github.com/pharos-ci/pharos/pkg/logs"
)

func (a *API) run(ctx context.Context, in *RunInput) (*RunDetail, error) {
	run, err := a.Gate.Run(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	pj := run.Job()
	d := &RunDetail{
		Run: a.runOf(pj), Reason: reason(ctx, run), Conditions: conditionsOf(pj.Status.Conditions), Reports: reportsOf(pj.Status.Reports),
		RerunBy: pj.Annotations[access.AnnotationRerunBy], RerunOf: pj.Annotations[access.AnnotationRerunOf],
		Permissions: permissions(ctx, run),
	}
	for _, r := range pj.Spec.ExtraRefs {
		d.ExtraRefs = append(d.ExtraRefs, ExtraRef{Repo: r.Org + "/" + r.Repo, BaseRef: r.BaseRef, BaseSHA: r.BaseSHA, Link: safeLink(r.RepoLink)})
	}
	return d, nil
}

// permissions asks what the caller may do. A forge that does not answer keeps nobody from reading.
func permissions(ctx context.Context, run *gate.Run) RunPermissions {
	ctx, cancel := context.WithTimeout(ctx, permissionTimeout)
	defer cancel()
	return RunPermissions{Rerun: permission(run.MayRerun(ctx)), Abort: permission(run.MayAbort(ctx))}
}

const permissionTimeout = 3 * time.Second

// permission shows a verdict; what could not be found out is no.
func permission(v access.Verdict, err error) Permission {
	if err != nil {
		v.Allowed = false
	}
	p := Permission{Allowed: v.Allowed}
	if !v.Allowed {
		p.Reason, p.Login = v.Reason, v.Login
	}
	return p
}

// reason says why a run did not start, is not getting on, or ended as it did, where its state alone does not.
func reason(ctx context.Context, run *gate.Run) string {
	pj := run.Job()
	switch state := pj.Status.State.Known(); {
	case state == v1alpha1.StateAborted && pj.Spec.Abort != "":
		return pj.Spec.Abort
	case state.Terminal() && pj.Status.PendingTime == nil:
		return strings.TrimSpace("It never started. " + pj.Status.Description)
	case state == v1alpha1.StateAborted, state == v1alpha1.StateError, state == v1alpha1.StateScheduling, state == v1alpha1.StateTriggered:
		return pj.Status.Description
	case state == v1alpha1.StatePending:
		return stuck(ctx, run)
	}
	return ""
}

// stuck names a container that waits for something other than its turn.
func stuck(ctx context.Context, run *gate.Run) string {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	steps, err := run.Steps(ctx)
	if err != nil {
		return ""
	}
	for _, s := range steps {
		if s.State == logs.StepWaiting && s.Reason != "" && !usual[s.Reason] {
			return strings.TrimRight(fmt.Sprintf("Step %s of task %s waits: %s: %s", s.Step, s.Task, s.Reason, s.Message), ": ")
		}
	}
	return ""
}

// usual are Kubernetes' words for a container whose turn has not come.
var usual = map[string]bool{"PodInitializing": true, "ContainerCreating": true}

func (a *API) steps(ctx context.Context, in *RunInput) (*Steps, error) {
	run, err := a.Gate.Run(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	infos, err := run.Steps(ctx)
	if err != nil {
		return nil, err
	}
	return &Steps{Steps: stepsOf(infos)}, nil
}

func (a *API) graph(ctx context.Context, in *RunInput) (*Graph, error) {
	run, err := a.Gate.Run(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	pj := run.Job()
	source := graph.Source{State: pj.Status.State.Known(), Spec: storedSpec(pj)}
	if source.Steps, err = run.Steps(ctx); err != nil {
		return nil, err
	}
	if source.Run, err = run.PipelineRun(ctx); err != nil {
		return nil, err
	}
	if source.Run != nil {
		if source.TaskRuns, err = run.TaskRuns(ctx); err != nil {
			return nil, err
		}
	}
	return &Graph{Tasks: graph.Tasks(source)}, nil
}

// storedSpec is the pipeline that the job itself holds; nil when it names one elsewhere or is a pod.
func storedSpec(pj *v1alpha1.PipelineJob) *pipelinev1.PipelineSpec {
	if pj.Spec.PipelineRunSpec == nil {
		return nil
	}
	var spec pipelinev1.PipelineRunSpec
	if err := yaml.Unmarshal(pj.Spec.PipelineRunSpec.Raw, &spec); err != nil {
		return nil // a spec of a version that this one cannot read has no graph, only steps
	}
	return spec.PipelineSpec
}

func (a *API) events(ctx context.Context, in *RunInput) (*Events, error) {
	run, err := a.Gate.Run(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	found, err := run.Events(ctx)
	if err != nil {
		return nil, err
	}
	out := &Events{Events: make([]Event, len(found)), Conditions: conditionsOf(run.Job().Status.Conditions)}
	for i := range found {
		e := &found[i]
		out.Events[i] = Event{
			Type: e.Type, Reason: e.Reason, Message: e.Message, Object: e.InvolvedObject.Kind + "/" + e.InvolvedObject.Name,
			Count: e.Count, First: moment(&e.FirstTimestamp), Last: instant(gate.EventTime(e)),
		}
	}
	return out, nil
}

func (a *API) yaml(w http.ResponseWriter, r *http.Request, in *yamlInput) error {
	run, err := a.Gate.Run(r.Context(), in.Name)
	if err != nil {
		return err
	}
	text, err := run.YAML(r.Context(), in.Of)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/yaml; charset=utf-8")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	return nil
}

func (a *API) rerun(ctx context.Context, in *rerunInput) (*Created, error) {
	run, err := a.Gate.Run(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	name, err := run.Rerun(ctx, in.Mode)
	if err != nil {
		return nil, err
	}
	return &Created{Name: name}, nil
}

func (a *API) abort(ctx context.Context, in *abortInput) (*Done, error) {
	run, err := a.Gate.Run(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	if err := run.Abort(ctx, in.Body.Reason); err != nil {
		return nil, err
	}
	return &Done{Message: "The run is told to stop."}, nil
}
