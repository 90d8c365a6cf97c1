package bitbucketserver

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type comments struct{ *api }

// List implements scm.Comments. Bitbucket lists comments only among all that happened to a pull request, newest first, with
// each thread below its first comment.
func (c comments) List(ctx context.Context, ref scm.PullRef) ([]scm.Comment, error) {
	type activity struct {
		Action  string   `json:"commentAction"`
		Comment *comment `json:"comment"`
	}
	found, err := list[activity](ctx, c.api, rest.Get("comments.list", pullPath(ref, "activities")))
	if err != nil {
		return nil, fmt.Errorf("list comments of %v: %w", ref, err)
	}
	t := thread{link: c.link(ref), seen: map[int64]int{}}
	for _, one := range found {
		if one.Comment != nil && one.Action != "DELETED" {
			t.add(one.Comment, 0)
		}
	}
	slices.SortStableFunc(t.all, func(a, b scm.Comment) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(a.ID, b.ID))
	})
	return t.all, nil
}

// thread flattens comments and their replies. A reply that some versions list a second time, by itself, is known by its id.
type thread struct {
	link string
	seen map[int64]int
	all  []scm.Comment
}

func (t *thread) add(c *comment, parent int64) {
	if c.State == "PENDING" { // the bot's own draft of a comment
		return
	}
	i, known := t.seen[c.ID]
	if !known {
		i = len(t.all)
		t.seen[c.ID] = i
		t.all = append(t.all, c.normal(t.link))
	}
	if parent != 0 {
		t.all[i].ReplyTo = strconv.FormatInt(parent, 10)
	}
	for j := range c.Replies {
		t.add(&c.Replies[j], c.ID)
	}
}

// Create implements scm.Comments.
func (c comments) Create(ctx context.Context, ref scm.PullRef, body string) (scm.Comment, error) {
	made, err := c.post(ctx, ref, newComment{Text: body})
	if err != nil {
		return scm.Comment{}, fmt.Errorf("create comment on %v: %w", ref, err)
	}
	return made, nil
}

// Reply implements scm.Comments.
func (c comments) Reply(ctx context.Context, ref scm.PullRef, id, body string) (scm.Comment, error) {
	parent, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return scm.Comment{}, fmt.Errorf("reply to comment %q of %v: %w", id, ref, scm.ErrNotFound)
	}
	made, err := c.post(ctx, ref, newComment{Text: body, Parent: &parentComment{parent}})
	if err != nil {
		return scm.Comment{}, fmt.Errorf("reply to comment %s of %v: %w", id, ref, err)
	}
	made.ReplyTo = id
	return made, nil
}

func (c comments) post(ctx context.Context, ref scm.PullRef, in newComment) (scm.Comment, error) {
	var made comment
	if _, err := c.Do(ctx, rest.Post("comments.create", pullPath(ref, "comments")), in, &made); err != nil {
		return scm.Comment{}, err
	}
	return made.normal(c.link(ref)), nil
}

// Edit implements scm.Comments.
func (c comments) Edit(ctx context.Context, ref scm.PullRef, id, body string) error {
	err := c.atVersion(ctx, ref, id, func(version int) error {
		in := newComment{Text: body, Version: &version}
		_, err := c.Do(ctx, rest.Put("comments.edit", pullPath(ref, "comments", id)), in, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("edit comment %s of %v: %w", id, ref, err)
	}
	return nil
}

// Delete implements scm.Comments. A comment that has been answered cannot be deleted: ErrConflict.
func (c comments) Delete(ctx context.Context, ref scm.PullRef, id string) error {
	err := c.atVersion(ctx, ref, id, func(version int) error {
		_, err := c.Do(ctx, rest.Call{
			Endpoint: "comments.delete", Method: http.MethodDelete, Path: pullPath(ref, "comments", id), Query: versionOf(version),
		}, nil, nil)
		return err
	})
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("delete comment %s of %v: %w", id, ref, err)
	}
	return nil
}

// atVersion reads a comment for a write that names its version, and once more when somebody changed it in between.
func (c comments) atVersion(ctx context.Context, ref scm.PullRef, id string, write func(version int) error) error {
	for attempt := 0; ; attempt++ {
		var now comment
		if _, err := c.Do(ctx, rest.Get("comments.get", pullPath(ref, "comments", id)), nil, &now); err != nil {
			return err
		}
		err := write(now.Version)
		if attempt > 0 || !errors.Is(err, errStale) {
			return err
		}
	}
}

// link is the pull request's page.
func (c comments) link(ref scm.PullRef) string {
	return fmt.Sprintf("%s/projects/%s/repos/%s/pull-requests/%d", c.web, url.PathEscape(ref.Org), url.PathEscape(ref.Name), ref.Number)
}

// newComment is what of a comment is written.
type newComment struct {
	Text    string         `json:"text"`
	Parent  *parentComment `json:"parent,omitempty"`
	Version *int           `json:"version,omitempty"`
}

type parentComment struct {
	ID int64 `json:"id"`
}

// comment is a comment as webhooks and the API write it.
type comment struct {
	ID      int64     `json:"id"`
	Version int       `json:"version"`
	Text    string    `json:"text"`
	Author  *user     `json:"author"`
	Created millis    `json:"createdDate"`
	State   string    `json:"state"`
	Replies []comment `json:"comments"`
	Anchor  *anchor   `json:"anchor"`
}

// normal translates a comment on the pull request whose page is link.
func (c *comment) normal(link string) scm.Comment {
	id := strconv.FormatInt(c.ID, 10)
	if link != "" {
		link += "/overview?commentId=" + id
	}
	return scm.Comment{ID: id, Body: c.Text, Author: c.Author.normal(), Link: link, Created: c.Created.time()}
}

// anchor is the place of a comment in a change.
type anchor struct {
	Path     filePath `json:"path"`
	Line     int      `json:"line"`
	LineType string   `json:"lineType"`
	FileType string   `json:"fileType"`
}

func (a *anchor) position() *scm.Position {
	if a == nil || a.Path == "" {
		return nil
	}
	at := &scm.Position{Path: string(a.Path)}
	if a.FileType != "FROM" && a.LineType != "REMOVED" { // those count the lines of the old file
		at.Line = max(a.Line, 0)
	}
	return at
}

// filePath is a path, written as one text in comments and as its segments in changes.
type filePath string

// UnmarshalJSON reads either.
func (p *filePath) UnmarshalJSON(data []byte) error {
	var parts struct {
		Components []string `json:"components"`
	}
	if err := json.Unmarshal(data, &parts); err == nil {
		*p = filePath(strings.Join(parts.Components, "/"))
		return nil
	}
	return json.Unmarshal(data, (*string)(p))
}
