package git_test

import (
	"encoding/json"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
)

// server is a forge over HTTP that notes what it is shown.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	seen    []string // user:password of each request that had any
	cookies []string
}

// serveHTTP gives out a repository, to those who know the password if there is one.
func serveHTTP(t *testing.T, o origin, password string) *server {
	t.Helper()
	s := &server{}
	backend := &cgi.Handler{
		Path: filepath.Join(o.git("--exec-path"), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + o.dir, "GIT_HTTP_EXPORT_ALL=1"},
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, given, ok := r.BasicAuth()
		s.mu.Lock()
		if ok {
			s.seen = append(s.seen, user+":"+given)
		}
		if c := r.Header.Get("Cookie"); c != "" {
			s.cookies = append(s.cookies, c)
		}
		s.mu.Unlock()
		if given != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="forge"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) refs(name string) v1alpha1.Refs {
	return v1alpha1.Refs{Org: "org", Repo: name, PathAlias: name, CloneURI: s.URL + "/.git", BaseRef: "main"}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestATokenOpensItsOwnServerOnly(t *testing.T) {
	private, public := serveHTTP(t, newOrigin(t), "s3cret-t0ken"), serveHTTP(t, newOrigin(t), "")
	root := t.TempDir()
	order, err := json.Marshal(git.Spec{
		Root: root, Log: filepath.Join(root, "records"), OauthTokenFile: write(t, "token", "s3cret-t0ken\n"),
		Refs: []v1alpha1.Refs{private.refs("private"), public.refs("public")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	env := func(k string) string { return map[string]string{git.EnvClone: string(order)}[k] }
	if err := git.RunClone(t.Context(), env, &log); err != nil {
		t.Fatal(err, log.String())
	}
	for _, name := range []string{"private", "public"} {
		if got := read(t, root, "src", name, "a.txt"); got != "one\n" {
			t.Errorf("%s holds %q", name, got)
		}
	}
	if len(private.seen) == 0 || len(public.seen) != 0 {
		t.Errorf("the private server saw %q, the other %q", private.seen, public.seen)
	}
	for what, text := range map[string]string{
		"the log": log.String(), "the records": read(t, root, "records"), "the configuration": read(t, root, "src/private/.git/config"),
	} {
		if strings.Contains(text, "s3cret") {
			t.Errorf("%s shows the token:\n%s", what, text)
		}
	}
}

func TestCookiesAreSent(t *testing.T) {
	o := newOrigin(t)
	s := serveHTTP(t, o, "")
	host := strings.TrimPrefix(s.URL, "http://")
	host, _, _ = strings.Cut(host, ":")
	cookies := write(t, "cookies", host+"\tFALSE\t/\tFALSE\t2147483647\to\tgit-alice\n")
	_, err := git.Clone(t.Context(), git.Options{Dir: t.TempDir(), Refs: []v1alpha1.Refs{s.refs("r")}, Backoff: quickly,
		Credentials: git.Credentials{CookieFile: cookies}})
	if err != nil || len(s.cookies) == 0 || s.cookies[0] != "o=git-alice" {
		t.Errorf("the server saw cookies %q, %v", s.cookies, err)
	}
}

// fakeSSH stands in for ssh: it notes its arguments and what its files hold, and runs the command here.
const fakeSSH = `#!/bin/sh
echo "$@" >>"$NOTES"
for a; do case $a in
  -oUserKnownHostsFile=*) cat "${a#*=}" >>"$NOTES";;
  /*) stat -c '%a' "$a" >>"$NOTES"; cat "$a" >>"$NOTES";;
esac; last=$a; done
exec sh -c "$last"
`

func TestSSHKeysAndHostsAreUsed(t *testing.T) {
	o := newOrigin(t)
	bin, keys := t.TempDir(), t.TempDir()
	notes := filepath.Join(bin, "notes")
	fake := strings.ReplaceAll(fakeSSH, "$NOTES", notes)
	if err := os.WriteFile(filepath.Join(bin, "ssh"), []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	// As the kubelet lays out a volume: versions in folders of their own, links to the present one.
	if err := os.Mkdir(filepath.Join(keys, "..2026"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keys, "..2026", "id"), []byte("PRIVATE KEY"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"..data": "..2026", "id": "..data/id"} {
		if err := os.Symlink(to, filepath.Join(keys, link)); err != nil {
			t.Fatal(err)
		}
	}
	refs := v1alpha1.Refs{Org: "org", Repo: "r", PathAlias: "r", CloneURI: "git@forge.test:" + o.dir, BaseRef: "main"}
	clone := func(c git.Credentials) string {
		t.Helper()
		if err := os.RemoveAll(notes); err != nil {
			t.Fatal(err)
		}
		if _, err := git.Clone(t.Context(), git.Options{Dir: t.TempDir(), Refs: []v1alpha1.Refs{refs}, Backoff: quickly, Credentials: c}); err != nil {
			t.Fatal(err)
		}
		return read(t, notes)
	}
	got := clone(git.Credentials{KeyFiles: []string{keys}, KnownHosts: []string{"forge.test ssh-ed25519 AAAA"}})
	for _, want := range []string{"-oStrictHostKeyChecking=yes", "forge.test ssh-ed25519 AAAA\n", "600\nPRIVATE KEY\n", "-oIdentitiesOnly=yes"} {
		if !strings.Contains(got, want) {
			t.Errorf("ssh saw\n%s\nwant %q in it", got, want)
		}
	}
	if strings.Count(got, " -i ") != strings.Count(got, "-oBatchMode") {
		t.Errorf("not one key for each call:\n%s", got)
	}
	if got := clone(git.Credentials{KeyFiles: []string{keys}}); !strings.Contains(got, "-oStrictHostKeyChecking=no") {
		t.Errorf("ssh saw\n%s", got)
	}
}

func TestCredentialsThatCannotBeReadFailTheClone(t *testing.T) {
	o := newOrigin(t)
	for name, c := range map[string]git.Credentials{
		"no key":         {KeyFiles: []string{"/nowhere"}},
		"an empty store": {KeyFiles: []string{t.TempDir()}},
		"no token":       {TokenFile: "/nowhere"},
		"an empty token": {TokenFile: write(t, "token", "\n")},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := git.Clone(t.Context(), git.Options{Dir: t.TempDir(), Refs: []v1alpha1.Refs{o.refs()}, Credentials: c}); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestAThinCloneLeavesContentsOnTheServer(t *testing.T) {
	o := newOrigin(t)
	o.commit("src/new.txt", "new\n")
	o.commit("a.txt", "two\n")
	o.git("config", "uploadpack.allowFilter", "true")
	o.git("config", "uploadpack.allowAnySHA1InWant", "true")
	refs := o.refs(o.pull("1", "main", "src/pull.txt", "pull\n"))
	yes := true
	refs.BloblessFetch, refs.SparseCheckoutFiles = &yes, []string{"/src/"}
	_, dir, log, err := clone(t, refs)
	if err != nil {
		t.Fatal(err, log)
	}
	if got := read(t, dir, "src/pull.txt"); got != "pull\n" {
		t.Errorf("src/pull.txt is %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.txt")); !os.IsNotExist(err) {
		t.Errorf("a.txt is in a working tree that is limited to src: %v", err)
	}
	if got := run(t, dir, "rev-list", "--objects", "--all", "HEAD", "--missing=print"); !strings.Contains(got, "\n?") {
		t.Errorf("every content was fetched:\n%s", got)
	}
	refs.SparseCheckoutFiles = []string{"a\nb"}
	if _, _, _, err := clone(t, refs); err == nil {
		t.Error("a pattern of two lines was taken")
	}
}
