package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type repositories struct {
	*api
	connection string
}

// Get implements scm.Repositories.
func (r repositories) Get(ctx context.Context, repo scm.Repo) (*scm.Repository, error) {
	var answer repository
	if _, err := r.Do(ctx, rest.Get("repos.get", projectPath(repo)), nil, &answer); err != nil {
		return nil, fmt.Errorf("get repository %v: %w", repo, err)
	}
	return answer.normal(r.connection)
}

// List implements scm.Repositories. The owner may be a user as well. Projects that other groups share with this one are not
// its own.
func (r repositories) List(ctx context.Context, org string) ([]scm.Repository, error) {
	c := rest.Get("repos.list", groupPath(org, "projects"))
	c.Query = url.Values{"include_subgroups": {"true"}, "with_shared": {"false"}, "archived": {"false"}, "order_by": {"id"}, "sort": {"asc"}}
	found, err := list[repository](ctx, r.api, c)
	if errors.Is(err, scm.ErrNotFound) {
		c = rest.Get("repos.list", []string{"users", org, "projects"})
		c.Query = url.Values{"archived": {"false"}, "order_by": {"id"}, "sort": {"asc"}}
		found, err = list[repository](ctx, r.api, c)
	}
	if err != nil {
		return nil, fmt.Errorf("list repositories of %s: %w", org, err)
	}
	var all []scm.Repository
	for i := range found {
		if found[i].Archived {
			continue
		}
		one, err := found[i].normal(r.connection)
		if err != nil {
			return nil, fmt.Errorf("list repositories of %s: %w", org, err)
		}
		all = append(all, *one)
	}
	return all, nil
}

// repository is a project as the API writes it.
type repository struct {
	ID            int64  `json:"id"`
	FullName      string `json:"path_with_namespace"`
	CloneURL      string `json:"http_url_to_repo"`
	WebURL        string `json:"web_url"`
	DefaultBranch string `json:"default_branch"`
	Visibility    string `json:"visibility"`
	Archived      bool   `json:"archived"`
}

func (r *repository) normal(connection string) (*scm.Repository, error) {
	repo, err := scm.ParseRepo(connection, r.FullName)
	if err != nil {
		return nil, malformed(err)
	}
	return &scm.Repository{
		Repo: repo, ID: number(r.ID), DefaultBranch: r.DefaultBranch,
		CloneURL: r.CloneURL, Link: r.WebURL, Private: r.Visibility != "public",
	}, nil
}
