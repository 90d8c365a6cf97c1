package bitbucketserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketserver"
)

var (
	repo = scm.Repo{Connection: "main", Org: "ACME", Name: "app"}
	ref  = scm.PullRef{Repo: repo, Number: 7}
	head = strings.Repeat("b", 40)
)

// call is a request as the server got it: its method with the path below rest/, its query without paging, and its body.
type call struct {
	Line, Query, Body string
}

// server answers by method and path below rest/; what it was not told about is missing.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []call
	answer map[string]http.HandlerFunc
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{answer: map[string]http.HandlerFunc{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	query := r.URL.Query()
	query.Del("start")
	if query.Get("limit") == "100" {
		query.Del("limit")
	}
	line := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/rest/")
	s.calls = append(s.calls, call{line, query.Encode(), string(body)})
	if r.Header.Get("Authorization") != "Bearer t0ken" {
		refuse(http.StatusUnauthorized, "com.atlassian.bitbucket.AuthorisationException", "You are not permitted to access this resource")(w, r)
		return
	}
	if answer := s.answer[line]; answer != nil {
		answer(w, r)
		return
	}
	refuse(http.StatusNotFound, "com.atlassian.bitbucket.NoSuchObjectException", "There is no such thing.")(w, r)
}

func (s *server) client(t *testing.T) *scm.Client {
	t.Helper()
	c, err := bitbucketserver.Driver{}.Open(scm.Account{
		Connection: "main", URL: s.URL, Credentials: scm.Credentials{Token: "t0ken"}, Bot: "pharos-bot", HTTP: s.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sent checks the calls so far and forgets them.
func (s *server) sent(t *testing.T, want ...call) {
	t.Helper()
	if diff := cmp.Diff(want, s.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	s.calls = nil
}

const (
	api     = "api/1.0/projects/ACME/repos/app"
	pullURL = api + "/pull-requests/7"
)

func reply(status int, v any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
}

// text answers with JSON as it stands.
func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func refuse(status int, exception, message string) http.HandlerFunc {
	return reply(status, map[string]any{"errors": []any{map[string]any{"context": nil, "message": message, "exceptionName": exception}}})
}

// stale is the answer to a write with an old version.
func stale(thing string) http.HandlerFunc {
	return refuse(http.StatusConflict, "com.atlassian.bitbucket."+thing+"OutOfDateException", "You are attempting to modify it based on out-of-date information.")
}

// inTurn answers each call by the next handler, and the last of them for ever.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		handlers[min(n, len(handlers)-1)](w, r)
		n++
	}
}

// paged serves a listing by start and limit, which it cuts to most.
func paged(most int, items ...any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.URL.Query().Get("start"))
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		from := min(start, len(items))
		to := min(from+min(limit, most), len(items))
		page := map[string]any{"values": append([]any{}, items[from:to]...), "size": to - from, "limit": limit, "start": start, "isLastPage": to == len(items), "nextPageStart": nil}
		if to < len(items) {
			page["nextPageStart"] = to
		}
		reply(http.StatusOK, page)(w, r)
	}
}

// people lists the users that the server knows, filtered as Bitbucket does: by part of a name, and by the permission that
// is asked for as "REPO_WRITE ACME/app".
func people(grants map[string][]string) http.HandlerFunc {
	all := []string{"alice", "alice2", "Bob.B", "pharos-bot", "mallory"}
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		var found []any
		for i, name := range all {
			if !strings.Contains(strings.ToLower(name), strings.ToLower(q.Get("filter"))) {
				continue
			}
			if p := q.Get("permission.1"); p != "" && !granted(grants[name], strings.Trim(p+" "+q.Get("permission.1.projectKey")+"/"+q.Get("permission.1.repositorySlug"), "/")) {
				continue
			}
			found = append(found, map[string]any{"id": i + 1, "name": name, "slug": strings.ReplaceAll(strings.ToLower(name), ".", "-")})
		}
		paged(100, found...)(w, r)
	}
}

func granted(grants []string, wanted string) bool {
	for _, g := range grants {
		if g == wanted {
			return true
		}
	}
	return false
}

// pullJSON is pull request 7 at a version, with what else is told of it.
func pullJSON(version int, more string) string {
	side := func(branch, sha, key string) string {
		return fmt.Sprintf(`{"id":"refs/heads/%s","displayId":%q,"latestCommit":%q,"repository":{"id":1,"slug":"app","project":{"key":%q},
			"links":{"clone":[{"href":"ssh://git@forge.test/acme/app.git","name":"ssh"},{"href":"http://forge.test/scm/acme/app.git","name":"http"}]}}}`, branch, branch, sha, key)
	}
	return fmt.Sprintf(`{"id":7,"version":%d,"title":"Add a lamp","description":"please","state":"OPEN","author":{"user":{"id":1,"name":"alice","slug":"alice"}},
		"reviewers":[{"user":{"id":3,"name":"Bob.B","slug":"bob-b"},"status":"APPROVED","lastReviewedCommit":%q}],
		"participants":[{"user":{"id":5,"name":"mallory","slug":"mallory"},"status":"NEEDS_WORK"},{"user":{"id":2,"name":"alice2","slug":"alice2"},"status":"UNAPPROVED"}],
		"fromRef":%s,"toRef":%s,"links":{"self":[{"href":"http://forge.test/projects/ACME/repos/app/pull-requests/7"}]}%s}`,
		version, head, side("feature/lamp", head, "~alice"), side("main", strings.Repeat("a", 40), "ACME"), more)
}

func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q.Encode()
}
