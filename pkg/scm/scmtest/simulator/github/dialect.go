package github

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

var _ simulator.Dialect = Dialect{}

// Dialect is GitHub's.
type Dialect struct{}

// HeadRef implements simulator.Dialect.
func (Dialect) HeadRef(number int) string { return fmt.Sprintf("refs/pull/%d/head", number) }

// GitPath implements simulator.Dialect.
func (Dialect) GitPath(r *simulator.Repo) string { return "/" + r.FullName() + ".git" }

// SharedNumbers implements simulator.Dialect.
func (Dialect) SharedNumbers() bool { return true }

// Sign implements simulator.Dialect.
func (Dialect) Sign(h *simulator.Hook, m *simulator.Message) {
	id := sha256.Sum256(append([]byte(fmt.Sprint(h.ID, m.Event)), m.Body...))
	for name, value := range map[string]string{
		"User-Agent": "GitHub-Hookshot/0000000", "X-GitHub-Event": m.Event, "X-GitHub-Hook-ID": fmt.Sprint(h.ID),
		"X-GitHub-Delivery": fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16]),
	} {
		m.Header.Set(name, value)
	}
	if h.Secret != "" {
		mac := hmac.New(sha256.New, []byte(h.Secret))
		mac.Write(m.Body)
		m.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
}

// API implements simulator.Dialect.
func (Dialect) API(f *simulator.Forge) http.Handler {
	s := &server{forge: f, mux: &simulator.Router{}}
	s.issues()
	s.pulls()
	s.repositories()
	s.organisations()
	s.hooks()
	s.apps()
	s.mux.Nothing = func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "Not Found", nil) }
	return s.mux
}
