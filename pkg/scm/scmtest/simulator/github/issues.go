package github

import (
	"encoding/json"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// withThing finds the issue or pull request of the path.
func withThing(h func(*call, *simulator.Thing) (answer, error)) handler {
	return func(c *call) (answer, error) {
		t, err := c.repo.Thing(c.number())
		if err != nil {
			return fail(err)
		}
		return h(c, t)
	}
}

func (c *call) asIssue(t *simulator.Thing) map[string]any {
	return c.view().issue(t, c.repo.Pulls[t.Number])
}

func (c *call) labels(all []*simulator.Label) []map[string]any { return c.view().labels(c.repo, all) }

func (s *server) issues() {
	s.in("GET /issues/{number}", scm.PermissionRead, withThing(func(c *call, t *simulator.Thing) (answer, error) { return ok(c.asIssue(t)) }))
	s.in("POST /issues", scm.PermissionRead, createIssue)
	s.in("PATCH /issues/{number}", scm.PermissionTriage, withThing(editIssue))
	s.in("GET /issues/{number}/comments", scm.PermissionRead, withThing(listComments))
	s.in("POST /issues/{number}/comments", scm.PermissionRead, withThing(createComment))
	s.in("PATCH /issues/comments/{id}", scm.PermissionRead, comment(false, editComment))
	s.in("DELETE /issues/comments/{id}", scm.PermissionRead, comment(false, deleteComment))
	s.in("PATCH /pulls/comments/{id}", scm.PermissionRead, comment(true, editComment))
	s.in("DELETE /pulls/comments/{id}", scm.PermissionRead, comment(true, deleteComment))
	s.in("GET /issues/{number}/labels", scm.PermissionRead, withThing(func(c *call, t *simulator.Thing) (answer, error) {
		return ok(c.labels(page(c, t.Labels)))
	}))
	s.in("POST /issues/{number}/labels", scm.PermissionTriage, withThing(addLabels))
	s.in("DELETE /issues/{number}/labels/{name}", scm.PermissionTriage, withThing(removeLabel))
	s.in("GET /labels", scm.PermissionRead, func(c *call) (answer, error) { return ok(c.labels(page(c, c.repo.Labels))) })
	s.in("POST /issues/{number}/assignees", scm.PermissionTriage, withThing(func(c *call, t *simulator.Thing) (answer, error) { return assign(c, t, true) }))
	s.in("DELETE /issues/{number}/assignees", scm.PermissionTriage, withThing(func(c *call, t *simulator.Thing) (answer, error) { return assign(c, t, false) }))
	s.in("GET /milestones", scm.PermissionRead, func(c *call) (answer, error) {
		return ok(each(page(c, c.repo.Milestones), func(m *simulator.Milestone) map[string]any { return c.view().milestone(c.repo, m) }))
	})
}

func createIssue(c *call) (answer, error) {
	in, err := decode[struct{ Title, Body string }](c)
	if err != nil {
		return fail(err)
	}
	i := c.OpenIssue(c.actor, c.repo, in.Title, in.Body)
	return made(c.asIssue(&i.Thing))
}

func editIssue(c *call, t *simulator.Thing) (answer, error) {
	in, err := decode[struct {
		Title, Body *string
		State       *scm.State
		Milestone   json.RawMessage
	}](c)
	if err != nil {
		return fail(err)
	}
	if in.Milestone != nil {
		var number int
		_ = json.Unmarshal(in.Milestone, &number) // null leaves it zero
		t.Milestone = nil
		if i := slices.IndexFunc(c.repo.Milestones, func(m *simulator.Milestone) bool { return m.Number == number }); i >= 0 {
			t.Milestone = c.repo.Milestones[i]
		}
	}
	patch := simulator.Patch{Title: in.Title, Body: in.Body, State: in.State}
	if i := c.repo.Issues[t.Number]; i != nil {
		c.EditIssue(c.actor, i, patch)
	} else if err := c.EditPull(c.actor, c.repo.Pulls[t.Number], patch); err != nil {
		return fail(err)
	}
	return ok(c.asIssue(t))
}

func listComments(c *call, t *simulator.Thing) (answer, error) {
	return ok(each(page(c, whole(t)), func(one *simulator.Comment) map[string]any { return c.view().comment(t, one) }))
}

func createComment(c *call, t *simulator.Thing) (answer, error) {
	in, err := decode[struct{ Body string }](c)
	if err != nil {
		return fail(err)
	}
	if in.Body == "" {
		return fail(&invalid{"IssueComment", "body", "missing_field", "body is missing"})
	}
	return made(c.view().comment(t, c.AddComment(c.actor, t, simulator.Comment{Body: in.Body})))
}

// comment finds the comment of the path, which only its author and those who may write change.
func comment(inline bool, h func(*call, *simulator.Thing, *simulator.Comment) (answer, error)) handler {
	return func(c *call) (answer, error) {
		t, found, err := c.repo.Comment(c.id())
		if err != nil || inline != (found.Path != "") {
			return fail(simulator.ErrNotFound)
		}
		if found.Author != c.actor && c.Permission(c.repo, c.actor) < scm.PermissionWrite {
			return fail(simulator.ErrForbidden)
		}
		return h(c, t, found)
	}
}

func editComment(c *call, t *simulator.Thing, found *simulator.Comment) (answer, error) {
	in, err := decode[struct{ Body string }](c)
	if err != nil {
		return fail(err)
	}
	c.EditComment(c.actor, t, found, in.Body)
	return ok(c.view().anyComment(t, found))
}

func deleteComment(c *call, t *simulator.Thing, found *simulator.Comment) (answer, error) {
	c.DeleteComment(c.actor, t, found)
	return none()
}

func addLabels(c *call, t *simulator.Thing) (answer, error) {
	in, err := decode[struct{ Labels []string }](c)
	if err != nil {
		return fail(err)
	}
	for _, name := range in.Labels {
		if len([]rune(name)) > 50 {
			return fail(&invalid{"Label", "name", "invalid", "name is too long (maximum is 50 characters)"})
		}
		c.AddLabel(c.actor, t, name)
	}
	return ok(c.labels(t.Labels))
}

func removeLabel(c *call, t *simulator.Thing) (answer, error) {
	if !c.RemoveLabel(c.actor, t, c.PathValue("name")) {
		return fail(simulator.ErrNotFound)
	}
	return ok(c.labels(t.Labels))
}

// assign passes over people who cannot be assigned, as GitHub does.
func assign(c *call, t *simulator.Thing, on bool) (answer, error) {
	in, err := decode[struct{ Assignees []string }](c)
	if err != nil {
		return fail(err)
	}
	for _, login := range in.Assignees {
		u, err := c.User(login)
		if err != nil {
			continue
		}
		i := slices.Index(t.Assignees, u)
		switch {
		case on && i < 0 && c.Permission(c.repo, u) >= scm.PermissionWrite:
			t.Assignees = append(t.Assignees, u)
		case !on && i >= 0:
			t.Assignees = slices.Delete(t.Assignees, i, i+1)
		}
	}
	if on {
		return made(c.asIssue(t))
	}
	return ok(c.asIssue(t))
}
