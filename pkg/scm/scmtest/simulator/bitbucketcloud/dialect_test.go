package bitbucketcloud_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	driver "github.com/pharos-ci/pharos/pkg/scm/bitbucketcloud"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/bitbucketcloud"
)

type object = map[string]any

var (
	app  = scm.Repo{Connection: "main", Org: "acme", Name: "app"}
	pull = scm.PullRef{Repo: app, Number: 1}
)

// site is a forge with a repository and an open pull request of Alice's, who administers the repository; Bob may write.
type site struct {
	*testing.T
	*simulator.Forge
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t, simulator.Start(bitbucketcloud.Dialect{}, t.TempDir())}
	t.Cleanup(s.Forge.Close)
	s.AddMember("acme", "alice", scm.PermissionAdmin)
	s.AddMember("acme", "bob", scm.PermissionWrite)
	_, err := s.AddRepo("acme", "app", map[string]string{"README.md": "first\n"})
	s.ok(err)
	_, err = s.As("alice").Commit(app, "lamp", "main", map[string]string{"dir/lamp.go": "package lamp\n"})
	s.ok(err)
	_, err = s.As("alice").Open(app, scm.NewPull{Title: "Add a lamp", Head: "lamp", Base: "main"})
	s.ok(err)
	return s
}

func (s *site) ok(err error) {
	s.T.Helper()
	if err != nil {
		s.T.Fatal(err)
	}
}

// ask sends a request below the repository, by Alice unless the header says who.
func (s *site) ask(method, path, body string, authorization ...string) (int, object) {
	s.T.Helper()
	address := path
	if !strings.HasPrefix(path, "http") {
		address = s.URL() + "/2.0/repositories/acme/app" + path
	}
	req, err := http.NewRequestWithContext(s.Context(), method, address, strings.NewReader(body))
	s.ok(err)
	req.Header.Set("Authorization", "Bearer "+s.Token("alice"))
	if len(authorization) > 0 {
		req.Header.Set("Authorization", authorization[0])
	}
	res, err := s.Client().Do(req)
	s.ok(err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	s.ok(err)
	var out object
	if len(data) > 0 {
		s.ok(json.Unmarshal(data, &out))
	}
	return res.StatusCode, out
}

func message(answer object) string {
	refused, _ := answer["error"].(object)
	text, _ := refused["message"].(string)
	return text
}

func TestOnlyAccountsAreAnswered(t *testing.T) {
	s := newSite(t)
	basic := func(user, password string) string {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password)
		return r.Header.Get("Authorization")
	}
	token := s.Token("bob")
	for name, tc := range map[string]struct {
		proof string
		want  int
	}{
		"an access token":                     {"Bearer " + token, http.StatusOK},
		"an API token with its e-mail":        {basic("bob@forge.test", token), http.StatusOK},
		"an API token with another's e-mail":  {basic("alice@forge.test", token), http.StatusUnauthorized},
		"an API token with a nickname":        {basic("bob", token), http.StatusUnauthorized},
		"a token that nobody has":             {"Bearer wrong", http.StatusUnauthorized},
		"another scheme":                      {"Token " + token, http.StatusUnauthorized},
		"nothing":                             {"", http.StatusUnauthorized},
		"an e-mail with a token of no person": {basic("bob@forge.test", "wrong"), http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := s.ask("GET", "", "", tc.proof)
			if status != tc.want || status != http.StatusOK && !strings.HasPrefix(message(answer), "Token is invalid") {
				t.Errorf("status %d: %v", status, answer)
			}
		})
	}
}

func TestAConsumerIsGrantedAToken(t *testing.T) {
	s := newSite(t)
	for secret, want := range map[string]bool{s.Token("bob"): true, s.Token("alice"): false} {
		c, err := driver.Driver{}.Open(scm.Account{URL: s.URL(), Credentials: scm.Credentials{ClientID: "bob", ClientSecret: secret}, HTTP: s.Client()})
		s.ok(err)
		if _, err := c.Pulls.Get(t.Context(), pull); (err == nil) != want {
			t.Errorf("with %s: %v", secret, err)
		}
	}
}

func TestPagesAreLimited(t *testing.T) {
	s := newSite(t)
	for path, want := range map[string]string{
		"/pullrequests?pagelen=50":             "",
		"/pullrequests?pagelen=51":             "Invalid pagelen",
		"/pullrequests?pagelen=0":              "",
		"/pullrequests?pagelen=-1":             "Invalid pagelen",
		"/pullrequests/1/comments?pagelen=100": "",
		"/pullrequests/1/comments?pagelen=101": "Invalid pagelen",
		"/pullrequests/1/commits?page=2":       "Invalid page",
		"/diffstat/lamp..main?pagelen=500":     "",
	} {
		status, answer := s.ask("GET", path, "")
		if got := message(answer); got != want || (status == http.StatusOK) != (want == "") {
			t.Errorf("%s: status %d, %q; want %q", path, status, got, want)
		}
	}
}

func TestPagesLeadToEachOther(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		_, err := s.As("alice").Commit(app, "lamp", "", map[string]string{"n.txt": fmt.Sprint(i)})
		s.ok(err)
	}
	for _, path := range []string{"/pullrequests/1/commits?pagelen=3&fields=next,previous,values.hash", "/refs/branches?pagelen=1&q=" + url.QueryEscape(`name = "lamp" OR name ~ "AI"`)} {
		_, first := s.ask("GET", path, "")
		next, _ := first["next"].(string)
		_, second := s.ask("GET", next, "")
		previous, _ := second["previous"].(string)
		_, again := s.ask("GET", previous, "")
		if diff := cmp.Diff(first["values"], again["values"]); diff != "" || len(second["values"].([]any)) != 1 || second["next"] != nil {
			t.Errorf("%s: the second page is %v (-first +previous of the second):\n%s", path, second, diff)
		}
	}
}

func TestAnEditDropsReviewersThatItLeavesOut(t *testing.T) {
	s := newSite(t)
	var bob string
	s.ok(s.Do(func() error {
		u, err := s.User("bob")
		bob = fmt.Sprintf(`[{"account_id": "557058:00000001-0000-4000-8000-%012x"}]`, u.ID)
		return err
	}))
	reviewers := func(body string) any {
		status, answer := s.ask("PUT", "/pullrequests/1", body)
		if status != http.StatusOK {
			t.Fatalf("%s: status %d: %v", body, status, answer)
		}
		return len(answer["reviewers"].([]any))
	}
	if got := reviewers(`{"reviewers": ` + bob + `}`); got != 1 {
		t.Errorf("%d reviewers, want 1", got)
	}
	s.ok(s.As("bob").Review(pull, scm.ReviewApproved, ""))
	if got := reviewers(`{"title": "Add a better lamp", "reviewers": ` + bob + `}`); got != 1 {
		t.Errorf("%d reviewers after the verdict, want 1", got)
	}
	if got := reviewers(`{"title": "Add the best lamp"}`); got != 0 {
		t.Errorf("%d reviewers, want none", got)
	}
}

func TestRefusals(t *testing.T) {
	s := newSite(t)
	closed := scm.StateClosed
	s.ok(s.As("alice").Edit(pull, scm.PullPatch{State: &closed}))
	mallory := "Bearer " + s.Token("mallory")
	for name, tc := range map[string]struct {
		method, path, body, by string
		status                 int
		want                   string
	}{
		"an edit of a closed one":       {"PUT", "/pullrequests/1", `{"title": "x"}`, "", 400, "Can only update an open pull request."},
		"a second decline":              {"POST", "/pullrequests/1/decline", "", "", 400, "newstatus: This pull request is already closed."},
		"a branch that does not exist":  {"POST", "/pullrequests", `{"title": "x", "source": {"branch": {"name": "no"}}}`, "", 400, "source: branch not found: no"},
		"a branch without changes":      {"POST", "/pullrequests", `{"title": "x", "source": {"branch": {"name": "main"}}}`, "", 400, "source: There are no changes to be pulled"},
		"a reviewer who is nobody":      {"POST", "/pullrequests", `{"title": "x", "source": {"branch": {"name": "lamp"}}, "reviewers": [{"uuid": "{0}"}]}`, "", 400, "reviewers: Malformed reviewers list"},
		"a long key":                    {"POST", "/commit/lamp/statuses/build", `{"key": "` + strings.Repeat("k", 41) + `", "state": "FAILED", "url": "http://ci.test"}`, "", 400, "key: Ensure this value has at most 40 characters (it has 41)."},
		"a status by a stranger":        {"POST", "/commit/lamp/statuses/build", `{}`, mallory, 403, "Access denied. You must have write or admin access."},
		"permissions for a stranger":    {"GET", s.URL() + "/2.0/workspaces/acme/permissions/repositories/app", "", mallory, 403, "Access denied. You must have admin access."},
		"an event that is none":         {"POST", "/hooks", `{"url": "http://ci.test", "events": ["teapot"]}`, "", 400, "events: Select a valid choice. teapot is not one of the available choices."},
		"a query that cannot be read":   {"GET", "/refs/branches?q=name", "", "", 400, `q: Invalid query expression "name"`},
		"the main branch's deletion":    {"DELETE", "/refs/branches/main", "", "", 400, "The main branch cannot be deleted."},
		"an approval that nobody gave":  {"DELETE", "/pullrequests/1/approve", "", "", 400, "This pull request is already closed."},
		"a path that is not of the API": {"GET", "/teapot", "", "", 404, "Resource not found"},
	} {
		t.Run(name, func(t *testing.T) {
			by := "Bearer " + s.Token("alice")
			if tc.by != "" {
				by = tc.by
			}
			status, answer := s.ask(tc.method, tc.path, tc.body, by)
			if status != tc.status || message(answer) != tc.want || answer["type"] != "error" {
				t.Errorf("status %d: %v; want %d: %s", status, answer, tc.status, tc.want)
			}
		})
	}
}

func TestASecondPullRequestOfItsBranchesIsTheFirst(t *testing.T) {
	s := newSite(t)
	status, answer := s.ask("POST", "/pullrequests", `{"title": "Mine", "source": {"branch": {"name": "lamp"}}}`)
	if status != http.StatusCreated || answer["id"] != 1.0 || answer["title"] != "Mine" {
		t.Errorf("status %d: %v", status, answer)
	}
	c, err := driver.Driver{}.Open(scm.Account{URL: s.URL(), Credentials: scm.Credentials{Token: s.Token("bob")}, HTTP: s.Client()})
	s.ok(err)
	if _, err := c.Pulls.Create(t.Context(), app, scm.NewPull{Title: "Bob's", Head: "lamp", Base: "main"}); !errors.Is(err, scm.ErrConflict) {
		t.Errorf("error %v, want ErrConflict", err)
	}
	if got, err := c.Pulls.Get(t.Context(), pull); err != nil || got.Title != "Mine" {
		t.Errorf("the first one is %+v, %v", got, err)
	}
}

func TestAVerdictIsGivenOnce(t *testing.T) {
	s := newSite(t)
	for i, want := range []int{http.StatusOK, http.StatusConflict} {
		if status, answer := s.ask("POST", "/pullrequests/1/approve", ""); status != want {
			t.Errorf("approval %d: status %d: %v; want %d", i, status, answer, want)
		}
	}
	for i, want := range []int{http.StatusNoContent, http.StatusNotFound} {
		if status, answer := s.ask("DELETE", "/pullrequests/1/approve", ""); status != want {
			t.Errorf("withdrawal %d: status %d: %v; want %d", i, status, answer, want)
		}
	}
	c, err := driver.Driver{}.Open(scm.Account{URL: s.URL(), Credentials: scm.Credentials{Token: s.Token("bob")}, HTTP: s.Client(), Bot: "bob"})
	s.ok(err)
	for range 2 { // what was done already is no error to those who ask for it
		s.ok(c.Reviews.Submit(t.Context(), pull, scm.NewReview{State: scm.ReviewApproved}))
	}
	if all, err := c.Reviews.List(t.Context(), pull); err != nil || len(all) != 1 {
		t.Errorf("reviews %+v, %v", all, err)
	}
}

func TestAHookKeepsItsSecretUntilItIsNull(t *testing.T) {
	s := newSite(t)
	_, hook := s.ask("POST", "/hooks", `{"url": "http://ci.test", "active": true, "events": ["repo:push"], "secret": "s3cret"}`)
	id, _ := hook["uuid"].(string)
	for _, tc := range []struct {
		body string
		want bool
	}{{`{"active": false}`, true}, {`{"secret": "another"}`, true}, {`{"secret": null}`, false}} {
		if _, got := s.ask("PUT", "/hooks/"+url.PathEscape(id), tc.body); got["secret_set"] != tc.want || got["secret"] != nil {
			t.Errorf("after %s: %v", tc.body, got)
		}
	}
}
