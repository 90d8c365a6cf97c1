package gitea

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type comments struct{ *api }

// List implements scm.Comments. Comments on lines of code belong to reviews and are not among them.
func (c comments) List(ctx context.Context, ref scm.PullRef) ([]scm.Comment, error) {
	path := issuePath(ref, "comments")
	found, err := list[comment](ctx, c.api, rest.Get("comments.list", path))
	if err != nil {
		return nil, fmt.Errorf("list comments of %v: %w", ref, err)
	}
	all := make([]scm.Comment, len(found))
	for i := range found {
		all[i] = found[i].normal()
	}
	return all, nil
}

// Create implements scm.Comments.
func (c comments) Create(ctx context.Context, ref scm.PullRef, body string) (scm.Comment, error) {
	var made comment
	path := issuePath(ref, "comments")
	if _, err := c.Do(ctx, rest.Post("comments.create", path), commentBody{body}, &made); err != nil {
		if errors.Is(err, scm.ErrTransient) { // for Gitea a missing issue is a failure of its own
			err = errors.Join(c.missing(ctx, rest.Get("issues.get", issuePath(ref))), err)
		}
		return scm.Comment{}, fmt.Errorf("create comment on %v: %w", ref, err)
	}
	return made.normal(), nil
}

// Reply implements scm.Comments; Gitea's API answers no comment in its thread.
func (c comments) Reply(ctx context.Context, ref scm.PullRef, _, body string) (scm.Comment, error) {
	return c.Create(ctx, ref, body)
}

// Edit implements scm.Comments.
func (c comments) Edit(ctx context.Context, ref scm.PullRef, id, body string) error {
	path := repoPath(ref.Repo, "issues", "comments", id)
	if _, err := c.Do(ctx, rest.Patch("comments.edit", path), commentBody{body}, nil); err != nil {
		return fmt.Errorf("edit comment %s of %v: %w", id, ref, err)
	}
	return nil
}

// Delete implements scm.Comments.
func (c comments) Delete(ctx context.Context, ref scm.PullRef, id string) error {
	path := repoPath(ref.Repo, "issues", "comments", id)
	_, err := c.Do(ctx, rest.Delete("comments.delete", path), nil, nil)
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
	User    user      `json:"user"`
	Body    string    `json:"body"`
	Created time.Time `json:"created_at"`
}

func (c *comment) normal() scm.Comment {
	return scm.Comment{
		ID:      strconv.FormatInt(c.ID, 10),
		Body:    c.Body,
		Author:  c.User.normal(),
		Link:    c.HTMLURL,
		Created: c.Created.UTC(),
	}
}

// user is an account as webhooks and the API write it.
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
