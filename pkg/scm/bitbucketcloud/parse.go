package bitbucketcloud

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Parse implements scm.Driver.
//
// A delivery is identified by its event and its body, not by X-Request-UUID: the header is not signed, so a replayed request
// could carry any. Bodies of one event differ by the times or ids in them, those of repo:push by their commits only: the same
// ref moved between the same two commits once more is taken for a repetition.
func (Driver) Parse(header http.Header, body []byte, conn scm.Verification) (scm.Event, error) {
	if !authentic(header, body, conn.Secrets) {
		return nil, scm.ErrSignature
	}
	event := header.Get("X-Event-Key")
	d := delivery{connection: conn.Connection, meta: scm.Envelope{
		ID: identity(event, body), Delivery: header.Get("X-Request-UUID"), Native: event,
	}}
	switch event {
	case "":
		return nil, fmt.Errorf("%w: no event key", scm.ErrMalformed)
	case "repo:push":
		return d.push(body)
	case "repo:commit_status_created", "repo:commit_status_updated":
		return d.status(body)
	case "issue:created", "issue:updated":
		return d.issue(event, body)
	case "issue:comment_created":
		return d.issueComment(body)
	}
	if action, ok := pullActions[event]; ok {
		return d.pullRequest(action, body)
	}
	if verdict, ok := verdicts[event]; ok {
		return d.review(verdict, body)
	}
	if action, ok := commentActions[event]; ok {
		return d.pullComment(action, body)
	}
	return d.ignored(body)
}

func identity(event string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(event + "\n"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// delivery is what is known of a delivery before its body.
type delivery struct {
	connection string
	meta       scm.Envelope
}

// origin is in every payload.
type origin struct {
	Repository *repository `json:"repository"`
	Actor      *account    `json:"actor"`
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
	meta.Repo, meta.Sender = repo, o.Actor.normal()
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

// moved is one end of a change: the ref as it was or as it is now.
type moved struct {
	Type   string `json:"type"`
	Name   string `json:"name"`
	Target struct {
		Hash string `json:"hash"`
	} `json:"target"`
}

func (m *moved) commit() (string, error) {
	if m == nil {
		return "", nil
	}
	sha, err := commitID(m.Target.Hash)
	if err == nil && sha == "" {
		err = fmt.Errorf("%s %.80q has no whole commit: %w", m.Type, m.Name, scm.ErrMalformed)
	}
	return sha, err
}

func (d *delivery) push(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Push struct {
			Changes []struct {
				Old   *moved `json:"old"`
				New   *moved `json:"new"`
				Links links  `json:"links"`
			} `json:"changes"`
		} `json:"push"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	changes := payload.Push.Changes
	if len(changes) == 0 {
		return &scm.Ignored{Meta: meta}, nil
	}
	event := &scm.Push{Meta: meta, CloneURL: payload.Repository.cloneURL(), Link: payload.Repository.Links.HTML.Href}
	for _, c := range changes {
		update, err := refUpdate(c.Old, c.New)
		if err != nil {
			return nil, err
		}
		event.Updates = append(event.Updates, update)
	}
	if len(changes) == 1 {
		event.Compare = changes[0].Links.HTML.Href
	}
	return event, nil
}

// refUpdate reads one change; a new ref has no old end and a deleted one no new end.
func refUpdate(before, after *moved) (scm.RefUpdate, error) {
	named := after
	if named == nil {
		named = before
	}
	if named == nil || named.Name == "" {
		return scm.RefUpdate{}, fmt.Errorf("%w: a change of no ref", scm.ErrMalformed)
	}
	prefix := map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}[named.Type]
	if prefix == "" {
		return scm.RefUpdate{}, fmt.Errorf("%w: %.80q is neither a branch nor a tag", scm.ErrMalformed, named.Type)
	}
	from, errFrom := before.commit()
	to, errTo := after.commit()
	return scm.RefUpdate{Ref: prefix + named.Name, Before: from, After: to}, errors.Join(errFrom, errTo)
}

func (d *delivery) status(body []byte) (scm.Event, error) {
	var payload struct {
		origin
		Status *commitStatus `json:"commit_status"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return nil, malformed(err)
	}
	meta, err := d.envelope(payload.origin)
	if err != nil {
		return nil, err
	}
	s := payload.Status
	if s == nil {
		return nil, fmt.Errorf("%w: no status", scm.ErrMalformed)
	}
	hash := s.Commit.Hash
	if hash == "" && s.Links.Commit.Href != "" { // older payloads tell the commit by its address only
		hash = path.Base(s.Links.Commit.Href)
	}
	sha, err := commitID(hash)
	switch {
	case err != nil || hash == "":
		return nil, fmt.Errorf("%w: status of no commit", scm.ErrMalformed)
	case sha == "":
		return &scm.Ignored{Meta: meta}, nil // nothing can be done with a piece of a commit id
	}
	event := &scm.StatusEvent{Meta: meta, SHA: sha, Status: s.normal()}
	if s.RefName != "" {
		event.Branches = []string{s.RefName}
	}
	return event, nil
}

func malformed(err error) error { return fmt.Errorf("%w: %w", scm.ErrMalformed, err) }
