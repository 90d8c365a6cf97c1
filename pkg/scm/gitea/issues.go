package gitea

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type issues struct{ *api }

// Get implements scm.Issues.
func (i issues) Get(ctx context.Context, ref scm.PullRef) (*scm.Issue, error) {
	found, err := i.get(ctx, ref)
	if err == nil && found.isPull() {
		err = fmt.Errorf("it is a pull request: %w", scm.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get issue %v: %w", ref, err)
	}
	return found.normal(ref.Repo), nil
}

func (i issues) get(ctx context.Context, ref scm.PullRef) (*issue, error) {
	var answer issue
	_, err := i.Do(ctx, rest.Get("issues.get", issuePath(ref)), nil, &answer)
	return &answer, err
}

// Create implements scm.Issues.
func (i issues) Create(ctx context.Context, repo scm.Repo, title, body string) (*scm.Issue, error) {
	var made issue
	in := issuePatch{Title: &title, Body: &body}
	if _, err := i.Do(ctx, rest.Post("issues.create", repoPath(repo, "issues")), in, &made); err != nil {
		return nil, fmt.Errorf("create issue in %v: %w", repo, err)
	}
	return made.normal(repo), nil
}

// Edit implements scm.Issues.
func (i issues) Edit(ctx context.Context, ref scm.PullRef, patch scm.IssuePatch) error {
	in := issuePatch{Title: patch.Title, Body: patch.Body, State: (*string)(patch.State)}
	if _, err := i.Do(ctx, rest.Patch("issues.edit", issuePath(ref)), in, nil); err != nil {
		return fmt.Errorf("edit issue %v: %w", ref, err)
	}
	return nil
}

// Assign implements scm.Issues.
func (i issues) Assign(ctx context.Context, ref scm.PullRef, logins ...string) error {
	return i.assign(ctx, ref, func(present []string) []string {
		for _, login := range logins {
			if !contains(present, login) {
				present = append(present, login)
			}
		}
		return present
	})
}

// Unassign implements scm.Issues.
func (i issues) Unassign(ctx context.Context, ref scm.PullRef, logins ...string) error {
	return i.assign(ctx, ref, func(present []string) []string {
		return slices.DeleteFunc(present, func(login string) bool { return contains(logins, login) })
	})
}

// assign reads and writes: Gitea takes the whole list only.
func (i issues) assign(ctx context.Context, ref scm.PullRef, change func([]string) []string) error {
	now, err := i.get(ctx, ref)
	if err != nil {
		return fmt.Errorf("get assignees of %v: %w", ref, err)
	}
	present := []string{}
	for _, u := range now.Assignees {
		present = append(present, u.Login)
	}
	wanted := change(slices.Clone(present))
	if slices.Equal(present, wanted) {
		return nil
	}
	if _, err := i.Do(ctx, rest.Patch("issues.assign", issuePath(ref)), issuePatch{Assignees: &wanted}, nil); err != nil {
		if errors.Is(err, scm.ErrTransient) {
			err = errors.Join(i.unknown(ctx, wanted), err)
		}
		return fmt.Errorf("set assignees of %v: %w", ref, err)
	}
	return nil
}

// unknown is ErrInvalid if one of the logins is nobody's.
func (i issues) unknown(ctx context.Context, logins []string) error {
	for _, login := range logins {
		if err := i.missing(ctx, rest.Get("users.get", []string{"users", login})); err != nil {
			return fmt.Errorf("%s: %w", login, scm.ErrInvalid)
		}
	}
	return nil
}

func contains(logins []string, login string) bool {
	return slices.ContainsFunc(logins, func(one string) bool { return strings.EqualFold(one, login) })
}

// issuePatch is what of an issue is written; nil stays.
type issuePatch struct {
	Title     *string   `json:"title,omitempty"`
	Body      *string   `json:"body,omitempty"`
	State     *string   `json:"state,omitempty"`
	Assignees *[]string `json:"assignees,omitempty"`
	Milestone *int64    `json:"milestone,omitempty"`
}

// issue is an issue, or a pull request seen as one, as webhooks and the API write it.
type issue struct {
	Number      int             `json:"number"`
	User        user            `json:"user"`
	Title       string          `json:"title"`
	Body        string          `json:"body"`
	Labels      []label         `json:"labels"`
	Assignees   []user          `json:"assignees"`
	Milestone   *milestone      `json:"milestone"`
	State       string          `json:"state"`
	HTMLURL     string          `json:"html_url"`
	PullRequest json.RawMessage `json:"pull_request"`
}

func (i *issue) isPull() bool { return len(i.PullRequest) > 0 && string(i.PullRequest) != "null" }

func (i *issue) normal(repo scm.Repo) *scm.Issue {
	return &scm.Issue{
		Ref: scm.PullRef{Repo: repo, Number: i.Number}, Title: i.Title, Body: i.Body, Author: i.User.normal(),
		State: stateOf(i.State, false), Labels: labelNames(i.Labels), Assignees: users(i.Assignees),
		Milestone: i.Milestone.title(), Link: i.HTMLURL,
	}
}

func users(in []user) []scm.User {
	var all []scm.User
	for i := range in {
		all = append(all, in[i].normal())
	}
	return all
}
