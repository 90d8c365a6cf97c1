package github

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
// A delivery is identified by its event and its body, not by X-GitHub-Delivery: the header is not signed, so a replayed
// request could carry any. A redelivery has the body of the first.
func (Driver) Parse(header http.Header, body []byte, conn scm.Verification) (scm.Event, error) {
	if !authentic(header, body, conn.Secrets) {
		return nil, scm.ErrSignature
	}
	event := header.Get("X-Github-Event")
	d := delivery{connection: conn.Connection, meta: scm.Envelope{
		ID: identity(event, body), Delivery: header.Get("X-Github-Delivery"), Native: event,
	}}
	switch event {
	case "":
		return nil, fmt.Errorf("%w: no event header", scm.ErrMalformed)
	case "push":
		return d.push(body)
	case "pull_request":
		return d.pullRequest(body)
	case "pull_request_review":
		return d.review(body)
	case "pull_request_review_comment":
		return d.inline(body)
	case "issue_comment":
		return d.comment(body)
	case "issues":
		return d.issue(body)
	case "status":
		return d.status(body)
	case "check_run":
		return d.checkRun(body)
	default: // "create" and "delete" among them, with which a push comes that says more
		return d.ignored(body)
	}
}

func identity(event string, body []byte) string {
	sum := sha256.New()
	sum.Write([]byte(event + "\n"))
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil))
}

// delivery is what is known of a delivery before its body.
type delivery struct {
	connection string
	meta       scm.Envelope
}

// origin is in every payload of a repository.
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

// read decodes a body into a payload, whose origin it then completes the envelope from.
func (d *delivery) read(body []byte, payload any, o *origin) (scm.Envelope, error) {
	if err := json.Unmarshal(body, payload); err != nil {
		return d.meta, fmt.Errorf("%w: %w", scm.ErrMalformed, err)
	}
	return d.envelope(*o)
}

func (d *delivery) ignored(body []byte) (scm.Event, error) {
	var payload struct{ origin }
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &payload); err != nil && !errors.As(err, &mistyped) {
		return nil, fmt.Errorf("%w: %w", scm.ErrMalformed, err)
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
		Ref     string `json:"ref"`
		Before  string `json:"before"`
		After   string `json:"after"`
		Compare string `json:"compare"`
	}
	meta, err := d.read(body, &payload, &payload.origin)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(payload.Ref, "refs/") {
		return nil, fmt.Errorf("%w: push of no ref", scm.ErrMalformed)
	}
	before, err := scm.CommitID(payload.Before)
	if err != nil {
		return nil, err
	}
	after, err := scm.CommitID(payload.After)
	if err != nil {
		return nil, err
	}
	return &scm.Push{
		Meta: meta, Updates: []scm.RefUpdate{{Ref: payload.Ref, Before: before, After: after}},
		CloneURL: payload.Repository.CloneURL, Link: payload.Repository.HTMLURL, Compare: payload.Compare,
	}, nil
}

func (d *delivery) status(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		commitStatus
		SHA      string `json:"sha"`
		Branches []struct {
			Name string `json:"name"`
		} `json:"branches"`
	}
	meta, err := d.read(body, &payload, &payload.origin)
	if err != nil {
		return nil, err
	}
	event := &scm.StatusEvent{Meta: meta, Status: payload.commitStatus.normal()}
	if event.SHA, err = someCommit(payload.SHA); err != nil {
		return nil, err
	}
	for _, b := range payload.Branches {
		event.Branches = append(event.Branches, b.Name)
	}
	return event, nil
}

func (d *delivery) checkRun(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		CheckRun checkRun `json:"check_run"`
	}
	meta, err := d.read(body, &payload, &payload.origin)
	if err != nil {
		return nil, err
	}
	sha, err := someCommit(payload.CheckRun.HeadSHA)
	if err != nil {
		return nil, err
	}
	return &scm.StatusEvent{Meta: meta, SHA: sha, Status: payload.CheckRun.normal()}, nil
}

func someCommit(s string) (string, error) {
	sha, err := scm.CommitID(s)
	if err == nil && sha == "" {
		err = fmt.Errorf("%w: status of no commit", scm.ErrMalformed)
	}
	return sha, err
}
