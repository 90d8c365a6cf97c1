package gitea

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) reviews() {
	s.in("GET /pulls/{number}/reviews", scm.PermissionRead, withPull(listReviews))
	s.in("POST /pulls/{number}/reviews", scm.PermissionRead, withPull(submitReview))
	s.in("POST /pulls/{number}/reviews/{id}/dismissals", scm.PermissionRead, withPull(dismissReview))
	s.in("POST /pulls/{number}/requested_reviewers", scm.PermissionRead, withPull(requestReviewers))
	s.in("DELETE /pulls/{number}/requested_reviewers", scm.PermissionRead, withPull(unrequestReviewers))
}

func (c *call) verdicts(p *simulator.Pull, all []verdict) []map[string]any {
	return each(all, func(one verdict) map[string]any { return c.view().verdict(p, one) })
}

func listReviews(c *call, p *simulator.Pull) (answer, error) {
	all := verdicts(p)
	for _, u := range p.Reviewers {
		all = append(all, asked(p, u))
	}
	return ok(c.verdicts(p, counted(c, all)))
}

// newReview is a review as it is written.
type newReview struct {
	Event, Body string
	CommitID    string `json:"commit_id"`
	Comments    []struct {
		Path, Body  string
		NewPosition int `json:"new_position"`
	}
}

func (in newReview) check(c *call, p *simulator.Pull) (scm.ReviewState, error) {
	state, known := map[string]scm.ReviewState{
		"APPROVED": scm.ReviewApproved, "APPROVE": scm.ReviewApproved, "REQUEST_CHANGES": scm.ReviewChangesRequested, "COMMENT": scm.ReviewCommented,
	}[in.Event]
	empty := strings.TrimSpace(in.Body) == ""
	switch {
	case state == scm.ReviewApproved && p.Author == c.actor:
		return "", invalid("approve your own pull is not allowed")
	case state == scm.ReviewChangesRequested && p.Author == c.actor:
		return "", invalid("reject your own pull is not allowed")
	case state == scm.ReviewCommented && empty && len(in.Comments) == 0:
		return "", invalid("review event COMMENT requires a body or a comment")
	case !known || state == scm.ReviewChangesRequested && empty:
		return "", invalid(fmt.Sprintf("review event %s requires a body", in.Event))
	case in.CommitID != "" && c.repo.Resolve(in.CommitID) == "":
		return "", errServer
	}
	return state, nil
}

// submitReview makes a review, and its comments on lines of code.
func submitReview(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[newReview](c)
	if err != nil {
		return fail(err)
	}
	state, err := in.check(c, p)
	if err != nil {
		return fail(err)
	}
	for _, one := range in.Comments {
		c.AddComment(c.actor, &p.Thing, simulator.Comment{Body: one.Body, Path: one.Path, Line: one.NewPosition, SHA: p.HeadSHA})
	}
	if len(in.Comments) == 0 || in.Body != "" || state != scm.ReviewCommented {
		r := c.SubmitReview(c.actor, p, state, in.Body)
		if in.CommitID != "" {
			r.SHA = in.CommitID
		}
	}
	all := verdicts(p)
	return ok(c.view().verdict(p, all[len(all)-1]))
}

func dismissReview(c *call, p *simulator.Pull) (answer, error) {
	if !c.may(scm.PermissionAdmin) {
		return fail(forbidden("Must be repo admin"))
	}
	i := slices.IndexFunc(p.Reviews, func(r *simulator.Review) bool { return r.ID == c.id() })
	if i < 0 {
		return fail(&missing{"not found", []string{fmt.Sprintf("review does not exist [id: %d]", c.id())}})
	}
	if r := p.Reviews[i]; r.State == scm.ReviewApproved || r.State == scm.ReviewChangesRequested {
		c.DismissReview(c.actor, p, r)
	} else {
		return fail(forbidden("not need to dismiss this review because it's type is not Approve or change request"))
	}
	all := verdicts(p)
	i = slices.IndexFunc(all, func(one verdict) bool { return one.id == c.id() })
	return ok(c.view().verdict(p, all[i]))
}

// wanted are the people of the request's body.
func (c *call) wanted(p *simulator.Pull) ([]*simulator.User, error) {
	in, err := decode[struct{ Reviewers []string }](c)
	if err != nil {
		return nil, err
	}
	var all []*simulator.User
	for _, login := range in.Reviewers {
		u, err := c.User(login)
		if err != nil {
			return nil, &missing{message: fmt.Sprintf("User '%s' not exist", login)}
		}
		all = append(all, u)
	}
	if !c.may(scm.PermissionWrite) && p.Author != c.actor {
		return nil, invalid(fmt.Sprintf("Doer can't choose reviewer [user_id: %d, repo_id: %d]", c.actor.ID, c.repo.ID))
	}
	return all, nil
}

// requestReviewers answers with the requests that are new.
func requestReviewers(c *call, p *simulator.Pull) (answer, error) {
	all, err := c.wanted(p)
	if err != nil {
		return fail(err)
	}
	for _, u := range all {
		switch {
		case u == p.Author:
			return fail(invalid(fmt.Sprintf("poster of pr can't be reviewer [user_id: %d, repo_id: %d]", u.ID, c.repo.ID)))
		case c.Permission(c.repo, u) < scm.PermissionRead:
			return fail(invalid(fmt.Sprintf("Reviewer can't read [user_id: %d, repo_name: %s]", u.ID, c.repo.Name)))
		}
	}
	fresh := slices.DeleteFunc(all, func(u *simulator.User) bool { return slices.Contains(p.Reviewers, u) })
	c.ChangeReviewers(c.actor, p, fresh, nil)
	return answer{http.StatusCreated, each(fresh, func(u *simulator.User) map[string]any { return c.view().verdict(p, asked(p, u)) })}, nil
}

func unrequestReviewers(c *call, p *simulator.Pull) (answer, error) {
	all, err := c.wanted(p)
	if err != nil {
		return fail(err)
	}
	c.ChangeReviewers(c.actor, p, nil, slices.DeleteFunc(all, func(u *simulator.User) bool { return !slices.Contains(p.Reviewers, u) }))
	return none()
}
