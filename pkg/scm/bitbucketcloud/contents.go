package bitbucketcloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type contents struct{ *api }

// Read implements scm.Contents. A branch is asked for its commit first, because the address of a file cannot tell a branch
// with a slash from a folder.
func (c contents) Read(ctx context.Context, repo scm.Repo, path, at string) ([]byte, error) {
	sha, err := commitID(at)
	if err != nil || sha == "" {
		if sha, err = c.Branch(ctx, repo, at); err != nil {
			return nil, fmt.Errorf("read %s of %v at %s: %w", path, repo, at, err)
		}
	}
	get := rest.Get("contents.read", append(repoPath(repo, "src", sha), strings.Split(path, "/")...))
	var data []byte
	_, err = c.Do(ctx, get, nil, &data)
	if err == nil && isListing(data) {
		err = c.refuseFolder(ctx, get)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of %v at %s: %w", path, repo, at, err)
	}
	return data, nil
}

// isListing says that an answer may be the page of a folder instead of a file; only a file of just that shape is one too.
func isListing(data []byte) bool {
	var page struct {
		PageLen *int               `json:"pagelen"`
		Values  *[]json.RawMessage `json:"values"`
	}
	return json.Unmarshal(data, &page) == nil && page.PageLen != nil && page.Values != nil
}

func (c contents) refuseFolder(ctx context.Context, get rest.Call) error {
	get.Query = url.Values{"format": {"meta"}}
	var meta struct {
		Type string `json:"type"`
	}
	if _, err := c.Do(ctx, get, nil, &meta); err != nil {
		return err
	}
	if meta.Type == "commit_directory" {
		return fmt.Errorf("it is a folder: %w", scm.ErrNotFound)
	}
	return nil
}

// Branch implements scm.Contents.
func (c contents) Branch(ctx context.Context, repo scm.Repo, branch string) (string, error) {
	var answer moved
	if _, err := c.Do(ctx, rest.Get("branches.get", branchPath(repo, branch)), nil, &answer); err != nil {
		return "", fmt.Errorf("get branch %s of %v: %w", branch, repo, err)
	}
	sha, err := answer.commit()
	if err != nil {
		return "", fmt.Errorf("get branch %s of %v: %w", branch, repo, err)
	}
	return sha, nil
}

// DeleteBranch implements scm.Contents.
func (c contents) DeleteBranch(ctx context.Context, repo scm.Repo, branch string) error {
	_, err := c.Do(ctx, rest.Delete("branches.delete", branchPath(repo, branch)), nil, nil)
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("delete branch %s of %v: %w", branch, repo, err)
	}
	return nil
}

// branchPath splits the name: Bitbucket wants the slashes of a branch unescaped.
func branchPath(repo scm.Repo, branch string) []string {
	return append(repoPath(repo, "refs", "branches"), strings.Split(branch, "/")...)
}
