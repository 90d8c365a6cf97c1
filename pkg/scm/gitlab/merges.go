package gitlab

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type merges struct{ *api }

// Merge implements scm.Merges. How commits get onto a branch is a setting of the project; a call only chooses whether they
// are squashed. So another method than the project's is refused as ErrNotMergeable, for one more call, before GitLab would
// use its own. The empty method is whatever the project has.
func (m merges) Merge(ctx context.Context, ref scm.PullRef, how scm.Merge) (string, error) {
	sha, err := m.merge(ctx, ref, how)
	if err != nil {
		return "", fmt.Errorf("merge %v: %w", ref, err)
	}
	return sha, nil
}

func (m merges) merge(ctx context.Context, ref scm.PullRef, how scm.Merge) (string, error) {
	if how.SHA == "" {
		return "", fmt.Errorf("no head is named: %w", scm.ErrInvalid)
	}
	if err := m.allowed(ctx, ref.Repo, how.Method); err != nil {
		return "", err
	}
	message, err := m.message(ctx, ref, how)
	if err != nil {
		return "", err
	}
	in := struct {
		SHA           string `json:"sha"`
		Squash        *bool  `json:"squash,omitempty"`
		MergeMessage  string `json:"merge_commit_message,omitempty"`
		SquashMessage string `json:"squash_commit_message,omitempty"`
	}{SHA: how.SHA, MergeMessage: message}
	if squash := how.Method == scm.MergeSquash; how.Method != "" {
		in.Squash = &squash
		if squash {
			in.MergeMessage, in.SquashMessage = "", message
		}
	}
	var after mergeRequest
	if _, err := m.Do(ctx, rest.Put("merges.merge", pullKind.path(ref, "merge")), in, &after); err != nil {
		return "", mergeError(err)
	}
	sha, err := scm.CommitID(after.mergeSHA())
	if err != nil {
		return "", nil //nolint:nilerr // it is merged, whatever the answer calls it
	}
	return sha, nil
}

func (m merges) allowed(ctx context.Context, repo scm.Repo, method scm.MergeMethod) error {
	if method == "" {
		return nil
	}
	methods, err := m.methods(ctx, repo)
	if err == nil && !slices.Contains(methods, method) {
		err = fmt.Errorf("the project does not merge by method %q: %w", method, scm.ErrNotMergeable)
	}
	return err
}

// message joins title and body, as git does. Where there is a body alone, the merge request's title stands over it.
func (m merges) message(ctx context.Context, ref scm.PullRef, how scm.Merge) (string, error) {
	if how.Body == "" {
		return how.Title, nil
	}
	title := how.Title
	if title == "" {
		now, err := m.get(ctx, ref)
		if err != nil {
			return "", err
		}
		title = now.Title
	}
	return title + "\n\n" + how.Body, nil
}

// mergeError sorts what GitLab refuses: a conflict is a head that has moved, and what cannot be merged is also answered as a
// request that is wrong.
func mergeError(err error) error {
	switch {
	case errors.Is(err, scm.ErrConflict):
		return fmt.Errorf("%w: %w", scm.ErrHeadMoved, err)
	case errors.Is(err, scm.ErrInvalid):
		return fmt.Errorf("%w: %w", scm.ErrNotMergeable, err)
	}
	return err
}

// Methods implements scm.Merges. A project has one way besides squashing. Of fast-forwards, GitLab makes none of a branch
// that is behind its base, whether they are called so or rebases.
func (m merges) Methods(ctx context.Context, repo scm.Repo) ([]scm.MergeMethod, error) {
	methods, err := m.methods(ctx, repo)
	if err != nil {
		return nil, fmt.Errorf("ask for the merge methods of %v: %w", repo, err)
	}
	return methods, nil
}

func (m merges) methods(ctx context.Context, repo scm.Repo) ([]scm.MergeMethod, error) {
	var answer struct {
		Method string `json:"merge_method"`
		Squash string `json:"squash_option"`
	}
	if _, err := m.Do(ctx, rest.Get("repos.get", projectPath(repo)), nil, &answer); err != nil {
		return nil, err
	}
	if answer.Squash == "always" {
		return []scm.MergeMethod{scm.MergeSquash}, nil
	}
	methods := []scm.MergeMethod{scm.MergeCommit} // "rebase_merge" makes merge commits too, of branches that are not behind
	if answer.Method == "ff" {
		methods = []scm.MergeMethod{scm.MergeRebase, scm.MergeFastForward}
	}
	if answer.Squash != "never" {
		methods = append(methods, scm.MergeSquash)
	}
	return methods, nil
}
