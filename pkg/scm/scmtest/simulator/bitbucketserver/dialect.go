package bitbucketserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

var _ simulator.Dialect = Dialect{}

// Dialect is Bitbucket Data Center's.
type Dialect struct{}

// HeadRef implements simulator.Dialect.
func (Dialect) HeadRef(number int) string { return fmt.Sprintf("refs/pull-requests/%d/from", number) }

// GitPath implements simulator.Dialect.
func (Dialect) GitPath(r *simulator.Repo) string {
	return "/scm/" + strings.ToLower(projectKey(r.Org)) + "/" + slugOf(r) + ".git"
}

// SharedNumbers implements simulator.Dialect.
func (Dialect) SharedNumbers() bool { return false }

// Sign implements simulator.Dialect.
func (Dialect) Sign(h *simulator.Hook, m *simulator.Message) {
	id := sha256.Sum256(append([]byte(fmt.Sprint(h.ID, m.Event)), m.Body...))
	for name, value := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "X-Event-Key": m.Event,
		"X-Request-Id": fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16]),
	} {
		m.Header.Set(name, value)
	}
	if h.Secret != "" {
		mac := hmac.New(sha256.New, []byte(h.Secret))
		mac.Write(m.Body)
		m.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
}

// API implements simulator.Dialect.
func (Dialect) API(f *simulator.Forge) http.Handler {
	s := &server{forge: f, mux: &simulator.Router{}}
	s.pulls()
	s.reviews()
	s.comments()
	s.repositories()
	s.builds()
	s.people()
	s.hooks()
	s.mux.Nothing = func(w http.ResponseWriter, _ *http.Request) {
		write(w, answer{http.StatusNotFound, map[string]any{"message": "HTTP 404 Not Found", "status-code": http.StatusNotFound, "sub-code": -1}})
	}
	return s.mux
}
