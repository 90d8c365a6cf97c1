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
	case "delete":
		return d.deletion(body)
	case "pull_request":
		return d.pullRequest(body)
	case "pull_request_approved", "pull_request_rejected", "pull_request_comment":
		return d.review(event, body)
	case "issue_comment":
		return d.comment(body)
	case "issues":
		return d.issue(body)
	case "status":
		return d.status(body)
	default: // "create" among them, with which a push comes that says more
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
	before, errBefore := scm.CommitID(payload.Before)
	after, errAfter := scm.CommitID(payload.After)
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

// deletion tells of a branch that is gone: of a tag, and of all that is made or moved, a push comes too.
func (d *delivery) deletion(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Ref     string `json:"ref"`
		RefType string `json:"ref_type"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	if payload.RefType != "branch" {
		return &scm.Ignored{Meta: meta}, nil
	}
	if payload.Ref == "" {
		return nil, fmt.Errorf("%w: no branch", scm.ErrMalformed)
	}
	return &scm.Push{
		Meta:     meta,
		Updates:  []scm.RefUpdate{{Ref: "refs/heads/" + strings.TrimPrefix(payload.Ref, "refs/heads/")}},
		CloneURL: payload.Repository.CloneURL,
		Link:     payload.Repository.HTMLURL,
	}, nil
}

func (d *delivery) status(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		SHA         string `json:"sha"`
		Context     string `json:"context"`
		State       string `json:"state"`
		Description string `json:"description"`
		TargetURL   string `json:"target_url"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	sha, err := scm.CommitID(payload.SHA)
	if err != nil || sha == "" {
		return nil, fmt.Errorf("%w: status of no commit", scm.ErrMalformed)
	}
	return &scm.StatusEvent{Meta: meta, SHA: sha, Status: scm.Status{
		Context: payload.Context, State: readState(payload.State), Description: payload.Description, TargetURL: payload.TargetURL,
	}}, nil
}

func malformed(err error) error { return fmt.Errorf("%w: %w", scm.ErrMalformed, err) }
