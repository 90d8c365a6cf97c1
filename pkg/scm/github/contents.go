package github

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

// Read implements scm.Contents, for files of up to 100 MB.
func (c contents) Read(ctx context.Context, repo scm.Repo, path, at string) ([]byte, error) {
	var data []byte
	get := rest.Get("contents.read", append(repoPath(repo, "contents"), strings.Split(path, "/")...))
	get.Query, get.Accept = url.Values{"ref": {at}}, "application/vnd.github.raw+json"
	if _, err := c.Do(ctx, get, nil, &data); err != nil {
		return nil, fmt.Errorf("read %s of %v at %s: %w", path, repo, at, err)
	}
	return data, nil
}

// Branch implements scm.Contents.
func (c contents) Branch(ctx context.Context, repo scm.Repo, branch string) (string, error) {
	var answer struct {
		Object struct {
			SHA string `json:"sha"`
		} `json:"object"`
	}
	path := append(repoPath(repo, "git", "ref", "heads"), strings.Split(branch, "/")...)
	if _, err := c.Do(ctx, rest.Get("branches.get", path), nil, &answer); err != nil {
		return "", fmt.Errorf("get branch %s of %v: %w", branch, repo, err)
	}
	return scm.CommitID(answer.Object.SHA)
}

// DeleteBranch implements scm.Contents. GitHub answers "invalid" for a branch that does not exist.
func (c contents) DeleteBranch(ctx context.Context, repo scm.Repo, branch string) error {
	path := append(repoPath(repo, "git", "refs", "heads"), strings.Split(branch, "/")...)
	_, err := c.Do(ctx, rest.Delete("branches.delete", path), nil, nil)
	gone := errors.Is(err, scm.ErrNotFound) || errors.Is(err, scm.ErrInvalid) && strings.Contains(err.Error(), "does not exist")
	if err != nil && !gone {
		return fmt.Errorf("delete branch %s of %v: %w", branch, repo, err)
	}
	return nil
}
