package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type issues struct{ *api }

// Get implements scm.Issues.
func (i issues) Get(ctx context.Context, ref scm.PullRef) (*scm.Issue, error) {
	var found issue
	_, err := i.Do(ctx, rest.Get("issues.get", issuePath(ref)), nil, &found)
	if err == nil && found.isPull() {
		err = fmt.Errorf("it is a pull request: %w", scm.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get issue %v: %w", ref, err)
	}
	return found.normal(ref.Repo), nil
}

// issuePatch is what of an issue is written; nil stays.
type issuePatch struct {
	Title *string    `json:"title,omitempty"`
	Body  *string    `json:"body,omitempty"`
	State *scm.State `json:"state,omitempty"`
}

// Create implements scm.Issues.
func (i issues) Create(ctx context.Context, repo scm.Repo, title, body string) (*scm.Issue, error) {
	var made issue
	if _, err := i.Do(ctx, rest.Post("issues.create", repoPath(repo, "issues")), issuePatch{Title: &title, Body: &body}, &made); err != nil {
		return nil, fmt.Errorf("create issue in %v: %w", repo, err)
	}
	return made.normal(repo), nil
}

// Edit implements scm.Issues.
func (i issues) Edit(ctx context.Context, ref scm.PullRef, patch scm.IssuePatch) error {
	in := issuePatch{Title: patch.Title, Body: patch.Body, State: patch.State}
	if _, err := i.Do(ctx, rest.Patch("issues.edit", issuePath(ref)), in, nil); err != nil {
		return fmt.Errorf("edit issue %v: %w", ref, err)
	}
	return nil
}

// Assign implements scm.Issues. GitHub passes over people who cannot be assigned: whom its answer leaves out was one.
func (i issues) Assign(ctx context.Context, ref scm.PullRef, logins ...string) error {
	now, err := i.assign(ctx, http.MethodPost, ref, logins)
	if err != nil {
		return fmt.Errorf("assign %v: %w", ref, err)
	}
	for _, login := range logins {
		if !slices.ContainsFunc(now, func(u user) bool { return strings.EqualFold(u.Login, login) }) {
			return fmt.Errorf("assign %s to %v: %w", login, ref, scm.ErrInvalid)
		}
	}
	return nil
}

// Unassign implements scm.Issues.
func (i issues) Unassign(ctx context.Context, ref scm.PullRef, logins ...string) error {
	if _, err := i.assign(ctx, http.MethodDelete, ref, logins); err != nil {
		return fmt.Errorf("unassign %v: %w", ref, err)
	}
	return nil
}

func (i issues) assign(ctx context.Context, method string, ref scm.PullRef, logins []string) ([]user, error) {
	if len(logins) == 0 {
		return nil, nil
	}
	in := struct {
		Assignees []string `json:"assignees"`
	}{logins}
	var now issue
	_, err := i.Do(ctx, rest.Call{Endpoint: "issues.assign", Method: method, Path: issuePath(ref, "assignees")}, in, &now)
	return now.Assignees, err
}

// issue is an issue, or a pull request seen as one, as webhooks and the API write it.
type issue struct {
	Number      int             `json:"number"`
	User        *user           `json:"user"`
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
