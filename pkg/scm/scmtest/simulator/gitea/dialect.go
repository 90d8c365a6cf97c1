package gitea

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

var (
	_ simulator.Dialect     = Dialect{}
	_ simulator.DraftTitles = Dialect{}
	_ simulator.Resender    = Dialect{}
)

// Dialect is Gitea's.
type Dialect struct{}

// HeadRef implements simulator.Dialect.
func (Dialect) HeadRef(number int) string { return fmt.Sprintf("refs/pull/%d/head", number) }

// GitPath implements simulator.Dialect.
func (Dialect) GitPath(r *simulator.Repo) string { return "/" + r.FullName() + ".git" }

// SharedNumbers implements simulator.Dialect.
func (Dialect) SharedNumbers() bool { return true }

// draftPrefixes are those that Gitea has without any configuration.
var draftPrefixes = []string{"WIP:", "[WIP]"}

// IsDraft implements simulator.DraftTitles.
func (Dialect) IsDraft(title string) bool { return draftPrefix(title) != "" }

// DraftTitle implements simulator.DraftTitles.
func (Dialect) DraftTitle(title string, draft bool) string {
	title = strings.TrimSpace(title[len(draftPrefix(title)):])
	if draft {
		return draftPrefixes[0] + " " + title
	}
	return title
}

func draftPrefix(title string) string {
	for _, prefix := range draftPrefixes {
		if len(title) >= len(prefix) && strings.EqualFold(title[:len(prefix)], prefix) {
			return title[:len(prefix)]
		}
	}
	return ""
}

// Sign implements simulator.Dialect. Gitea sends what GitHub and Gogs would send too, and signatures of nothing where a
// hook has no secret.
func (d Dialect) Sign(h *simulator.Hook, m *simulator.Message) {
	d.Resend(m)
	strong, weak := "", ""
	if h.Secret != "" {
		strong, weak = sum(sha256.New, h.Secret, m.Body), sum(sha1.New, h.Secret, m.Body)
	}
	target := fmt.Sprint(h.Form["target"])
	for name, value := range map[string]string{
		"X-Gitea-Signature": strong, "X-Gogs-Signature": strong, "X-Hub-Signature-256": "sha256=" + strong, "X-Hub-Signature": "sha1=" + weak,
		"X-Gitea-Hook-Installation-Target-Type": target, "X-GitHub-Hook-Installation-Target-Type": target,
		"User-Agent": "Go-http-client/1.1", "Content-Type": "application/json",
	} {
		m.Header.Set(name, value)
	}
}

// Resend implements simulator.Resender: a delivery that is sent again has a number of its own.
func (Dialect) Resend(m *simulator.Message) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	text := fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	for _, name := range []string{"X-Gitea-Delivery", "X-GitHub-Delivery", "X-Gogs-Delivery"} {
		m.Header.Set(name, text)
	}
}

func sum(kind func() hash.Hash, secret string, body []byte) string {
	mac := hmac.New(kind, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// API implements simulator.Dialect.
func (Dialect) API(f *simulator.Forge) http.Handler {
	s := &server{forge: f, mux: &simulator.Router{}}
	s.users()
	s.organisations()
	s.hooks()
	s.issues()
	s.labels()
	s.pulls()
	s.reviews()
	s.repositories()
	s.statuses()
	s.mux.Nothing = func(w http.ResponseWriter, _ *http.Request) { refuseFor(w, f.URL(), simulator.ErrNotFound) }
	return s.mux
}
