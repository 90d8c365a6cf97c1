package bitbucketcloud

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// pullActions are the events of a pull request's life.
//
// Bitbucket sends pullrequest:updated for every change, of the title, the description, the base, the reviewers, the draft
// state and the commits, and tells neither what changed nor what was before. New commits have an event of their own besides,
// pullrequest:push, so that one alone says that the head has moved: taking each update for new commits would test an old
// head again after every change of a title. That a draft became ready shows in no event; a sweep finds the head untested.
var pullActions = map[string]scm.Action{
	"pullrequest:created":   scm.ActionOpened,
	"pullrequest:push":      scm.ActionSynchronize,
	"pullrequest:updated":   scm.ActionEdited,
	"pullrequest:fulfilled": scm.ActionMerged,
	"pullrequest:rejected":  scm.ActionClosed,
}

// verdicts are the events of reviews and of their withdrawal.
var verdicts = map[string]verdict{
	"pullrequest:approved":                {scm.ActionSubmitted, scm.ReviewApproved},
	"pullrequest:unapproved":              {scm.ActionDismissed, scm.ReviewApproved},
	"pullrequest:changes_request_created": {scm.ActionSubmitted, scm.ReviewChangesRequested},
	"pullrequest:changes_request_removed": {scm.ActionDismissed, scm.ReviewChangesRequested},
}

type verdict struct {
	action scm.Action
	state  scm.ReviewState
}

// commentActions are the events of comments on pull requests.
var commentActions = map[string]scm.Action{
	"pullrequest:comment_created":  scm.ActionCreated,
	"pullrequest:comment_updated":  scm.ActionEdited,
	"pullrequest:comment_deleted":  scm.ActionDeleted,
	"pullrequest:comment_resolved": scm.ActionOther,
	"pullrequest:comment_reopened": scm.ActionOther,
}

// about is in every payload of a pull request.
type about struct {
	origin
	PullRequest *pull `json:"pullrequest"`
}

// pull reads the pull request. Its base is the repository that the event belongs to, wherever the webhook is installed.
func (d *delivery) pull(a about) (scm.Envelope, scm.PullRequest, error) {
	if a.PullRequest == nil {
		return d.meta, scm.PullRequest{}, fmt.Errorf("%w: no pull request", scm.ErrMalformed)
	}
	if base := a.PullRequest.Destination.Repository; base != nil && base.FullName != "" {
		a.Repository = base
	}
	meta, err := d.envelope(a.origin)
	if err != nil {
		return d.meta, scm.PullRequest{}, err
	}
	pr, err := a.PullRequest.normal(meta.Repo)
	if pr.CloneURL == "" {
		pr.CloneURL = a.Repository.cloneURL()
	}
	return meta, pr, err
}

func (d *delivery) pullRequest(action scm.Action, body []byte) (scm.Event, error) {
	var payload about
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, pr, err := d.pull(payload)
	if err != nil {
		return nil, err
	}
	return &scm.PullRequestEvent{Meta: meta, Action: action, Pull: pr}, nil
}

// review tells of a verdict. It has no id of its own: who gave it is what identifies it, as in the list of reviews.
func (d *delivery) review(v verdict, body []byte) (scm.Event, error) {
	type given struct {
		Date time.Time `json:"date"`
		User *account  `json:"user"`
	}
	var payload struct {
		about
		Approval *given `json:"approval"`
		Changes  *given `json:"changes_request"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, pr, err := d.pull(payload.about)
	if err != nil {
		return nil, err
	}
	said := payload.Approval
	if v.state == scm.ReviewChangesRequested {
		said = payload.Changes
	}
	if said == nil {
		return nil, fmt.Errorf("%w: no verdict", scm.ErrMalformed)
	}
	author := said.User.normal()
	return &scm.ReviewEvent{Meta: meta, Action: v.action, Pull: pr, Review: scm.Review{
		ID: author.ID, State: v.state, Author: author, Link: pr.Link, Created: said.Date.UTC(),
	}}, nil
}

func (d *delivery) pullComment(action scm.Action, body []byte) (scm.Event, error) {
	var payload struct {
		about
		Comment *comment `json:"comment"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, pr, err := d.pull(payload.about)
	if err != nil {
		return nil, err
	}
	if payload.Comment == nil {
		return nil, fmt.Errorf("%w: no comment", scm.ErrMalformed)
	}
	return &scm.CommentEvent{
		Meta: meta, Action: action, Comment: payload.Comment.normal(), Number: pr.Ref.Number, IsPull: true, State: pr.State,
		Pull: &pr, Inline: payload.Comment.Inline.position(),
	}, nil
}
