package bitbucketserver

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
// What happened is read from the body, because X-Event-Key is not signed: a replayed request could carry any, and one that
// contradicts the body is refused. For the same reason a delivery is identified by its body and not by X-Request-Id. Bodies of
// different events differ by name, time and the versions of what they are about.
func (Driver) Parse(header http.Header, body []byte, conn scm.Verification) (scm.Event, error) {
	if !authentic(header, body, conn.Secrets) {
		return nil, scm.ErrSignature
	}
	var payload struct {
		EventKey string `json:"eventKey"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	key, claimed := payload.EventKey, header.Get("X-Event-Key")
	d := delivery{connection: conn.Connection, meta: scm.Envelope{ID: identity(body), Delivery: header.Get("X-Request-Id"), Native: key}}
	switch {
	case key == "":
		return d.ping(claimed)
	case claimed != "" && canonical(claimed) != canonical(key):
		return nil, fmt.Errorf("%w: a %.80q comes as %.80q", scm.ErrMalformed, key, claimed)
	}
	switch canonical(key) {
	case "repo:refs_changed":
		return d.push(body)
	case "pr:opened", "pr:from_ref_updated", "pr:modified", "pr:merged", "pr:declined", "pr:deleted", "pr:reviewer:updated":
		return d.pullRequest(body)
	case "pr:reviewer:approved", "pr:reviewer:unapproved", "pr:reviewer:needs_work":
		return d.review(body)
	case "pr:comment:added", "pr:comment:edited", "pr:comment:deleted":
		return d.comment(body)
	default:
		return d.ignored(body)
	}
}

// canonical is the one name of an event that the documentation calls otherwise than servers do.
func canonical(key string) string {
	if key == "pr:reviewer:changes_requested" {
		return "pr:reviewer:needs_work"
	}
	return key
}

func identity(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// delivery is what is known of a delivery before its body.
type delivery struct {
	connection string
	meta       scm.Envelope
}

// origin is in every payload: the repository in those of repositories, the pull request in those of pull requests.
type origin struct {
	Date        string      `json:"date"`
	Actor       *user       `json:"actor"`
	Repository  *repository `json:"repository"`
	PullRequest *pull       `json:"pullRequest"`
}

// base is the repository that an event belongs to; nil if there is none.
func (o *origin) base() *repository {
	if o.PullRequest != nil {
		return o.PullRequest.ToRef.Repository
	}
	return o.Repository
}

// at is when it happened, to the second; zero if the payload does not say.
func (o *origin) at() time.Time {
	t, err := time.Parse("2006-01-02T15:04:05-0700", o.Date)
	if err != nil {
		return time.Time{}
	}
	return moment(t)
}

// envelope completes the delivery's envelope; every event that is handed on has a repository.
func (d *delivery) envelope(o *origin) (scm.Envelope, error) {
	meta := d.meta
	repo, err := scm.ParseRepo(d.connection, o.base().fullName())
	if err != nil {
		return meta, malformed(err)
	}
	meta.Repo, meta.Sender = repo, o.Actor.normal()
	return meta, nil
}

// pulled completes the envelope of an event on a pull request and translates the pull request.
func (d *delivery) pulled(o *origin) (meta scm.Envelope, pr scm.PullRequest, err error) {
	if o.PullRequest == nil {
		return meta, pr, fmt.Errorf("%w: no pull request", scm.ErrMalformed)
	}
	if meta, err = d.envelope(o); err != nil {
		return meta, pr, err
	}
	pr, err = o.PullRequest.normal(meta.Repo)
	return meta, pr, err
}

// ping is the body of the "test connection" button, the only one that does not name its event.
func (d *delivery) ping(claimed string) (scm.Event, error) {
	if d.meta.Native = claimed; claimed != "diagnostics:ping" {
		return nil, fmt.Errorf("%w: no event key", scm.ErrMalformed)
	}
	return &scm.Ignored{Meta: d.meta}, nil
}

func (d *delivery) ignored(body []byte) (scm.Event, error) {
	var payload origin
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &payload); err != nil && !errors.As(err, &mistyped) {
		return nil, malformed(err)
	}
	meta, err := d.envelope(&payload)
	if err != nil {
		meta = d.meta // an event nobody consumes may be of any shape
	}
	return &scm.Ignored{Meta: meta}, nil
}

func (d *delivery) push(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Changes []refChange `json:"changes"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(&payload.origin)
	if err != nil {
		return nil, err
	}
	repo := payload.base()
	push := &scm.Push{Meta: meta, CloneURL: repo.Links.clone(), Link: repo.link()}
	for _, c := range payload.Changes {
		update, err := c.normal()
		if err != nil {
			return nil, err
		}
		if update.Before != update.After {
			push.Updates = append(push.Updates, update)
		}
	}
	if len(push.Updates) == 0 {
		return &scm.Ignored{Meta: meta}, nil
	}
	return push, nil
}

// refChange is one ref that a push moved. Where there is no commit, the hash is all zeros.
type refChange struct {
	RefID    string `json:"refId"`
	FromHash string `json:"fromHash"`
	ToHash   string `json:"toHash"`
}

func (c *refChange) normal() (scm.RefUpdate, error) {
	if !strings.HasPrefix(c.RefID, "refs/") {
		return scm.RefUpdate{}, fmt.Errorf("%w: push of %.80q is not of a ref", scm.ErrMalformed, c.RefID)
	}
	before, errBefore := scm.CommitID(c.FromHash)
	after, errAfter := scm.CommitID(c.ToHash)
	return scm.RefUpdate{Ref: c.RefID, Before: before, After: after}, errors.Join(errBefore, errAfter)
}

func malformed(err error) error { return fmt.Errorf("%w: %w", scm.ErrMalformed, err) }
