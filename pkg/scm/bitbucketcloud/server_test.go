package bitbucketcloud_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketcloud"
)

var (
	repo = scm.Repo{Connection: "main", Org: "acme", Name: "app"}
	ref  = scm.PullRef{Repo: repo, Number: 7}
)

// Commits of the server's pull requests, which it cuts to twelve digits there.
var (
	baseSHA = strings.Repeat("1", 40)
	headSHA = strings.Repeat("2", 40)
	forkSHA = strings.Repeat("3", 40)
	doneSHA = strings.Repeat("4", 40)
)

type object = map[string]any

// server answers as Bitbucket Cloud does: short commits, pages by their next address, redirects, 202 for long merges.
type server struct {
	*httptest.Server
	mu        sync.Mutex
	requests  []string
	proof     string
	pull      object
	tips      map[string]string
	commits   []string // of the pull request, newest first
	known     []string // commits that the repository tells by a piece of their id
	files     []object
	comments  []object
	statuses  []object
	members   []object
	rights    []object
	hooks     []object
	merge     func(http.ResponseWriter)
	tasks     []string // answers of the merge's task, one after another
	answer    map[string]func(http.ResponseWriter)
	sources   map[string]string // files by their paths
	grants    int
	expiresIn int
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{
		proof: "Bearer t0ken", answer: map[string]func(http.ResponseWriter){}, expiresIn: 7200,
		tips: map[string]string{"main": baseSHA, "lamp": headSHA}, commits: []string{headSHA}, known: []string{baseSHA, doneSHA},
	}
	mux := http.NewServeMux()
	const base = "/2.0/repositories/acme/app"
	mux.HandleFunc("GET "+base+"/pullrequests/7", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, s.pull) })
	mux.HandleFunc("PUT "+base+"/pullrequests/7", s.editPull)
	mux.HandleFunc("GET "+base+"/pullrequests/7/commits", s.listCommits)
	mux.HandleFunc("GET "+base+"/pullrequests/7/diffstat", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, base+"/diffstat/acme/app:222222222222%0D111111111111?from_pullrequest_id=7&topic=true", http.StatusFound)
	})
	mux.HandleFunc("GET "+base+"/diffstat/{spec...}", func(w http.ResponseWriter, r *http.Request) { s.page(w, r, s.files) })
	mux.HandleFunc("GET "+base+"/pullrequests/7/comments", func(w http.ResponseWriter, r *http.Request) { s.page(w, r, s.comments) })
	mux.HandleFunc("POST "+base+"/pullrequests/7/comments", s.comment)
	mux.HandleFunc("DELETE "+base+"/pullrequests/7/comments/{id}", s.deleteComment)
	mux.HandleFunc("POST "+base+"/pullrequests/7/merge", func(w http.ResponseWriter, _ *http.Request) { s.merge(w) })
	mux.HandleFunc("GET "+base+"/pullrequests/7/merge/task-status/t1", s.task)
	mux.HandleFunc("POST "+base+"/pullrequests/7/{verb}", done)
	mux.HandleFunc("DELETE "+base+"/pullrequests/7/{verb}", done)
	mux.HandleFunc("GET "+base+"/refs/branches", s.listBranches)
	mux.HandleFunc("GET "+base+"/refs/branches/{name...}", func(w http.ResponseWriter, r *http.Request) { s.branch(w, r.PathValue("name")) })
	mux.HandleFunc("GET "+base+"/src/{sha}/{path...}", s.source)
	mux.HandleFunc("GET "+base+"/commit/{sha}", s.commit)
	mux.HandleFunc("POST "+base+"/commit/{sha}/statuses/build", s.setStatus)
	mux.HandleFunc("GET "+base+"/commit/{sha}/statuses", func(w http.ResponseWriter, r *http.Request) { s.page(w, r, s.statuses) })
	mux.HandleFunc("GET /2.0/workspaces/acme/members/{id}", func(w http.ResponseWriter, r *http.Request) {
		for _, m := range s.members {
			if who, ok := m["user"].(object); ok && who["account_id"] == r.PathValue("id") {
				reply(w, http.StatusOK, m)
				return
			}
		}
		refuse(w, http.StatusNotFound, "no member")
	})
	mux.HandleFunc("GET /2.0/workspaces/acme/members", func(w http.ResponseWriter, r *http.Request) { s.page(w, r, s.members) })
	mux.HandleFunc("GET /2.0/workspaces/acme/permissions/repositories/app", func(w http.ResponseWriter, r *http.Request) { s.page(w, r, s.rights) })
	mux.HandleFunc("GET /2.0/workspaces/acme/hooks", func(w http.ResponseWriter, r *http.Request) { s.page(w, r, s.hooks) })
	mux.HandleFunc("PUT /2.0/workspaces/acme/hooks/{id}", s.editHook)
	mux.HandleFunc("POST /site/oauth2/access_token", s.grant)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "Resource not found") })
	s.Server = httptest.NewServer(s.record(mux))
	s.pull = pullObject(s.URL, "acme/app", headSHA)
	s.merge = func(w http.ResponseWriter) { reply(w, http.StatusOK, s.merged()) }
	t.Cleanup(s.Close)
	return s
}

func pullObject(site, head, sha string) object {
	side := func(branch, sha, full string) object {
		return object{"branch": object{"name": branch}, "commit": object{"hash": sha[:12]},
			"repository": object{"full_name": full, "links": object{"html": object{"href": site + "/" + full}}}}
	}
	return object{"id": 7, "title": "Add a lamp", "description": "please", "state": "OPEN", "draft": false, "author": person("alice", 1),
		"source": side("lamp", sha, head), "destination": side("main", baseSHA, "acme/app"),
		"reviewers": []object{person("bob", 2)}, "links": object{"html": object{"href": site + "/acme/app/pull-requests/7"}}}
}

func person(nickname string, n int) object {
	return object{"type": "user", "nickname": nickname, "display_name": "Somebody", "uuid": fmt.Sprintf("{%d}", n), "account_id": fmt.Sprintf("557058:%d", n)}
}

func (s *server) merged() object {
	p := pullObject(s.URL, "acme/app", headSHA)
	p["state"], p["merge_commit"] = "MERGED", object{"hash": doneSHA[:12]}
	return p
}

func (s *server) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, r.Method+" "+r.URL.EscapedPath())
		if r.Header.Get("Authorization") != s.proof && r.URL.Path != "/site/oauth2/access_token" {
			refuse(w, http.StatusUnauthorized, "Token is invalid, expired, or not supported for this endpoint.")
			return
		}
		if instead := s.answer[r.Method+" "+strings.TrimPrefix(r.URL.Path, "/2.0/repositories/acme/app")]; instead != nil {
			instead(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) open(c scm.Credentials) (*scm.Client, error) {
	return bitbucketcloud.Driver{}.Open(scm.Account{Connection: "main", URL: s.URL, Credentials: c, Bot: "pharos-bot", HTTP: s.Client()})
}

func (s *server) client(t *testing.T) *scm.Client {
	t.Helper()
	c, err := s.open(scm.Credentials{Token: "t0ken"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, object{"type": "error", "error": object{"message": message}})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func done(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func read1[T any](r *http.Request) (v T) {
	_ = json.NewDecoder(r.Body).Decode(&v)
	return v
}

// page serves one page; the one after it is named by a word, as in Bitbucket's listings of commits.
func (s *server) page(w http.ResponseWriter, r *http.Request, all []object) {
	query := r.URL.Query()
	size, _ := strconv.Atoi(query.Get("pagelen"))
	if size == 0 {
		size = 10
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(query.Get("page"), "p"))
	from, to := min(n*size, len(all)), min((n+1)*size, len(all))
	answer := object{"values": all[from:to], "pagelen": size}
	if to < len(all) {
		query.Set("page", fmt.Sprintf("p%d", n+1))
		answer["next"] = s.URL + r.URL.EscapedPath() + "?" + query.Encode()
	}
	reply(w, http.StatusOK, answer)
}

func hashes(commits []string) []object {
	all := []object{}
	for i, sha := range commits {
		one := object{"hash": sha, "message": "m", "author": object{"raw": "Alice <alice@acme.test>", "user": person("alice", 1)}}
		if i+1 < len(commits) {
			one["parents"] = []object{{"hash": commits[i+1]}}
		}
		all = append(all, one)
	}
	return all
}

func (s *server) listCommits(w http.ResponseWriter, r *http.Request) { s.page(w, r, hashes(s.commits)) }

var nameTerm = regexp.MustCompile(`name = "([^"]*)"`)

func (s *server) listBranches(w http.ResponseWriter, r *http.Request) {
	all := []object{}
	for _, term := range nameTerm.FindAllStringSubmatch(r.URL.Query().Get("q"), -1) {
		if tip := s.tips[term[1]]; tip != "" {
			all = append(all, object{"name": term[1], "target": object{"hash": tip}})
		}
	}
	s.page(w, r, all)
}

func (s *server) branch(w http.ResponseWriter, name string) {
	if s.tips[name] == "" {
		refuse(w, http.StatusNotFound, "Branch not found")
		return
	}
	reply(w, http.StatusOK, object{"type": "branch", "name": name, "target": object{"hash": s.tips[name]}})
}

// source answers a folder with the list of what is in it.
func (s *server) source(w http.ResponseWriter, r *http.Request) {
	path, kind := r.PathValue("path"), "commit_directory"
	text, ok := s.sources[path]
	if ok {
		kind = "commit_file"
	}
	inside := []object{}
	for name := range s.sources {
		if strings.HasPrefix(name, path+"/") {
			inside = append(inside, object{"path": name})
		}
	}
	switch {
	case !ok && len(inside) == 0:
		refuse(w, http.StatusNotFound, "No such file or directory: "+path)
	case r.URL.Query().Get("format") == "meta":
		reply(w, http.StatusOK, object{"type": kind, "path": path})
	case ok:
		_, _ = w.Write([]byte(text))
	default:
		s.page(w, r, inside)
	}
}

func (s *server) commit(w http.ResponseWriter, r *http.Request) {
	i := slices.IndexFunc(s.known, func(sha string) bool { return strings.HasPrefix(sha, r.PathValue("sha")) })
	if i < 0 {
		refuse(w, http.StatusNotFound, "Commit not found")
		return
	}
	reply(w, http.StatusOK, object{"hash": s.known[i]})
}

// editPull takes away the reviewers that are left out, as Bitbucket does.
func (s *server) editPull(w http.ResponseWriter, r *http.Request) {
	in := read1[object](r)
	for _, field := range []string{"title", "description", "draft"} {
		s.pull[field] = in[field]
	}
	reviewers := []object{}
	for _, one := range in["reviewers"].([]any) {
		for n, name := range []string{"alice", "bob", "carol"} {
			if one.(object)["uuid"] == fmt.Sprintf("{%d}", n+1) {
				reviewers = append(reviewers, person(name, n+1))
			}
		}
	}
	s.pull["reviewers"] = reviewers
	reply(w, http.StatusOK, s.pull)
}

func (s *server) comment(w http.ResponseWriter, r *http.Request) {
	in := read1[object](r)
	in["id"], in["user"], in["created_on"] = len(s.comments)+1, person("pharos-bot", 9), "2026-01-02T03:04:05+01:00"
	s.comments = append(s.comments, in)
	reply(w, http.StatusCreated, in)
}

func (s *server) deleteComment(w http.ResponseWriter, r *http.Request) {
	i, _ := strconv.Atoi(r.PathValue("id"))
	if i < 1 || i > len(s.comments) || s.comments[i-1]["deleted"] == true {
		refuse(w, http.StatusNotFound, "Comment not found")
		return
	}
	s.comments[i-1]["deleted"] = true
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) setStatus(w http.ResponseWriter, r *http.Request) {
	in := read1[object](r)
	key, _ := in["key"].(string)
	switch {
	case len(key) > 40:
		refuse(w, http.StatusBadRequest, fmt.Sprintf("key: Ensure this value has at most 40 characters (it has %d).", len(key)))
		return
	case in["url"] == "":
		refuse(w, http.StatusBadRequest, "url: This field is required.")
		return
	}
	s.statuses = append(slices.DeleteFunc(s.statuses, func(one object) bool { return one["key"] == key }), in)
	reply(w, http.StatusCreated, in)
}

func (s *server) task(w http.ResponseWriter, _ *http.Request) {
	now := s.tasks[0]
	s.tasks = s.tasks[1:]
	switch now {
	case "SUCCESS":
		reply(w, http.StatusOK, object{"task_status": now, "merge_result": s.merged()})
	case "PENDING":
		reply(w, http.StatusOK, object{"task_status": now})
	default:
		refuse(w, http.StatusBadRequest, now)
	}
}

func (s *server) editHook(w http.ResponseWriter, r *http.Request) {
	in := read1[object](r)
	i := slices.IndexFunc(s.hooks, func(h object) bool { return h["uuid"] == r.PathValue("id") })
	if i < 0 {
		refuse(w, http.StatusNotFound, "Webhook not found")
		return
	}
	in["uuid"], in["secret_set"] = r.PathValue("id"), in["secret"] != nil
	delete(in, "secret")
	s.hooks[i] = in
	reply(w, http.StatusOK, in)
}

func (s *server) grant(w http.ResponseWriter, r *http.Request) {
	id, password, _ := r.BasicAuth()
	if id != "consumer" || password != "s3cret" || r.PostFormValue("grant_type") != "client_credentials" {
		reply(w, http.StatusBadRequest, object{"error": "unauthorized_client", "error_description": "Invalid OAuth client credentials"})
		return
	}
	s.grants++
	s.proof = fmt.Sprintf("Bearer granted-%d", s.grants)
	reply(w, http.StatusOK, object{"access_token": fmt.Sprintf("granted-%d", s.grants), "expires_in": s.expiresIn, "token_type": "bearer"})
}
