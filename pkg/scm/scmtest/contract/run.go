package contract

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// contractCase is one thing that every driver does alike.
type contractCase struct {
	name string
	// needs says whether the forge has what the case is about; nil means every forge has.
	needs func(scm.Capabilities) bool
	run   func(*site)
}

// Run runs every case against a world.
func Run(t *testing.T, w World) {
	client, err := w.Driver().Open(w.Account())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases() {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			if c.needs != nil && !c.needs(client.Capabilities) {
				t.Log("declared gap: this forge has no such thing")
				return
			}
			c.run(newSite(t, w, client))
		})
	}
}

// Gaps lists the cases that a forge of these capabilities cannot take part in.
func Gaps(has scm.Capabilities) []string {
	var gaps []string
	for _, c := range cases() {
		if c.needs != nil && !c.needs(has) {
			gaps = append(gaps, c.name)
		}
	}
	return gaps
}

func cases() []contractCase {
	var all []contractCase
	for _, group := range [][]contractCase{pushCases, pullEventCases, talkEventCases, deliveryCases, pullCases, completeCases, mergeCases, talkCases, restCases, renameCases, faultCases} {
		all = append(all, group...)
	}
	return all
}

// site is a repository with a webhook, and everything that the webhook sent.
type site struct {
	*testing.T
	world  World
	client *scm.Client
	repo   scm.Repo
	// talk is the pull request of [site.account], once it is needed.
	talk scm.PullRef

	mu    sync.Mutex
	heard []heard
	wake  chan struct{}
}

// heard is one delivery as it came.
type heard struct {
	header http.Header
	body   []byte
	event  scm.Event
	err    error
}

const secret = "contract-secret"

var verification = scm.Verification{Connection: "main", Secrets: [][]byte{[]byte("old one"), []byte(secret)}}

func newSite(t *testing.T, w World, client *scm.Client) *site {
	t.Helper()
	repo, err := w.Repo(map[string]string{"README.md": "first\n"})
	if err != nil {
		t.Fatal(err)
	}
	repo.Connection = verification.Connection
	s := &site{T: t, world: w, client: client, repo: repo, wake: make(chan struct{}, 1)}
	receiver := httptest.NewServer(s)
	t.Cleanup(receiver.Close)
	on := scm.HookTarget(repo)
	s.ok(client.Hooks.Create(t.Context(), on, scm.NewHook{URL: receiver.URL + "/hook/main", Secret: secret}))
	return s
}

// ServeHTTP takes deliveries.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h := heard{header: r.Header.Clone(), body: body, err: err}
	if err == nil {
		h.event, h.err = s.world.Driver().Parse(h.header, append([]byte(nil), body...), verification)
	}
	s.mu.Lock()
	s.heard = append(s.heard, h)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	w.WriteHeader(http.StatusOK)
}

// ok ends the case on an error.
func (s *site) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

const patience = 20 * time.Second

// await waits for an event of type E that is as wanted. Every delivery has to be one that the driver can read.
func await[E scm.Event](s *site, what string, wanted func(E) bool) E {
	s.Helper()
	event, _ := awaitRaw(s, what, wanted)
	return event
}

func awaitRaw[E scm.Event](s *site, what string, wanted func(E) bool) (E, heard) {
	s.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		s.mu.Lock()
		all := s.heard
		s.mu.Unlock()
		for _, h := range all {
			if h.err != nil {
				s.Fatalf("delivery %v cannot be read: %v\n%s", h.header, h.err, h.body)
			}
			if e, ok := h.event.(E); ok && wanted(e) {
				return e, h
			}
		}
		select {
		case <-s.wake:
		case <-limit.C:
			s.Fatalf("no event: %s; there were:%s", what, s.told(all))
		}
	}
}

func (*site) told(all []heard) string {
	var b strings.Builder
	for _, h := range all {
		meta := h.event.Envelope()
		b.WriteString("\n  " + string(h.event.Kind()) + " (" + meta.Native + ") " + string(actionOf(h.event)) + " " + h.event.Subject())
	}
	return b.String()
}

func actionOf(e scm.Event) scm.Action {
	switch e := e.(type) {
	case *scm.PullRequestEvent:
		return e.Action
	case *scm.CommentEvent:
		return e.Action
	case *scm.ReviewEvent:
		return e.Action
	case *scm.IssueEvent:
		return e.Action
	}
	return ""
}

// pull waits for a pull request's event.
func (s *site) pull(ref scm.PullRef, action scm.Action) *scm.PullRequestEvent {
	s.Helper()
	return await(s, string(action)+" of "+ref.String(), func(e *scm.PullRequestEvent) bool {
		return e.Action == action && e.Pull.Ref.Number == ref.Number
	})
}

// open opens a pull request of one changed file.
func (s *site) open(branch string) (scm.PullRef, string) {
	s.Helper()
	sha, err := s.world.As(Alice).Commit(s.repo, branch, "main", map[string]string{branch + ".txt": "content of " + branch + "\n"})
	s.ok(err)
	ref, err := s.world.As(Alice).Open(s.repo, scm.NewPull{Title: "Add " + branch, Body: "please", Head: branch, Base: "main"})
	s.ok(err)
	ref.Repo = s.repo
	return ref, sha
}
