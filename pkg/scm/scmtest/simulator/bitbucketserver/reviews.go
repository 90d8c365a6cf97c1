package bitbucketserver

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// parts are the reviewers of a pull request, who were asked or gave a verdict, and its other participants. Whoever was a
// reviewer stays a participant, which a review without a verdict stands for.
func parts(p *simulator.Pull) (reviewers, others []*simulator.User) {
	add := func(to *[]*simulator.User, u *simulator.User) {
		if u != p.Author && !slices.Contains(reviewers, u) && !slices.Contains(others, u) {
			*to = append(*to, u)
		}
	}
	for _, u := range p.Reviewers {
		add(&reviewers, u)
	}
	for _, r := range p.Reviews {
		if r.State != scm.ReviewCommented {
			add(&reviewers, r.Author)
		}
	}
	for _, r := range p.Reviews {
		add(&others, r.Author)
	}
	for _, c := range p.Comments {
		add(&others, c.Author)
	}
	return reviewers, others
}

func (s *server) reviews() {
	const people = "/pull-requests/{number}/participants"
	s.in("api", "GET "+people, scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) {
		reviewers, others := parts(p)
		return page(c, slices.Concat([]*simulator.User{p.Author}, reviewers, others), func(u *simulator.User) map[string]any {
			return c.view().participant(p, u, roleOf(p, u))
		})
	}))
	s.in("api", "POST "+people, scm.PermissionWrite, withPull(assign))
	s.in("api", "PUT "+people+"/{slug}", scm.PermissionRead, withPull(setVerdict))
	s.in("api", "DELETE "+people+"/{slug}", scm.PermissionWrite, withPull(unassign))
}

func roleOf(p *simulator.Pull, u *simulator.User) string {
	reviewers, _ := parts(p)
	switch {
	case u == p.Author:
		return "AUTHOR"
	case slices.Contains(reviewers, u):
		return "REVIEWER"
	default:
		return "PARTICIPANT"
	}
}

// reviewers are those that a form names; all of them have to be users who may read, and none the author.
func (c *call) reviewers(in pullForm, author *simulator.User) ([]*simulator.User, error) {
	var all []*simulator.User
	var wrong []any
	for _, one := range in.Reviewers {
		u, err := c.User(one.User.Name)
		switch {
		case err != nil:
			wrong = append(wrong, reviewerError(one.User.Name, " is not a user."))
		case u == author:
			wrong = append(wrong, reviewerError(u.Login, " is the author of the pull request."))
		case c.Permission(c.repo, u) < scm.PermissionRead:
			wrong = append(wrong, reviewerError(u.Login, " does not have permission to view the repository."))
		default:
			all = append(all, u)
		}
	}
	if len(wrong) > 0 {
		return nil, &refusal{
			status: http.StatusConflict, exception: "pull.InvalidPullRequestReviewersException", context: "reviewers",
			message: "Errors encountered while adding some reviewers to this pull request.",
			more:    map[string]any{"reviewerErrors": wrong, "validReviewers": c.view().users(all)},
		}
	}
	return all, nil
}

func reviewerError(name, message string) any {
	return map[string]any{"context": name, "message": name + message, "exceptionName": nil}
}

// setReviewers makes these and only these people reviewers.
func (c *call) setReviewers(p *simulator.Pull, wanted []*simulator.User) {
	now, _ := parts(p)
	without := func(all, some []*simulator.User) []*simulator.User {
		return slices.DeleteFunc(slices.Clone(all), func(u *simulator.User) bool { return slices.Contains(some, u) })
	}
	asked, unasked := without(wanted, now), without(now, wanted)
	for _, u := range unasked {
		c.demote(p, u)
	}
	c.ChangeReviewers(c.actor, p, asked, unasked)
}

// demote takes a reviewer's verdicts away and leaves a participant.
func (c *call) demote(p *simulator.Pull, u *simulator.User) {
	p.Reviews = slices.DeleteFunc(p.Reviews, func(r *simulator.Review) bool { return r.Author == u })
	p.Reviews = append(p.Reviews, &simulator.Review{ID: c.NextID(), Author: u, State: scm.ReviewCommented})
}

func assign(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[struct {
		User struct{ Name string }
		Role string
	}](c)
	if err != nil {
		return fail(err)
	}
	u, err := c.User(in.User.Name)
	switch {
	case in.User.Name == "" || in.Role != "REVIEWER":
		return fail(invalid("role", "A user and the role REVIEWER must be supplied."))
	case err != nil:
		return fail(missing("user.NoSuchUserException", "User %s does not exist.", in.User.Name))
	case u == p.Author:
		return fail(invalid("role", "The author of a pull request has no other role."))
	case p.State != scm.StateOpen:
		return fail(illegal(p))
	}
	if roleOf(p, u) != "REVIEWER" {
		c.ChangeReviewers(c.actor, p, []*simulator.User{u}, nil)
	}
	return ok(c.view().participant(p, u, "REVIEWER"))
}

func unassign(c *call, p *simulator.Pull) (answer, error) {
	u, err := c.User(c.PathValue("slug"))
	if err != nil {
		return fail(missing("user.NoSuchUserException", "User %s does not exist.", c.PathValue("slug")))
	}
	if roleOf(p, u) == "REVIEWER" {
		c.demote(p, u)
		c.ChangeReviewers(c.actor, p, nil, []*simulator.User{u})
	}
	return none()
}

// setVerdict changes the caller's own status only, of the head as it is.
func setVerdict(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[struct{ Status, LastReviewedCommit string }](c)
	wanted := map[string]scm.ReviewState{"APPROVED": scm.ReviewApproved, "NEEDS_WORK": scm.ReviewChangesRequested, "UNAPPROVED": scm.ReviewDismissed}[in.Status]
	switch {
	case err != nil:
		return fail(err)
	case !strings.EqualFold(c.PathValue("slug"), userSlug(c.actor)):
		return fail(denied())
	case wanted == "":
		return fail(invalid("status", "The status must be one of APPROVED, NEEDS_WORK and UNAPPROVED."))
	case p.Author == c.actor:
		return fail(invalid("status", "The author of a pull request cannot change their status."))
	case p.State != scm.StateOpen:
		return fail(illegal(p))
	case in.LastReviewedCommit != "" && in.LastReviewedCommit != p.HeadSHA:
		return fail(conflict("pull.PullRequestOutOfDateException", "The pull request has been updated since the commit that was reviewed.", nil))
	}
	standing := p.Verdict(c.actor)
	switch {
	case wanted == scm.ReviewDismissed && standing != nil:
		c.DismissReview(c.actor, p, standing)
	case wanted != scm.ReviewDismissed && (standing == nil || standing.State != wanted || standing.SHA != p.HeadSHA):
		c.SubmitReview(c.actor, p, wanted, "")
	}
	return ok(c.view().participant(p, c.actor, roleOf(p, c.actor)))
}
