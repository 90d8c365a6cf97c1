package github

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// inlineMark begins the ids of comments on lines of code, which are numbered apart.
const inlineMark = "r"

type comments struct{ *api }

// List implements scm.Comments. Comments on lines of code are kept apart and are not among them.
func (c comments) List(ctx context.Context, ref scm.PullRef) ([]scm.Comment, error) {
	found, err := list[comment](ctx, c.api, rest.Get("comments.list", issuePath(ref, "comments")))
	if err != nil {
		return nil, fmt.Errorf("list comments of %v: %w", ref, err)
	}
	all := make([]scm.Comment, len(found))
	for i := range found {
		all[i] = found[i].normal("")
	}
	return all, nil
}

// Create implements scm.Comments.
func (c comments) Create(ctx context.Context, ref scm.PullRef, body string) (scm.Comment, error) {
	var made comment
	if _, err := c.Do(ctx, rest.Post("comments.create", issuePath(ref, "comments")), commentBody{body}, &made); err != nil {
		return scm.Comment{}, fmt.Errorf("create comment on %v: %w", ref, err)
	}
	return made.normal(""), nil
}

// Reply implements scm.Comments. Only comments on lines of code have threads.
func (c comments) Reply(ctx context.Context, ref scm.PullRef, id, body string) (scm.Comment, error) {
	number, inline := strings.CutPrefix(id, inlineMark)
	if !inline {
		return c.Create(ctx, ref, body)
	}
	var made comment
	if _, err := c.Do(ctx, rest.Post("comments.reply", pullPath(ref, "comments", number, "replies")), commentBody{body}, &made); err != nil {
		return scm.Comment{}, fmt.Errorf("reply to comment %s of %v: %w", id, ref, err)
	}
	return made.normal(inlineMark), nil
}

// path of one comment.
func (comments) path(ref scm.PullRef, id string) []string {
	if number, inline := strings.CutPrefix(id, inlineMark); inline {
		return repoPath(ref.Repo, "pulls", "comments", number)
	}
	return repoPath(ref.Repo, "issues", "comments", id)
}

// Edit implements scm.Comments.
func (c comments) Edit(ctx context.Context, ref scm.PullRef, id, body string) error {
	if _, err := c.Do(ctx, rest.Patch("comments.edit", c.path(ref, id)), commentBody{body}, nil); err != nil {
		return fmt.Errorf("edit comment %s of %v: %w", id, ref, err)
	}
	return nil
}

// Delete implements scm.Comments.
func (c comments) Delete(ctx context.Context, ref scm.PullRef, id string) error {
	_, err := c.Do(ctx, rest.Delete("comments.delete", c.path(ref, id)), nil, nil)
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("delete comment %s of %v: %w", id, ref, err)
	}
	return nil
}

type commentBody struct {
	Body string `json:"body"`
}

// comment is a comment as webhooks and the API write it.
type comment struct {
	ID      int64     `json:"id"`
	HTMLURL string    `json:"html_url"`
	User    *user     `json:"user"`
	Body    string    `json:"body"`
	Created time.Time `json:"created_at"`
	// The rest is of comments on lines of code only.
	ReplyTo int64  `json:"in_reply_to_id"`
	Path    string `json:"path"`
	Line    *int   `json:"line"`
	// Side is RIGHT in the new file and LEFT in the old one.
	Side string `json:"side"`
}

func (c *comment) normal(mark string) scm.Comment {
	out := scm.Comment{
		ID: mark + strconv.FormatInt(c.ID, 10), Body: c.Body, Author: c.User.normal(), Link: c.HTMLURL, Created: c.Created.UTC(),
	}
	if c.ReplyTo != 0 {
		out.ReplyTo = mark + strconv.FormatInt(c.ReplyTo, 10)
	}
	return out
}

// user is an account as webhooks and the API write it; null for one that was deleted.
type user struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
}

func (u *user) normal() scm.User {
	if u == nil || u.Login == "" {
		return scm.User{}
	}
	return scm.User{Login: u.Login, ID: strconv.FormatInt(u.ID, 10)}
}

func users(in []user) []scm.User {
	var all []scm.User
	for i := range in {
		all = append(all, in[i].normal())
	}
	return all
}
