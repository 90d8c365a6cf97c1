package gitea

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Parse implements scm.Driver.
//
// A delivery is identified by its body, not by X-Gitea-Delivery: Gitea gives every redelivery a new one, and the header
// is not signed, so a replayed request could carry any. Bodies of different events differ, by ids or by their times.
func (Driver) Parse(header http.Header, body []byte, conn scm.Verification) (scm.Event, error) {
	if !authentic(header, body, conn.Secrets) {
		return nil, scm.ErrSignature
	}
	event := first(header, "X-Gitea-Event", "X-Forgejo-Event", "X-GitHub-Event")
	d := delivery{connection: conn.Connection, meta: scm.Envelope{
		ID:       identity(body),
		Delivery: first(header, "X-Gitea-Delivery", "X-Forgejo-Delivery"),
		Native:   first(header, "X-Gitea-Event-Type", "X-Forgejo-Event-Type", "X-Gitea-Event", "X-Forgejo-Event", "X-GitHub-Event"),
	}}
	switch event {
	case "":
		return nil, fmt.Errorf("%w: no event header", scm.ErrMalformed)
	case "push":
		return d.push(body)
	case "pull_request":
		return d.pullRequest(body)
	case "issue_comment":
		return d.comment(body)
	default:
		// "create" and "delete" among them: for all but a deleted branch a push comes with them and says more, and
		// nothing acts on a deleted branch.
		return d.ignored(body)
	}
}

func identity(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func first(header http.Header, names ...string) string {
	for _, name := range names {
		if value := header.Get(name); value != "" {
			return value
		}
	}
	return ""
}

// delivery is what is known of a delivery before its body.
type delivery struct {
	connection string
	meta       scm.Envelope
}

// origin is in every payload.
type origin struct {
	Repository *repository `json:"repository"`
	Sender     *user       `json:"sender"`
}

// envelope completes the delivery's envelope; every event that is handed on has a repository.
func (d *delivery) envelope(o origin) (scm.Envelope, error) {
	meta := d.meta
	if o.Repository == nil {
		return meta, fmt.Errorf("%w: no repository", scm.ErrMalformed)
	}
	repo, err := scm.ParseRepo(d.connection, o.Repository.FullName)
	if err != nil {
		return meta, fmt.Errorf("%w: %w", scm.ErrMalformed, err)
	}
	meta.Repo, meta.Sender = repo, o.Sender.normal()
	return meta, nil
}

func (d *delivery) ignored(body []byte) (scm.Event, error) {
	var payload struct{ origin }
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &payload); err != nil && !errors.As(err, &mistyped) {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		meta = d.meta // an event nobody consumes may be of any shape
	}
	return &scm.Ignored{Meta: meta}, nil
}

func (d *delivery) push(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Ref        string `json:"ref"`
		Before     string `json:"before"`
		After      string `json:"after"`
		CompareURL string `json:"compare_url"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	before, errBefore := commitID(payload.Before)
	after, errAfter := commitID(payload.After)
	if err := errors.Join(errBefore, errAfter); err != nil {
		return nil, err
	}
	if before == after {
		// The "test delivery" button sends a push that moves nothing.
		return &scm.Ignored{Meta: meta}, nil
	}
	if !strings.HasPrefix(payload.Ref, "refs/") {
		return nil, fmt.Errorf("%w: push of %.80q is not of a ref", scm.ErrMalformed, payload.Ref)
	}
	return &scm.Push{
		Meta:     meta,
		Updates:  []scm.RefUpdate{{Ref: payload.Ref, Before: before, After: after}},
		CloneURL: payload.Repository.CloneURL,
		Link:     payload.Repository.HTMLURL,
		Compare:  payload.CompareURL,
	}, nil
}

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
	action := pullAction(payload.Action, payload.Changes, &pr)
	return &scm.PullRequestEvent{
		Meta:   meta,
		Action: action,
		Pull:   pr,
		Edited: scm.Edits{Base: action == scm.ActionEdited && payload.Changes.Ref != nil},
	}, nil
}

// pullAction maps Gitea's words. It tells that labels changed but not which one.
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
	Ref *struct {
		From string `json:"from"`
	} `json:"ref"`
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

func malformed(err error) error { return fmt.Errorf("%w: %w", scm.ErrMalformed, err) }
