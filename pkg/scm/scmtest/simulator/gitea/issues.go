package gitea

import (
	"errors"
	"fmt"
	"net/http"
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

// talking is withThing where a number that nothing has is a failure of the server.
func talking(h func(*call, *simulator.Thing) (answer, error)) handler {
	return func(c *call) (answer, error) {
		a, err := withThing(h)(c)
		if errors.Is(err, simulator.ErrNotFound) {
			return fail(errServer)
		}
		return a, err
	}
}

func (s *server) issues() {
	s.in("GET /issues/{number}", scm.PermissionRead, withThing(func(c *call, t *simulator.Thing) (answer, error) { return ok(c.view().issue(t)) }))
	s.in("POST /issues", scm.PermissionRead, createIssue)
	s.in("PATCH /issues/{number}", scm.PermissionRead, withThing(editIssue))
	s.in("GET /issues/{number}/comments", scm.PermissionRead, talking(listComments))
	s.in("POST /issues/{number}/comments", scm.PermissionRead, talking(createComment))
	s.in("GET /issues/comments/{id}", scm.PermissionRead, comment(func(c *call, t *simulator.Thing, found *simulator.Comment) (answer, error) {
		return ok(c.view().comment(t, found))
	}))
	s.in("PATCH /issues/comments/{id}", scm.PermissionRead, comment(editComment))
	s.in("DELETE /issues/comments/{id}", scm.PermissionRead, comment(deleteComment))
	s.in("GET /milestones", scm.PermissionRead, func(c *call) (answer, error) {
		return ok(each(counted(c, c.repo.Milestones), c.view().milestone))
	})
	s.in("GET /assignees", scm.PermissionRead, func(c *call) (answer, error) { return ok(c.view().users(c.writers())) })
}

func createIssue(c *call) (answer, error) {
	in, err := decode[struct{ Title, Body string }](c)
	if err != nil {
		return fail(err)
	}
	if in.Title == "" {
		return fail(invalid("[Title]: Required"))
	}
	i := c.OpenIssue(c.actor, c.repo, in.Title, in.Body)
	return made(c.view().issue(&i.Thing))
}

// edit is what of an issue or pull request is written.
type edit struct {
	Title, Body, Base *string
	State             *scm.State
	Assignees         *[]string
	Milestone         *int
}

// edited lets authors change their own, and those who may write everything.
func edited(c *call, t *simulator.Thing) (edit, error) {
	if t.Author != c.actor && !c.may(scm.PermissionWrite) {
		return edit{}, forbidden("")
	}
	in, err := decode[edit](c)
	if err == nil && in.State != nil && t.State == scm.StateMerged {
		err = &refusal{http.StatusPreconditionFailed, "cannot change state of this pull request, it was already merged"}
	}
	return in, err
}

func editIssue(c *call, t *simulator.Thing) (answer, error) {
	in, err := edited(c, t)
	if err != nil {
		return fail(err)
	}
	if err := c.place(t, in); err != nil {
		return fail(err)
	}
	if err := c.rewrite(t, in); err != nil {
		return fail(err)
	}
	return made(c.view().issue(t))
}

// rewrite changes one thing after the other, because Gitea tells of each by itself.
func (c *call) rewrite(t *simulator.Thing, in edit) error {
	for _, patch := range []simulator.Patch{{Title: in.Title}, {Body: in.Body}, {State: in.State}, {Base: in.Base}} {
		if patch == (simulator.Patch{}) {
			continue
		}
		if !t.IsPull {
			c.EditIssue(c.actor, c.repo.Issues[t.Number], patch)
		} else if err := c.EditPull(c.actor, c.repo.Pulls[t.Number], patch); err != nil {
			return err
		}
	}
	return nil
}

// place sets assignees and milestone, if the actor may write. Names and numbers that nobody has are failures of the server.
func (c *call) place(t *simulator.Thing, in edit) error {
	if !c.may(scm.PermissionWrite) {
		return nil
	}
	if in.Assignees != nil {
		var all []*simulator.User
		for _, login := range *in.Assignees {
			u, err := c.User(login)
			if err != nil {
				return errServer
			}
			all = append(all, u)
		}
		t.Assignees = all
	}
	if in.Milestone == nil {
		return nil
	}
	i := slices.IndexFunc(c.repo.Milestones, func(m *simulator.Milestone) bool { return m.ID == *in.Milestone })
	switch {
	case i >= 0:
		t.Milestone = c.repo.Milestones[i]
	case *in.Milestone != 0:
		return errServer
	default:
		t.Milestone = nil
	}
	return nil
}

// listComments gives all of them, whatever page is asked for.
func listComments(c *call, t *simulator.Thing) (answer, error) {
	all := whole(t)
	c.w.Header().Set("X-Total-Count", fmt.Sprint(len(all)))
	return ok(each(all, func(one *simulator.Comment) map[string]any { return c.view().comment(t, one) }))
}

func createComment(c *call, t *simulator.Thing) (answer, error) {
	body, err := text(c)
	if err != nil {
		return fail(err)
	}
	return made(c.view().comment(t, c.AddComment(c.actor, t, simulator.Comment{Body: body})))
}

func text(c *call) (string, error) {
	in, err := decode[struct{ Body string }](c)
	if err == nil && in.Body == "" {
		err = invalid("[Body]: Required")
	}
	return in.Body, err
}

// comment finds the comment of the path, which only its author and those who may write change.
func comment(h func(*call, *simulator.Thing, *simulator.Comment) (answer, error)) handler {
	return func(c *call) (answer, error) {
		t, found, err := c.repo.Comment(c.id())
		if err != nil {
			return fail(&missing{"not found", []string{fmt.Sprintf("comment does not exist [id: %d, issue_id: 0]", c.id())}})
		}
		if c.Method != http.MethodGet && found.Author != c.actor && !c.may(scm.PermissionWrite) {
			return fail(forbidden(""))
		}
		return h(c, t, found)
	}
}

func editComment(c *call, t *simulator.Thing, found *simulator.Comment) (answer, error) {
	body, err := text(c)
	if err != nil {
		return fail(err)
	}
	c.EditComment(c.actor, t, found, body)
	return ok(c.view().comment(t, found))
}

func deleteComment(c *call, t *simulator.Thing, found *simulator.Comment) (answer, error) {
	c.DeleteComment(c.actor, t, found)
	return none()
}
