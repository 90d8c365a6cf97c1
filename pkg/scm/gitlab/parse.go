package gitlab

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Parse implements scm.Driver.
//
// A delivery is identified by the key that GitLab keeps for every redelivery, because the body is not kept: e-mail addresses
// are taken out of it, and two approvals, or two pushes of one commit, may have one body. Servers before 17.4 send no key;
// there it is the body.
//
// The author of a merge request or issue has a login only if the payload shows the account elsewhere too, as the one who
// acts, an assignee or a reviewer: of the author himself GitLab sends the id alone.
func (Driver) Parse(header http.Header, body []byte, conn scm.Verification) (scm.Event, error) {
	id, ok := authentic(header, body, conn.Secrets)
	if !ok {
		return nil, scm.ErrSignature
	}
	native := header.Get("X-Gitlab-Event")
	d := delivery{connection: conn.Connection, meta: scm.Envelope{
		ID:       identity(native, first(id, header.Get("Idempotency-Key")), body),
		Delivery: first(header.Get("X-Gitlab-Webhook-Uuid"), header.Get("X-Gitlab-Event-Uuid")),
		Native:   native,
	}}
	switch native {
	case "":
		return nil, fmt.Errorf("%w: no event header", scm.ErrMalformed)
	case "Push Hook", "Tag Push Hook":
		return d.push(body)
	case "Merge Request Hook":
		return d.mergeRequest(body)
	case "Note Hook", "Confidential Note Hook":
		return d.note(body)
	case "Issue Hook", "Confidential Issue Hook":
		return d.issue(body)
	case "Job Hook":
		return d.job(body)
	default:
		return d.ignored(body)
	}
}

// identity hashes what tells a delivery from others, because a header may hold anything.
func identity(event, key string, body []byte) string {
	told := sha256.New()
	if key != "" {
		_, _ = fmt.Fprintf(told, "%s key %s", event, key) // a hash takes everything
	} else {
		_, _ = fmt.Fprintf(told, "%s body %s", event, body)
	}
	return hex.EncodeToString(told.Sum(nil))
}

func first(values ...string) string {
	for _, value := range values {
		if value != "" {
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
	Kind    string   `json:"object_kind"`
	Project *project `json:"project"`
	User    *user    `json:"user"`
}

// project is a repository as webhooks write it.
type project struct {
	Path     string `json:"path_with_namespace"`
	WebURL   string `json:"web_url"`
	CloneURL string `json:"git_http_url"`
}

// envelope completes the delivery's envelope; every event that is handed on has a repository, and a body of its own kind.
func (d *delivery) envelope(o origin, kinds ...string) (scm.Envelope, error) {
	meta := d.meta
	if o.Project == nil {
		return meta, fmt.Errorf("%w: no project", scm.ErrMalformed)
	}
	repo, err := scm.ParseRepo(d.connection, o.Project.Path)
	if err != nil {
		return meta, malformed(err)
	}
	meta.Repo, meta.Sender = repo, o.User.normal()
	for _, kind := range kinds {
		if kind == o.Kind {
			return meta, nil
		}
	}
	return meta, fmt.Errorf("%w: %s of kind %.40q", scm.ErrMalformed, d.meta.Native, o.Kind)
}

func (d *delivery) ignored(body []byte) (scm.Event, error) {
	var payload struct{ origin }
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &payload); err != nil && !errors.As(err, &mistyped) {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin, payload.Kind)
	if err != nil {
		meta = d.meta // an event nobody consumes may be of any shape
	}
	return &scm.Ignored{Meta: meta}, nil
}

// push tells of one ref: GitLab sends as many as a push moved, and none at all of more than three, unless its administrator
// set another limit. Of a tag with a message the commit is told apart from the tag itself.
func (d *delivery) push(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Ref      string `json:"ref"`
		Before   string `json:"before"`
		After    string `json:"after"`
		Checkout string `json:"checkout_sha"`
		UserID   int64  `json:"user_id"`
		Username string `json:"user_username"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin, "push", "tag_push")
	if err != nil {
		return nil, err
	}
	meta.Sender = (&user{ID: payload.UserID, Username: payload.Username}).normal()
	before, errBefore := scm.CommitID(payload.Before)
	after, errAfter := scm.CommitID(payload.After)
	checkout, errCheckout := scm.CommitID(payload.Checkout)
	if err := errors.Join(errBefore, errAfter, errCheckout); err != nil {
		return nil, err
	}
	if before == after {
		return &scm.Ignored{Meta: meta}, nil
	}
	if !strings.HasPrefix(payload.Ref, "refs/") {
		return nil, fmt.Errorf("%w: push of %.80q is not of a ref", scm.ErrMalformed, payload.Ref)
	}
	event := &scm.Push{Meta: meta, CloneURL: payload.Project.CloneURL, Link: payload.Project.WebURL}
	if before != "" && after != "" && event.Link != "" {
		event.Compare = event.Link + "/-/compare/" + before + "..." + after
	}
	if payload.Kind == "tag_push" && after != "" && checkout != "" {
		after = checkout
	}
	event.Updates = []scm.RefUpdate{{Ref: payload.Ref, Before: before, After: after}}
	return event, nil
}

// job tells of the status that a job of GitLab's own pipelines gives a commit. GitLab tells nothing of statuses that were
// set over its API.
func (d *delivery) job(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Ref          string `json:"ref"`
		Tag          bool   `json:"tag"`
		SHA          string `json:"sha"`
		ID           int64  `json:"build_id"`
		Name         string `json:"build_name"`
		Status       string `json:"build_status"`
		AllowFailure bool   `json:"build_allow_failure"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	if payload.Project == nil { // older servers send only the name that people read
		return &scm.Ignored{Meta: d.meta}, nil
	}
	meta, err := d.envelope(payload.origin, "build")
	if err != nil {
		return nil, err
	}
	sha, err := scm.CommitID(payload.SHA)
	if err != nil || sha == "" || payload.Name == "" {
		return nil, fmt.Errorf("%w: job of no commit or without a name", scm.ErrMalformed)
	}
	event := &scm.StatusEvent{Meta: meta, SHA: sha, Status: scm.Status{
		Context: payload.Name, State: readState(payload.Status, payload.AllowFailure),
	}}
	if payload.Project.WebURL != "" && payload.ID > 0 {
		event.Status.TargetURL = payload.Project.WebURL + "/-/jobs/" + number(payload.ID)
	}
	if payload.Ref != "" && !payload.Tag && !strings.HasPrefix(payload.Ref, "refs/") {
		event.Branches = []string{payload.Ref}
	}
	return event, nil
}

// moment reads a time in the two forms that webhooks write, and gives none for any other.
func moment(s string) time.Time {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func malformed(err error) error { return fmt.Errorf("%w: %w", scm.ErrMalformed, err) }
