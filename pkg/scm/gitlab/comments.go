package gitlab

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type comments struct{ *api }

// List implements scm.Comments. What GitLab itself writes about every change is left out.
func (c comments) List(ctx context.Context, ref scm.PullRef) ([]scm.Comment, error) {
	var all []scm.Comment
	err := either(func(k kind) error {
		threads, err := c.threads(ctx, k, ref)
		for i := range threads {
			all = append(all, threads[i].comments(k.link(c.api, ref))...)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list comments of %v: %w", ref, err)
	}
	slices.SortStableFunc(all, func(a, b scm.Comment) int { return a.Created.Compare(b.Created) })
	return all, nil
}

func (c comments) threads(ctx context.Context, k kind, ref scm.PullRef) ([]thread, error) {
	return list[thread](ctx, c.api, rest.Get("comments.list", k.path(ref, "discussions")))
}

// Create implements scm.Comments.
func (c comments) Create(ctx context.Context, ref scm.PullRef, body string) (made scm.Comment, err error) {
	err = either(func(k kind) error {
		made, err = c.create(ctx, k, ref, body)
		return err
	})
	if err != nil {
		return scm.Comment{}, fmt.Errorf("create comment on %v: %w", ref, err)
	}
	return made, nil
}

func (c comments) create(ctx context.Context, k kind, ref scm.PullRef, body string) (scm.Comment, error) {
	return c.post(ctx, "comments.create", k, ref, body, k.path(ref, "notes"))
}

func (c comments) post(ctx context.Context, endpoint string, k kind, ref scm.PullRef, body string, path []string) (scm.Comment, error) {
	var made note
	if _, err := c.Do(ctx, rest.Post(endpoint, path), words(body), &made); err != nil {
		return scm.Comment{}, err
	}
	return made.normal(k.link(c.api, ref)), nil
}

// Reply implements scm.Comments. GitLab does not tell a comment's thread, so all are read to find it. A comment that stood
// alone becomes a thread.
func (c comments) Reply(ctx context.Context, ref scm.PullRef, id, body string) (made scm.Comment, err error) {
	err = either(func(k kind) error {
		threads, err := c.threads(ctx, k, ref)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(threads, func(t thread) bool { return t.has(id) })
		if at < 0 {
			return fmt.Errorf("comment %s: %w", id, scm.ErrNotFound)
		}
		made, err = c.post(ctx, "comments.reply", k, ref, body, k.path(ref, "discussions", threads[at].ID, "notes"))
		made.ReplyTo = number(threads[at].Notes[0].ID)
		return err
	})
	if err != nil {
		return scm.Comment{}, fmt.Errorf("reply to comment %s on %v: %w", id, ref, err)
	}
	return made, nil
}

// Edit implements scm.Comments.
func (c comments) Edit(ctx context.Context, ref scm.PullRef, id, body string) error {
	err := either(func(k kind) error {
		_, err := c.Do(ctx, rest.Put("comments.edit", k.path(ref, "notes", id)), words(body), nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("edit comment %s of %v: %w", id, ref, err)
	}
	return nil
}

// Delete implements scm.Comments.
func (c comments) Delete(ctx context.Context, ref scm.PullRef, id string) error {
	err := either(func(k kind) error {
		_, err := c.Do(ctx, rest.Delete("comments.delete", k.path(ref, "notes", id)), nil, nil)
		return err
	})
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("delete comment %s of %v: %w", id, ref, err)
	}
	return nil
}

type noteBody struct {
	Body string `json:"body"`
}

// quickAction is a line that GitLab would act on.
var quickAction = regexp.MustCompile(`(?mi)^/(?:` + strings.Join(reserved, "|") + `|[a-z]+_[a-z_]+)(?:\s|$)`)

// words makes a comment mere words: GitLab would obey a line that begins with a quick action, with the bot's rights, also
// where the bot only repeats what somebody wrote. The backslash is not shown, except in blocks of code.
func words(body string) noteBody {
	return noteBody{quickAction.ReplaceAllString(body, `\$0`)}
}

// thread is a discussion as the API writes it; most are of one comment.
type thread struct {
	ID    string `json:"id"`
	Notes []note `json:"notes"`
}

func (t *thread) has(id string) bool {
	return slices.ContainsFunc(t.Notes, func(n note) bool { return number(n.ID) == id })
}

func (t *thread) comments(page string) []scm.Comment {
	var all []scm.Comment
	for i := range t.Notes {
		if t.Notes[i].System {
			continue
		}
		one := t.Notes[i].normal(page)
		if i > 0 {
			one.ReplyTo = number(t.Notes[0].ID)
		}
		all = append(all, one)
	}
	return all
}

// note is a comment as the API writes it.
type note struct {
	ID      int64     `json:"id"`
	Body    string    `json:"body"`
	Author  *user     `json:"author"`
	System  bool      `json:"system"`
	Created time.Time `json:"created_at"`
}

func (n *note) normal(page string) scm.Comment {
	id := strconv.FormatInt(n.ID, 10)
	return scm.Comment{ID: id, Body: n.Body, Author: n.Author.normal(), Link: page + "#note_" + id, Created: n.Created.UTC()}
}
