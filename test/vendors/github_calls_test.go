package vendors_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	driver "github.com/pharos-ci/pharos/pkg/scm/github"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// githubSite is a repository of an organisation in which the driver is installed as a GitHub App.
type githubSite struct {
	*testing.T
	forge  *simulator.Forge
	client *scm.Client
	repo   scm.Repo
}

func newGitHubSite(t *testing.T, f *simulator.Forge) *githubSite {
	t.Helper()
	s := &githubSite{T: t, forge: f, repo: scm.Repo{Connection: "main", Org: "installed", Name: "app"}}
	f.AddMember(s.repo.Org, "pharos-bot", scm.PermissionAdmin)
	f.AddMember(s.repo.Org, "alice", scm.PermissionWrite)
	f.AddMember(s.repo.Org, "bob", scm.PermissionWrite)
	_, err := f.AddRepo(s.repo.Org, s.repo.Name, map[string]string{"README.md": "first\n"})
	s.ok(err)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	s.ok(err)
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	s.client, err = driver.Driver{}.Open(scm.Account{
		Connection: "main", URL: f.URL(), Bot: "pharos-bot", HTTP: &http.Client{Timeout: time.Minute}, Credentials: scm.Credentials{AppID: 1, AppKey: pemKey},
	})
	s.ok(err)
	return s
}

func (s *githubSite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *githubSite) open(branch string) scm.PullRef {
	s.Helper()
	_, err := s.forge.As("alice").Commit(s.repo, branch, "main", map[string]string{branch + ".txt": "new\n"})
	s.ok(err)
	ref, err := s.forge.As("alice").Open(s.repo, scm.NewPull{Title: "Add " + branch, Head: branch, Base: "main"})
	s.ok(err)
	return ref
}

// moreCallsOfGitHub are what the contract leaves out of what the driver sends and the simulator tells.
func moreCallsOfGitHub(t *testing.T, f *simulator.Forge) {
	s := newGitHubSite(t, f)
	for _, hook := range []scm.HookTarget{scm.HookTarget(s.repo), {Connection: "main", Org: s.repo.Org}} {
		s.hooks(hook)
	}
	s.inlineComments()
	s.reviews()
	s.milestones()
	s.issues()
	s.pushes()
	_, err := s.client.Repositories.List(s.Context(), "alice")
	s.ok(err)
}

// hooks asks for a delivery that failed once more, and leaves a webhook that hears everything.
func (s *githubSite) hooks(on scm.HookTarget) {
	s.Helper()
	refusals := make(chan struct{}, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		refusals <- struct{}{}
	}))
	s.Cleanup(receiver.Close)
	s.ok(s.client.Hooks.Create(s.Context(), on, scm.NewHook{URL: receiver.URL, Secret: "s"}))
	all, err := s.client.Hooks.List(s.Context(), on)
	s.ok(err)
	id := all[0].ID
	s.ok(s.client.Hooks.Update(s.Context(), on, id, scm.NewHook{URL: receiver.URL + "/new", Secret: "s"}))
	s.open(fmt.Sprintf("hooked-%s", id))
	for range 2 { // the second begins when the first is on record
		<-refusals
	}
	failed, err := s.client.Hooks.Failed(s.Context(), on, id, time.Time{})
	s.ok(err)
	s.ok(s.client.Hooks.Redeliver(s.Context(), on, id, failed[0].ID))
}

func (s *githubSite) inlineComments() {
	s.Helper()
	ref := s.open("inline")
	s.ok(s.forge.As("bob").Inline(ref, "inline.txt", 1, "why?"))
	var id string // as the driver writes those of comments on lines of code
	s.ok(s.forge.Do(func() error {
		r, err := s.forge.Repo(s.repo.Org, s.repo.Name)
		if err == nil {
			id = fmt.Sprint("r", r.Pulls[ref.Number].Comments[0].ID)
		}
		return err
	}))
	_, err := s.client.Comments.Reply(s.Context(), ref, id, "because")
	s.ok(err)
	s.ok(s.client.Comments.Edit(s.Context(), ref, id, "why indeed?"))
	s.ok(s.client.Comments.Delete(s.Context(), ref, id))
}

func (s *githubSite) reviews() {
	s.Helper()
	ref := s.open("reviewed")
	s.ok(s.client.Reviews.Submit(s.Context(), ref, scm.NewReview{State: scm.ReviewChangesRequested, Body: "no"}))
	s.ok(s.forge.As("bob").Review(ref, scm.ReviewCommented, "hm"))
	all, err := s.client.Reviews.List(s.Context(), ref)
	s.ok(err)
	s.ok(s.client.Reviews.Dismiss(s.Context(), ref, all[0].ID, "yes after all"))
	closed := scm.StateClosed
	s.ok(s.forge.As("alice").Edit(ref, scm.PullPatch{State: &closed}))
	_, err = s.client.Pulls.Get(s.Context(), ref)
	s.ok(err)
}

func (s *githubSite) milestones() {
	s.Helper()
	ref := s.open("planned")
	s.ok(s.forge.Do(func() error {
		r, err := s.forge.Repo(s.repo.Org, s.repo.Name)
		if err == nil {
			s.forge.AddMilestone(r, "v1")
		}
		return err
	}))
	titles, err := s.client.Milestones.List(s.Context(), s.repo)
	s.ok(err)
	if !slices.Contains(titles, "v1") {
		s.Errorf("the milestones are %v", titles)
	}
	for _, title := range []string{"v1", ""} {
		s.ok(s.client.Milestones.Set(s.Context(), ref, title))
		_, err = s.client.Pulls.Get(s.Context(), ref)
		s.ok(err)
	}
}

func (s *githubSite) issues() {
	s.Helper()
	ref, err := s.forge.As("bob").OpenIssue(s.repo, "It is dark", "")
	s.ok(err)
	s.ok(s.client.Labels.Add(s.Context(), ref, "kind/bug"))
	s.ok(s.client.Labels.Remove(s.Context(), ref, "kind/bug"))
	title, closed, open := "It is light", scm.StateClosed, scm.StateOpen
	for _, patch := range []scm.IssuePatch{{Title: &title}, {State: &closed}, {State: &open}} {
		s.ok(s.client.Issues.Edit(s.Context(), ref, patch))
	}
}

// pushes are of files that are new, changed, gone and moved.
func (s *githubSite) pushes() {
	s.Helper()
	for _, files := range []map[string]string{{"a.txt": "one\ntwo\nthree\n"}, {"a.txt": "", "b.txt": "one\ntwo\nthree\n"}, {"b.txt": "two\n"}, {"b.txt": ""}} {
		_, err := s.forge.As("alice").Commit(s.repo, "main", "", files)
		s.ok(err)
	}
}
