package plugins

import (
	"context"
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

func (t trigger) pull(ctx context.Context, run *chatops.Run, e *scm.PullRequestEvent) error {
	p := &e.Pull
	switch e.Action {
	case scm.ActionOpened, scm.ActionReopened, scm.ActionReady:
		return t.automatic(ctx, run, e)
	case scm.ActionSynchronize:
		if err := t.abort(ctx, run, p, p.Head.SHA, "a new commit was pushed"); err != nil {
			return err
		}
		return t.automatic(ctx, run, e)
	case scm.ActionEdited:
		// A forge that does not even tell the head does not say what was edited: new commits, or a draft made ready.
		if e.Edited.Base || run.Late {
			return t.automatic(ctx, run, e)
		}
	case scm.ActionLabeled:
		return t.labeled(ctx, run, e)
	case scm.ActionClosed, scm.ActionMerged:
		return t.abort(ctx, run, p, "", "the pull request was closed")
	case scm.ActionDrafted:
		return t.abort(ctx, run, p, "", "the pull request became a draft")
	}
	return nil
}

// automatic starts what needs no command, if the pull request is trusted and no draft.
func (t trigger) automatic(ctx context.Context, run *chatops.Run, e *scm.PullRequestEvent) error {
	p := &e.Pull
	if p.Draft {
		run.Did("nothing starts while the pull request is a draft")
		return nil
	}
	if run.Late || e.Meta.Native == scm.NativeSweep {
		if tested, err := t.Launcher.Tested(ctx, p.Ref, p.Head.SHA); err != nil || tested {
			return err // an earlier event found the same head
		}
	}
	s, err := t.standingOf(ctx, run, p)
	if err != nil {
		return err
	}
	if s == stranger {
		return t.greet(ctx, run, p)
	}
	if s == vouched && e.Action == scm.ActionLabeled { // by a member's hand, just now
		s = pinned
	}
	why := cause{Ask: job.Ask{Auto: true}, standing: s, sender: e.Meta.Sender.Login, opened: e.Action == scm.ActionOpened}
	jobs, keptErr := t.jobsFor(ctx, run, p, why)
	_, err = t.start(ctx, run, p, jobs, why.Ask)
	return errors.Join(err, keptErr)
}

func (t trigger) abort(ctx context.Context, run *chatops.Run, p *scm.PullRequest, keep, reason string) error {
	n, err := t.Launcher.AbortPull(ctx, p.Ref, keep, reason)
	if err != nil {
		return fmt.Errorf("abort runs of %v: %w", p.Ref, err)
	}
	if n > 0 {
		run.Did("asked %d runs to stop: %s", n, reason)
	}
	return nil
}

// labeled lets a person trust a pull request by hand. Some forges do not say which label was added; there the gate is
// taken as opened when the label is present and the commit has no status yet.
func (t trigger) labeled(ctx context.Context, run *chatops.Run, e *scm.PullRequestEvent) error {
	p := &e.Pull
	if e.Label != "" && e.Label != LabelOKToTest {
		return t.listening(ctx, run, e)
	}
	if run.IsBot(e.Meta.Sender) || !p.HasLabel(LabelOKToTest) || t.Triggers(p.Ref.Repo).IgnoreOKToTest {
		return nil
	}
	if e.Label == "" {
		seen, err := run.Statuses(ctx, p.Ref.Repo, p.Head.SHA)
		if err != nil || len(seen) > 0 {
			return err
		}
	}
	return t.automatic(ctx, run, e)
}

// listening starts the jobs kept in the repository that wait for the label.
func (t trigger) listening(ctx context.Context, run *chatops.Run, e *scm.PullRequestEvent) error {
	p := &e.Pull
	if !t.keeps(p.Ref.Repo) || p.Draft || p.State != scm.StateOpen {
		return nil
	}
	s, err := t.standingOf(ctx, run, p)
	if err != nil || s == stranger {
		return err
	}
	why := cause{Ask: job.Ask{Auto: true}, standing: s, sender: e.Meta.Sender.Login}
	jobs, err := t.jobsFor(ctx, run, p, why)
	if err != nil {
		return err
	}
	var waiting []*job.Presubmit
	for _, j := range jobs {
		if inrepo.OnLabel(&j.Base, e.Label) {
			waiting = append(waiting, j)
		}
	}
	_, err = t.start(ctx, run, p, waiting, why.Ask)
	return err
}

// greet marks an outsider's new pull request and says what happens next.
func (t trigger) greet(ctx context.Context, run *chatops.Run, p *scm.PullRequest) error {
	run.Did("nothing starts: %s is not trusted here and no member has commented /ok-to-test", p.Author.Login)
	if has, err := run.HasLabel(ctx, p, LabelNeedsOKToTest); err != nil || has {
		return err
	}
	if err := run.Client.Labels.Add(ctx, p.Ref, LabelNeedsOKToTest); err != nil {
		return fmt.Errorf("label %v: %w", p.Ref, err)
	}
	text := fmt.Sprintf("Thank you for this pull request, @%s. Its tests wait until a member of %s has looked at it and "+
		"comments `/ok-to-test` on its own line; from then on every push is tested.", p.Author.Login, t.trustees(p.Ref.Repo))
	if url := t.Triggers(p.Ref.Repo).JoinOrgURL; url != "" {
		text += fmt.Sprintf("\n\nRegular contributors can [become members](%s) and need no such comment.", url)
	}
	if _, err := run.Client.Comments.Create(ctx, p.Ref, text); err != nil {
		return fmt.Errorf("greet on %v: %w", p.Ref, err)
	}
	run.Did("labelled it %s and explained how to go on", LabelNeedsOKToTest)
	return nil
}

func (t trigger) trustees(repo scm.Repo) string {
	if org := t.Triggers(repo).TrustedOrg; org != "" && org != repo.Org {
		return fmt.Sprintf("**%s** or **%s**", repo.Org, org)
	}
	return fmt.Sprintf("**%s**", repo.Org)
}
