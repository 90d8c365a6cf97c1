package github

import (
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// from is the former value of something that was edited.
type from struct {
	From string `json:"from"`
}

func (d *delivery) pullRequest(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Action      string `json:"action"`
		PullRequest *pull  `json:"pull_request"`
		Label       *label `json:"label"`
		Before      string `json:"before"`
		Changes     struct {
			Title *from     `json:"title"`
			Body  *from     `json:"body"`
			Base  *struct{} `json:"base"`
		} `json:"changes"`
	}
	meta, err := d.read(body, &payload, &payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.PullRequest == nil {
		return nil, fmt.Errorf("%w: no pull request", scm.ErrMalformed)
	}
	pr, err := payload.PullRequest.normal(meta.Repo)
	if err != nil {
		return nil, err
	}
	event := &scm.PullRequestEvent{Meta: meta, Action: pullAction(payload.Action, &pr), Pull: pr}
	switch event.Action {
	case scm.ActionEdited:
		event.Edited = scm.Edits{Title: payload.Changes.Title != nil, Body: payload.Changes.Body != nil, Base: payload.Changes.Base != nil}
	case scm.ActionLabeled, scm.ActionUnlabeled:
		if payload.Label != nil {
			event.Label = payload.Label.Name
		}
	case scm.ActionSynchronize:
		if event.Before, err = scm.CommitID(payload.Before); err != nil {
			return nil, err
		}
	}
	return event, nil
}

func pullAction(native string, pr *scm.PullRequest) scm.Action {
	switch action := scm.Action(native); action {
	case scm.ActionOpened, scm.ActionReopened, scm.ActionSynchronize, scm.ActionEdited, scm.ActionLabeled, scm.ActionUnlabeled,
		scm.ActionReady, scm.ActionDrafted:
		return action
	case scm.ActionClosed:
		if pr.State == scm.StateMerged {
			return scm.ActionMerged
		}
		return action
	}
	return scm.ActionOther
}

func (d *delivery) review(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Action      string  `json:"action"`
		PullRequest *pull   `json:"pull_request"`
		Review      *review `json:"review"`
	}
	meta, err := d.read(body, &payload, &payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.PullRequest == nil || payload.Review == nil {
		return nil, fmt.Errorf("%w: no pull request or no review", scm.ErrMalformed)
	}
	pr, err := payload.PullRequest.normal(meta.Repo)
	if err != nil {
		return nil, err
	}
	verdict, _ := payload.Review.normal()
	if verdict.SHA, err = scm.CommitID(verdict.SHA); err != nil {
		return nil, err
	}
	action := scm.ActionOther
	switch native := scm.Action(payload.Action); native {
	case scm.ActionSubmitted, scm.ActionDismissed, scm.ActionEdited:
		action = native
	}
	return &scm.ReviewEvent{Meta: meta, Action: action, Review: verdict, Pull: pr}, nil
}

// inline is a comment on a line of code.
func (d *delivery) inline(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Action      string   `json:"action"`
		PullRequest *pull    `json:"pull_request"`
		Comment     *comment `json:"comment"`
	}
	meta, err := d.read(body, &payload, &payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.PullRequest == nil || payload.Comment == nil {
		return nil, fmt.Errorf("%w: no pull request or no comment", scm.ErrMalformed)
	}
	pr, err := payload.PullRequest.normal(meta.Repo)
	if err != nil {
		return nil, err
	}
	at := &scm.Position{Path: payload.Comment.Path}
	if payload.Comment.Line != nil && payload.Comment.Side != "LEFT" {
		at.Line = max(0, *payload.Comment.Line)
	}
	return &scm.CommentEvent{
		Meta: meta, Action: commentAction(payload.Action), Comment: payload.Comment.normal(inlineMark),
		Number: pr.Ref.Number, IsPull: true, State: pr.State, Pull: &pr, Inline: at,
	}, nil
}
