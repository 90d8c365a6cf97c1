package bitbucketserver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// withPull finds the pull request of the path.
func withPull(h func(*call, *simulator.Pull) (answer, error)) handler {
	return func(c *call) (answer, error) {
		p, err := c.repo.Pull(c.number("number"))
		if err != nil {
			return fail(missing("pull.NoSuchPullRequestException", "Pull request %s does not exist in %s/%s.", c.PathValue("number"), projectKey(c.repo.Org), slugOf(c.repo)))
		}
		return h(c, p)
	}
}

// owned lets the author of the pull request and those who may write do something to it.
func owned(h func(*call, *simulator.Pull) (answer, error)) handler {
	return withPull(func(c *call, p *simulator.Pull) (answer, error) {
		if p.Author != c.actor && c.Permission(c.repo, c.actor) < scm.PermissionWrite {
			return fail(denied())
		}
		return h(c, p)
	})
}

func (s *server) pulls() {
	const one = "/pull-requests/{number}"
	s.in("api", "GET /pull-requests", scm.PermissionRead, listPulls)
	s.in("api", "POST /pull-requests", scm.PermissionRead, createPull)
	s.in("api", "GET "+one, scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) { return ok(c.view().pull(p)) }))
	s.in("api", "PUT "+one, scm.PermissionRead, owned(editPull))
	s.in("api", "POST "+one+"/decline", scm.PermissionRead, owned(func(c *call, p *simulator.Pull) (answer, error) {
		return c.move(p, scm.StateOpen, scm.StateClosed)
	}))
	s.in("api", "POST "+one+"/reopen", scm.PermissionRead, owned(func(c *call, p *simulator.Pull) (answer, error) {
		return c.move(p, scm.StateClosed, scm.StateOpen)
	}))
	s.in("api", "GET "+one+"/merge", scm.PermissionRead, withPull(canMerge))
	s.in("api", "POST "+one+"/merge", scm.PermissionWrite, withPull(mergePull))
	s.in("api", "GET "+one+"/changes", scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) {
		return c.changes(p.BaseSHA, p.HeadSHA, true)
	}))
	s.in("api", "GET "+one+"/commits", scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) {
		return c.commits(p.BaseSHA, p.HeadSHA)
	}))
}

func listPulls(c *call) (answer, error) {
	wanted := c.query("state")
	if wanted == "" {
		wanted = "OPEN"
	}
	var all []*simulator.Pull
	for _, p := range c.repo.Pulls {
		at := c.query("at")
		if (wanted == "ALL" || wanted == states[p.State]) && (at == "" || at == "refs/heads/"+p.Base) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *simulator.Pull) int { return b.Number - a.Number })
	if c.query("order") == "OLDEST" {
		slices.Reverse(all)
	}
	return page(c, all, func(p *simulator.Pull) map[string]any {
		out := c.view().pull(p)
		if p.State == scm.StateOpen {
			out["properties"] = map[string]any{"mergeResult": map[string]any{"outcome": outcome(p), "current": true}, "commentCount": len(p.Comments)}
		}
		return out
	})
}

func outcome(p *simulator.Pull) string {
	if p.Mergeable() {
		return "CLEAN"
	}
	return "CONFLICTED"
}

// pullForm is a pull request as it is written.
type pullForm struct {
	Version     *int
	Title       *string
	Description *string
	Draft       *bool
	FromRef     *refForm
	ToRef       *refForm
	Reviewers   []struct{ User struct{ Name string } }
}

type refForm struct {
	ID         string
	Repository *struct {
		Slug    string
		Project struct{ Key string }
	}
}

func (f *refForm) branch() string { return strings.TrimPrefix(f.ID, "refs/heads/") }

// of is the repository of a ref, the one of the path if the ref names none.
func (f *refForm) of(c *call) (*simulator.Repo, error) {
	if f.Repository == nil {
		return c.repo, nil
	}
	o, err := c.project(f.Repository.Project.Key)
	if err != nil {
		return nil, err
	}
	return c.repository(o, f.Repository.Slug)
}

func createPull(c *call) (answer, error) {
	in, err := decode[pullForm](c)
	switch {
	case err != nil:
		return fail(err)
	case in.Title == nil || *in.Title == "":
		return fail(invalid("title", "The pull request title must be supplied."))
	case in.FromRef == nil || in.ToRef == nil:
		return fail(invalid("fromRef", "The source and the target of the pull request must be supplied."))
	}
	n := simulator.NewPull{Title: *in.Title, Head: in.FromRef.branch(), Base: in.ToRef.branch(), Draft: in.Draft != nil && *in.Draft}
	if in.Description != nil {
		n.Body = *in.Description
	}
	if n.From, err = in.FromRef.of(c); err != nil {
		return fail(err)
	}
	if c.Permission(n.From, c.actor) < scm.PermissionRead {
		return fail(denied())
	}
	if n.Reviewers, err = c.reviewers(in, c.actor); err != nil {
		return fail(err)
	}
	return c.open(n)
}

func (c *call) open(n simulator.NewPull) (answer, error) {
	for _, side := range []struct {
		repo   *simulator.Repo
		branch string
	}{{n.From, n.Head}, {c.repo, n.Base}} {
		if side.repo.Tip(side.branch) == "" {
			return fail(missing("repository.NoSuchBranchException", "Branch %s does not exist in %s.", side.branch, side.repo.FullName()))
		}
	}
	if head := n.From.Tip(n.Head); c.repo.MergeBase(c.repo.Tip(n.Base), head) == head {
		return fail(conflict("pull.EmptyPullRequestException", fmt.Sprintf("%s is already up-to-date with branch %s.", n.Base, n.Head), nil))
	}
	p, err := c.OpenPull(c.actor, c.repo, n)
	if errors.Is(err, simulator.ErrConflict) {
		return fail(conflict("pull.DuplicatePullRequestException", "Only one pull request may be open for a given source and target branch", map[string]any{"existingPullRequest": c.existing(n)}))
	}
	if err != nil {
		return fail(err)
	}
	return made(c.view().pull(p))
}

// existing is the open pull request that another one would double.
func (c *call) existing(n simulator.NewPull) any {
	for _, p := range c.repo.Pulls {
		if p.State == scm.StateOpen && p.HeadRepo == n.From && p.Head == n.Head && p.Base == n.Base {
			return c.view().pull(p)
		}
	}
	return nil
}

// fresh refuses a write with another version than the pull request's, which the query or the body names.
func (c *call) fresh(p *simulator.Pull, inBody *int) error {
	expected := -1
	if inBody != nil {
		expected = *inBody
	}
	if text := c.query("version"); text != "" {
		if _, err := fmt.Sscan(text, &expected); err != nil {
			return invalid("version", "The version must be a number.")
		}
	}
	if expected != p.Version {
		return stale("pull.PullRequestOutOfDateException", "pull request", p.Version, expected)
	}
	return nil
}

func illegal(p *simulator.Pull) error {
	return conflict("pull.IllegalPullRequestStateException", fmt.Sprintf("This pull request is %s and cannot be changed like that.", strings.ToLower(states[p.State])), nil)
}

// editPull takes everybody off the reviewers who is not named among them.
func editPull(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[pullForm](c)
	if err == nil {
		err = c.fresh(p, in.Version)
	}
	switch {
	case err != nil:
		return fail(err)
	case p.State != scm.StateOpen:
		return fail(illegal(p))
	case in.Title != nil && *in.Title == "":
		return fail(invalid("title", "The pull request title must be supplied."))
	}
	patch := simulator.Patch{Title: in.Title, Body: in.Description, Draft: in.Draft}
	if in.ToRef != nil {
		base := in.ToRef.branch()
		if patch.Base = &base; c.repo.Tip(base) == "" {
			return fail(missing("repository.NoSuchBranchException", "Branch %s does not exist in %s.", base, c.repo.FullName()))
		}
	}
	reviewers, err := c.reviewers(in, p.Author)
	if err != nil {
		return fail(err)
	}
	c.setReviewers(p, reviewers)
	if err := c.EditPull(c.actor, p, patch); err != nil {
		return fail(err)
	}
	return ok(c.view().pull(p))
}

func (c *call) move(p *simulator.Pull, from, to scm.State) (answer, error) {
	in, err := decode[pullForm](c)
	if err == nil {
		err = c.fresh(p, in.Version)
	}
	if err == nil && p.State != from {
		err = illegal(p)
	}
	if err == nil {
		err = c.EditPull(c.actor, p, simulator.Patch{State: &to})
	}
	if err != nil {
		return fail(err)
	}
	return ok(c.view().pull(p))
}
