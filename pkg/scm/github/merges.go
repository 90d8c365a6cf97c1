package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type merges struct{ *api }

// methods are GitHub's names of the merge methods.
var methods = map[scm.MergeMethod]string{"": "merge", scm.MergeCommit: "merge", scm.MergeSquash: "squash", scm.MergeRebase: "rebase"}

// Merge implements scm.Merges.
func (m merges) Merge(ctx context.Context, ref scm.PullRef, how scm.Merge) (string, error) {
	method, ok := methods[how.Method]
	if !ok || how.SHA == "" {
		return "", fmt.Errorf("merge %v: method %q of head %q: %w", ref, how.Method, how.SHA, scm.ErrInvalid)
	}
	in := struct {
		Method  string `json:"merge_method"`
		SHA     string `json:"sha"`
		Title   string `json:"commit_title,omitempty"`
		Message string `json:"commit_message,omitempty"`
	}{method, how.SHA, how.Title, how.Body}
	var answer struct {
		SHA string `json:"sha"`
	}
	if _, err := m.Do(ctx, rest.Put("merges.merge", pullPath(ref, "merge")), in, &answer); err != nil {
		return "", fmt.Errorf("merge %v: %w", ref, mergeError(err))
	}
	return answer.SHA, nil
}

// mergeError sorts the two statuses that refuse a merge: 409 for a head that is not the one named, 405 for all else.
func mergeError(err error) error {
	if !errors.Is(err, scm.ErrConflict) {
		return err
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "status 409"):
		return fmt.Errorf("%w: %w", scm.ErrHeadMoved, err)
	case strings.Contains(text, "Base branch was modified"): // somebody pushed to it in that moment
		return err
	}
	return fmt.Errorf("%w: %w", scm.ErrNotMergeable, err)
}

// Methods implements scm.Merges.
func (m merges) Methods(ctx context.Context, repo scm.Repo) ([]scm.MergeMethod, error) {
	var answer struct {
		Merge  bool `json:"allow_merge_commit"`
		Squash bool `json:"allow_squash_merge"`
		Rebase bool `json:"allow_rebase_merge"`
	}
	if _, err := m.Do(ctx, rest.Call{Endpoint: "repos.get", Method: http.MethodGet, Path: repoPath(repo)}, nil, &answer); err != nil {
		return nil, fmt.Errorf("ask for the merge methods of %v: %w", repo, err)
	}
	var allowed []scm.MergeMethod
	for _, one := range []struct {
		allowed bool
		method  scm.MergeMethod
	}{{answer.Merge, scm.MergeCommit}, {answer.Squash, scm.MergeSquash}, {answer.Rebase, scm.MergeRebase}} {
		if one.allowed {
			allowed = append(allowed, one.method)
		}
	}
	return allowed, nil
}
