package github

import (
	"context"
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type labels struct{ *api }

// label is a label as webhooks and the API write it.
type label struct {
	Name string `json:"name"`
}

func (l labels) names(ctx context.Context, c rest.Call) ([]string, error) {
	found, err := list[label](ctx, l.api, c)
	return labelNames(found), err
}

// List implements scm.Labels.
func (l labels) List(ctx context.Context, ref scm.PullRef) ([]string, error) {
	names, err := l.names(ctx, rest.Get("labels.list", issuePath(ref, "labels")))
	if err != nil {
		return nil, fmt.Errorf("list labels of %v: %w", ref, err)
	}
	return names, nil
}

// Defined implements scm.Labels.
func (l labels) Defined(ctx context.Context, repo scm.Repo) ([]string, error) {
	names, err := l.names(ctx, rest.Get("labels.repo", repoPath(repo, "labels")))
	if err != nil {
		return nil, fmt.Errorf("list labels of repository %v: %w", repo, err)
	}
	return names, nil
}

// Add implements scm.Labels. GitHub makes a label that the repository does not know.
func (l labels) Add(ctx context.Context, ref scm.PullRef, name string) error {
	in := struct {
		Labels []string `json:"labels"`
	}{[]string{name}}
	if _, err := l.Do(ctx, rest.Post("labels.add", issuePath(ref, "labels")), in, nil); err != nil {
		return fmt.Errorf("add label %s to %v: %w", name, ref, err)
	}
	return nil
}

// Remove implements scm.Labels.
func (l labels) Remove(ctx context.Context, ref scm.PullRef, name string) error {
	_, err := l.Do(ctx, rest.Delete("labels.remove", issuePath(ref, "labels", name)), nil, nil)
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("remove label %s from %v: %w", name, ref, err)
	}
	return nil
}

func labelNames(in []label) []string {
	var names []string
	for _, l := range in {
		names = append(names, l.Name)
	}
	return names
}
