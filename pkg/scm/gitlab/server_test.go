package gitlab_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/gitlab"
)

var (
	repo = scm.Repo{Connection: "main", Org: "acme/tools", Name: "app"}
	ref  = scm.PullRef{Repo: repo, Number: 17}
)

const (
	root    = "/api/v4/"
	project = "projects/acme%2Ftools%2Fapp"
	pull    = project + "/merge_requests/17"
	issue   = project + "/issues/17"
)

// request is a call as it came.
type request struct {
	// Line is the method and the path below the API's root, as it was escaped.
	Line  string
	Query string
	Body  string
}

// server answers calls that a test expects, and any other as GitLab answers for what there is not.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
	routes   map[string]func(http.ResponseWriter, request)
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{routes: map[string]func(http.ResponseWriter, request){}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	call := request{r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), root), r.URL.RawQuery, string(body)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, call)
	answer := s.routes[call.Line]
	switch {
	case r.Header.Get("Authorization") != "Bearer t0ken":
		refuse(w, http.StatusUnauthorized, "401 Unauthorized")
	case answer == nil:
		refuse(w, http.StatusNotFound, "404 Not found")
	default:
		answer(w, call)
	}
}

// on answers a call with a value.
func (s *server) on(line string, v any) {
	s.routes[line] = func(w http.ResponseWriter, _ request) { reply(w, http.StatusOK, v) }
}

// fail answers a call with a refusal.
func (s *server) fail(line string, status int, message any) {
	s.routes[line] = func(w http.ResponseWriter, _ request) { refuse(w, status, message) }
}

// lines are the calls that came.
func (s *server) lines() []string {
	var all []string
	for _, r := range s.requests {
		all = append(all, r.Line)
	}
	return all
}

// bodies are what came with calls of one line.
func (s *server) bodies(line string) []string {
	var all []string
	for _, r := range s.requests {
		if r.Line == line {
			all = append(all, r.Body)
		}
	}
	return all
}

func (s *server) client(t *testing.T) *scm.Client {
	t.Helper()
	c, err := gitlab.Driver{}.Open(scm.Account{Connection: "main", URL: s.URL, Credentials: scm.Credentials{Token: "t0ken"}, HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, message any) {
	reply(w, status, map[string]any{"message": message})
}

// paged serves pages with GitLab's headers.
func paged[T any](all []T) func(http.ResponseWriter, request) {
	return func(w http.ResponseWriter, r request) {
		query := map[string]int{}
		for pair := range strings.SplitSeq(r.Query, "&") {
			name, value, _ := strings.Cut(pair, "=")
			query[name], _ = strconv.Atoi(value)
		}
		size, page := min(query["per_page"], 100), query["page"]
		from, to := min((page-1)*size, len(all)), min(page*size, len(all))
		next := ""
		if to < len(all) {
			next = strconv.Itoa(page + 1)
		}
		w.Header().Set("X-Next-Page", next)
		reply(w, http.StatusOK, append([]T{}, all[from:to]...))
	}
}

type object = map[string]any

func person(id int, login string) object { return object{"id": id, "username": login, "name": login} }

// mergeRequest is what the API tells of a merge request.
func mergeRequest(more object) object {
	m := object{
		"id": 701, "iid": 17, "project_id": 7, "title": "Add a lamp", "description": "please", "state": "opened", "draft": false,
		"web_url": "http://gitlab.test/acme/tools/app/-/merge_requests/17", "author": person(3, "alice"),
		"assignees": []any{person(4, "bob")}, "reviewers": []any{}, "labels": []any{"lgtm"}, "milestone": object{"id": 60, "title": "1.0"},
		"source_branch": "lamp", "target_branch": "main", "source_project_id": 7, "target_project_id": 7, "sha": strings.Repeat("2", 40),
		"diff_refs":    object{"base_sha": strings.Repeat("0", 39) + "1", "start_sha": strings.Repeat("1", 40), "head_sha": strings.Repeat("2", 40)},
		"merge_status": "can_be_merged", "detailed_merge_status": "mergeable", "merge_commit_sha": nil, "squash_commit_sha": nil,
		"changes_count": "2", "updated_at": "2026-02-03T10:00:00.000+01:00",
	}
	for k, v := range more {
		m[k] = v
	}
	return m
}
