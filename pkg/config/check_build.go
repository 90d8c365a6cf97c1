package config

import (
	"fmt"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/pipeline"
)

// builds makes the PipelineRun of every job, as an event would, and tells what becomes of none.
func (k *checker) builds() {
	sample := v1alpha1.Refs{Org: "org", Repo: "repo", BaseRef: "main", BaseSHA: "base", Pulls: []v1alpha1.Pull{{Number: 1, SHA: "head", Author: "author"}}}
	build := func(d job.Decision, cause job.Cause) {
		b := d.Base()
		if b.Agent != job.AgentKubernetes && b.Agent != job.AgentTekton || b.PipelineSource != "" {
			return
		}
		pj := job.New(d, cause, "1")
		pj.Namespace = k.ProwJobNamespace
		if _, err := pipeline.Build(pj, pipeline.Options{Image: "pharos"}); err != nil {
			k.inJob(b, "", fmt.Sprintf("job %s becomes no PipelineRun: %v", b.Name, err), "see pharos render --job "+b.Name)
			k.found.all[len(k.found.all)-1].Severity = SeverityError
		}
		for _, field := range pipeline.Unsupported(pj) {
			k.inJob(b, "spec."+field, fmt.Sprintf("spec.%s of job %s has no place in a Tekton task and is left out", field, b.Name), "")
		}
	}
	for _, repo := range k.Jobs.Repos() {
		sample.Org, sample.Repo = repo.Org, repo.Name
		for _, p := range k.Jobs.Presubmits(repo) {
			build(job.Decision{Name: p.Name, Context: p.Context, Presubmit: p}, job.Cause{Type: v1alpha1.Presubmit, Connection: repo.Connection, Refs: sample})
		}
		pushed := sample
		pushed.Pulls = nil
		for _, p := range k.Jobs.Postsubmits(repo) {
			build(job.Decision{Name: p.Name, Context: p.Context, Postsubmit: p}, job.Cause{Type: v1alpha1.Postsubmit, Connection: repo.Connection, Refs: pushed})
		}
	}
	for _, p := range k.Jobs.Periodics() {
		build(job.Decision{Name: p.Name, Periodic: p}, job.Cause{Type: v1alpha1.Periodic, Connection: k.defaultConnection})
	}
}
