package gitea

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

// styles are Gitea's names of the merge methods.
var styles = map[scm.MergeMethod]string{
	"": "merge", scm.MergeCommit: "merge", scm.MergeSquash: "squash", scm.MergeRebase: "rebase", scm.MergeFastForward: "fast-forward-only",
}

// Merge implements scm.Merges. Gitea does not tell the commit that it made. It answers a conflict and a check for conflicts that
// goes on alike, so the error is ErrNotMergeable and ErrTransient then.
func (m merges) Merge(ctx context.Context, ref scm.PullRef, how scm.Merge) (string, error) {
	style, ok := styles[how.Method]
	if !ok || how.SHA == "" {
		return "", fmt.Errorf("merge %v: method %q of head %q: %w", ref, how.Method, how.SHA, scm.ErrInvalid)
	}
	in := struct {
		Do      string `json:"Do"`
		Title   string `json:"MergeTitleField,omitempty"`
		Message string `json:"MergeMessageField,omitempty"`
		Head    string `json:"head_commit_id"`
	}{style, how.Title, how.Body, how.SHA}
	if _, err := m.Do(ctx, rest.Post("merges.merge", pullPath(ref, "merge")), in, nil); err != nil {
		if how.Method == scm.MergeFastForward && errors.Is(err, scm.ErrTransient) { // for Gitea a diverged base is a failure of its own
			err = errors.Join(m.diverged(ctx, ref), err)
		}
		return "", fmt.Errorf("merge %v: %w", ref, mergeError(err))
	}
	return "", nil
}

// diverged is ErrNotMergeable if the base has commits that the head lacks.
func (m merges) diverged(ctx context.Context, ref scm.PullRef) error {
	var now pull
	_, err := m.Do(ctx, rest.Get("pulls.get", pullPath(ref)), nil, &now)
	if err == nil && now.MergeBase != "" && now.MergeBase != now.Base.SHA {
		return fmt.Errorf("the base has moved on: %w", scm.ErrNotMergeable)
	}
	return err
}

// mergeError sorts what Gitea answers with two statuses.
func mergeError(err error) error {
	if !errors.Is(err, scm.ErrConflict) {
		return err
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "head out of date"):
		return fmt.Errorf("%w: %w", scm.ErrHeadMoved, err)
	case strings.Contains(text, "not allowed to merge"):
		return fmt.Errorf("%w: %w", scm.ErrForbidden, err)
	case strings.Contains(text, "try again later"): // there are conflicts, or it does not know yet whether there are
		return fmt.Errorf("%w or %w: %w", scm.ErrNotMergeable, scm.ErrTransient, err)
	case strings.Contains(text, "push out of date"): // somebody pushed to the base in that moment
		return err
	}
	return fmt.Errorf("%w: %w", scm.ErrNotMergeable, err)
}

// Methods implements scm.Merges.
func (m merges) Methods(ctx context.Context, repo scm.Repo) ([]scm.MergeMethod, error) {
	var answer struct {
		Merge       bool `json:"allow_merge_commits"`
		Squash      bool `json:"allow_squash_merge"`
		Rebase      bool `json:"allow_rebase"`
		FastForward bool `json:"allow_fast_forward_only_merge"`
	}
	if _, err := m.Do(ctx, rest.Call{Endpoint: "repos.get", Method: http.MethodGet, Path: repoPath(repo)}, nil, &answer); err != nil {
		return nil, fmt.Errorf("ask for the merge methods of %v: %w", repo, err)
	}
	var methods []scm.MergeMethod
	for _, one := range []struct {
		allowed bool
		method  scm.MergeMethod
	}{
		{answer.Merge, scm.MergeCommit}, {answer.Squash, scm.MergeSquash}, {answer.Rebase, scm.MergeRebase}, {answer.FastForward, scm.MergeFastForward},
	} {
		if one.allowed {
			methods = append(methods, one.method)
		}
	}
	return methods, nil
}
