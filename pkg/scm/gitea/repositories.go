package gitea

import (
	"context"
	"errors"
	"fmt"
	"strconv"

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
	if _, err := r.Do(ctx, rest.Get("repos.get", repoPath(repo)), nil, &answer); err != nil {
		return nil, fmt.Errorf("get repository %v: %w", repo, err)
	}
	return answer.normal(r.connection)
}

// List implements scm.Repositories. The owner may be a user as well.
func (r repositories) List(ctx context.Context, org string) ([]scm.Repository, error) {
	found, err := list[repository](ctx, r.api, rest.Get("repos.list", []string{"orgs", org, "repos"}))
	if errors.Is(err, scm.ErrNotFound) {
		found, err = list[repository](ctx, r.api, rest.Get("repos.list", []string{"users", org, "repos"}))
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

// repository is a repository as webhooks and the API write it.
type repository struct {
	ID            int64  `json:"id"`
	FullName      string `json:"full_name"`
	CloneURL      string `json:"clone_url"`
	HTMLURL       string `json:"html_url"`
	DefaultBranch string `json:"default_branch"`
	Private       bool   `json:"private"`
	// Internal repositories, and all of an organisation that is not public, are closed to those who are not logged in.
	Internal bool `json:"internal"`
	Owner    struct {
		Visibility string `json:"visibility"`
	} `json:"owner"`
	Archived bool `json:"archived"`
}

func (r *repository) closed() bool {
	return r.Private || r.Internal || r.Owner.Visibility != "" && r.Owner.Visibility != "public"
}

func (r *repository) normal(connection string) (*scm.Repository, error) {
	repo, err := scm.ParseRepo(connection, r.FullName)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", scm.ErrMalformed, err)
	}
	return &scm.Repository{
		Repo: repo, ID: strconv.FormatInt(r.ID, 10), DefaultBranch: r.DefaultBranch,
		CloneURL: r.CloneURL, Link: r.HTMLURL, Private: r.closed(),
	}, nil
}
