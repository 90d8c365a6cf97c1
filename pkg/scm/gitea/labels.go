package gitea

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// labelColor is given to labels that Pharos has to create: a neutral grey, which people may change.
const labelColor = "#bfc4c9"

type labels struct{ *api }

// List implements scm.Labels.
func (l labels) List(ctx context.Context, ref scm.PullRef) ([]string, error) {
	present, err := l.present(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("list labels of %v: %w", ref, err)
	}
	return labelNames(present), nil
}

// Defined implements scm.Labels.
func (l labels) Defined(ctx context.Context, repo scm.Repo) ([]string, error) {
	known, err := list[label](ctx, l.api, rest.Get("labels.repo", repoPath(repo, "labels")))
	if err != nil {
		return nil, fmt.Errorf("list labels of repository %v: %w", repo, err)
	}
	return labelNames(known), nil
}

// Add implements scm.Labels. Gitea leaves out names that no label has and answers with the labels there are then, so a
// label that exists costs one call. It sends a label event even when nothing changed: callers ask before they add, or
// their own event calls them again.
func (l labels) Add(ctx context.Context, ref scm.PullRef, name string) error {
	var present []label
	_, err := l.Do(ctx, rest.Post("labels.add", l.path(ref)), labelList{[]any{name}}, &present)
	if err == nil && find(present, name) == nil {
		err = l.addMissing(ctx, ref, name)
	}
	if err != nil {
		return fmt.Errorf("add label %s to %v: %w", name, ref, err)
	}
	return nil
}

// addMissing finds the label under another spelling or creates it, then adds it by its id.
func (l labels) addMissing(ctx context.Context, ref scm.PullRef, name string) error {
	known, err := list[label](ctx, l.api, rest.Get("labels.repo", repoPath(ref.Repo, "labels")))
	if err != nil {
		return fmt.Errorf("list labels of repository: %w", err)
	}
	wanted := find(known, name)
	if wanted == nil {
		wanted = &label{}
		in := newLabel{Name: name, Color: labelColor}
		if _, err := l.Do(ctx, rest.Post("labels.create", repoPath(ref.Repo, "labels")), in, wanted); err != nil {
			return fmt.Errorf("create label in repository: %w", err)
		}
	}
	_, err = l.Do(ctx, rest.Post("labels.add", l.path(ref)), labelList{[]any{wanted.ID}}, nil)
	return err
}

// Remove implements scm.Labels.
func (l labels) Remove(ctx context.Context, ref scm.PullRef, name string) error {
	present, err := l.present(ctx, ref)
	if err != nil {
		return fmt.Errorf("remove label %s from %v: %w", name, ref, err)
	}
	unwanted := find(present, name)
	if unwanted == nil {
		return nil
	}
	path := append(l.path(ref), strconv.FormatInt(unwanted.ID, 10))
	_, err = l.Do(ctx, rest.Delete("labels.remove", path), nil, nil)
	// Gitea answers "invalid" when the label itself was deleted in between.
	if err != nil && !errors.Is(err, scm.ErrNotFound) && !errors.Is(err, scm.ErrInvalid) {
		return fmt.Errorf("remove label %s from %v: %w", name, ref, err)
	}
	return nil
}

func (l labels) present(ctx context.Context, ref scm.PullRef) ([]label, error) {
	return list[label](ctx, l.api, rest.Get("labels.list", l.path(ref)))
}

func (labels) path(ref scm.PullRef) []string {
	return issuePath(ref, "labels")
}

// label is a label as webhooks and the API write it.
type label struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type newLabel struct {
	Name  string `json:"name"`
	Color string `json:"color"`
}

// labelList holds ids or names, never both.
type labelList struct {
	Labels []any `json:"labels"`
}

func find(in []label, name string) *label {
	i := slices.IndexFunc(in, func(l label) bool { return strings.EqualFold(l.Name, name) })
	if i < 0 {
		return nil
	}
	return &in[i]
}

func labelNames(in []label) []string {
	var names []string
	for _, l := range in {
		names = append(names, l.Name)
	}
	return names
}
