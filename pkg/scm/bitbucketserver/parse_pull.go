package bitbucketserver

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// pullActions are what happened to a pull request; a change of its reviewers is none that has a name.
var pullActions = map[string]scm.Action{
	"pr:opened": scm.ActionOpened, "pr:from_ref_updated": scm.ActionSynchronize, "pr:modified": scm.ActionEdited,
	"pr:merged": scm.ActionMerged, "pr:declined": scm.ActionClosed, "pr:deleted": scm.ActionDeleted, "pr:reviewer:updated": scm.ActionOther,
}

func (d *delivery) pullRequest(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		former
		PreviousFromHash string `json:"previousFromHash"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, pr, err := d.pulled(&payload.origin)
	if err != nil {
		return nil, err
	}
	event := &scm.PullRequestEvent{Meta: meta, Action: pullActions[meta.Native], Pull: pr}
	switch event.Action {
	case scm.ActionEdited:
		event.Action, event.Edited = payload.former.edits(&pr)
	case scm.ActionSynchronize:
		event.Before, err = scm.CommitID(payload.PreviousFromHash)
	}
	if err != nil {
		return nil, err
	}
	return event, nil
}

// former is what a pull request was before an edit; all of it comes, changed or not.
type former struct {
	Title       string `json:"previousTitle"`
	Description string `json:"previousDescription"`
	Target      *ref   `json:"previousTarget"`
	// Draft is told since 8.18.
	Draft *bool `json:"previousDraft"`
}

// edits says what an edit changed. One that makes or ends a draft goes by that, unless it moved the pull request to another
// base as well.
func (f *former) edits(pr *scm.PullRequest) (scm.Action, scm.Edits) {
	edited := scm.Edits{
		Title: f.Title != pr.Title, Body: f.Description != pr.Body,
		Base: f.Target != nil && f.Target.branch() != pr.Base.Name,
	}
	switch {
	case edited.Base || f.Draft == nil || *f.Draft == pr.Draft:
		return scm.ActionEdited, edited
	case pr.Draft:
		return scm.ActionDrafted, scm.Edits{}
	default:
		return scm.ActionReady, scm.Edits{}
	}
}

// review tells of a verdict. Taking one back tells of the former one, dismissed.
func (d *delivery) review(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Participant    *participant `json:"participant"`
		PreviousStatus string       `json:"previousStatus"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, pr, err := d.pulled(&payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.Participant == nil {
		return nil, fmt.Errorf("%w: no participant", scm.ErrMalformed)
	}
	verdict, err := payload.Participant.review()
	if err != nil {
		return nil, err
	}
	event := &scm.ReviewEvent{Meta: meta, Action: scm.ActionSubmitted, Review: verdict, Pull: pr}
	event.Review.Created = payload.at()
	switch meta.Native {
	case "pr:reviewer:approved":
		event.Review.State = scm.ReviewApproved
	case "pr:reviewer:unapproved":
		event.Action = scm.ActionDismissed
		if event.Review.State = verdicts[payload.PreviousStatus]; event.Review.State == "" {
			event.Review.State = scm.ReviewApproved
		}
	default:
		event.Review.State = scm.ReviewChangesRequested
	}
	return event, nil
}

func (d *delivery) comment(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Comment *comment `json:"comment"`
		Parent  int64    `json:"commentParentId"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, pr, err := d.pulled(&payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.Comment == nil {
		return nil, fmt.Errorf("%w: no comment", scm.ErrMalformed)
	}
	action := map[string]scm.Action{
		"pr:comment:added": scm.ActionCreated, "pr:comment:edited": scm.ActionEdited, "pr:comment:deleted": scm.ActionDeleted,
	}[meta.Native]
	made := payload.Comment.normal(pr.Link)
	if payload.Parent > 0 {
		made.ReplyTo = strconv.FormatInt(payload.Parent, 10)
	}
	return &scm.CommentEvent{
		Meta: meta, Action: action, Comment: made, Number: pr.Ref.Number, IsPull: true, State: pr.State, Pull: &pr,
		Inline: payload.Comment.Anchor.position(),
	}, nil
}
