package gitlab

import (
	"context"
	"fmt"
	"net/url"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type milestones struct{ *api }

// milestone is a milestone as the API writes it.
type milestone struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
}

func (m *milestone) title() string {
	if m == nil {
		return ""
	}
	return m.Title
}

// open lists those of the groups above too.
func (m milestones) open(ctx context.Context, repo scm.Repo) ([]milestone, error) {
	c := rest.Get("milestones.list", projectPath(repo, "milestones"))
	c.Query = url.Values{"state": {"active"}, "include_ancestors": {"true"}}
	return list[milestone](ctx, m.api, c)
}

// List implements scm.Milestones.
func (m milestones) List(ctx context.Context, repo scm.Repo) ([]string, error) {
	found, err := m.open(ctx, repo)
	if err != nil {
		return nil, fmt.Errorf("list milestones of %v: %w", repo, err)
	}
	var names []string
	for _, one := range found {
		names = append(names, one.Title)
	}
	return names, nil
}

// Set implements scm.Milestones.
func (m milestones) Set(ctx context.Context, ref scm.PullRef, title string) error {
	var id int64 // none
	if title != "" {
		found, err := m.open(ctx, ref.Repo)
		if err != nil {
			return fmt.Errorf("list milestones of %v: %w", ref.Repo, err)
		}
		for _, one := range found {
			if one.Title == title {
				id = one.ID
			}
		}
		if id == 0 {
			return fmt.Errorf("milestone %q of %v: %w", title, ref.Repo, scm.ErrNotFound)
		}
	}
	err := either(func(k kind) error {
		_, err := m.Do(ctx, rest.Put("milestones.set", k.path(ref)), thingPatch{Milestone: &id}, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("set milestone of %v: %w", ref, err)
	}
	return nil
}
