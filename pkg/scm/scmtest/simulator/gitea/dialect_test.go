package gitea_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
	driver "github.com/pharos-ci/pharos/pkg/scm/gitea"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/gitea"
)

var app = scm.Repo{Connection: "main", Org: "acme", Name: "app"}

// site is a forge with one repository, which alice administers.
type site struct {
	*testing.T
	*simulator.Forge
	token string
}

func newSite(t *testing.T) *site {
	t.Helper()
	f := simulator.Start(gitea.Dialect{}, t.TempDir())
	t.Cleanup(f.Close)
	f.AddMember(app.Org, "alice", scm.PermissionAdmin)
	f.AddMember(app.Org, "bob", scm.PermissionWrite)
	if _, err := f.AddRepo(app.Org, app.Name, map[string]string{"README.md": "first\n"}); err != nil {
		t.Fatal(err)
	}
	return &site{t, f, f.Token("alice")}
}

// ask sends a request and reads its answer, which has to have a status.
func (s *site) ask(status int, pattern, body string) (http.Header, any) {
	s.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	req, err := http.NewRequestWithContext(s.Context(), method, s.URL()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if s.token != "" {
		req.Header.Set("Authorization", "token "+s.token)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		s.Fatalf("%s: status %d, want %d: %s, %v", pattern, res.StatusCode, status, raw, err)
	}
	var answer any
	if len(raw) > 0 && json.Unmarshal(raw, &answer) != nil {
		answer = string(raw)
	}
	return res.Header, answer
}

// open opens a pull request of one changed file.
func (s *site) open(branch, file, content string) (scm.PullRef, string) {
	s.Helper()
	sha, err := s.As("bob").Commit(app, branch, "main", map[string]string{file: content})
	if err != nil {
		s.Fatal(err)
	}
	ref, err := s.As("bob").Open(app, scm.NewPull{Title: "Add " + branch, Head: branch, Base: "main"})
	if err != nil {
		s.Fatal(err)
	}
	return ref, sha
}

func TestWhoMayCall(t *testing.T) {
	for name, tc := range map[string]struct {
		token, pattern string
		status         int
		message        string
	}{
		"anybody reads what is public":           {"", "GET /repos/acme/app", 200, ""},
		"nobody writes without a token":          {"", "POST /repos/acme/app/issues", 401, "token is required"},
		"nobody administers without a token":     {"", "GET /repos/acme/app/hooks", 401, "token is required"},
		"a wrong token does not even read":       {"wrong", "GET /repos/acme/app", 401, "invalid username, password or token"},
		"a writer is no administrator":           {"token-of-bob", "GET /repos/acme/app/hooks", 403, "user should be an owner or a collaborator with admin write of a repository"},
		"a stranger does not set statuses":       {"token-of-mallory", "POST /repos/acme/app/statuses/main", 403, "user should have a permission to write to a repo"},
		"a stranger does not see who belongs":    {"token-of-mallory", "GET /orgs/acme/teams", 403, "Must be an organization member"},
		"a number that nothing has is a failure": {"token-of-bob", "GET /repos/acme/app/issues/7/comments", 500, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.Token("bob")
			s.Token("mallory")
			s.token = tc.token
			_, got := s.ask(tc.status, tc.pattern, "{}")
			if message, _ := got.(map[string]any)["message"].(string); message != tc.message {
				t.Errorf("the message is %q, want %q", message, tc.message)
			}
		})
	}
}

func TestPagesAreLimited(t *testing.T) {
	s := newSite(t)
	sha, err := s.As("alice").Commit(app, "main", "", map[string]string{"a.txt": "a\n"})
	for i := range 101 {
		err = errors.Join(err, s.As("alice").Status(app, sha, scm.Status{Context: fmt.Sprint(i), State: scm.StatusSuccess}))
	}
	if err != nil {
		t.Fatal(err)
	}
	at := "/repos/acme/app/statuses/" + sha
	for query, want := range map[string]struct {
		count int
		links string
	}{
		"":                     {30, "next 2,last 4"},
		"?limit=500&page=2":    {50, "next 3,last 3,first 1,prev 1"},
		"?limit=50&page=3":     {1, "first 1,prev 2"},
		"?limit=50&page=9":     {0, "first 1,prev 8"},
		"?limit=200&page=none": {50, "next 2,last 3"},
	} {
		header, got := s.ask(200, "GET "+at+query, "")
		if n := len(got.([]any)); n != want.count || header.Get("X-Total-Count") != "101" {
			t.Errorf("%s: %d items of %s, want %d of 101", query, n, header.Get("X-Total-Count"), want.count)
		}
		if diff := cmp.Diff(want.links, links(header.Get("Link"))); diff != "" {
			t.Errorf("%s: links (-want +got):\n%s", query, diff)
		}
	}
}

// links shortens a header to relations and pages.
func links(header string) string {
	var short []string
	for _, one := range strings.Split(header, ",") {
		address, rel, _ := strings.Cut(one, `>; rel="`)
		_, number, _ := strings.Cut(address, "page=")
		short = append(short, strings.TrimSuffix(rel, `"`)+" "+number)
	}
	return strings.Join(short, ",")
}

func TestLabelsThatNobodyKnowsAreToldOfAllTheSame(t *testing.T) {
	s := newSite(t)
	s.open("feature", "f.txt", "x\n")
	told := make(chan http.Header, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.Header.Clone() }))
	t.Cleanup(receiver.Close)
	_, made := s.ask(201, "POST /repos/acme/app/hooks", `{"type":"gitea","active":true,"events":["pull_request","teapot","issues_only"],"config":{"url":"`+receiver.URL+`","content_type":"json","secret":"s"}}`)
	want := "issues pull_request pull_request_assign pull_request_comment pull_request_label pull_request_milestone pull_request_review pull_request_review_request pull_request_sync"
	if diff := cmp.Diff("["+want+"]", fmt.Sprint(made.(map[string]any)["events"])); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	_, labels := s.ask(200, "POST /repos/acme/app/issues/1/labels", `{"labels":["never-was"]}`)
	if len(labels.([]any)) != 0 {
		t.Errorf("the labels are %v", labels)
	}
	header := <-told
	if header.Get("X-Gitea-Event") != "pull_request" || header.Get("X-Gitea-Event-Type") != "pull_request_label" {
		t.Errorf("the delivery is %v", header)
	}
	s.ask(400, "POST /repos/acme/app/issues/1/labels", `{"labels":["a", 1]}`)
}

func TestADeliverySentAgainHasANumberOfItsOwn(t *testing.T) {
	s := newSite(t)
	type delivery struct {
		header http.Header
		body   []byte
	}
	told := make(chan delivery, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing shows in the signature
		told <- delivery{r.Header.Clone(), body}
	}))
	t.Cleanup(receiver.Close)
	s.ask(201, "POST /repos/acme/app/hooks", `{"type":"gitea","active":true,"config":{"url":"`+receiver.URL+`","content_type":"json","secret":"s"}}`)
	for _, text := range []string{"a\n", "b\n"} { // the first is on record when the second comes
		if _, err := s.As("alice").Commit(app, "main", "", map[string]string{"a.txt": text}); err != nil {
			t.Fatal(err)
		}
	}
	first := <-told
	<-told
	if err := s.RedeliverLike(first.body); err != nil {
		t.Fatal(err)
	}
	again := <-told
	if again.header.Get("X-Gitea-Delivery") == first.header.Get("X-Gitea-Delivery") || again.header.Get("X-Gitea-Signature") != first.header.Get("X-Gitea-Signature") {
		t.Errorf("first %v, then %v", first.header, again.header)
	}
}

func TestMergesThatGiteaDoesNotExplain(t *testing.T) {
	s := newSite(t)
	conflicting, conflict := s.open("conflict", "README.md", "ours\n")
	behind, head := s.open("behind", "b.txt", "b\n")
	if _, err := s.As("bob").Commit(app, "main", "", map[string]string{"README.md": "theirs\n"}); err != nil {
		t.Fatal(err)
	}
	client, err := driver.Driver{}.Open(scm.Account{Connection: "main", URL: s.URL(), Credentials: scm.Credentials{Token: s.token}, HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Merges.Merge(t.Context(), conflicting, scm.Merge{SHA: conflict, Method: scm.MergeCommit})
	if !errors.Is(err, scm.ErrNotMergeable) || !errors.Is(err, scm.ErrTransient) {
		t.Errorf("a conflict, which looks like one that is looked for, is %v", err)
	}
	if _, err = client.Merges.Merge(t.Context(), behind, scm.Merge{SHA: head, Method: scm.MergeFastForward}); !errors.Is(err, scm.ErrNotMergeable) {
		t.Errorf("what cannot be fast-forwarded is %v", err)
	}
	if _, err = client.Merges.Merge(t.Context(), behind, scm.Merge{SHA: head, Method: scm.MergeSquash}); err != nil {
		t.Errorf("a squash is %v", err)
	}
}
