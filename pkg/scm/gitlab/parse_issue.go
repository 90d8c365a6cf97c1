package gitlab

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// issue tells of issues; tasks, incidents and other items of work come by the same name and are ignored.
func (d *delivery) issue(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Attributes *struct {
			IID         int    `json:"iid"`
			AuthorID    int64  `json:"author_id"`
			Title       string `json:"title"`
			Description string `json:"description"`
			State       string `json:"state"`
			URL         string `json:"url"`
			Action      string `json:"action"`
		} `json:"object_attributes"`
		Labels    []label `json:"labels"`
		Assignees []user  `json:"assignees"`
		Changes   changes `json:"changes"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin, "issue", "work_item")
	if err != nil {
		return nil, err
	}
	if payload.Kind == "work_item" {
		return &scm.Ignored{Meta: meta}, nil
	}
	a := payload.Attributes
	if a == nil || a.IID <= 0 {
		return nil, fmt.Errorf("%w: no issue", scm.ErrMalformed)
	}
	known := slices.Concat([]user{actor(payload.User)}, payload.Assignees)
	event := &scm.IssueEvent{Meta: meta, Issue: scm.Issue{
		Ref: scm.PullRef{Repo: meta.Repo, Number: a.IID}, Title: a.Title, Body: a.Description, Author: author(a.AuthorID, known),
		State: stateOf(a.State), Labels: titles(payload.Labels), Assignees: users(payload.Assignees), Link: a.URL,
	}}
	event.Action, event.Label = issueAction(a.Action, payload.Changes)
	return event, nil
}

func issueAction(native string, c changes) (scm.Action, string) {
	switch native {
	case "open":
		return scm.ActionOpened, ""
	case "reopen":
		return scm.ActionReopened, ""
	case "close":
		return scm.ActionClosed, ""
	case "update":
		return c.action(false)
	}
	return scm.ActionOther, ""
}

// note tells of a comment. Those on commits and snippets belong to neither a merge request nor an issue, and those of the
// system are what GitLab itself writes about every change; both are ignored. GitLab does not tell of comments that are
// deleted, nor which comment a reply answers.
func (d *delivery) note(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Note  *remark     `json:"object_attributes"`
		Pull  *attributes `json:"merge_request"`
		Issue *struct {
			IID   int    `json:"iid"`
			State string `json:"state"`
		} `json:"issue"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin, "note")
	if err != nil {
		return nil, err
	}
	note := payload.Note
	switch {
	case note == nil:
		return nil, fmt.Errorf("%w: no comment", scm.ErrMalformed)
	case note.System, note.On != "MergeRequest" && note.On != "Issue":
		return &scm.Ignored{Meta: meta}, nil
	}
	event := &scm.CommentEvent{Meta: meta, Action: note.action(), Comment: note.normal(actor(payload.User)), Inline: note.Position.normal()}
	if note.On == "Issue" {
		if payload.Issue == nil || payload.Issue.IID <= 0 {
			return nil, fmt.Errorf("%w: no issue", scm.ErrMalformed)
		}
		event.Number, event.State = payload.Issue.IID, stateOf(payload.Issue.State)
		return event, nil
	}
	if payload.Pull == nil {
		return nil, fmt.Errorf("%w: no merge request", scm.ErrMalformed)
	}
	pr, err := payload.Pull.pull(meta.Repo, payload.Project, []user{actor(payload.User)})
	if err != nil {
		return nil, err
	}
	event.IsPull, event.Number, event.State = true, pr.Ref.Number, pr.State
	if pr.Author.Login != "" { // who wrote a merge request decides too much to go on without
		event.Pull = &pr
	}
	return event, nil
}

// remark is a comment as webhooks write it.
type remark struct {
	ID        int64     `json:"id"`
	Text      string    `json:"note"`
	On        string    `json:"noteable_type"`
	AuthorID  int64     `json:"author_id"`
	CreatedAt string    `json:"created_at"`
	URL       string    `json:"url"`
	System    bool      `json:"system"`
	Action    string    `json:"action"`
	Position  *position `json:"position"`
}

// action of servers before 16.11 is empty.
func (r *remark) action() scm.Action {
	switch r.Action {
	case "", "create":
		return scm.ActionCreated
	case "update":
		return scm.ActionEdited
	default:
		return scm.ActionOther
	}
}

// normal knows the author's login only if it is the author who acts: somebody else may have edited the comment.
func (r *remark) normal(acts user) scm.Comment {
	return scm.Comment{
		ID: number(r.ID), Body: r.Text, Author: author(r.AuthorID, []user{acts}), Link: r.URL, Created: moment(r.CreatedAt),
	}
}

// position is where in a change a comment stands.
type position struct {
	NewPath string `json:"new_path"`
	OldPath string `json:"old_path"`
	NewLine int    `json:"new_line"`
}

func (p *position) normal() *scm.Position {
	if p == nil || (p.NewPath == "" && p.OldPath == "") {
		return nil
	}
	return &scm.Position{Path: first(p.NewPath, p.OldPath), Line: p.NewLine}
}
