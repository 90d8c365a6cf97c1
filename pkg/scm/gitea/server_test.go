package gitea_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/gitea"
)

var (
	repo = scm.Repo{Connection: "main", Org: "acme", Name: "app"}
	ref  = scm.PullRef{Repo: repo, Number: 7}
)

// server answers as Gitea 1.26 does, oddities included: comments are not paged, unknown label names are left out.
type server struct {
	*httptest.Server
	mu         sync.Mutex
	requests   []string
	files      []string
	comments   []map[string]any
	repoLabels []string // the id of a label is its place, from one
	labels     []string
	statuses   []map[string]any
	commits    map[string][]map[string]any
	answer     map[string]func(http.ResponseWriter) // instead of what the server would do, by method and path
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{commits: map[string][]map[string]any{}, answer: map[string]func(http.ResponseWriter){}}
	mux := http.NewServeMux()
	const base = "/api/v1/repos/acme/app"
	mux.HandleFunc("GET "+base+"/pulls/7", s.pull)
	mux.HandleFunc("GET "+base+"/pulls/7/files", s.listFiles)
	mux.HandleFunc("GET "+base+"/compare/{range}", s.compare)
	mux.HandleFunc("GET "+base+"/issues/7/comments", s.listComments)
	mux.HandleFunc("POST "+base+"/issues/7/comments", s.createComment)
	mux.HandleFunc("PATCH "+base+"/issues/comments/{id}", s.editComment)
	mux.HandleFunc("DELETE "+base+"/issues/comments/{id}", s.deleteComment)
	mux.HandleFunc("GET "+base+"/labels", s.listRepoLabels)
	mux.HandleFunc("POST "+base+"/labels", s.createLabel)
	mux.HandleFunc("GET "+base+"/issues/7/labels", s.listLabels)
	mux.HandleFunc("POST "+base+"/issues/7/labels", s.addLabels)
	mux.HandleFunc("DELETE "+base+"/issues/7/labels/{id}", s.removeLabel)
	mux.HandleFunc("POST "+base+"/statuses/{sha}", s.setStatus)
	mux.HandleFunc("GET "+base+"/statuses/{sha}", s.listStatuses)
	mux.HandleFunc("GET "+base+"/collaborators/{login}/permission", permission)
	mux.HandleFunc("GET "+base+"/assignees", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, []map[string]any{{"login": "someone"}, {"login": "Hidden-Writer"}})
	})
	mux.HandleFunc("GET /api/v1/orgs/acme/members/{login}", member)
	mux.HandleFunc("GET /api/v1/orgs/acme/public_members/{login}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "not found") })
	s.Server = httptest.NewServer(s.record(mux))
	t.Cleanup(s.Close)
	return s
}

func (s *server) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, r.Method+" "+r.URL.EscapedPath())
		if r.Header.Get("Authorization") != "token t0ken" {
			refuse(w, http.StatusUnauthorized, "invalid username, password or token")
			return
		}
		if instead := s.answer[r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/v1/repos/acme/app")]; instead != nil {
			instead(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) client(t *testing.T) *scm.Client {
	t.Helper()
	c, err := gitea.Driver{}.Open(scm.Account{Connection: "main", URL: s.URL, Credentials: scm.Credentials{Token: "t0ken"}, HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]any{"message": message, "url": "http://forge.test/api/swagger"})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func read1[T any](r *http.Request) (v T) {
	_ = json.NewDecoder(r.Body).Decode(&v)
	return v
}

// paged serves one page with Gitea's headers; limits over fifty are cut.
func paged[T any](w http.ResponseWriter, r *http.Request, all []T) {
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	limit = min(limit, 50)
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from, to := min((page-1)*limit, len(all)), min(page*limit, len(all))
	w.Header().Set("X-Total-Count", strconv.Itoa(len(all)))
	if to < len(all) {
		w.Header().Set("Link", fmt.Sprintf(`<http://forge.test%s?page=%d>; rel="next"`, r.URL.Path, page+1))
	}
	reply(w, http.StatusOK, all[from:to])
}

func (s *server) pull(w http.ResponseWriter, _ *http.Request) {
	side := func(name, sha, full string) map[string]any {
		return map[string]any{"label": name, "ref": name, "sha": strings.Repeat(sha, 40),
			"repo": map[string]any{"full_name": full, "clone_url": "http://forge.test/" + full + ".git"}}
	}
	reply(w, http.StatusOK, map[string]any{"number": 7, "title": "Add a lamp", "body": "please", "state": "open", "mergeable": true,
		"user": map[string]any{"id": 3, "login": "alice"}, "html_url": "http://forge.test/acme/app/pulls/7",
		"labels": []any{map[string]any{"id": 1, "name": "lgtm"}},
		"base":   side("main", "1", "acme/app"), "head": side("lamp", "2", "alice/app")})
}

func (s *server) listFiles(w http.ResponseWriter, r *http.Request) {
	var all []map[string]any
	for _, f := range s.files {
		all = append(all, map[string]any{"filename": f, "previous_filename": "old/" + f, "status": "renamed"})
	}
	paged(w, r, all)
}

func (s *server) compare(w http.ResponseWriter, r *http.Request) {
	commits, ok := s.commits[r.PathValue("range")]
	if !ok {
		refuse(w, http.StatusNotFound, "not found")
		return
	}
	reply(w, http.StatusOK, map[string]any{"total_commits": len(commits), "commits": commits})
}

func (s *server) listComments(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Total-Count", strconv.Itoa(len(s.comments)))
	reply(w, http.StatusOK, s.comments)
}

func (s *server) createComment(w http.ResponseWriter, r *http.Request) {
	c := map[string]any{"id": len(s.comments) + 1, "body": read1[map[string]string](r)["body"],
		"user": map[string]any{"id": 1, "login": "pharos-bot"}, "created_at": "2026-01-02T03:04:05+01:00"}
	s.comments = append(s.comments, c)
	reply(w, http.StatusCreated, c)
}

func (s *server) findComment(w http.ResponseWriter, r *http.Request) int {
	i := slices.IndexFunc(s.comments, func(c map[string]any) bool { return fmt.Sprint(c["id"]) == r.PathValue("id") })
	if i < 0 {
		refuse(w, http.StatusNotFound, "comment does not exist")
	}
	return i
}

func (s *server) editComment(w http.ResponseWriter, r *http.Request) {
	if i := s.findComment(w, r); i >= 0 {
		s.comments[i]["body"] = read1[map[string]string](r)["body"]
		reply(w, http.StatusOK, s.comments[i])
	}
}

func (s *server) deleteComment(w http.ResponseWriter, r *http.Request) {
	if i := s.findComment(w, r); i >= 0 {
		s.comments = slices.Delete(s.comments, i, i+1)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *server) labelObjects(names []string) []map[string]any {
	all := []map[string]any{}
	for _, n := range names {
		all = append(all, map[string]any{"id": slices.Index(s.repoLabels, n) + 1, "name": n})
	}
	return all
}

func (s *server) listRepoLabels(w http.ResponseWriter, r *http.Request) {
	paged(w, r, s.labelObjects(s.repoLabels))
}

func (s *server) createLabel(w http.ResponseWriter, r *http.Request) {
	in := read1[map[string]string](r)
	if in["color"] == "" {
		refuse(w, http.StatusUnprocessableEntity, "[Color]: Required")
		return
	}
	s.repoLabels = append(s.repoLabels, in["name"])
	reply(w, http.StatusCreated, s.labelObjects([]string{in["name"]})[0])
}

func (s *server) listLabels(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, s.labelObjects(s.labels))
}

func (s *server) addLabels(w http.ResponseWriter, r *http.Request) {
	for _, l := range read1[map[string][]any](r)["labels"] {
		name, _ := l.(string)
		if id, ok := l.(float64); ok {
			name = s.repoLabels[int(id)-1]
		}
		if slices.Contains(s.repoLabels, name) && !slices.Contains(s.labels, name) {
			s.labels = append(s.labels, name)
		}
	}
	reply(w, http.StatusOK, s.labelObjects(s.labels))
}

func (s *server) removeLabel(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	s.labels = slices.DeleteFunc(s.labels, func(l string) bool { return l == s.repoLabels[id-1] })
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) setStatus(w http.ResponseWriter, r *http.Request) {
	in := read1[map[string]any](r)
	made := map[string]any{"id": len(s.statuses) + 1, "status": in["state"], "context": in["context"],
		"description": in["description"], "target_url": in["target_url"]}
	s.statuses = append(s.statuses, made)
	reply(w, http.StatusCreated, made)
}

func (s *server) listStatuses(w http.ResponseWriter, r *http.Request) {
	newestFirst := slices.Clone(s.statuses)
	slices.Reverse(newestFirst)
	paged(w, r, newestFirst)
}

func permission(w http.ResponseWriter, r *http.Request) {
	login := r.PathValue("login")
	switch login {
	case "owner", "admin", "write", "read", "none":
		reply(w, http.StatusOK, map[string]any{"permission": login, "user": map[string]any{"login": login}})
	case "hidden", "hidden-writer":
		refuse(w, http.StatusForbidden, "Only admins can query all permissions")
	default:
		refuse(w, http.StatusNotFound, "user does not exist")
	}
}

func member(w http.ResponseWriter, r *http.Request) {
	switch r.PathValue("login") {
	case "alice":
		w.WriteHeader(http.StatusNoContent)
	case "private":
		http.Redirect(w, r, "/api/v1/orgs/acme/public_members/private", http.StatusSeeOther)
	default:
		refuse(w, http.StatusNotFound, "not found")
	}
}
