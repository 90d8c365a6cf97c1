package bitbucketcloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/retry"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type merges struct{ *api }

// strategies are Bitbucket's names of the merge methods. It also has squash_fast_forward and rebase_merge, which are none of
// the methods.
var strategies = map[scm.MergeMethod]string{
	"": "merge_commit", scm.MergeCommit: "merge_commit", scm.MergeSquash: "squash", scm.MergeRebase: "rebase_fast_forward",
	scm.MergeFastForward: "fast_forward",
}

// Merge implements scm.Merges. Bitbucket takes no commit to merge, so the head is read just before; a push in between is
// merged with what it brings.
func (m merges) Merge(ctx context.Context, ref scm.PullRef, how scm.Merge) (string, error) {
	strategy, ok := strategies[how.Method]
	if !ok || how.SHA == "" {
		return "", fmt.Errorf("merge %v: method %q of head %q: %w", ref, how.Method, how.SHA, scm.ErrInvalid)
	}
	now, err := pulls(m).Get(ctx, ref)
	switch {
	case err != nil:
		return "", fmt.Errorf("merge %v: %w", ref, err)
	case now.State != scm.StateOpen:
		return "", fmt.Errorf("merge %v: it is %s: %w", ref, now.State, scm.ErrNotMergeable)
	case now.Head.SHA != how.SHA:
		return "", fmt.Errorf("merge %v: %w", ref, scm.ErrHeadMoved)
	}
	in := struct {
		Type     string `json:"type"`
		Strategy string `json:"merge_strategy"`
		Message  string `json:"message,omitempty"`
	}{"pullrequest_merge_parameters", strategy, message(how)}
	var answer []byte
	header, err := m.Do(ctx, rest.Post("merges.merge", pullPath(ref, "merge")), in, &answer)
	if err != nil {
		return "", fmt.Errorf("merge %v: %w", ref, mergeError(err))
	}
	var merged pull
	if json.Unmarshal(answer, &merged) == nil && pullState(merged.State) == scm.StateMerged {
		return m.commit(ctx, ref.Repo, &merged), nil
	}
	if task := header.Get("Location"); task != "" {
		return m.await(ctx, ref, task)
	}
	return "", nil
}

// message is the commit's, which Bitbucket limits to 128 KiB; its own where there is none.
func message(how scm.Merge) string {
	return strings.TrimSpace(how.Title + "\n\n" + how.Body)
}

// commit is the whole id of the commit that a merge made; empty where it cannot be had, because the merge is done anyway.
func (m merges) commit(ctx context.Context, repo scm.Repo, merged *pull) string {
	if err := m.wholeIn(ctx, repo, merged.MergeCommit); err != nil {
		return ""
	}
	sha, err := merged.MergeCommit.normal()
	if err != nil {
		return ""
	}
	return sha
}

// A merge that takes long goes on after its answer. It is asked after patience times at most, with a pause between that
// doubles up to the longest.
const (
	patience     = 20
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

func (m merges) await(ctx context.Context, ref scm.PullRef, task string) (string, error) {
	pause := firstPause
	for range patience {
		var answer struct {
			Status string `json:"task_status"`
			Result *pull  `json:"merge_result"`
		}
		if _, err := m.Follow(ctx, rest.Get("merges.task", nil), task, &answer); err != nil {
			return "", fmt.Errorf("merge %v: %w", ref, mergeError(err))
		}
		if answer.Status != "PENDING" {
			if answer.Result == nil {
				return "", nil
			}
			return m.commit(ctx, ref.Repo, answer.Result), nil
		}
		if err := retry.Wait(ctx, pause, nil); err != nil {
			return "", fmt.Errorf("merge %v: %w", ref, err)
		}
		pause = min(2*pause, longestPause)
	}
	return "", fmt.Errorf("merge %v: it is still under way: %w", ref, scm.ErrTransient)
}

// mergeError knows that Bitbucket refuses as invalid, or as a conflict, what it does not merge.
func mergeError(err error) error {
	if errors.Is(err, scm.ErrInvalid) || errors.Is(err, scm.ErrConflict) {
		return fmt.Errorf("%w: %w", scm.ErrNotMergeable, err)
	}
	return err
}

// Methods implements scm.Merges by what Bitbucket offers for the main branch; other branches may have settings of their own.
func (m merges) Methods(ctx context.Context, repo scm.Repo) ([]scm.MergeMethod, error) {
	var known repository
	if _, err := m.Do(ctx, rest.Get("repos.get", repoPath(repo)), nil, &known); err != nil {
		return nil, fmt.Errorf("ask for the merge methods of %v: %w", repo, err)
	}
	if known.MainBranch == nil {
		return nil, fmt.Errorf("ask for the merge methods of %v: it has no branch: %w", repo, scm.ErrNotFound)
	}
	var branch struct {
		Strategies []string `json:"merge_strategies"`
	}
	if _, err := m.Do(ctx, rest.Get("branches.get", branchPath(repo, known.MainBranch.Name)), nil, &branch); err != nil {
		return nil, fmt.Errorf("ask for the merge methods of %v: %w", repo, err)
	}
	var methods []scm.MergeMethod
	for _, method := range []scm.MergeMethod{scm.MergeCommit, scm.MergeSquash, scm.MergeRebase, scm.MergeFastForward} {
		if contains(branch.Strategies, strategies[method]) {
			methods = append(methods, method)
		}
	}
	return methods, nil
}
