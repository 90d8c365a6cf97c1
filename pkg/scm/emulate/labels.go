package emulate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Texts of the comment that labels are kept in.
const (
	heading = "Labels of this pull request, kept by Pharos:"
	nothing = "none"
)

// Labels keeps the labels of pull requests in one comment of the bot's on each. Only the author of a comment can change it,
// so nobody else's can pass for it; deleting it takes the labels off. It asks for the comments at every call.
type Labels struct {
	Comments scm.Comments
	// IsBot recognises the bot among authors.
	IsBot func(scm.User) bool

	locks sync.Map // of scm.PullRef to *sync.Mutex: each is changed by one at a time
}

var _ scm.Labels = (*Labels)(nil)

// List implements scm.Labels.
func (l *Labels) List(ctx context.Context, ref scm.PullRef) ([]string, error) {
	_, names, err := l.find(ctx, ref)
	return names, err
}

// Add implements scm.Labels.
func (l *Labels) Add(ctx context.Context, ref scm.PullRef, label string) error {
	if label == "" || strings.ContainsAny(label, "`\r\n") {
		return fmt.Errorf("add label %q to %v: %w", label, ref, scm.ErrInvalid)
	}
	return l.change(ctx, ref, func(names []string) []string {
		if index(names, label) >= 0 {
			return names
		}
		return append(names, label)
	})
}

// Remove implements scm.Labels.
func (l *Labels) Remove(ctx context.Context, ref scm.PullRef, label string) error {
	return l.change(ctx, ref, func(names []string) []string {
		if i := index(names, label); i >= 0 {
			return slices.Delete(slices.Clone(names), i, i+1)
		}
		return names
	})
}

// Defined implements scm.Labels: a repository knows none.
func (*Labels) Defined(_ context.Context, repo scm.Repo) ([]string, error) {
	return nil, fmt.Errorf("list labels of %v: %w", repo, scm.ErrUnsupported)
}

func (l *Labels) change(ctx context.Context, ref scm.PullRef, to func([]string) []string) error {
	lock, _ := l.locks.LoadOrStore(ref, &sync.Mutex{})
	mu := lock.(*sync.Mutex)
	mu.Lock()
	defer mu.Unlock()
	id, before, err := l.find(ctx, ref)
	if err != nil {
		return err
	}
	after := to(before)
	switch {
	case slices.Equal(before, after):
		return nil
	case id == "":
		_, err = l.Comments.Create(ctx, ref, render(after))
	default:
		err = l.Comments.Edit(ctx, ref, id, render(after))
	}
	if err != nil {
		return fmt.Errorf("write labels of %v: %w", ref, err)
	}
	return nil
}

// find reads the labels; the oldest comment counts.
func (l *Labels) find(ctx context.Context, ref scm.PullRef) (id string, names []string, err error) {
	all, err := l.Comments.List(ctx, ref)
	if err != nil {
		return "", nil, fmt.Errorf("read labels of %v: %w", ref, err)
	}
	for _, c := range all {
		if names, ok := Parse(c.Body); ok && l.IsBot(c.Author) {
			return c.ID, names, nil
		}
	}
	return "", nil, nil
}

func index(names []string, name string) int {
	return slices.IndexFunc(names, func(one string) bool { return strings.EqualFold(one, name) })
}

func render(names []string) string {
	if len(names) == 0 {
		return heading + "\n\n" + nothing
	}
	var b strings.Builder
	b.WriteString(heading + "\n")
	for _, name := range names {
		b.WriteString("\n- `" + name + "`")
	}
	return b.String()
}

// Parse reads the labels out of a comment's text; ok says that it is a comment which holds some.
func Parse(body string) (names []string, ok bool) {
	list, ok := strings.CutPrefix(body, heading)
	for line := range strings.Lines(list) {
		if name, is := strings.CutPrefix(strings.TrimSpace(line), "- `"); is {
			names = append(names, strings.TrimSuffix(name, "`"))
		}
	}
	return names, ok
}
