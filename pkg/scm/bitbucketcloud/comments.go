package bitbucketcloud

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// comments are those of pull requests. Issues are numbered apart from them, so a number means one thing only, and it is the
// pull request here.
type comments struct{ *api }

// List implements scm.Comments. Deleted comments, which Bitbucket keeps for their answers, and those that wait for the end
// of a review are not among them.
func (c comments) List(ctx context.Context, ref scm.PullRef) ([]scm.Comment, error) {
	found, err := list[comment](ctx, c.api, rest.Get("comments.list", pullPath(ref, "comments")))
	if err != nil {
		return nil, fmt.Errorf("list comments of %v: %w", ref, err)
	}
	all := []scm.Comment{}
	for i := range found {
		if !found[i].Deleted && !found[i].Pending {
			all = append(all, found[i].normal())
		}
	}
	return all, nil
}

// Create implements scm.Comments.
func (c comments) Create(ctx context.Context, ref scm.PullRef, body string) (scm.Comment, error) {
	made, err := c.create(ctx, ref, commentInput{Content: content{body}})
	if err != nil {
		return scm.Comment{}, fmt.Errorf("create comment on %v: %w", ref, err)
	}
	return made, nil
}

// Reply implements scm.Comments.
func (c comments) Reply(ctx context.Context, ref scm.PullRef, id, body string) (scm.Comment, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return scm.Comment{}, fmt.Errorf("reply to comment %q of %v: %w", id, ref, scm.ErrInvalid)
	}
	made, err := c.create(ctx, ref, commentInput{Content: content{body}, Parent: &parentComment{number}})
	if err != nil {
		return scm.Comment{}, fmt.Errorf("reply to comment %s of %v: %w", id, ref, err)
	}
	return made, nil
}

func (c comments) create(ctx context.Context, ref scm.PullRef, in commentInput) (scm.Comment, error) {
	var made comment
	_, err := c.Do(ctx, rest.Post("comments.create", pullPath(ref, "comments")), in, &made)
	return made.normal(), err
}

// Edit implements scm.Comments.
func (c comments) Edit(ctx context.Context, ref scm.PullRef, id, body string) error {
	if _, err := c.Do(ctx, rest.Put("comments.edit", pullPath(ref, "comments", id)), commentInput{Content: content{body}}, nil); err != nil {
		return fmt.Errorf("edit comment %s of %v: %w", id, ref, err)
	}
	return nil
}

// Delete implements scm.Comments.
func (c comments) Delete(ctx context.Context, ref scm.PullRef, id string) error {
	_, err := c.Do(ctx, rest.Delete("comments.delete", pullPath(ref, "comments", id)), nil, nil)
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("delete comment %s of %v: %w", id, ref, err)
	}
	return nil
}

type commentInput struct {
	Content content        `json:"content"`
	Parent  *parentComment `json:"parent,omitempty"`
}

type parentComment struct {
	ID int64 `json:"id"`
}

// comment is a comment as webhooks and the API write it.
type comment struct {
	ID      int64          `json:"id"`
	Content content        `json:"content"`
	User    *account       `json:"user"`
	Parent  *parentComment `json:"parent"`
	Inline  *inline        `json:"inline"`
	Deleted bool           `json:"deleted"`
	Pending bool           `json:"pending"`
	Created time.Time      `json:"created_on"`
	Links   links          `json:"links"`
}

// inline is where a comment stands. To is the line in the new file, absent for a removed line and for the whole file.
type inline struct {
	Path string `json:"path"`
	To   int    `json:"to"`
}

func (i *inline) position() *scm.Position {
	if i == nil {
		return nil
	}
	return &scm.Position{Path: i.Path, Line: i.To}
}

func (c *comment) normal() scm.Comment {
	out := scm.Comment{
		ID: strconv.FormatInt(c.ID, 10), Body: c.Content.Raw, Author: c.User.normal(), Link: c.Links.HTML.Href, Created: c.Created.UTC(),
	}
	if c.Parent != nil {
		out.ReplyTo = strconv.FormatInt(c.Parent.ID, 10)
	}
	return out
}
