package bitbucketcloud

import (
	"context"
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
	if _, err := r.Do(ctx, rest.Get("repos.get", repoPath(repo)), nil, &answer); err != nil {
		return nil, fmt.Errorf("get repository %v: %w", repo, err)
	}
	found, err := answer.normal(r.connection)
	if err != nil {
		return nil, fmt.Errorf("get repository %v: %w", repo, err)
	}
	return found, nil
}

// List implements scm.Repositories. Bitbucket archives none.
func (r repositories) List(ctx context.Context, org string) ([]scm.Repository, error) {
	found, err := list[repository](ctx, r.api, rest.Get("repos.list", []string{"repositories", org}))
	if err != nil {
		return nil, fmt.Errorf("list repositories of %s: %w", org, err)
	}
	var all []scm.Repository
	for i := range found {
		one, err := found[i].normal(r.connection)
		if err != nil {
			return nil, fmt.Errorf("list repositories of %s: %w", org, err)
		}
		all = append(all, *one)
	}
	return all, nil
}

// repository is a repository as webhooks and the API write it; webhooks and pull requests leave out most of it.
type repository struct {
	UUID       string `json:"uuid"`
	FullName   string `json:"full_name"`
	Private    bool   `json:"is_private"`
	MainBranch *struct {
		Name string `json:"name"`
	} `json:"mainbranch"`
	Links links `json:"links"`
}

type links struct {
	HTML  link        `json:"html"`
	Clone []namedLink `json:"clone"`
}

type link struct {
	Href string `json:"href"`
}

type namedLink struct {
	Name string `json:"name"`
	Href string `json:"href"`
}

// cloneURL is git's address of the repository, without the name of the account that Bitbucket puts into it. Where it is not
// told, it is the page's address with ".git".
func (r *repository) cloneURL() string {
	if r == nil {
		return ""
	}
	for _, c := range r.Links.Clone {
		if c.Name != "https" && c.Name != "http" {
			continue
		}
		if u, err := url.Parse(c.Href); err == nil {
			u.User = nil
			return u.String()
		}
	}
	if r.Links.HTML.Href == "" {
		return ""
	}
	return r.Links.HTML.Href + ".git"
}

func (r *repository) normal(connection string) (*scm.Repository, error) {
	repo, err := scm.ParseRepo(connection, r.FullName)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", scm.ErrMalformed, err)
	}
	out := &scm.Repository{Repo: repo, ID: r.UUID, CloneURL: r.cloneURL(), Link: r.Links.HTML.Href, Private: r.Private}
	if r.MainBranch != nil {
		out.DefaultBranch = r.MainBranch.Name
	}
	return out, nil
}
