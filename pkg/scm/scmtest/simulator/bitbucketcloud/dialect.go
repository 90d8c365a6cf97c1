package bitbucketcloud

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

var _ simulator.Dialect = Dialect{}

// Dialect is Bitbucket Cloud's.
type Dialect struct{}

// HeadRef implements simulator.Dialect: a pull request leaves no ref.
func (Dialect) HeadRef(int) string { return "" }

// GitPath implements simulator.Dialect.
func (Dialect) GitPath(r *simulator.Repo) string { return "/" + r.FullName() + ".git" }

// SharedNumbers implements simulator.Dialect.
func (Dialect) SharedNumbers() bool { return false }

// Sign implements simulator.Dialect. A hook without a secret signs nothing.
func (Dialect) Sign(h *simulator.Hook, m *simulator.Message) {
	id := sha256.Sum256(append([]byte(fmt.Sprint(h.ID, m.Event)), m.Body...))
	for name, value := range map[string]string{
		"User-Agent": "Bitbucket-Webhooks/2.0", "X-Event-Key": m.Event, "X-Attempt-Number": "1",
		"X-Hook-UUID": strings.Trim(uuid(hookKind, h.ID), "{}"), "X-Event-Time": time.Now().UTC().Format(time.RFC1123),
		"X-Request-UUID": fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16]),
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
	s.verdicts()
	s.comments()
	s.issues()
	s.statuses()
	s.hooks()
	s.contents()
	s.repositories()
	s.workspaces()
	s.grants()
	s.mux.Nothing = func(w http.ResponseWriter, _ *http.Request) { refuse(w, errNoAPI) }
	return s.mux
}
