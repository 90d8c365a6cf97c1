package bitbucketserver

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type merges struct{ *api }

// strategies are Bitbucket's names of the merge methods, the better one first where two of them do.
var strategies = map[scm.MergeMethod][]string{
	scm.MergeCommit:      {"no-ff", "ff"},
	scm.MergeSquash:      {"squash", "squash-ff-only"},
	scm.MergeRebase:      {"rebase-ff-only", "rebase-no-ff"},
	scm.MergeFastForward: {"ff-only"},
}

// Merge implements scm.Merges. Every push makes a new version of a pull request, so that a merge of the version that was read
// with the head wanted merges that head. Without a method it is the repository's default.
func (m merges) Merge(ctx context.Context, ref scm.PullRef, how scm.Merge) (string, error) {
	if how.SHA == "" {
		return "", fmt.Errorf("merge %v: no head: %w", ref, scm.ErrInvalid)
	}
	in := mergeRequest{Message: how.Body}
	if how.Title != "" {
		in.AutoSubject, in.Message = new(bool), how.Title
		if how.Body != "" {
			in.Message += "\n\n" + how.Body
		}
	}
	var err error
	if in.Strategy, err = m.strategy(ctx, ref.Repo, how.Method); err != nil {
		return "", fmt.Errorf("merge %v: %w", ref, err)
	}
	var merged pull
	err = m.atVersion(ctx, ref, func(now *pull, version url.Values) error {
		switch {
		case stateOf(now.State) != scm.StateOpen:
			return fmt.Errorf("pull request is %s: %w", now.State, scm.ErrNotMergeable)
		case now.FromRef.LatestCommit != how.SHA:
			return fmt.Errorf("%.80q: %w", now.FromRef.LatestCommit, scm.ErrHeadMoved)
		}
		post := rest.Post("merges.merge", pullPath(ref, "merge"))
		post.Query = version
		_, err := m.Do(ctx, post, in, &merged)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("merge %v: %w", ref, err)
	}
	return scm.CommitID(merged.Properties.MergeCommit.ID)
}

type mergeRequest struct {
	Strategy string `json:"strategyId,omitempty"`
	Message  string `json:"message,omitempty"`
	// AutoSubject says whether Bitbucket puts a subject of its own above the message; it does if nothing is said.
	AutoSubject *bool `json:"autoSubject,omitempty"`
}

// strategy is the one to merge by; the empty one is the repository's default.
func (m merges) strategy(ctx context.Context, repo scm.Repo, method scm.MergeMethod) (string, error) {
	if method == "" {
		return "", nil
	}
	enabled, err := m.enabled(ctx, repo)
	if err != nil {
		return "", err
	}
	for _, id := range strategies[method] {
		if slices.Contains(enabled, id) {
			return id, nil
		}
	}
	return "", fmt.Errorf("method %q is not enabled: %w", method, scm.ErrInvalid)
}

// enabled lists the strategies that the settings of a repository, its project or the server allow.
func (m merges) enabled(ctx context.Context, repo scm.Repo) ([]string, error) {
	var answer struct {
		MergeConfig struct {
			Strategies []struct {
				ID      string `json:"id"`
				Enabled bool   `json:"enabled"`
			} `json:"strategies"`
		} `json:"mergeConfig"`
	}
	if _, err := m.Do(ctx, rest.Get("merges.methods", repoPath(repo, "settings", "pull-requests")), nil, &answer); err != nil {
		return nil, fmt.Errorf("ask for the merge strategies of %v: %w", repo, err)
	}
	var ids []string
	for _, s := range answer.MergeConfig.Strategies {
		if s.Enabled {
			ids = append(ids, s.ID)
		}
	}
	return ids, nil
}

// Methods implements scm.Merges.
func (m merges) Methods(ctx context.Context, repo scm.Repo) ([]scm.MergeMethod, error) {
	enabled, err := m.enabled(ctx, repo)
	if err != nil {
		return nil, err
	}
	var methods []scm.MergeMethod
	for _, method := range []scm.MergeMethod{scm.MergeCommit, scm.MergeSquash, scm.MergeRebase, scm.MergeFastForward} {
		if slices.ContainsFunc(strategies[method], func(id string) bool { return slices.Contains(enabled, id) }) {
			methods = append(methods, method)
		}
	}
	return methods, nil
}
