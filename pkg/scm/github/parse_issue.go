package github

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

func (d *delivery) issue(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Action string `json:"action"`
		Issue  *issue `json:"issue"`
		Label  *label `json:"label"`
	}
	meta, err := d.read(body, &payload, &payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.Issue == nil || payload.Issue.Number <= 0 {
		return nil, fmt.Errorf("%w: no issue", scm.ErrMalformed)
	}
	event := &scm.IssueEvent{Meta: meta, Action: scm.ActionOther, Issue: *payload.Issue.normal(meta.Repo)}
	switch action := scm.Action(payload.Action); action {
	case scm.ActionOpened, scm.ActionReopened, scm.ActionClosed, scm.ActionEdited, scm.ActionDeleted:
		event.Action = action
	case scm.ActionLabeled, scm.ActionUnlabeled:
		event.Action = action
		if payload.Label != nil {
			event.Label = payload.Label.Name
		}
	}
	return event, nil
}

// comment is one on the whole of an issue or pull request.
func (d *delivery) comment(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Action  string   `json:"action"`
		Issue   *issue   `json:"issue"`
		Comment *comment `json:"comment"`
	}
	meta, err := d.read(body, &payload, &payload.origin)
	if err != nil {
		return nil, err
	}
	issue := payload.Issue
	if issue == nil || issue.Number <= 0 || payload.Comment == nil {
		return nil, fmt.Errorf("%w: no issue or no comment", scm.ErrMalformed)
	}
	return &scm.CommentEvent{
		Meta: meta, Action: commentAction(payload.Action), Comment: payload.Comment.normal(""),
		Number: issue.Number, IsPull: issue.isPull(), State: stateOf(issue.State, issue.merged()),
	}, nil
}

// merged says what only the part about the pull request of an issue tells.
func (i *issue) merged() bool {
	var part struct {
		MergedAt *time.Time `json:"merged_at"`
	}
	return i.isPull() && json.Unmarshal(i.PullRequest, &part) == nil && part.MergedAt != nil
}

func commentAction(native string) scm.Action {
	switch action := scm.Action(native); action {
	case scm.ActionCreated, scm.ActionEdited, scm.ActionDeleted:
		return action
	}
	return scm.ActionOther
}
