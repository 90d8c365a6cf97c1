package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type contents struct{ *api }

// Read implements scm.Contents.
func (c contents) Read(ctx context.Context, repo scm.Repo, path, at string) ([]byte, error) {
	var data []byte
	get := rest.Get("contents.read", projectPath(repo, "repository", "files", path, "raw"))
	get.Query = url.Values{"ref": {at}}
	if _, err := c.Do(ctx, get, nil, &data); err != nil {
		return nil, fmt.Errorf("read %s of %v at %s: %w", path, repo, at, err)
	}
	return data, nil
}

// Branch implements scm.Contents.
func (c contents) Branch(ctx context.Context, repo scm.Repo, branch string) (string, error) {
	var answer struct {
		Commit struct {
			ID string `json:"id"`
		} `json:"commit"`
	}
	if _, err := c.Do(ctx, rest.Get("branches.get", branchPath(repo, branch)), nil, &answer); err != nil {
		return "", fmt.Errorf("get branch %s of %v: %w", branch, repo, err)
	}
	return scm.CommitID(answer.Commit.ID)
}

// DeleteBranch implements scm.Contents.
func (c contents) DeleteBranch(ctx context.Context, repo scm.Repo, branch string) error {
	_, err := c.Do(ctx, rest.Delete("branches.delete", branchPath(repo, branch)), nil, nil)
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("delete branch %s of %v: %w", branch, repo, err)
	}
	return nil
}

func branchPath(repo scm.Repo, branch string) []string {
	return projectPath(repo, "repository", "branches", branch)
}
