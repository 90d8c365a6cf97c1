package gitea

import (
	"encoding/json"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
)

func (d *delivery) issue(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Action  string  `json:"action"`
		Issue   *issue  `json:"issue"`
		Changes changes `json:"changes"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.Issue == nil || payload.Issue.Number <= 0 {
		return nil, fmt.Errorf("%w: no issue", scm.ErrMalformed)
	}
	event := &scm.IssueEvent{Meta: meta, Action: issueAction(payload.Action), Issue: *payload.Issue.normal(meta.Repo)}
	if event.Action == scm.ActionLabeled || event.Action == scm.ActionUnlabeled {
		event.Action, event.Label = payload.Changes.labelled(event.Action)
	}
	return event, nil
}

func issueAction(native string) scm.Action {
	switch native {
	case "opened", "reopened", "closed", "edited", "deleted":
		return scm.Action(native)
	case "label_updated":
		return scm.ActionLabeled
	case "label_cleared":
		return scm.ActionUnlabeled
	default:
		return scm.ActionOther
	}
}

func (d *delivery) comment(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Action string `json:"action"`
		Issue  *struct {
			Number      int    `json:"number"`
			State       string `json:"state"`
			PullRequest *struct {
				Merged bool `json:"merged"`
			} `json:"pull_request"`
		} `json:"issue"`
		Comment     *comment `json:"comment"`
		PullRequest *pull    `json:"pull_request"`
		IsPull      bool     `json:"is_pull"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	issue := payload.Issue
	if issue == nil || issue.Number <= 0 || payload.Comment == nil {
		return nil, fmt.Errorf("%w: no issue or no comment", scm.ErrMalformed)
	}
	event := &scm.CommentEvent{
		Meta:    meta,
		Action:  commentAction(payload.Action),
		Comment: payload.Comment.normal(),
		Number:  issue.Number,
		IsPull:  payload.IsPull || issue.PullRequest != nil,
		State:   stateOf(issue.State, issue.PullRequest != nil && issue.PullRequest.Merged),
	}
	if payload.PullRequest == nil {
		return event, nil
	}
	pr, err := payload.PullRequest.normal(meta.Repo, payload.Repository)
	if err != nil {
		return nil, err
	}
	event.Pull = &pr
	return event, nil
}

func commentAction(native string) scm.Action {
	switch native {
	case "created":
		return scm.ActionCreated
	case "edited":
		return scm.ActionEdited
	case "deleted":
		return scm.ActionDeleted
	default:
		return scm.ActionOther
	}
}
