package gitea

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

func (d *delivery) pullRequest(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Action      string  `json:"action"`
		PullRequest *pull   `json:"pull_request"`
		Changes     changes `json:"changes"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.PullRequest == nil {
		return nil, fmt.Errorf("%w: no pull request", scm.ErrMalformed)
	}
	pr, err := payload.PullRequest.normal(meta.Repo, payload.Repository)
	if err != nil {
		return nil, err
	}
	event := &scm.PullRequestEvent{Meta: meta, Action: pullAction(payload.Action, payload.Changes, &pr), Pull: pr}
	switch event.Action {
	case scm.ActionEdited:
		event.Edited = payload.Changes.edits()
	case scm.ActionLabeled, scm.ActionUnlabeled:
		event.Action, event.Label = payload.Changes.labelled(event.Action)
	}
	return event, nil
}

// review tells of a verdict; Gitea gives neither its id nor its time.
func (d *delivery) review(event string, body []byte) (scm.Event, error) {
	var payload struct {
		origin
		PullRequest *pull  `json:"pull_request"`
		CommitID    string `json:"commit_id"`
		Review      *struct {
			Content string `json:"content"`
		} `json:"review"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.PullRequest == nil || payload.Review == nil {
		return nil, fmt.Errorf("%w: no pull request or no review", scm.ErrMalformed)
	}
	pr, err := payload.PullRequest.normal(meta.Repo, payload.Repository)
	if err != nil {
		return nil, err
	}
	sha, err := scm.CommitID(payload.CommitID)
	if err != nil {
		return nil, err
	}
	state := map[string]scm.ReviewState{
		"pull_request_approved": scm.ReviewApproved, "pull_request_rejected": scm.ReviewChangesRequested, "pull_request_comment": scm.ReviewCommented,
	}[event]
	return &scm.ReviewEvent{
		Meta: meta, Action: scm.ActionSubmitted, Pull: pr,
		Review: scm.Review{State: state, Author: meta.Sender, Body: payload.Review.Content, SHA: sha},
	}, nil
}

// pullAction maps Gitea's words.
func pullAction(native string, c changes, pr *scm.PullRequest) scm.Action {
	switch native {
	case "opened":
		return scm.ActionOpened
	case "reopened":
		return scm.ActionReopened
	case "synchronized", "synchronize":
		return scm.ActionSynchronize
	case "closed":
		if pr.State == scm.StateMerged {
			return scm.ActionMerged
		}
		return scm.ActionClosed
	case "label_updated":
		return scm.ActionLabeled
	case "label_cleared":
		return scm.ActionUnlabeled
	case "deleted":
		return scm.ActionDeleted
	case "edited":
		return c.action(pr)
	default:
		return scm.ActionOther
	}
}

// changes are the former values of what an edit changed.
type changes struct {
	Title *struct {
		From string `json:"from"`
	} `json:"title"`
	Body *struct {
		From string `json:"from"`
	} `json:"body"`
	Ref *struct {
		From string `json:"from"`
	} `json:"ref"`
	// Added and Removed are not told by 1.26 and older.
	Added   []label `json:"added_labels"`
	Removed []label `json:"removed_labels"`
}

func (c changes) edits() scm.Edits {
	return scm.Edits{Title: c.Title != nil, Body: c.Body != nil, Base: c.Ref != nil}
}

// labelled names the label that was put or taken off, if it was one, and says which of the two it was.
func (c changes) labelled(action scm.Action) (scm.Action, string) {
	switch {
	case len(c.Added) == 1 && len(c.Removed) == 0:
		return scm.ActionLabeled, c.Added[0].Name
	case len(c.Added) == 0 && len(c.Removed) == 1:
		return scm.ActionUnlabeled, c.Removed[0].Name
	case len(c.Added) == 0 && len(c.Removed) > 1:
		return scm.ActionUnlabeled, ""
	}
	return action, ""
}

// action tells the edits of a title that make or end a draft from all others. What a draft is now, the server says; what
// it was before shows in the former title only.
func (c changes) action(pr *scm.PullRequest) scm.Action {
	if c.Title == nil || draftTitle(c.Title.From) == pr.Draft {
		return scm.ActionEdited
	}
	if pr.Draft {
		return scm.ActionDrafted
	}
	return scm.ActionReady
}

// draftTitle knows Gitea's default prefixes and the usual custom one; administrators may configure others.
func draftTitle(title string) bool {
	for _, prefix := range [...]string{"WIP:", "[WIP]", "Draft:", "[Draft]"} {
		if len(title) >= len(prefix) && strings.EqualFold(title[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}
