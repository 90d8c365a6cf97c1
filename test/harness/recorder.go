package harness

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Recorder stands between a forge and Pharos and keeps each delivery, so that a test can send one again byte by byte.
type Recorder struct {
	// URL takes deliveries in place of Pharos.
	URL string

	server *httptest.Server
	target *url.URL
	parse  func(Recorded) (scm.Event, error)
	mu     sync.Mutex
	seen   []Recorded
	hold   bool
}

// Recorded is one delivery and the answer that the forge got.
type Recorded struct {
	Path   string
	Header http.Header
	Body   []byte
	Status int
}

// NewRecorder forwards to the server at target what a driver parses.
func NewRecorder(target string, driver scm.Driver, secret string) (*Recorder, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	r := &Recorder{target: u, parse: func(rec Recorded) (scm.Event, error) {
		return driver.Parse(rec.Header, rec.Body, scm.Verification{Connection: "main", Secrets: [][]byte{[]byte(secret)}})
	}}
	r.server = httptest.NewServer(r)
	r.URL = r.server.URL
	return r, nil
}

// Close ends it.
func (r *Recorder) Close() { r.server.Close() }

// ServeHTTP forwards one delivery and keeps it.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	rec := Recorded{Path: req.URL.Path, Header: req.Header.Clone(), Body: body, Status: http.StatusOK}
	if !r.holds() {
		if rec.Status, err = r.Send(rec); err != nil {
			rec.Status = http.StatusBadGateway
		}
	}
	r.mu.Lock()
	r.seen = append(r.seen, rec)
	r.mu.Unlock()
	w.WriteHeader(rec.Status)
}

// Hold makes the recorder keep deliveries without handing them on, for a test that sends them itself.
func (r *Recorder) Hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hold = true
}

func (r *Recorder) holds() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hold
}

// Send delivers a recorded request to Pharos and returns its answer.
func (r *Recorder) Send(rec Recorded) (int, error) {
	req, err := http.NewRequest(http.MethodPost, r.target.JoinPath(rec.Path).String(), bytes.NewReader(rec.Body))
	if err != nil {
		return 0, err
	}
	req.Header = rec.Header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// Seen lists the deliveries of one kind of event, in order; an empty kind means all.
func (r *Recorder) Seen(kind scm.Kind) []Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []Recorded
	for _, rec := range r.seen {
		if kind == "" {
			found = append(found, rec)
		} else if e, err := r.parse(rec); err == nil && e.Kind() == kind {
			found = append(found, rec)
		}
	}
	return found
}
