package gitlab

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type labels struct{ *api }

// labelled is what both a merge request and an issue tell of their labels.
type labelled struct {
	Labels []string `json:"labels"`
}

// List implements scm.Labels.
func (l labels) List(ctx context.Context, ref scm.PullRef) ([]string, error) {
	var now labelled
	err := either(func(k kind) error {
		_, err := l.Do(ctx, rest.Get("labels.list", k.path(ref)), nil, &now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list labels of %v: %w", ref, err)
	}
	return now.Labels, nil
}

// Defined implements scm.Labels: those of the groups above are among them.
func (l labels) Defined(ctx context.Context, repo scm.Repo) ([]string, error) {
	type defined struct {
		Name string `json:"name"`
	}
	c := rest.Get("labels.repo", projectPath(repo, "labels"))
	c.Query = url.Values{"include_ancestor_groups": {"true"}}
	known, err := list[defined](ctx, l.api, c)
	if err != nil {
		return nil, fmt.Errorf("list labels of repository %v: %w", repo, err)
	}
	var names []string
	for _, one := range known {
		names = append(names, one.Name)
	}
	return names, nil
}

// Add implements scm.Labels. GitLab makes a label that does not exist, tells names apart by case, and takes off another
// label of the same scope ("size::s" for "size::m"). A comma would make two names of one and is ErrInvalid.
func (l labels) Add(ctx context.Context, ref scm.PullRef, name string) error {
	if _, err := l.write(ctx, ref, name, thingPatch{AddLabels: name}); err != nil {
		return fmt.Errorf("add label %s to %v: %w", name, ref, err)
	}
	return nil
}

// Remove implements scm.Labels. A label in another spelling of case goes too, by a second call.
func (l labels) Remove(ctx context.Context, ref scm.PullRef, name string) error {
	left, err := l.write(ctx, ref, name, thingPatch{RemoveLabels: name})
	if err == nil {
		same := slices.DeleteFunc(left, func(other string) bool { return !strings.EqualFold(other, name) })
		if len(same) > 0 {
			_, err = l.write(ctx, ref, same[0], thingPatch{RemoveLabels: strings.Join(same, ",")})
		}
	}
	if err != nil {
		return fmt.Errorf("remove label %s from %v: %w", name, ref, err)
	}
	return nil
}

// write answers with the labels there are then.
func (l labels) write(ctx context.Context, ref scm.PullRef, name string, patch thingPatch) ([]string, error) {
	if name == "" || strings.Contains(name, ",") {
		return nil, fmt.Errorf("a label's name is not empty and has no comma: %w", scm.ErrInvalid)
	}
	var now labelled
	err := either(func(k kind) error {
		_, err := l.Do(ctx, rest.Put("labels.write", k.path(ref)), patch, &now)
		return err
	})
	return now.Labels, err
}

// label is a label as webhooks write it.
type label struct {
	Title string `json:"title"`
}

func titles(in []label) []string {
	var names []string
	for _, l := range in {
		names = append(names, l.Title)
	}
	return names
}
