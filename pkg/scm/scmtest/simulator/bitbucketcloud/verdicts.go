package bitbucketcloud

import (
	"net/http"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// verdicts serves approvals and requests for changes, of which everybody has one at a time, authors too.
func (s *server) verdicts() {
	for path, state := range map[string]scm.ReviewState{"approve": scm.ReviewApproved, "request-changes": scm.ReviewChangesRequested} {
		s.in("POST /pullrequests/{number}/"+path, scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) { return give(c, p, state) }))
		s.in("DELETE /pullrequests/{number}/"+path, scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) { return withdraw(c, p, state) }))
	}
}

var given = map[scm.ReviewState]string{scm.ReviewApproved: "approved", scm.ReviewChangesRequested: "requested changes on"}

func give(c *call, p *simulator.Pull, state scm.ReviewState) (answer, error) {
	if p.State != scm.StateOpen {
		return fail(invalid("This pull request is already closed."))
	}
	if v := p.Verdict(c.actor); v != nil && v.State == state {
		return fail(&refusal{status: http.StatusConflict, message: "You already " + given[state] + " this pull request."})
	}
	c.SubmitReview(c.actor, p, state, "")
	return ok(c.view().participant(p, c.actor))
}

func withdraw(c *call, p *simulator.Pull, state scm.ReviewState) (answer, error) {
	if p.State != scm.StateOpen {
		return fail(invalid("This pull request is already closed."))
	}
	v := p.Verdict(c.actor)
	if v == nil || v.State != state {
		return fail(&refusal{status: http.StatusNotFound, message: "You haven't " + given[state] + " this pull request."})
	}
	c.DismissReview(c.actor, p, v)
	return none()
}
