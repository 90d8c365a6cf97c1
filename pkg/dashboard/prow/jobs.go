package prow

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// variable is the name of a JavaScript variable that an answer may be assigned to.
var variable = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$.]{0,99}$`)

// script answers JSON, or with ?var= a script that assigns it.
func script(w http.ResponseWriter, r *http.Request, value any) error {
	name := r.URL.Query().Get("var")
	if name != "" && !variable.MatchString(name) {
		return fmt.Errorf("%w: var is not the name of a variable", ErrBadQuery)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	if name == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	} else {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		text = slices.Concat([]byte("var "+name+" = "), text, []byte(";"))
	}
	_, _ = w.Write(append(text, '\n')) // the client is gone, which nobody needs to know
	return nil
}

// prowJobs lists the runs that the cluster has as ProwJobs, newest first.
func (p *routes) prowJobs(w http.ResponseWriter, r *http.Request) error {
	runs, err := p.gate.Present(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	omit := strings.Split(q.Get("omit"), ",")
	items := []any{}
	for _, pj := range runs {
		if isOf(pj, q.Get("org"), q.Get("repo")) {
			items = append(items, logs.ProwJob(without(pj, omit), nil))
		}
	}
	return script(w, r, struct {
		Items []any `json:"items"`
	}{items})
}

func isOf(pj *v1alpha1.PipelineJob, org, repo string) bool {
	if org == "" && repo == "" {
		return true
	}
	refs := pj.Spec.Refs
	return refs != nil && (org == "" || refs.Org == org) && (repo == "" || refs.Repo == repo)
}

// without leaves out parts of a run, by Prow's names for them.
func without(pj *v1alpha1.PipelineJob, parts []string) *v1alpha1.PipelineJob {
	slim := *pj
	for _, part := range parts {
		switch part {
		case "annotations":
			slim.Annotations = nil
		case "labels":
			slim.Labels = nil
		case "decoration_config":
			slim.Spec.DecorationConfig = nil
		case "pod_spec":
			slim.Spec.PodSpec, slim.Spec.PipelineRunSpec = nil, nil
		}
	}
	return &slim
}

// row is a run in the shape that Deck had before ProwJobs.
type row struct {
	Type        v1alpha1.JobType  `json:"type"`
	Repo        string            `json:"repo"`
	Refs        string            `json:"refs"`
	BaseRef     string            `json:"base_ref"`
	BaseSHA     string            `json:"base_sha"`
	PullSHA     string            `json:"pull_sha"`
	Number      int               `json:"number"`
	Author      string            `json:"author"`
	Job         string            `json:"job"`
	BuildID     string            `json:"build_id"`
	Context     string            `json:"context"`
	Started     string            `json:"started"`
	Finished    string            `json:"finished"`
	Duration    string            `json:"duration"`
	State       v1alpha1.JobState `json:"state"`
	Description string            `json:"description"`
	URL         string            `json:"url"`
	PodName     string            `json:"pod_name"`
	Agent       v1alpha1.Agent    `json:"agent"`
	ProwJob     string            `json:"prow_job"`
}

func (p *routes) data(w http.ResponseWriter, r *http.Request) error {
	runs, err := p.gate.Present(r.Context())
	if err != nil {
		return err
	}
	rows := make([]row, len(runs))
	for i, pj := range runs {
		rows[i] = rowOf(pj)
	}
	return script(w, r, rows)
}

func rowOf(pj *v1alpha1.PipelineJob) row {
	out := row{
		Type: pj.Spec.Type, Job: pj.Spec.Job, BuildID: pj.Spec.BuildID, Context: pj.Spec.Context, State: pj.Status.State.Known(),
		Description: pj.Status.Description, URL: pj.Status.URL, Agent: pj.Spec.Agent, ProwJob: pj.Name,
		Started: fmt.Sprint(pj.CreationTimestamp.Unix()),
	}
	if done := pj.Status.CompletionTime; done != nil {
		out.Finished = done.UTC().Format(time.RFC3339)
		out.Duration = max(0, done.Sub(pj.CreationTimestamp.Time)).Round(time.Second).String()
	}
	if refs := pj.Spec.Refs; refs != nil {
		out.Repo, out.BaseRef, out.BaseSHA = refs.Org+"/"+refs.Repo, refs.BaseRef, refs.BaseSHA
		out.Refs = logs.RefsText(*refs)
		if len(refs.Pulls) > 0 {
			out.Number, out.Author, out.PullSHA = refs.Pulls[0].Number, refs.Pulls[0].Author, refs.Pulls[0].SHA
		}
	}
	return out
}
