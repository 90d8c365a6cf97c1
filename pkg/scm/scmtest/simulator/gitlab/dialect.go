package gitlab

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

var _ simulator.Dialect = Dialect{}

// Dialect is GitLab's.
type Dialect struct{}

// HeadRef implements simulator.Dialect.
func (Dialect) HeadRef(number int) string { return fmt.Sprintf("refs/merge-requests/%d/head", number) }

// GitPath implements simulator.Dialect.
func (Dialect) GitPath(r *simulator.Repo) string { return "/" + r.FullName() + ".git" }

// SharedNumbers implements simulator.Dialect.
func (Dialect) SharedNumbers() bool { return false }

// Sign implements simulator.Dialect. A secret of the form "whsec_..." signs; any other comes along as it is.
func (Dialect) Sign(h *simulator.Hook, m *simulator.Message) {
	id := uuid()
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "GitLab/18.9.0", "X-Gitlab-Instance": "https://gitlab.test",
		"X-Gitlab-Webhook-UUID": uuid(), "X-Gitlab-Event-UUID": uuid(), "Idempotency-Key": id,
	} {
		m.Header.Set(name, value)
	}
	if encoded, signs := strings.CutPrefix(h.Secret, "whsec_"); signs {
		at := strconv.FormatInt(time.Now().Unix(), 10)
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			key = nil // refused when the hook was written
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + at + "."))
		mac.Write(m.Body)
		m.Header.Set("webhook-id", id)
		m.Header.Set("webhook-timestamp", at)
		m.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	} else if h.Secret != "" {
		m.Header.Set("X-Gitlab-Token", h.Secret)
	}
}

func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// API implements simulator.Dialect.
func (Dialect) API(f *simulator.Forge) http.Handler {
	s := &server{forge: f, mux: &simulator.Router{}}
	s.mergeRequests()
	s.issues()
	s.notes()
	s.repository()
	s.statuses()
	s.hooks()
	s.people()
	s.mux.Nothing = func(w http.ResponseWriter, _ *http.Request) {
		write(w, answer{http.StatusNotFound, map[string]any{"error": "404 Not Found"}})
	}
	return s.mux
}
