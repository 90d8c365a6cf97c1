package gitlab

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) notes() {
	s.onThings("GET /notes", func(c *call, t *simulator.Thing) (answer, error) {
		all := slices.Clone(t.Comments)
		if c.query("sort") != "asc" {
			slices.Reverse(all)
		}
		return ok(each(page(c, all), func(one *simulator.Comment) object { return c.note(t, one) }))
	})
	s.onThings("POST /notes", func(c *call, t *simulator.Thing) (answer, error) { return c.addNote(t, simulator.Comment{}) })
	s.onThings("PUT /notes/{note}", withNote(editNote))
	s.onThings("DELETE /notes/{note}", withNote(func(c *call, t *simulator.Thing, found *simulator.Comment) (answer, error) {
		c.DeleteComment(c.actor, t, found)
		return none()
	}))
	s.onThings("GET /discussions", listDiscussions)
	s.onThings("POST /discussions/{discussion}/notes", reply)
}

// addNote adds a comment with the text of the call.
func (c *call) addNote(t *simulator.Thing, n simulator.Comment) (answer, error) {
	in, err := decode[parameters](c)
	if err != nil {
		return fail(err)
	}
	if in.Body == "" {
		return answer{http.StatusBadRequest, object{"error": "body is missing"}}, nil
	}
	n.Body = in.Body
	return made(c.note(t, c.AddComment(c.actor, t, n)))
}

// withNote finds the comment of the path, which only its author and maintainers change.
func withNote(h func(*call, *simulator.Thing, *simulator.Comment) (answer, error)) func(*call, *simulator.Thing) (answer, error) {
	return func(c *call, t *simulator.Thing) (answer, error) {
		i := slices.IndexFunc(t.Comments, func(one *simulator.Comment) bool { return one.ID == c.number("note") })
		if i < 0 {
			return fail(simulator.ErrNotFound)
		}
		if t.Comments[i].Author != c.actor && c.Permission(c.repo, c.actor) < scm.PermissionMaintain {
			return fail(simulator.ErrForbidden)
		}
		return h(c, t, t.Comments[i])
	}
}

func editNote(c *call, t *simulator.Thing, found *simulator.Comment) (answer, error) {
	in, err := decode[parameters](c)
	if err != nil {
		return fail(err)
	}
	c.EditComment(c.actor, t, found, in.Body)
	return ok(c.note(t, found))
}

func listDiscussions(c *call, t *simulator.Thing) (answer, error) {
	var roots []*simulator.Comment
	threads := map[string][]object{}
	for _, one := range t.Comments {
		id := discussion(one)
		if threads[id] == nil {
			roots = append(roots, one)
		}
		threads[id] = append(threads[id], c.note(t, one))
	}
	return ok(each(page(c, roots), func(one *simulator.Comment) object {
		id := discussion(one)
		return object{"id": id, "individual_note": len(threads[id]) == 1 && one.Path == "", "notes": threads[id]}
	}))
}

func reply(c *call, t *simulator.Thing) (answer, error) {
	i := slices.IndexFunc(t.Comments, func(one *simulator.Comment) bool {
		return one.ReplyTo == 0 && strings.EqualFold(discussion(one), c.PathValue("discussion"))
	})
	if i < 0 {
		return missing("Discussion")
	}
	to := t.Comments[i]
	return c.addNote(t, simulator.Comment{ReplyTo: to.ID, Path: to.Path, Line: to.Line, SHA: to.SHA})
}
