package logs

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Started is started.json, as TestGrid and Spyglass read it.
type Started struct {
	Timestamp int64 `json:"timestamp"`
	// Pull is the number of the pull request, for presubmits.
	Pull string `json:"pull,omitempty"`
	// Repos maps org/repo to the base and pulls that were checked out: "main:abc,7:def".
	Repos      map[string]string `json:"repos,omitempty"`
	RepoCommit string            `json:"repo-commit,omitempty"`
	Metadata   map[string]any    `json:"metadata,omitempty"`
}

// Finished is finished.json; its presence says that the run's folder is complete.
type Finished struct {
	Timestamp int64 `json:"timestamp"`
	Passed    bool  `json:"passed"`
	// Result is SUCCESS, FAILURE or ABORTED.
	Result   string         `json:"result"`
	Revision string         `json:"revision,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

// NewStarted is that of a run that begins.
func NewStarted(job *v1alpha1.PipelineJob) Started {
	s := Started{Timestamp: startTime(job).Unix(), RepoCommit: revision(job), Metadata: identity(job)}
	if isPull(job) {
		s.Pull = strconv.Itoa(job.Spec.Refs.Pulls[0].Number)
	}
	refs := job.Spec.ExtraRefs
	if job.Spec.Refs != nil {
		refs = append([]v1alpha1.Refs{*job.Spec.Refs}, refs...)
	}
	for _, r := range refs {
		if s.Repos == nil {
			s.Repos = make(map[string]string, len(refs))
		}
		s.Repos[r.Org+"/"+r.Repo] = RefsText(r)
	}
	return s
}

func startTime(job *v1alpha1.PipelineJob) metav1.Time {
	for _, t := range []*metav1.Time{job.Status.PendingTime, job.Status.StartTime} {
		if t != nil {
			return *t
		}
	}
	return job.CreationTimestamp
}

// RefsText is a repository with what is tested of it in Prow's notation: "main:abc,7:def".
func RefsText(r v1alpha1.Refs) string {
	parts := []string{r.BaseRef}
	if r.BaseSHA != "" {
		parts[0] += ":" + r.BaseSHA
	}
	for _, p := range r.Pulls {
		part := fmt.Sprintf("%d:%s", p.Number, p.SHA)
		if p.Ref != "" {
			part += ":" + p.Ref
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}

// revision is the head of the first pull, else the base.
func revision(job *v1alpha1.PipelineJob) string {
	refs := job.Spec.Refs
	if refs == nil && len(job.Spec.ExtraRefs) > 0 {
		refs = &job.Spec.ExtraRefs[0]
	}
	switch {
	case refs == nil:
		return ""
	case len(refs.Pulls) > 0:
		return refs.Pulls[0].SHA
	default:
		return cmp.Or(refs.BaseSHA, refs.BaseRef)
	}
}

func identity(job *v1alpha1.PipelineJob) map[string]any {
	return map[string]any{"pipelineJob": job.Namespace + "/" + job.Name, "connection": job.Spec.Connection}
}

// NewFinished is that of a run that is over, or was deleted before.
func NewFinished(job *v1alpha1.PipelineJob, steps []StepInfo) Finished {
	f := Finished{Timestamp: time.Now().Unix(), Result: "FAILURE", Revision: revision(job), Metadata: identity(job)}
	if job.Status.CompletionTime != nil {
		f.Timestamp = job.Status.CompletionTime.Unix()
	}
	switch state := job.Status.State; {
	case state == v1alpha1.StateSuccess:
		f.Passed, f.Result = true, "SUCCESS"
	case state == v1alpha1.StateAborted || !state.Terminal(): // not terminal: deleted while it ran
		f.Result = "ABORTED"
	}
	f.Metadata["state"] = string(job.Status.State)
	if job.Status.Description != "" {
		f.Metadata["description"] = job.Status.Description
	}
	for _, s := range steps {
		if s.Incomplete != "" {
			f.Metadata["incomplete-logs"] = "true" // as Prow's, all values are strings
		}
	}
	return f
}
