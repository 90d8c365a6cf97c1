package gitlab

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type issues struct{ *api }

// Get implements scm.Issues.
func (i issues) Get(ctx context.Context, ref scm.PullRef) (*scm.Issue, error) {
	var answer issue
	if _, err := i.Do(ctx, rest.Get("issues.get", issueKind.path(ref)), nil, &answer); err != nil {
		return nil, fmt.Errorf("get issue %v: %w", ref, err)
	}
	return answer.normal(ref.Repo), nil
}

// Create implements scm.Issues.
func (i issues) Create(ctx context.Context, repo scm.Repo, title, body string) (*scm.Issue, error) {
	var made issue
	in := thingPatch{Title: &title, Description: &body}
	if _, err := i.Do(ctx, rest.Post("issues.create", projectPath(repo, string(issueKind))), in, &made); err != nil {
		return nil, fmt.Errorf("create issue in %v: %w", repo, err)
	}
	return made.normal(repo), nil
}

// Edit implements scm.Issues.
func (i issues) Edit(ctx context.Context, ref scm.PullRef, patch scm.IssuePatch) error {
	if patch == (scm.IssuePatch{}) {
		return nil // which GitLab refuses
	}
	event, err := stateEvent(patch.State)
	if err == nil {
		in := thingPatch{Title: patch.Title, Description: patch.Body, StateEvent: event}
		_, err = i.Do(ctx, rest.Put("issues.edit", issueKind.path(ref)), in, nil)
	}
	if err != nil {
		return fmt.Errorf("edit issue %v: %w", ref, err)
	}
	return nil
}

// Assign implements scm.Issues. Without a paid plan GitLab keeps one assignee only, which is ErrInvalid too.
func (i issues) Assign(ctx context.Context, ref scm.PullRef, logins ...string) error {
	if err := i.assign(ctx, ref, logins, joined); err != nil {
		return fmt.Errorf("assign %v: %w", ref, err)
	}
	return nil
}

// Unassign implements scm.Issues.
func (i issues) Unassign(ctx context.Context, ref scm.PullRef, logins ...string) error {
	if err := i.assign(ctx, ref, logins, parted); err != nil {
		return fmt.Errorf("unassign %v: %w", ref, err)
	}
	return nil
}

func (i issues) assign(ctx context.Context, ref scm.PullRef, logins []string, change change) error {
	if len(logins) == 0 {
		return nil
	}
	return either(func(k kind) error {
		var now issue
		if _, err := i.Do(ctx, rest.Get("issues.get", k.path(ref)), nil, &now); err != nil {
			return err
		}
		return i.replace(ctx, now.Assignees, logins, change, func(ids []int64) ([]user, error) {
			var after issue
			_, err := i.Do(ctx, rest.Put("issues.assign", k.path(ref)), thingPatch{Assignees: ids}, &after)
			return after.Assignees, err
		})
	})
}

// change says who of the people there are and the people meant there should be.
type change func(present, meant []user) []user

func joined(present, meant []user) []user {
	return append(slices.Clone(present), absent(meant, present)...)
}

func parted(present, meant []user) []user { return absent(present, meant) }

func absent(all, from []user) []user {
	return slices.DeleteFunc(slices.Clone(all), func(u user) bool {
		return slices.ContainsFunc(from, func(other user) bool { return other.ID == u.ID })
	})
}

// replace writes a list of people, which GitLab takes as a whole only, and looks whether it kept them all: it leaves out,
// without a word, whom it does not accept.
func (a *api) replace(ctx context.Context, present []user, logins []string, change change, write func([]int64) ([]user, error)) error {
	meant, err := a.people(ctx, logins)
	if err != nil {
		return err
	}
	wanted := change(present, meant)
	if len(wanted) == len(present) {
		return nil
	}
	ids := []int64{0} // nobody
	if len(wanted) > 0 {
		ids = nil
	}
	for _, u := range wanted {
		ids = append(ids, u.ID)
	}
	kept, err := write(ids)
	if err != nil {
		return err
	}
	var refused []string
	for _, u := range absent(wanted, kept) {
		refused = append(refused, u.Username)
	}
	if len(refused) > 0 {
		return fmt.Errorf("GitLab does not accept %s: %w", strings.Join(refused, ", "), scm.ErrInvalid)
	}
	return nil
}

// issue is an issue as the API writes it.
type issue struct {
	IID         int        `json:"iid"`
	Author      *user      `json:"author"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Labels      []string   `json:"labels"`
	Assignees   []user     `json:"assignees"`
	Milestone   *milestone `json:"milestone"`
	State       string     `json:"state"`
	WebURL      string     `json:"web_url"`
}

func (i *issue) normal(repo scm.Repo) *scm.Issue {
	return &scm.Issue{
		Ref: scm.PullRef{Repo: repo, Number: i.IID}, Title: i.Title, Body: i.Description, Author: i.Author.normal(),
		State: stateOf(i.State), Labels: i.Labels, Assignees: users(i.Assignees), Milestone: i.Milestone.title(), Link: i.WebURL,
	}
}
