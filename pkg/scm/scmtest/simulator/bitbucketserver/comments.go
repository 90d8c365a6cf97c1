package bitbucketserver

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// maxText is how many characters a comment may have.
const maxText = 32768

func (s *server) comments() {
	const of = "/pull-requests/{number}"
	s.in("api", "GET "+of+"/activities", scm.PermissionRead, withPull(listActivities))
	s.in("api", "POST "+of+"/comments", scm.PermissionRead, withPull(createComment))
	s.in("api", "GET "+of+"/comments/{id}", scm.PermissionRead, withComment(func(c *call, p *simulator.Pull, found *simulator.Comment) (answer, error) {
		return ok(c.view().comment(&p.Thing, found, c.actor))
	}))
	s.in("api", "PUT "+of+"/comments/{id}", scm.PermissionRead, withComment(editComment))
	s.in("api", "DELETE "+of+"/comments/{id}", scm.PermissionRead, withComment(deleteComment))
}

// withComment finds the comment of the path on its pull request.
func withComment(h func(*call, *simulator.Pull, *simulator.Comment) (answer, error)) handler {
	return withPull(func(c *call, p *simulator.Pull) (answer, error) {
		found, err := commentOf(p, c.number("id"))
		if err != nil {
			return fail(err)
		}
		return h(c, p, found)
	})
}

func commentOf(p *simulator.Pull, id int) (*simulator.Comment, error) {
	if i := slices.IndexFunc(p.Comments, func(one *simulator.Comment) bool { return one.ID == id }); i >= 0 {
		return p.Comments[i], nil
	}
	return nil, missing("comment.NoSuchCommentException", "The comment with ID %d does not exist in this pull request.", id)
}

// activity is something that happened to a pull request.
type activity struct {
	id   int
	at   time.Time
	by   *simulator.User
	what string
	more map[string]any
}

// listActivities gives all that happened, the newest first. A thread is told once, by its first comment.
func listActivities(c *call, p *simulator.Pull) (answer, error) {
	all := []activity{{p.ID, p.Created, p.Author, "OPENED", nil}}
	for _, one := range p.Comments {
		if one.ReplyTo != 0 {
			continue
		}
		more := map[string]any{"commentAction": "ADDED", "comment": c.view().comment(&p.Thing, one, c.actor)}
		if one.Path != "" {
			more["commentAnchor"] = anchor(&p.Thing, one)
		}
		all = append(all, activity{one.ID, one.Created, one.Author, "COMMENTED", more})
	}
	for _, r := range p.Reviews {
		if what := map[scm.ReviewState]string{scm.ReviewApproved: "APPROVED", scm.ReviewChangesRequested: "REVIEWED"}[r.State]; what != "" {
			all = append(all, activity{r.ID, r.Submitted, r.Author, what, nil})
		}
	}
	slices.SortFunc(all, func(a, b activity) int { return cmp.Or(b.at.Compare(a.at), b.id-a.id) })
	return page(c, all, func(a activity) map[string]any {
		out := map[string]any{"id": a.id, "createdDate": a.at.UnixMilli(), "user": c.view().user(a.by), "action": a.what}
		for name, value := range a.more {
			out[name] = value
		}
		return out
	})
}

// commentForm is a comment as it is written.
type commentForm struct {
	Text    string
	Version *int
	Parent  *struct{ ID int }
	Anchor  *struct {
		Path string
		Line int
	}
}

func (f *commentForm) check() error {
	switch n := len([]rune(f.Text)); {
	case n == 0:
		return invalid("text", "The text of the comment must be supplied.")
	case n > maxText:
		return invalid("text", fmt.Sprintf("The text of the comment must have no more than %d characters.", maxText))
	}
	return nil
}

func createComment(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[commentForm](c)
	if err == nil {
		err = in.check()
	}
	if err != nil {
		return fail(err)
	}
	wanted := simulator.Comment{Body: in.Text}
	if in.Parent != nil {
		if _, err := commentOf(p, in.Parent.ID); err != nil {
			return fail(err)
		}
		wanted.ReplyTo = in.Parent.ID
	}
	if in.Anchor != nil {
		wanted.Path, wanted.Line, wanted.SHA = in.Anchor.Path, in.Anchor.Line, p.HeadSHA
	}
	return made(c.view().comment(&p.Thing, c.AddComment(c.actor, &p.Thing, wanted), c.actor))
}

// current refuses a write with another version than the comment's.
func current(found *simulator.Comment, version *int) error {
	expected := -1
	if version != nil {
		expected = *version
	}
	if expected != found.Version {
		return stale("comment.CommentOutOfDateException", "comment", found.Version, expected)
	}
	return nil
}

// editComment is for the comment's author only.
func editComment(c *call, p *simulator.Pull, found *simulator.Comment) (answer, error) {
	in, err := decode[commentForm](c)
	if err == nil {
		err = in.check()
	}
	if err == nil && found.Author != c.actor {
		err = denied()
	}
	if err == nil {
		err = current(found, in.Version)
	}
	if err != nil {
		return fail(err)
	}
	c.EditComment(c.actor, &p.Thing, found, in.Text)
	return ok(c.view().comment(&p.Thing, found, c.actor))
}

func deleteComment(c *call, p *simulator.Pull, found *simulator.Comment) (answer, error) {
	if found.Author != c.actor && c.Permission(c.repo, c.actor) < scm.PermissionAdmin {
		return fail(denied())
	}
	var version *int
	if text := c.query("version"); text != "" {
		version = new(int)
		if _, err := fmt.Sscan(text, version); err != nil {
			return fail(invalid("version", "The version must be a number."))
		}
	}
	if err := current(found, version); err != nil {
		return fail(err)
	}
	if slices.ContainsFunc(p.Comments, func(one *simulator.Comment) bool { return one.ReplyTo == found.ID }) {
		return fail(conflict("comment.CommentDeletionException", "This comment has replies which must be deleted first.", nil))
	}
	c.DeleteComment(c.actor, &p.Thing, found)
	return none()
}
