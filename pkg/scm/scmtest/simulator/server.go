package simulator

import (
	"encoding/base64"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// handler serves git and, for everything else, the dialect's API.
func (f *Forge) handler() http.Handler {
	api := f.dialect.API(f)
	return f.faults.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if repo, rest := f.gitRepo(r.URL.Path); repo != nil {
			f.serveGit(w, r, repo, rest)
			return
		}
		api.ServeHTTP(w, r)
	}))
}

// gitRepo finds the repository that a path of git's belongs to, and what follows it.
func (f *Forge) gitRepo(path string) (*Repo, string) {
	before, rest, ok := strings.Cut(path, ".git/")
	if !ok {
		return nil, ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.repos {
		if strings.EqualFold(f.dialect.GitPath(r), before+".git") {
			return r, "/" + rest
		}
	}
	return nil, ""
}

// backend is git's own server of its HTTP protocol.
var backend = sync.OnceValue(func() string {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return "git-http-backend"
	}
	return filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
})

// serveGit runs git's own server. A push tells of the refs that it moved.
func (f *Forge) serveGit(w http.ResponseWriter, req *http.Request, r *Repo, rest string) {
	pushes := strings.HasSuffix(rest, "/git-receive-pack") || req.URL.Query().Get("service") == "git-receive-pack"
	actor, allowed := f.gitUser(req, r, pushes)
	if !allowed {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "authentication required", http.StatusUnauthorized)
		return
	}
	h := &cgi.Handler{
		Path: backend(), Dir: r.dir,
		Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(r.dir), "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=" + actor.Login, "GIT_CONFIG_GLOBAL=/dev/null"},
	}
	for _, name := range []string{"Git-Protocol", "Content-Encoding"} {
		if v := req.Header.Get(name); v != "" && name == "Git-Protocol" {
			h.Env = append(h.Env, "GIT_PROTOCOL="+v)
		}
	}
	inner := req.Clone(req.Context())
	inner.URL.Path = "/" + filepath.Base(r.dir) + rest
	if !pushes || req.Method != http.MethodPost {
		h.ServeHTTP(w, inner)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	before, _ := r.refs()
	h.ServeHTTP(w, inner)
	after, _ := r.refs()
	_ = f.pushed(actor, r, diffRefs(before, after)) // git has its answer; what failed shows in the events that are missing
}

// gitUser is who asks: anybody may read a public repository.
func (f *Forge) gitUser(req *http.Request, r *Repo, push bool) (*User, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	wanted := scm.PermissionRead
	if push {
		wanted = scm.PermissionWrite
	}
	if u, err := f.Bearer(basicPassword(req)); err == nil {
		return u, f.Permission(r, u) >= wanted
	}
	return &User{Login: "anonymous"}, !push && !r.Private
}

// basicPassword is the token, which git sends as a password, or as a user name beside any password.
func basicPassword(req *http.Request) string {
	scheme, encoded, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") {
		return encoded
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return ""
	}
	_, password, _ := strings.Cut(string(text), ":")
	return password
}
