package bitbucketserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// statuses are builds of a commit. Whoever may read a repository may set any of them.
type statuses struct{ *api }

// Set implements scm.Statuses. The context is the build's key, at most 255 bytes long. Bitbucket wants an address, of at most
// 450 bytes: the commit's own page stands in for none.
func (s statuses) Set(ctx context.Context, repo scm.Repo, sha string, status scm.Status) error {
	state, ok := map[scm.StatusState]string{
		scm.StatusPending: "INPROGRESS", scm.StatusSuccess: "SUCCESSFUL", scm.StatusFailure: "FAILED", scm.StatusError: "FAILED",
	}[status.State]
	if !ok {
		return fmt.Errorf("set status %s on %s of %v: state %q: %w", status.Context, sha, repo, status.State, scm.ErrInvalid)
	}
	// The parent is what a repository's required builds are named by.
	in := build{
		Key: status.Context, Name: status.Context, Parent: status.Context, State: state, Description: status.Description, URL: status.TargetURL,
	}
	if in.URL == "" {
		in.URL = fmt.Sprintf("%s/projects/%s/repos/%s/commits/%s", s.web, url.PathEscape(repo.Org), url.PathEscape(repo.Name), url.PathEscape(sha))
	}
	if _, err := s.Do(ctx, rest.Post("statuses.set", repoPath(repo, "commits", sha, "builds")), in, nil); err != nil {
		return fmt.Errorf("set status %s on %s of %v: %w", status.Context, sha, repo, err)
	}
	return nil
}

// List implements scm.Statuses. Bitbucket lists the newest hundred builds of a commit in all repositories that have it; where
// two of them share a key, this repository is asked for its own. Errors read as failures.
func (s statuses) List(ctx context.Context, repo scm.Repo, sha string) ([]scm.Status, error) {
	found, err := list[build](ctx, s.api, rest.Get("statuses.list", []string{"build-status", "1.0", "commits", sha}))
	if err != nil {
		return nil, fmt.Errorf("list statuses of %s in %v: %w", sha, repo, err)
	}
	count := map[string]int{}
	for i := range found {
		count[found[i].Key]++
	}
	var all []scm.Status
	for i := range found {
		one := &found[i]
		n := count[one.Key]
		delete(count, one.Key)
		if n > 1 {
			if one, err = s.own(ctx, repo, sha, one); err != nil {
				return nil, fmt.Errorf("get status %s of %s in %v: %w", found[i].Key, sha, repo, err)
			}
		}
		if n > 0 {
			all = append(all, one.normal())
		}
	}
	return all, nil
}

// own is the repository's build of the same key, or the newest one if it has none.
func (s statuses) own(ctx context.Context, repo scm.Repo, sha string, newest *build) (*build, error) {
	get := rest.Get("statuses.get", repoPath(repo, "commits", sha, "builds"))
	get.Query = url.Values{"key": {newest.Key}}
	var found build
	_, err := s.Do(ctx, get, nil, &found)
	if errors.Is(err, scm.ErrNotFound) {
		return newest, nil
	}
	return &found, err
}

// build is a build status as it is written and read.
type build struct {
	Key         string `json:"key"`
	Name        string `json:"name,omitempty"`
	Parent      string `json:"parent,omitempty"`
	State       string `json:"state"`
	Description string `json:"description"`
	URL         string `json:"url"`
}

// normal maps states that Pharos does not write (CANCELLED, UNKNOWN) to an error.
func (b *build) normal() scm.Status {
	state, ok := map[string]scm.StatusState{
		"INPROGRESS": scm.StatusPending, "SUCCESSFUL": scm.StatusSuccess, "FAILED": scm.StatusFailure,
	}[b.State]
	if !ok {
		state = scm.StatusError
	}
	return scm.Status{Context: b.Key, State: state, Description: b.Description, TargetURL: b.URL}
}
