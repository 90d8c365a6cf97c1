package bitbucketcloud

import (
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// thing finds the pull request or the issue of the path.
func thing(pull bool, h func(*call, *simulator.Thing) (answer, error)) handler {
	return func(c *call) (answer, error) {
		number := c.number("number")
		if p := c.repo.Pulls[number]; pull && p != nil {
			return h(c, &p.Thing)
		}
		if i := c.repo.Issues[number]; !pull && i != nil {
			return h(c, &i.Thing)
		}
		return fail(simulator.ErrNotFound)
	}
}

func (s *server) comments() {
	for path, pull := range map[string]bool{"/pullrequests": true, "/issues": false} {
		all := path + "/{number}/comments"
		s.in("GET "+all, scm.PermissionRead, thing(pull, listComments))
		s.in("POST "+all, scm.PermissionRead, thing(pull, createComment))
		s.in("GET "+all+"/{id}", scm.PermissionRead, thing(pull, getComment))
		s.in("PUT "+all+"/{id}", scm.PermissionRead, thing(pull, editComment))
		s.in("DELETE "+all+"/{id}", scm.PermissionRead, thing(pull, deleteComment))
	}
}

// listComments has the deleted ones too, oldest first.
func listComments(c *call, t *simulator.Thing) (answer, error) {
	all := slices.Concat(t.Comments, t.Gone)
	slices.SortFunc(all, func(a, b *simulator.Comment) int { return a.ID - b.ID })
	show := func(one *simulator.Comment) map[string]any { return c.view().comment(t, one) }
	all, err := filter(c, all, show)
	if err != nil {
		return fail(err)
	}
	return list(c, things, all, show)
}

type commentForm struct {
	Content struct{ Raw string }
	Parent  *struct{ ID int }
	Inline  *struct {
		Path string
		To   int
	}
}

func createComment(c *call, t *simulator.Thing) (answer, error) {
	in, err := decode[commentForm](c)
	if err != nil {
		return fail(err)
	}
	if in.Content.Raw == "" {
		return fail(bad("content", "required key not provided"))
	}
	wanted := simulator.Comment{Body: in.Content.Raw}
	if p := c.repo.Pulls[t.Number]; t.IsPull {
		wanted.SHA = p.HeadSHA
	}
	if in.Inline != nil {
		wanted.Path, wanted.Line = in.Inline.Path, in.Inline.To
	}
	if in.Parent != nil {
		to := commentOf(t, in.Parent.ID)
		if to == nil {
			return fail(bad("parent", "Comment not found"))
		}
		wanted.ReplyTo, wanted.Path, wanted.Line = to.ID, to.Path, to.Line
	}
	return made(c.view().comment(t, c.AddComment(c.actor, t, wanted)))
}

func commentOf(t *simulator.Thing, id int) *simulator.Comment {
	if i := slices.IndexFunc(t.Comments, func(one *simulator.Comment) bool { return one.ID == id }); i >= 0 {
		return t.Comments[i]
	}
	return nil
}

func getComment(c *call, t *simulator.Thing) (answer, error) {
	found := commentOf(t, c.number("id"))
	if found == nil {
		return fail(missing("Comment"))
	}
	return ok(c.view().comment(t, found))
}

// editComment lets nobody but its author change a comment.
func editComment(c *call, t *simulator.Thing) (answer, error) {
	found := commentOf(t, c.number("id"))
	switch {
	case found == nil:
		return fail(missing("Comment"))
	case found.Author != c.actor:
		return fail(denied(scm.PermissionWrite))
	}
	in, err := decode[commentForm](c)
	if err != nil {
		return fail(err)
	}
	c.EditComment(c.actor, t, found, in.Content.Raw)
	return ok(c.view().comment(t, found))
}

// deleteComment lets administrators delete those of others.
func deleteComment(c *call, t *simulator.Thing) (answer, error) {
	found := commentOf(t, c.number("id"))
	switch {
	case found == nil:
		return fail(missing("Comment"))
	case found.Author != c.actor && c.Permission(c.repo, c.actor) < scm.PermissionAdmin:
		return fail(denied(scm.PermissionAdmin))
	}
	c.DeleteComment(c.actor, t, found)
	return none()
}
