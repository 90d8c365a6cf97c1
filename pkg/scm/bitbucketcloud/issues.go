package bitbucketcloud

import (
	"context"
	"fmt"
	"strconv"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// issues are those of the repository's issue tracker, which workspaces administered at admin.atlassian.com lack.
type issues struct{ *api }

func issuePath(ref scm.PullRef) []string {
	return repoPath(ref.Repo, "issues", strconv.Itoa(ref.Number))
}

// Get implements scm.Issues. Issues are numbered apart from pull requests.
func (i issues) Get(ctx context.Context, ref scm.PullRef) (*scm.Issue, error) {
	found, err := i.get(ctx, ref)
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
	in := issueInput{Title: &title, Content: &content{body}}
	if _, err := i.Do(ctx, rest.Post("issues.create", repoPath(repo, "issues")), in, &made); err != nil {
		return nil, fmt.Errorf("create issue in %v: %w", repo, err)
	}
	return made.normal(repo), nil
}

// Edit implements scm.Issues.
func (i issues) Edit(ctx context.Context, ref scm.PullRef, patch scm.IssuePatch) error {
	in := issueInput{Title: patch.Title, State: (*string)(patch.State)}
	if patch.Body != nil {
		in.Content = &content{*patch.Body}
	}
	if _, err := i.Do(ctx, rest.Put("issues.edit", issuePath(ref)), in, nil); err != nil {
		return fmt.Errorf("edit issue %v: %w", ref, err)
	}
	return nil
}

// Assign implements scm.Issues. An issue has one assignee: a second one answers ErrInvalid.
func (i issues) Assign(ctx context.Context, ref scm.PullRef, logins ...string) error {
	if len(logins) == 0 {
		return nil
	}
	now, err := i.get(ctx, ref)
	if err != nil {
		return fmt.Errorf("get assignee of %v: %w", ref, err)
	}
	people, err := i.people(ctx, ref.Org, logins)
	if err != nil {
		return fmt.Errorf("assign %v: %w", ref, err)
	}
	present := now.Assignee.normal()
	for _, one := range people {
		if one.normal().ID == present.ID {
			continue
		}
		if present.ID != "" {
			return fmt.Errorf("assign %v to %s: it has one assignee already: %w", ref, one.normal().Login, scm.ErrInvalid)
		}
		in := map[string]any{"assignee": one.ref()}
		if _, err := i.Do(ctx, rest.Put("issues.assign", issuePath(ref)), in, nil); err != nil {
			return fmt.Errorf("assign %v to %s: %w", ref, one.normal().Login, err)
		}
		present = one.normal()
	}
	return nil
}

// Unassign implements scm.Issues.
func (i issues) Unassign(ctx context.Context, ref scm.PullRef, logins ...string) error {
	now, err := i.get(ctx, ref)
	if err != nil {
		return fmt.Errorf("get assignee of %v: %w", ref, err)
	}
	if now.Assignee == nil || !contains(logins, now.Assignee.normal().Login) {
		return nil
	}
	if _, err := i.Do(ctx, rest.Put("issues.assign", issuePath(ref)), map[string]any{"assignee": nil}, nil); err != nil {
		return fmt.Errorf("unassign %v: %w", ref, err)
	}
	return nil
}

// issueInput is what of an issue is written; nil stays.
type issueInput struct {
	Title   *string  `json:"title,omitempty"`
	Content *content `json:"content,omitempty"`
	State   *string  `json:"state,omitempty"`
}

// issue is an issue as webhooks and the API write it.
type issue struct {
	ID        int      `json:"id"`
	Title     string   `json:"title"`
	Content   content  `json:"content"`
	Reporter  *account `json:"reporter"`
	Assignee  *account `json:"assignee"`
	State     string   `json:"state"`
	Milestone *struct {
		Name string `json:"name"`
	} `json:"milestone"`
	Links links `json:"links"`
}

func (i *issue) normal(repo scm.Repo) *scm.Issue {
	out := &scm.Issue{
		Ref: scm.PullRef{Repo: repo, Number: i.ID}, Title: i.Title, Body: i.Content.Raw, Author: i.Reporter.normal(),
		State: issueState(i.State), Link: i.Links.HTML.Href,
	}
	if i.Assignee != nil {
		out.Assignees = []scm.User{i.Assignee.normal()}
	}
	if i.Milestone != nil {
		out.Milestone = i.Milestone.Name
	}
	return out
}

func issueState(state string) scm.State {
	switch state {
	case "resolved", "invalid", "duplicate", "wontfix", "closed":
		return scm.StateClosed
	default: // submitted, new, open, on hold
		return scm.StateOpen
	}
}
