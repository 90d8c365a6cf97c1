package bitbucketcloud

import (
	"encoding/json"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) issues() {
	s.in("GET /issues", scm.PermissionRead, listIssues)
	s.in("POST /issues", scm.PermissionRead, createIssue)
	s.in("GET /issues/{number}", scm.PermissionRead, withIssue(func(c *call, i *simulator.Issue) (answer, error) { return ok(c.view().issue(i)) }))
	s.in("PUT /issues/{number}", scm.PermissionRead, withIssue(editIssue))
}

func withIssue(h func(*call, *simulator.Issue) (answer, error)) handler {
	return func(c *call) (answer, error) {
		i := c.repo.Issues[c.number("number")]
		if i == nil {
			return fail(missing("Issue"))
		}
		return h(c, i)
	}
}

func listIssues(c *call) (answer, error) {
	var all []*simulator.Issue
	for _, i := range c.repo.Issues {
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b *simulator.Issue) int { return b.Number - a.Number })
	all, err := filter(c, all, c.view().issue)
	if err != nil {
		return fail(err)
	}
	return list(c, things, all, c.view().issue)
}

// issueForm is an issue as it is written; what is nil stays. An assignee of null is nobody.
type issueForm struct {
	Title   *string
	Content *struct{ Raw string }
	State   *string
	// Assignee and Milestone are objects or null.
	Assignee, Milestone json.RawMessage
}

func createIssue(c *call) (answer, error) {
	in, err := decode[issueForm](c)
	if err != nil {
		return fail(err)
	}
	if in.Title == nil || *in.Title == "" {
		return fail(bad("title", "required key not provided"))
	}
	body := ""
	if in.Content != nil {
		body = in.Content.Raw
	}
	return made(c.view().issue(c.OpenIssue(c.actor, c.repo, *in.Title, body)))
}

func editIssue(c *call, i *simulator.Issue) (answer, error) {
	if i.Author != c.actor && c.Permission(c.repo, c.actor) < scm.PermissionWrite {
		return fail(denied(scm.PermissionWrite))
	}
	in, err := decode[issueForm](c)
	if err != nil {
		return fail(err)
	}
	patch := simulator.Patch{Title: in.Title}
	if in.Content != nil {
		patch.Body = &in.Content.Raw
	}
	if in.State != nil {
		state, known := issueStates[*in.State]
		if !known {
			return fail(bad("state", *in.State+" is not a valid choice"))
		}
		patch.State = &state
	}
	if err := c.assign(i, in.Assignee); err != nil {
		return fail(err)
	}
	if err := c.place(i, in.Milestone); err != nil {
		return fail(err)
	}
	if in.State != nil {
		i.Word = *in.State
	}
	c.EditIssue(c.actor, i, patch)
	return ok(c.view().issue(i))
}

// assign gives the issue its one assignee.
func (c *call) assign(i *simulator.Issue, to json.RawMessage) error {
	var ref *accountRef
	switch err := json.Unmarshal(to, &ref); {
	case to == nil:
		return nil
	case err != nil:
		return bad("assignee", "not an account")
	case ref == nil:
		i.Assignees = nil
		return nil
	}
	u, err := c.account(*ref)
	if err != nil {
		return bad("assignee", "account not found")
	}
	i.Assignees = []*simulator.User{u}
	return nil
}

// place puts the issue into a milestone, which is named.
func (c *call) place(i *simulator.Issue, in json.RawMessage) error {
	var wanted *struct{ Name string }
	switch err := json.Unmarshal(in, &wanted); {
	case in == nil:
		return nil
	case err != nil:
		return bad("milestone", "not a milestone")
	case wanted == nil:
		i.Milestone = nil
		return nil
	}
	n := slices.IndexFunc(c.repo.Milestones, func(m *simulator.Milestone) bool { return m.Title == wanted.Name })
	if n < 0 {
		return bad("milestone", "milestone not found: "+wanted.Name)
	}
	i.Milestone = c.repo.Milestones[n]
	return nil
}
