package bitbucketserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type contents struct{ *api }

// Read implements scm.Contents.
func (c contents) Read(ctx context.Context, repo scm.Repo, path, at string) ([]byte, error) {
	var data []byte
	get := rest.Get("contents.read", append(repoPath(repo, "raw"), strings.Split(path, "/")...))
	get.Query, get.Accept = url.Values{"at": {at}}, "*/*"
	if _, err := c.Do(ctx, get, nil, &data); err != nil {
		return nil, fmt.Errorf("read %s of %v at %s: %w", path, repo, at, err)
	}
	return data, nil
}

// Branch implements scm.Contents. It asks for the newest commit of the branch: branches are listed by parts of their names.
func (c contents) Branch(ctx context.Context, repo scm.Repo, branch string) (string, error) {
	var answer struct {
		Values []struct {
			ID string `json:"id"`
		} `json:"values"`
	}
	get := rest.Get("branches.get", repoPath(repo, "commits"))
	get.Query = url.Values{"until": {"refs/heads/" + branch}, "limit": {"1"}}
	_, err := c.Do(ctx, get, nil, &answer)
	if err == nil && len(answer.Values) == 0 {
		err = scm.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("get branch %s of %v: %w", branch, repo, err)
	}
	return scm.CommitID(answer.Values[0].ID)
}

// DeleteBranch implements scm.Contents.
func (c contents) DeleteBranch(ctx context.Context, repo scm.Repo, branch string) error {
	in := struct {
		Name   string `json:"name"`
		DryRun bool   `json:"dryRun"`
	}{"refs/heads/" + branch, false}
	path := []string{"branch-utils", "1.0", "projects", repo.Org, "repos", repo.Name, "branches"}
	_, err := c.Do(ctx, rest.Delete("branches.delete", path), in, nil)
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("delete branch %s of %v: %w", branch, repo, err)
	}
	return nil
}
