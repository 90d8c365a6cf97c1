package gitlab

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
)

func (d *delivery) mergeRequest(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Attributes *attributes `json:"object_attributes"`
		Labels     []label     `json:"labels"`
		Changes    changes     `json:"changes"`
		Assignees  []user      `json:"assignees"`
		Reviewers  []user      `json:"reviewers"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin, "merge_request")
	if err != nil {
		return nil, err
	}
	if payload.Attributes == nil {
		return nil, fmt.Errorf("%w: no merge request", scm.ErrMalformed)
	}
	known := slices.Concat([]user{actor(payload.User)}, payload.Assignees, payload.Reviewers)
	pr, err := payload.Attributes.pull(meta.Repo, payload.Project, known)
	if err != nil {
		return nil, err
	}
	pr.Assignees, pr.Reviewers = users(payload.Assignees), users(payload.Reviewers)
	if payload.Labels != nil {
		pr.Labels = titles(payload.Labels)
	}
	if review, ok := payload.Attributes.review(meta.Sender); ok {
		return &scm.ReviewEvent{Meta: meta, Action: review.action, Review: review.Review, Pull: pr}, nil
	}
	return payload.Attributes.event(meta, pr, payload.Changes)
}

func actor(u *user) user {
	if u == nil {
		return user{}
	}
	return *u
}

// attributes are a merge request as webhooks write it. Times are text of more than one form.
type attributes struct {
	IID             int      `json:"iid"`
	AuthorID        int64    `json:"author_id"`
	Title           string   `json:"title"`
	Description     string   `json:"description"`
	State           string   `json:"state"`
	Draft           bool     `json:"draft"`
	MergeStatus     string   `json:"merge_status"`
	MergeSHA        string   `json:"merge_commit_sha"`
	URL             string   `json:"url"`
	UpdatedAt       string   `json:"updated_at"`
	Action          string   `json:"action"`
	Before          string   `json:"oldrev"`
	System          bool     `json:"system"`
	SourceBranch    string   `json:"source_branch"`
	TargetBranch    string   `json:"target_branch"`
	SourceProjectID int64    `json:"source_project_id"`
	Source          *project `json:"source"` // null when a fork was deleted
	LastCommit      *struct {
		ID string `json:"id"`
	} `json:"last_commit"`
	Labels []label `json:"labels"`
}

// pull translates a merge request of repo, which the payload describes as base. Its author's login is looked for among the
// known accounts.
func (a *attributes) pull(repo scm.Repo, base *project, known []user) (scm.PullRequest, error) {
	if a.IID <= 0 {
		return scm.PullRequest{}, fmt.Errorf("merge request has no number: %w", scm.ErrMalformed)
	}
	head := scm.Branch{Name: a.SourceBranch}
	if a.Source != nil {
		head.Repo = a.Source.Path
	}
	if a.LastCommit != nil {
		sha, err := scm.CommitID(a.LastCommit.ID)
		if err != nil {
			return scm.PullRequest{}, fmt.Errorf("head of !%d: %w", a.IID, err)
		}
		head.SHA = sha
	}
	pr := scm.PullRequest{
		Ref:       scm.PullRef{Repo: repo, Number: a.IID},
		Title:     a.Title,
		Body:      a.Description,
		Author:    author(a.AuthorID, known),
		Base:      scm.Branch{Name: a.TargetBranch, Repo: repo.FullName()},
		Head:      head,
		Link:      a.URL,
		Labels:    titles(a.Labels),
		State:     stateOf(a.State),
		Draft:     a.Draft,
		Mergeable: mergeable(a.MergeStatus, ""),
		CloneURL:  base.CloneURL,
		Updated:   moment(a.UpdatedAt),
	}
	if pr.State == scm.StateMerged {
		sha, err := scm.CommitID(a.MergeSHA)
		if err != nil {
			return scm.PullRequest{}, fmt.Errorf("merge commit of !%d: %w", a.IID, err)
		}
		pr.MergeSHA = sha
	}
	return pr, nil
}

func author(id int64, known []user) scm.User {
	for i := range known {
		if known[i].ID == id && id != 0 {
			return known[i].normal()
		}
	}
	return scm.User{ID: number(id)}
}

// verdict is an approval, given or withdrawn.
type verdict struct {
	scm.Review
	action scm.Action
}

// review reads an approval by sender. "approved" and "unapproved" are those that decide, "approval" and "unapproval" all
// others. Where a push made the server withdraw approvals it says of nobody's which, so the author is empty.
func (a *attributes) review(sender scm.User) (verdict, bool) {
	v := verdict{Review: scm.Review{ID: sender.ID, State: scm.ReviewApproved, Author: sender, Link: a.URL}}
	switch a.Action {
	case "approved", "approval":
		v.action = scm.ActionSubmitted
	case "unapproved", "unapproval":
		v.action = scm.ActionDismissed
	default:
		return verdict{}, false
	}
	if a.System {
		v.ID, v.Author = "", scm.User{}
	}
	return v, true
}

func (a *attributes) event(meta scm.Envelope, pr scm.PullRequest, c changes) (scm.Event, error) {
	event := &scm.PullRequestEvent{Meta: meta, Pull: pr}
	switch a.Action {
	case "open":
		event.Action = scm.ActionOpened
	case "reopen":
		event.Action = scm.ActionReopened
	case "close":
		event.Action = scm.ActionClosed
	case "merge":
		event.Action = scm.ActionMerged
	case "update":
		before, err := scm.CommitID(a.Before)
		if err != nil {
			return nil, fmt.Errorf("former head of !%d: %w", a.IID, err)
		}
		event.Before = before
		event.Action, event.Label = c.action(before != "")
		if event.Action == scm.ActionEdited {
			event.Edited = c.edits()
		}
	default:
		event.Action = scm.ActionOther
	}
	return event, nil
}

// changes are what an update changed. An update may change many things at once.
type changes struct {
	Title       *struct{} `json:"title"`
	Description *struct{} `json:"description"`
	Base        *struct{} `json:"target_branch"`
	Draft       *struct {
		Current bool `json:"current"`
	} `json:"draft"`
	Labels *struct {
		Previous []label `json:"previous"`
		Current  []label `json:"current"`
	} `json:"labels"`
}

func (c *changes) edits() scm.Edits {
	return scm.Edits{Title: c.Title != nil, Body: c.Description != nil, Base: c.Base != nil}
}

// action names the weightiest of the changes: new commits, another base, a draft that begins or ends, labels, texts. A
// draft's title changes as well.
func (c *changes) action(pushed bool) (scm.Action, string) {
	switch {
	case pushed:
		return scm.ActionSynchronize, ""
	case c.Base != nil:
		return scm.ActionEdited, ""
	case c.Draft != nil && c.Draft.Current:
		return scm.ActionDrafted, ""
	case c.Draft != nil:
		return scm.ActionReady, ""
	case c.Labels != nil:
		return c.labelled()
	case c.Title != nil || c.Description != nil:
		return scm.ActionEdited, ""
	}
	return scm.ActionOther, ""
}

// labelled says whether labels were put on or only taken off, and names the label if it was one.
func (c *changes) labelled() (scm.Action, string) {
	before, after := titles(c.Labels.Previous), titles(c.Labels.Current)
	added, removed := without(after, before), without(before, after)
	switch {
	case len(added) == 1 && len(removed) == 0:
		return scm.ActionLabeled, added[0]
	case len(added) == 0 && len(removed) == 1:
		return scm.ActionUnlabeled, removed[0]
	case len(added) == 0 && len(removed) > 1:
		return scm.ActionUnlabeled, ""
	case len(added) > 0:
		return scm.ActionLabeled, ""
	}
	return scm.ActionOther, ""
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return slices.Contains(some, one) })
}
