package bitbucketserver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type repositories struct {
	*api
	connection string
}

// Get implements scm.Repositories. The default branch may not exist yet.
func (r repositories) Get(ctx context.Context, repo scm.Repo) (*scm.Repository, error) {
	var answer repository
	if _, err := r.Do(ctx, rest.Get("repos.get", repoPath(repo)), nil, &answer); err != nil {
		return nil, fmt.Errorf("get repository %v: %w", repo, err)
	}
	found, err := answer.normal(r.connection)
	if err != nil {
		return nil, fmt.Errorf("get repository %v: %w", repo, err)
	}
	var branch ref
	_, err = r.Do(ctx, rest.Get("branches.default", repoPath(repo, "default-branch")), nil, &branch)
	if err != nil && !errors.Is(err, scm.ErrNotFound) { // an empty repository may have none
		return nil, fmt.Errorf("get default branch of %v: %w", repo, err)
	}
	found.DefaultBranch = branch.branch()
	return found, nil
}

// List implements scm.Repositories. Default branches are not among what Bitbucket lists.
func (r repositories) List(ctx context.Context, org string) ([]scm.Repository, error) {
	found, err := list[repository](ctx, r.api, rest.Get("repos.list", []string{"api", "1.0", "projects", org, "repos"}))
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
	ID      int64  `json:"id"`
	Slug    string `json:"slug"`
	Project *struct {
		Key string `json:"key"`
	} `json:"project"`
	Public bool `json:"public"`
	// Archived is told since 8.0.
	Archived bool  `json:"archived"`
	Links    links `json:"links"`
}

// fullName is "KEY/slug", empty for no repository.
func (r *repository) fullName() string {
	if r == nil || r.Project == nil || r.Project.Key == "" || r.Slug == "" {
		return ""
	}
	return r.Project.Key + "/" + r.Slug
}

// link is the repository's page; Bitbucket links to its files.
func (r *repository) link() string {
	if r == nil {
		return ""
	}
	return strings.TrimSuffix(r.Links.self(), "/browse")
}

func (r *repository) normal(connection string) (*scm.Repository, error) {
	repo, err := scm.ParseRepo(connection, r.fullName())
	if err != nil {
		return nil, malformed(err)
	}
	return &scm.Repository{
		Repo: repo, ID: strconv.FormatInt(r.ID, 10), CloneURL: r.Links.clone(), Link: r.link(), Private: !r.Public,
	}, nil
}
