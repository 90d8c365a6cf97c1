package plugins

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// InRepo reads the jobs that repositories keep themselves.
type InRepo interface {
	// On says whether a repository's own jobs are wanted. Listens says, without I/O, whether a comment may start one.
	On(repo scm.Repo) bool
	Listens(repo scm.Repo, comment string) bool
	// Read reads the jobs for an event; Content only names what is in their files.
	Read(ctx context.Context, e inrepo.Event) (*inrepo.Found, error)
	Content(ctx context.Context, e inrepo.Event) (string, error)
}

// standing is how far a pull request is trusted.
type standing int

const (
	// stranger: nothing of it is run.
	stranger standing = iota
	// once: a member started a test without trusting the pull request. It runs, but its own pipelines are not even read.
	once
	// vouched: a member has trusted an outsider's pull request at some commit. Later changes of its pipelines are not.
	vouched
	// pinned: a member trusts it right now, at this commit.
	pinned
	// trusted: its author is.
	trusted
)

// cause is why presubmits are looked at.
type cause struct {
	job.Ask
	standing standing
	// sender caused the event; by is who vouched, if somebody just did.
	sender string
	// opened says that nothing can have been reported on the pull request yet.
	opened bool
}

func (t trigger) keeps(repo scm.Repo) bool { return t.InRepo != nil && t.InRepo.On(repo) }

// jobsFor are the configured jobs of a pull request's repository and those that it keeps itself. With an error come the
// configured ones, which run all the same.
func (t trigger) jobsFor(ctx context.Context, run *chatops.Run, p *scm.PullRequest, why cause) ([]*job.Presubmit, error) {
	configured := t.Jobs().Presubmits(p.Ref.Repo)
	if !t.keeps(p.Ref.Repo) || why.standing < vouched {
		return configured, nil
	}
	e := pullEvent(p, run.Client.PullHeadRef, why)
	waiting, err := t.confine(ctx, run, p, &e, why.standing)
	if err != nil {
		return configured, err
	}
	found, err := t.InRepo.Read(ctx, e)
	if lost := (*git.MissingCommitError)(nil); errors.As(err, &lost) {
		run.Did("left out the jobs kept in the repository: %v", lost)
		return configured, nil
	}
	if err != nil {
		return configured, fmt.Errorf("read jobs kept in %v: %w", p.Ref.Repo, err)
	}
	if err := t.report(ctx, run, p, why, reportOf(found, waiting)); err != nil {
		return configured, err
	}
	note(run, found)
	if len(found.Presubmits) == 0 {
		return configured, nil
	}
	return append(configured[:len(configured):len(configured)], found.Presubmits...), nil
}

// confine decides where the pipelines of an outsider's pull request are read: at the base, unless a member has trusted this
// very commit. It answers whether the pull request changes them, which is what has to wait.
func (t trigger) confine(ctx context.Context, run *chatops.Run, p *scm.PullRequest, e *inrepo.Event, s standing) (waiting bool, err error) {
	if s != vouched {
		return false, nil
	}
	base := *e
	base.FromBase = true
	before, err := t.InRepo.Content(ctx, base)
	if err != nil {
		return false, fmt.Errorf("read pipelines of %v: %w", p.Ref.Repo, err)
	}
	after, err := t.InRepo.Content(ctx, *e)
	if err != nil || before == after {
		e.FromBase = true
		var lost *git.MissingCommitError
		var conflict *git.ConflictError
		if errors.As(err, &lost) || errors.As(err, &conflict) {
			err = nil
		}
		return false, err
	}
	statuses, err := run.Statuses(ctx, p.Ref.Repo, p.Head.SHA)
	if err != nil {
		return false, fmt.Errorf("read statuses of %v: %w", p.Ref, err)
	}
	for _, s := range statuses {
		if s.Context == configContext && s.State != scm.StatusPending {
			return false, nil // they were looked at before, which only a member's word can have caused
		}
	}
	e.FromBase = true
	return true, nil
}

func pullEvent(p *scm.PullRequest, headRef string, why cause) inrepo.Event {
	e := inrepo.Event{
		Repo: p.Ref.Repo, Refs: pullRefs(p, headRef), Sender: why.sender, Title: p.Title, Labels: p.Labels, Comment: why.Comment,
		Link: strings.TrimSuffix(p.CloneURL, ".git"), SourceURL: strings.TrimSuffix(p.Head.CloneURL, ".git"),
	}
	if e.Sender == "" {
		e.Sender = p.Author.Login
	}
	return e
}

// note tells what a reading found, for the record of the delivery.
func note(run *chatops.Run, found *inrepo.Found) {
	if found.Files > 0 {
		run.Did("read %d jobs from %d files kept in the repository", len(found.Presubmits)+len(found.Postsubmits), found.Files)
	}
	const most = 20
	for i, p := range found.Problems {
		if i == most {
			run.Did("and %d more", len(found.Problems)-most)
			break
		}
		kind := "error"
		if p.Warning {
			kind = "warning"
		}
		run.Did("%s: %v", kind, p)
	}
}

// keptPostsubmits are the jobs of a push that its repository keeps, read from the pushed commit.
func (t trigger) keptPostsubmits(ctx context.Context, run *chatops.Run, e inrepo.Event) ([]*job.Postsubmit, error) {
	if !t.keeps(e.Repo) {
		return nil, nil
	}
	found, err := t.InRepo.Read(ctx, e)
	if lost := (*git.MissingCommitError)(nil); errors.As(err, &lost) {
		run.Did("left out the jobs kept in the repository: %v", lost)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read jobs kept in %v: %w", e.Repo, err)
	}
	note(run, found)
	if r := reportOf(found, false); r.state == scm.StatusFailure {
		status := scm.Status{Context: configContext, State: r.state, Description: cut(r.summary, run.Client.StatusDescriptionLimit), TargetURL: e.Link}
		if err := run.Client.Statuses.Set(ctx, e.Repo, e.Refs.BaseSHA, status); err != nil {
			return nil, fmt.Errorf("report mistakes in %v: %w", e.Repo, err)
		}
	}
	return found.Postsubmits, nil
}
