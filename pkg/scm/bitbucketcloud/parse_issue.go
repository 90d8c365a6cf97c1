package bitbucketcloud

import (
	"encoding/json"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
)

func (d *delivery) issue(event string, body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Issue   *issue `json:"issue"`
		Changes struct {
			Status *struct {
				Old string `json:"old"`
				New string `json:"new"`
			} `json:"status"`
		} `json:"changes"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.Issue == nil || payload.Issue.ID <= 0 {
		return nil, fmt.Errorf("%w: no issue", scm.ErrMalformed)
	}
	action := scm.ActionEdited
	if event == "issue:created" {
		action = scm.ActionOpened
	} else if s := payload.Changes.Status; s != nil && issueState(s.Old) != issueState(s.New) {
		action = map[scm.State]scm.Action{scm.StateOpen: scm.ActionReopened, scm.StateClosed: scm.ActionClosed}[issueState(s.New)]
	}
	return &scm.IssueEvent{Meta: meta, Action: action, Issue: *payload.Issue.normal(meta.Repo)}, nil
}

func (d *delivery) issueComment(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Issue   *issue   `json:"issue"`
		Comment *comment `json:"comment"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.Issue == nil || payload.Issue.ID <= 0 || payload.Comment == nil {
		return nil, fmt.Errorf("%w: no issue or no comment", scm.ErrMalformed)
	}
	return &scm.CommentEvent{
		Meta: meta, Action: scm.ActionCreated, Comment: payload.Comment.normal(), Number: payload.Issue.ID,
		State: issueState(payload.Issue.State),
	}, nil
}
