package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type statuses struct{ *api }

// states are GitLab's names; it knows failures only.
var states = map[scm.StatusState]string{
	scm.StatusPending: "pending", scm.StatusSuccess: "success", scm.StatusFailure: "failed", scm.StatusError: "failed",
}

// newStatus is a status as it is written.
type newStatus struct {
	State       string `json:"state"`
	Name        string `json:"name"`
	Description string `json:"description"`
	TargetURL   string `json:"target_url,omitempty"`
	Ref         string `json:"ref,omitempty"`
}

// Set implements scm.Statuses. An address that is longer than GitLab takes is left out. GitLab refuses to set a pending
// status to pending once more, with other words or another address; it takes them as a status that runs, which reads as
// pending here. The words of a third one it does not take at all.
func (s statuses) Set(ctx context.Context, repo scm.Repo, sha string, status scm.Status) error {
	in := newStatus{State: states[status.State], Name: status.Context, Description: status.Description, TargetURL: status.TargetURL}
	if utf8.RuneCountInString(in.TargetURL) > statusLimit {
		in.TargetURL = ""
	}
	err := s.set(ctx, repo, sha, in)
	if status.State == scm.StatusPending && stands(err) {
		in.State = "running"
		if err = s.set(ctx, repo, sha, in); stands(err) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("set status %s on %s of %v: %w", status.Context, sha, repo, err)
	}
	return nil
}

// stands recognises the refusal of a state that a status has already.
func stands(err error) bool {
	return errors.Is(err, scm.ErrInvalid) && strings.Contains(err.Error(), "Cannot transition status")
}

// set names a ref only where it must: GitLab keeps statuses by branch, and finds none for the head of a fork, which it does
// know under the merge request's own ref.
func (s statuses) set(ctx context.Context, repo scm.Repo, sha string, in newStatus) error {
	call := rest.Post("statuses.set", projectPath(repo, "statuses", sha))
	_, err := s.Do(ctx, call, in, nil)
	if !errors.Is(err, scm.ErrNotFound) || !strings.Contains(err.Error(), "References for commit") {
		return err
	}
	ref, failure := s.refOf(ctx, repo, sha)
	if failure != nil || ref == "" {
		return errors.Join(err, failure)
	}
	in.Ref = ref
	_, err = s.Do(ctx, call, in, nil)
	return err
}

// refOf is the ref of a merge request, an open one before others, whose commit this is; empty if there is none.
func (s statuses) refOf(ctx context.Context, repo scm.Repo, sha string) (string, error) {
	found, err := list[mergeRequest](ctx, s.api, rest.Get("commits.pulls", projectPath(repo, "repository", "commits", sha, string(pullKind))))
	if err != nil || len(found) == 0 {
		return "", err
	}
	at := slices.IndexFunc(found, func(m mergeRequest) bool { return stateOf(m.State) == scm.StateOpen })
	return fmt.Sprintf("refs/merge-requests/%d/head", found[max(at, 0)].IID), nil
}

// List implements scm.Statuses. The jobs of GitLab's own pipelines are among them; one that may fail counts as success then,
// as it does to GitLab.
func (s statuses) List(ctx context.Context, repo scm.Repo, sha string) ([]scm.Status, error) {
	c := rest.Get("statuses.list", projectPath(repo, "repository", "commits", sha, "statuses"))
	c.Query = url.Values{"order_by": {"id"}, "sort": {"desc"}}
	found, err := list[commitStatus](ctx, s.api, c)
	if err != nil {
		return nil, fmt.Errorf("list statuses of %s in %v: %w", sha, repo, err)
	}
	slices.SortStableFunc(found, func(a, b commitStatus) int {
		if byName := strings.Compare(a.Name, b.Name); byName != 0 {
			return byName
		}
		return int(b.ID - a.ID)
	})
	found = slices.CompactFunc(found, func(a, b commitStatus) bool { return a.Name == b.Name })
	var newest []scm.Status
	for _, one := range found {
		newest = append(newest, scm.Status{
			Context: one.Name, State: readState(one.Status, one.AllowFailure), Description: one.Description, TargetURL: one.TargetURL,
		})
	}
	return newest, nil
}

// commitStatus is a status as it is read. GitLab keeps one for each branch, user and pipeline.
type commitStatus struct {
	ID           int64  `json:"id"`
	Name         string `json:"name"`
	Status       string `json:"status"`
	AllowFailure bool   `json:"allow_failure"`
	Description  string `json:"description"`
	TargetURL    string `json:"target_url"`
}

// readState maps what jobs go through, and anything unknown to an error. Jobs that wait for somebody's hand are pending
// unless nothing waits for them.
func readState(s string, allowFailure bool) scm.StatusState {
	switch s {
	case "success", "skipped":
		return scm.StatusSuccess
	case "created", "pending", "preparing", "running", "scheduled", "waiting_for_resource", "waiting_for_callback":
		return scm.StatusPending
	}
	if allowFailure {
		return scm.StatusSuccess
	}
	switch s {
	case "manual":
		return scm.StatusPending
	case "failed":
		return scm.StatusFailure
	}
	return scm.StatusError
}
