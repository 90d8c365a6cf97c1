package gitlab

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// withPull finds the merge request of the path.
func withPull(h func(*call, *simulator.Pull) (answer, error)) handler {
	return func(c *call) (answer, error) {
		p, err := c.repo.Pull(c.number("iid"))
		if err != nil {
			return fail(err)
		}
		return h(c, p)
	}
}

func (s *server) mergeRequests() {
	const one = "/merge_requests/{iid}"
	s.in("GET /merge_requests", scm.PermissionRead, listPulls)
	s.in("POST /merge_requests", scm.PermissionWrite, createPull)
	s.in("GET "+one, scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) { return ok(c.mergeRequest(p)) }))
	s.in("PUT "+one, scm.PermissionRead, withPull(editPull))
	s.in("GET "+one+"/diffs", scm.PermissionRead, withPull(listDiffs))
	s.in("GET "+one+"/commits", scm.PermissionRead, withPull(listCommits))
	s.in("PUT "+one+"/merge", scm.PermissionRead, withPull(mergePull))
	s.in("GET "+one+"/approvals", scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) { return ok(c.approvals(p)) }))
	s.in("POST "+one+"/approve", scm.PermissionRead, withPull(approve))
	s.in("POST "+one+"/unapprove", scm.PermissionRead, withPull(unapprove))
}

func listPulls(c *call) (answer, error) {
	var all []*simulator.Pull
	wanted := c.query("state")
	for _, p := range c.repo.Pulls {
		if wanted == "" || wanted == "all" || wanted == state(p.State) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *simulator.Pull) int { return b.Number - a.Number })
	if c.query("sort") == "asc" {
		slices.Reverse(all)
	}
	return ok(each(page(c, all), c.listed))
}

// ready takes the mark of a draft off a title and says whether it was there.
func ready(title string) (string, bool) {
	if len(title) >= len(draftPrefix) && strings.EqualFold(title[:len(draftPrefix)], draftPrefix) {
		return title[len(draftPrefix):], true
	}
	return title, false
}

func createPull(c *call) (answer, error) {
	in, err := decode[parameters](c)
	if err != nil {
		return fail(err)
	}
	if in.Title == nil || in.Source == "" || in.Target == nil {
		return answer{http.StatusBadRequest, object{"error": "title is missing, source_branch is missing, target_branch is missing"}}, nil
	}
	n := simulator.NewPull{Head: in.Source, Base: *in.Target}
	n.Title, n.Draft = ready(*in.Title)
	if in.Description != nil {
		n.Body = *in.Description
	}
	p, err := c.OpenPull(c.actor, c.repo, n)
	switch {
	case errors.Is(err, simulator.ErrConflict):
		return fail(&refusal{http.StatusConflict, []string{"Another open merge request already exists for this source branch"}})
	case errors.Is(err, simulator.ErrNotFound):
		return fail(&refusal{http.StatusBadRequest, object{"base": []string{"a branch does not exist"}}})
	case err != nil:
		return fail(err)
	}
	return made(c.mergeRequest(p))
}

var stateEvents = map[string]scm.State{"close": scm.StateClosed, "reopen": scm.StateOpen}

// patch is what of a merge request or issue its texts and its state become.
func (in *parameters) patch() (simulator.Patch, error) {
	p := simulator.Patch{Title: in.Title, Body: in.Description, Base: in.Target}
	if in.StateEvent != "" {
		to, known := stateEvents[in.StateEvent]
		if !known {
			return p, &refusal{http.StatusBadRequest, "state_event does not have a valid value"}
		}
		p.State = &to
	}
	return p, nil
}

// editPull is for its author and for those who may write.
func editPull(c *call, p *simulator.Pull) (answer, error) {
	if p.Author != c.actor && c.Permission(c.repo, c.actor) < scm.PermissionWrite {
		return fail(simulator.ErrForbidden)
	}
	in, err := decode[parameters](c)
	if err != nil {
		return fail(err)
	}
	if in == (parameters{}) {
		return answer{http.StatusBadRequest, object{"error": "at least one parameter must be provided"}}, nil
	}
	patch, err := in.patch()
	if err != nil {
		return fail(err)
	}
	if in.Title != nil {
		title, draft := ready(*in.Title)
		patch.Title, patch.Draft = &title, &draft
	}
	if p.State == scm.StateMerged {
		patch.State = nil // which GitLab passes over
	}
	if err := c.EditPull(c.actor, p, patch); err != nil {
		return fail(err)
	}
	c.describe(&p.Thing, in)
	if in.Reviewers != nil {
		p.Reviewers = c.members(*in.Reviewers)
	}
	return ok(c.mergeRequest(p))
}

// describe sets what is no text.
func (c *call) describe(t *simulator.Thing, in parameters) {
	for _, name := range split(in.AddLabels) {
		c.AddLabel(c.actor, t, name)
	}
	for _, name := range split(in.RemoveLabels) {
		c.RemoveLabel(c.actor, t, name)
	}
	if in.Assignees != nil {
		t.Assignees = c.members(*in.Assignees)
	}
	if in.Milestone != nil {
		t.Milestone = nil
		if i := slices.IndexFunc(c.repo.Milestones, func(m *simulator.Milestone) bool { return m.ID == *in.Milestone }); i >= 0 {
			t.Milestone = c.repo.Milestones[i]
		}
	}
}

func split(names string) []string {
	if names == "" {
		return nil
	}
	return strings.Split(names, ",")
}

// members passes over whom there is not and who may not read the project, as GitLab does.
func (c *call) members(ids []int) []*simulator.User {
	var all []*simulator.User
	for _, id := range ids {
		if u, err := c.UserByID(id); err == nil && c.level(c.repo, u) > 0 && !slices.Contains(all, u) {
			all = append(all, u)
		}
	}
	return all
}

func listDiffs(c *call, p *simulator.Pull) (answer, error) {
	files, err := p.Repo.Diff(p.BaseSHA, p.HeadSHA, true)
	if err != nil {
		return fail(err)
	}
	return ok(each(page(c, files), func(f simulator.FileChange) object {
		out := diff(f)
		out["collapsed"], out["too_large"] = false, false
		return out
	}))
}

// listCommits leaves out the parents, as GitLab does.
func listCommits(c *call, p *simulator.Pull) (answer, error) {
	all, err := p.Repo.Log(p.BaseSHA, p.HeadSHA)
	if err != nil {
		return fail(err)
	}
	return ok(each(page(c, all), func(one simulator.Commit) object {
		out := c.commit(c.repo, one)
		out["parent_ids"] = []string{}
		return out
	}))
}

// mergePull looks at the head last.
func mergePull(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[parameters](c)
	if err != nil {
		return fail(err)
	}
	how := simulator.Merge{Method: scm.MergeFastForward, Message: in.MergeMessage}
	if slices.Contains(c.repo.Methods, scm.MergeCommit) {
		how.Method = scm.MergeCommit
	}
	if in.Squash && slices.Contains(c.repo.Methods, scm.MergeSquash) {
		how.Method, how.Message = scm.MergeSquash, in.SquashMessage
	}
	switch {
	case c.Permission(c.repo, c.actor) < scm.PermissionWrite:
		return fail(&refusal{http.StatusUnauthorized, "401 Unauthorized"})
	case p.State != scm.StateOpen, p.Draft:
		return fail(&refusal{http.StatusMethodNotAllowed, "405 Method Not Allowed"})
	case !p.Mergeable():
		return fail(&refusal{http.StatusUnprocessableEntity, "Branch cannot be merged"})
	case in.SHA != "" && in.SHA != p.HeadSHA:
		return fail(&refusal{http.StatusConflict, "SHA does not match HEAD of source branch: " + p.HeadSHA})
	}
	if err := c.MergePull(c.actor, p, how); err != nil {
		return fail(&refusal{http.StatusUnprocessableEntity, "Branch cannot be merged"})
	}
	return ok(c.mergeRequest(p))
}

// approvals are those of people whose last verdict is one.
func (c *call) approvals(p *simulator.Pull) object {
	by := []object{}
	own := false
	var seen []*simulator.User
	for _, r := range p.Reviews {
		v := p.Verdict(r.Author)
		if v == nil || v.State != scm.ReviewApproved || slices.Contains(seen, r.Author) {
			continue
		}
		seen = append(seen, r.Author)
		by = append(by, object{"user": c.user(r.Author), "approved_at": stamp(v.Submitted)})
		own = own || r.Author == c.actor
	}
	return object{
		"id": p.ID, "iid": p.Number, "project_id": p.Repo.ID, "state": state(p.State), "approved": true, "approvals_required": 0,
		"approvals_left": 0, "approved_by": by, "user_has_approved": own, "user_can_approve": !own,
	}
}

func approve(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[parameters](c)
	if err != nil {
		return fail(err)
	}
	v := p.Verdict(c.actor)
	switch {
	case in.SHA != "" && in.SHA != p.HeadSHA:
		return fail(&refusal{http.StatusConflict, "SHA does not match HEAD of source branch: " + p.HeadSHA})
	case c.Permission(c.repo, c.actor) < scm.PermissionWrite, v != nil && v.State == scm.ReviewApproved:
		return fail(&refusal{http.StatusUnauthorized, "401 Unauthorized"})
	}
	c.SubmitReview(c.actor, p, scm.ReviewApproved, "")
	return made(c.approvals(p))
}

func unapprove(c *call, p *simulator.Pull) (answer, error) {
	v := p.Verdict(c.actor)
	if v == nil || v.State != scm.ReviewApproved {
		return fail(simulator.ErrNotFound)
	}
	c.DismissReview(c.actor, p, v)
	return made(c.approvals(p))
}
