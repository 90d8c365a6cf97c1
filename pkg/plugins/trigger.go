package plugins

import (
	"context"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Labels of the trust gate, as Prow names them.
const (
	LabelOKToTest      = "ok-to-test"
	LabelNeedsOKToTest = "needs-ok-to-test"
)

type trigger struct {
	Deps
	reports *reports
}

// Trigger starts jobs: presubmits for pull requests and comments, postsubmits for pushes.
func Trigger(d Deps) chatops.Plugin {
	t := trigger{d, &reports{}}
	const anyoneTrusted = "members and collaborators; anyone on a pull request that is trusted"
	return chatops.Plugin{
		Name: "trigger",
		Help: "Starts the jobs of pull requests and pushes, and lets people start them by comment.",
		Commands: []chatops.Command{
			{Name: "test", Args: "<job>... | all | ?", Help: "Starts the named jobs, all that apply, or lists them.", Who: anyoneTrusted},
			{Name: "retest", Help: "Starts the failed jobs again.", Who: anyoneTrusted},
			{Name: "retest-required", Help: "Starts the failed jobs that block the merge again.", Who: anyoneTrusted},
			{Name: "test-manual-required", Help: "Starts the jobs that block the merge and never run by themselves.", Who: anyoneTrusted},
			{Name: "ok-to-test", Args: "[cancel]", Help: "Trusts an outsider's pull request and starts its jobs.", Who: "members and collaborators"},
		},
		Wants:       t.wants,
		Push:        t.push,
		PullRequest: t.pull,
		Comment:     t.comment,
	}
}

// wants keeps comments that start nothing out of the inbox.
func (t trigger) wants(e scm.Event) bool {
	switch e := e.(type) {
	case *scm.CommentEvent:
		plain := chatops.Plain(e.Comment.Body)
		return e.Action == scm.ActionCreated && e.IsPull && e.State == scm.StateOpen &&
			(job.Asks(t.Jobs().Presubmits(e.Meta.Repo), plain) || t.InRepo != nil && t.InRepo.Listens(e.Meta.Repo, plain))
	case *scm.PullRequestEvent:
		return e.Action != scm.ActionOther
	}
	return true
}

// start launches what the decisions say, with every pull of refs merged onto its base, and records each decision.
func (t trigger) start(ctx context.Context, run *chatops.Run, p *scm.PullRequest, jobs []*job.Presubmit, ask job.Ask) ([]job.Decision, error) {
	changed := func() ([]string, error) { return run.ChangedFiles(ctx, p.Ref) }
	decisions, err := job.Presubmits(jobs, p.Base.Name, ask, changed)
	if err != nil {
		return nil, fmt.Errorf("choose jobs for %v: %w", p.Ref, err)
	}
	cause := job.Cause{
		Delivery:   run.Delivery,
		Type:       v1alpha1.Presubmit,
		Connection: p.Ref.Connection,
		Refs:       pullRefs(p, run.Client.PullHeadRef),
	}
	return decisions, t.launch(ctx, run, decisions, cause)
}

func (t trigger) launch(ctx context.Context, run *chatops.Run, decisions []job.Decision, cause job.Cause) error {
	started := 0
	for _, d := range decisions {
		note := v1alpha1.JobDecision{Name: d.Name, Context: d.Context, Run: d.Run, Reason: d.Reason}
		if d.Run {
			pj := job.New(d, cause, t.BuildIDs.Next())
			if err := t.Launcher.Launch(ctx, pj); err != nil {
				return fmt.Errorf("launch job %s: %w", d.Name, err)
			}
			note.PipelineJob = pj.Name
			started++
		}
		run.Decided(note)
	}
	if started > 0 {
		run.Did("started %d of %d jobs", started, len(decisions))
	}
	return nil
}

func pullRefs(p *scm.PullRequest, headRef string) v1alpha1.Refs {
	ref, from := "", ""
	switch {
	case headRef != "":
		ref = fmt.Sprintf(headRef, p.Ref.Number)
	case p.Head.Repo == p.Ref.FullName(): // the forge keeps no ref for it, but the branch is in this repository
		ref = "refs/heads/" + p.Head.Name
	case p.Head.CloneURL != "":
		ref, from = "refs/heads/"+p.Head.Name, p.Head.CloneURL
	}
	return v1alpha1.Refs{
		Org:      p.Ref.Org,
		Repo:     p.Ref.Name,
		BaseRef:  p.Base.Name,
		BaseSHA:  p.Base.SHA,
		CloneURI: p.CloneURL,
		Pulls: []v1alpha1.Pull{{
			Number:   p.Ref.Number,
			Author:   p.Author.Login,
			SHA:      p.Head.SHA,
			Title:    p.Title,
			Ref:      ref,
			CloneURI: from,
			HeadRef:  p.Head.Name,
			Link:     p.Link,
		}},
	}
}
