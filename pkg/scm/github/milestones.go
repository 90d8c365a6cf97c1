package github

import (
	"context"
	"fmt"
	"net/url"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type milestones struct{ *api }

// milestone is a milestone as webhooks and the API write it.
type milestone struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
}

func (m *milestone) title() string {
	if m == nil {
		return ""
	}
	return m.Title
}

func (m milestones) open(ctx context.Context, repo scm.Repo) ([]milestone, error) {
	c := rest.Get("milestones.list", repoPath(repo, "milestones"))
	c.Query = url.Values{"state": {"open"}}
	return list[milestone](ctx, m.api, c)
}

// List implements scm.Milestones.
func (m milestones) List(ctx context.Context, repo scm.Repo) ([]string, error) {
	found, err := m.open(ctx, repo)
	if err != nil {
		return nil, fmt.Errorf("list milestones of %v: %w", repo, err)
	}
	var titles []string
	for _, one := range found {
		titles = append(titles, one.Title)
	}
	return titles, nil
}

// Set implements scm.Milestones.
func (m milestones) Set(ctx context.Context, ref scm.PullRef, title string) error {
	in := struct {
		Milestone *int `json:"milestone"` // null takes it away
	}{}
	if title != "" {
		found, err := m.open(ctx, ref.Repo)
		if err != nil {
			return fmt.Errorf("list milestones of %v: %w", ref.Repo, err)
		}
		for _, one := range found {
			if one.Title == title {
				in.Milestone = &one.Number
			}
		}
		if in.Milestone == nil {
			return fmt.Errorf("milestone %q of %v: %w", title, ref.Repo, scm.ErrNotFound)
		}
	}
	if _, err := m.Do(ctx, rest.Patch("milestones.set", issuePath(ref)), in, nil); err != nil {
		return fmt.Errorf("set milestone of %v: %w", ref, err)
	}
	return nil
}
