package app

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/pipeline"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// RenderOptions of `pharos render`, one for each flag.
type RenderOptions struct {
	Config config.Paths
	// Job is a name. Repo is a repository key, empty for a periodic job.
	Job, Repo string
	// Pulls are NUMBER:SHA:AUTHOR each; several make a batch.
	Pulls            []string
	BaseRef, BaseSHA string
	BuildID          string
	// Pipeline is the install's part, as `pharos serve` has it.
	Pipeline pipeline.Options
}

// Render prints the PipelineRun of a job as YAML, built by the code that runs it; the same input gives the same bytes. What
// only a cluster knows, the owner above all, is left out.
func Render(o RenderOptions, out io.Writer) error {
	o.Config.Lenient = true
	c, err := config.Load(o.Config)
	if err != nil {
		return err
	}
	run, err := render(c, o)
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": run.APIVersion, "kind": run.Kind, "spec": run.Spec,
		"metadata": map[string]any{"name": run.Name, "namespace": run.Namespace, "labels": run.Labels, "annotations": run.Annotations},
	})
	if err != nil {
		return fmt.Errorf("encode the PipelineRun of %s: %w", o.Job, err)
	}
	_, err = out.Write(text)
	return err
}

func render(c *config.Config, o RenderOptions) (*tektonv1.PipelineRun, error) {
	decision, cause, err := o.find(c)
	if err != nil {
		return nil, err
	}
	pj := job.New(decision, cause, cmp.Or(o.BuildID, "1"))
	pj.Namespace = c.ProwJobNamespace
	pj.Spec.Namespace = cmp.Or(pj.Spec.Namespace, c.PodNamespace)
	run, err := pipeline.Build(pj, o.Pipeline)
	if err != nil {
		return nil, fmt.Errorf("build the PipelineRun of %s (%s): %w", o.Job, decision.Base().Place(), err)
	}
	return run, nil
}

// find looks the job up; without a repository among the periodic ones.
func (o RenderOptions) find(c *config.Config) (job.Decision, job.Cause, error) {
	var none job.Decision
	if o.Repo == "" {
		for _, p := range c.Jobs.Periodics() {
			if p.Name == o.Job {
				return job.Decision{Name: p.Name, Run: true, Periodic: p}, job.Cause{Type: v1alpha1.Periodic, Connection: c.DefaultConnection()}, nil
			}
		}
		return none, job.Cause{}, fmt.Errorf("no periodic job is called %q; for a job of a repository give --repo", o.Job)
	}
	repo, err := job.ParseRepo(o.Repo, c.DefaultConnection())
	if err != nil {
		return none, job.Cause{}, fmt.Errorf("--repo: %w", err)
	}
	cause := job.Cause{Connection: repo.Connection, Refs: o.refs(c, repo)}
	for _, p := range c.Jobs.Presubmits(repo) {
		if p.Name == o.Job && p.RunsOnBranch(cause.Refs.BaseRef) {
			cause.Type, cause.Refs.Pulls, err = o.pulls()
			return job.Decision{Name: p.Name, Context: p.Context, Run: true, Presubmit: p}, cause, err
		}
	}
	for _, p := range c.Jobs.Postsubmits(repo) {
		if p.Name == o.Job && p.RunsOnBranch(cause.Refs.BaseRef) {
			cause.Type = v1alpha1.Postsubmit
			return job.Decision{Name: p.Name, Context: p.Context, Run: true, Postsubmit: p}, cause, nil
		}
	}
	return none, job.Cause{}, fmt.Errorf("no job of %s on branch %s is called %q; `pharos jobs --repo %s` lists them", o.Repo, cause.Refs.BaseRef, o.Job, o.Repo)
}

// Places in place of what was not given.
const (
	anyCommit = "0000000000000000000000000000000000000000"
	anyAuthor = "author"
)

func (o RenderOptions) refs(c *config.Config, repo scm.Repo) v1alpha1.Refs {
	refs := v1alpha1.Refs{Org: repo.Org, Repo: repo.Name, BaseRef: cmp.Or(o.BaseRef, "main"), BaseSHA: cmp.Or(o.BaseSHA, anyCommit)}
	if refs.CloneURI = c.CloneURI(repo); refs.CloneURI == "" { // without connections it is what Prow's configuration means
		refs.CloneURI = "https://github.com/" + repo.FullName() + ".git"
	}
	refs.RepoLink = strings.TrimSuffix(refs.CloneURI, ".git")
	return refs
}

// pulls reads the pull requests; without any there is one all the same, because a presubmit tests one.
func (o RenderOptions) pulls() (v1alpha1.JobType, []v1alpha1.Pull, error) {
	if len(o.Pulls) == 0 {
		return v1alpha1.Presubmit, []v1alpha1.Pull{pull(1, anyCommit, anyAuthor)}, nil
	}
	var all []v1alpha1.Pull
	for _, text := range o.Pulls {
		parts := strings.SplitN(text, ":", 3)
		number, err := strconv.Atoi(parts[0])
		if err != nil || number < 1 || len(parts) < 2 || parts[1] == "" {
			return "", nil, fmt.Errorf("--pull=%s: write NUMBER:SHA or NUMBER:SHA:AUTHOR", text)
		}
		author := anyAuthor
		if len(parts) == 3 {
			author = parts[2]
		}
		all = append(all, pull(number, parts[1], author))
	}
	if len(all) > 1 {
		return v1alpha1.Batch, all, nil
	}
	return v1alpha1.Presubmit, all, nil
}

func pull(number int, sha, author string) v1alpha1.Pull {
	return v1alpha1.Pull{Number: number, SHA: sha, Author: author, Ref: fmt.Sprintf("refs/pull/%d/head", number)}
}
