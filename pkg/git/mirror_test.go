package git_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
)

// served is an origin behind git's own HTTP server, which counts the transfers and keeps what it was told about the caller.
type served struct {
	origin
	url string

	mu        sync.Mutex
	transfers int
	logins    map[string]bool
}

func serve(t *testing.T) *served {
	t.Helper()
	s := &served{origin: newOrigin(t), logins: map[string]bool{}}
	s.git("config", "uploadpack.allowFilter", "true")
	s.git("config", "uploadpack.allowAnySHA1InWant", "true")
	execPath, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(execPath)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + filepath.Dir(s.dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=/dev/null"},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if strings.HasSuffix(r.URL.Path, "/git-upload-pack") {
			s.transfers++
		}
		s.logins[r.Header.Get("Authorization")] = true
		s.mu.Unlock()
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + "/origin/.git"
	return s
}

// count is the transfers since the last count.
func (s *served) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.transfers
	s.transfers = 0
	return n
}

func (s *served) refs(pulls ...v1alpha1.Pull) v1alpha1.Refs {
	refs := s.origin.refs(pulls...)
	refs.CloneURI = s.url
	return refs
}

func contents(tree *git.Tree) map[string]string {
	found := map[string]string{}
	for _, f := range tree.Files {
		found[f.Path] = string(f.Data)
	}
	return found
}

func mirrors(t *testing.T) *git.Mirrors {
	t.Helper()
	return git.NewMirrors(filepath.Join(t.TempDir(), "mirrors"), []time.Duration{time.Millisecond})
}

func TestAMirrorReadsTheMergeOfBaseAndHead(t *testing.T) {
	s := serve(t)
	old := s.commit("ci/base.yaml", "old")
	one := s.pull("1", old, "ci/one.yaml", "1")
	s.commit("ci/base.yaml", "moved")
	two := s.pull("2", old, "ci/two.yaml", "2")
	m := mirrors(t)
	tree, err := m.Read(t.Context(), git.Reading{Refs: s.refs(one, two), Paths: []string{"ci", "missing.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"ci/base.yaml": "moved", "ci/one.yaml": "1", "ci/two.yaml": "2"}
	if diff := cmp.Diff(want, contents(tree)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if n := s.count(); n == 0 {
		t.Error("nothing was transferred, so the test proves nothing")
	}
	again, err := m.Read(t.Context(), git.Reading{Refs: s.refs(one, two), Paths: []string{"ci"}})
	if err != nil || again.ID != tree.ID {
		t.Fatalf("tree is %v, %v; want %s", again, err, tree.ID)
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d transfers for an event that changed nothing", n)
	}
}

func TestAMirrorHoldsNoContentsThatNobodyAskedFor(t *testing.T) {
	s := serve(t)
	s.commit("large.bin", strings.Repeat("x", 1000))
	dir := t.TempDir()
	m := git.NewMirrors(dir, nil)
	if _, err := m.Read(t.Context(), git.Reading{Refs: s.refs(), Paths: []string{"a.txt"}}); err != nil {
		t.Fatal(err)
	}
	blob := s.git("rev-parse", "main:large.bin")
	mirror, err := filepath.Glob(filepath.Join(dir, "*.git"))
	if err != nil || len(mirror) != 1 {
		t.Fatal(mirror, err)
	}
	if out := run(t, mirror[0], "rev-list", "--no-walk", "--objects", "--missing=allow-any", "--ignore-missing", blob); out != "" {
		t.Errorf("the mirror holds large.bin: %s", out)
	}
}

func TestTheTokenReachesTheServerAndNoFile(t *testing.T) {
	s := serve(t)
	dir := t.TempDir()
	m := git.NewMirrors(dir, nil)
	login := git.Login{Name: "bot", Token: "very-secret"}
	if _, err := m.Read(t.Context(), git.Reading{Refs: s.refs(), Login: login, Paths: []string{"a.txt"}}); err != nil {
		t.Fatal(err)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("bot:very-secret"))
	if diff := cmp.Diff(map[string]bool{basic: true}, s.logins); diff != "" {
		t.Errorf("logins (-want +got):\n%s", diff)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if data := read(t, path); strings.Contains(data, "very-secret") || strings.Contains(data, basic) {
			t.Errorf("%s holds the token", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAReadingSaysWhatIsWrongWithThePullRequest(t *testing.T) {
	s := serve(t)
	old := s.git("rev-parse", "main")
	clash := s.pull("1", old, "a.txt", "mine\n")
	s.commit("a.txt", "theirs\n")
	gone := v1alpha1.Pull{Number: 2, SHA: strings.Repeat("1", 40), Ref: "refs/pull/2/head"}
	m := mirrors(t)

	var conflict *git.ConflictError
	if _, err := m.Read(t.Context(), git.Reading{Refs: s.refs(clash), Paths: []string{"a.txt"}}); !errors.As(err, &conflict) {
		t.Errorf("error is %v, want a conflict", err)
	} else if diff := cmp.Diff([]string{"a.txt"}, conflict.Files); diff != "" {
		t.Errorf("conflicting files (-want +got):\n%s", diff)
	}
	var missing *git.MissingCommitError
	if _, err := m.Read(t.Context(), git.Reading{Refs: s.refs(gone), Paths: []string{"a.txt"}}); !errors.As(err, &missing) || missing.Pull != 2 {
		t.Errorf("error is %v, want the missing commit of #2", err)
	}
}

func TestACommitThatWasPushedAwayIsStillRead(t *testing.T) {
	s := serve(t)
	first := s.pull("1", "main", "ci.yaml", "first")
	s.pull("1", "main", "ci.yaml", "second")
	tree, err := mirrors(t).Read(t.Context(), git.Reading{Refs: s.refs(first), Paths: []string{"ci.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(tree)["ci.yaml"]; got != "first" {
		t.Errorf("ci.yaml is %q, want the commit that was asked for", got)
	}
}

func TestANameIsAskedForAnew(t *testing.T) {
	s := serve(t)
	s.git("tag", "-a", "-m", "one", "v1", "main")
	m := mirrors(t)
	for name, tc := range map[string]struct{ ref, want string }{
		"HEAD":             {"HEAD", "new"},
		"a branch":         {"main", "new"},
		"an annotated tag": {"v1", "one\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := m.Read(t.Context(), git.Reading{Refs: v1alpha1.Refs{CloneURI: s.url, BaseRef: tc.ref}, Paths: []string{"a.txt"}}); err != nil {
				t.Fatal(err)
			}
			s.commit("a.txt", "new")
			tree, err := m.Read(t.Context(), git.Reading{Refs: v1alpha1.Refs{CloneURI: s.url, BaseRef: tc.ref}, Paths: []string{"a.txt"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := contents(tree)["a.txt"]; got != tc.want {
				t.Errorf("a.txt is %q, want %q", got, tc.want)
			}
		})
	}
	var missing *git.MissingCommitError
	if _, err := m.Read(t.Context(), git.Reading{Refs: v1alpha1.Refs{CloneURI: s.url, BaseRef: "nosuch"}, Paths: []string{"a.txt"}}); !errors.As(err, &missing) {
		t.Errorf("error is %v, want a missing commit", err)
	}
}

func TestLinksAndTooLargeFilesAreNotRead(t *testing.T) {
	s := serve(t)
	s.commit("ci/large.yaml", strings.Repeat("x", git.MaxFile+1))
	if err := os.MkdirAll(filepath.Join(s.dir, "work"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.git("read-tree", "main")
	link := feed(t, s.dir, "/etc/passwd", "hash-object", "-w", "--stdin")
	s.git("update-index", "--add", "--cacheinfo", "120000,"+link+",ci/link.yaml")
	tree := s.git("write-tree")
	s.git("update-ref", "refs/heads/main", s.git("commit-tree", "-p", "main", "-m", "link", tree))

	got, err := mirrors(t).Read(t.Context(), git.Reading{Refs: s.refs(), Paths: []string{"ci"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Files) != 1 || got.Files[0].Path != "ci/large.yaml" || got.Files[0].Data != nil || got.Files[0].Size != git.MaxFile+1 {
		t.Errorf("files are %+v, want ci/large.yaml without its data", got.Files)
	}
}

func TestChangesAreThoseOfThePull(t *testing.T) {
	s := serve(t)
	old := s.commit("kept.txt", "kept")
	s.commit("renamed.txt", "the same")
	s.git("config", "core.bare", "false")
	before := s.git("rev-parse", "main")
	head := s.write("refs/pull/1/head", "refs/heads/main", "new.txt", "new")
	s.git("read-tree", head)
	blob := s.git("rev-parse", head+":renamed.txt")
	s.git("update-index", "--add", "--remove", "--cacheinfo", "100644,"+blob+",moved.txt", "--force-remove", "renamed.txt")
	s.git("update-index", "--force-remove", "a.txt")
	head = s.git("commit-tree", "-p", head, "-m", "move", s.git("write-tree"))
	s.git("update-ref", "refs/pull/1/head", head)
	after := s.commit("kept.txt", "changed on main")
	pull := v1alpha1.Pull{Number: 1, SHA: head, Ref: "refs/pull/1/head"}
	m := mirrors(t)

	got, err := m.Changes(t.Context(), git.Reading{Refs: s.refs(pull)}, "")
	if err != nil {
		t.Fatal(err)
	}
	want := []git.Change{{Kind: 'D', Path: "a.txt"}, {Kind: 'R', Path: "moved.txt"}, {Kind: 'A', Path: "new.txt"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	got, err = m.Changes(t.Context(), git.Reading{Refs: s.refs()}, before)
	if diff := cmp.Diff([]git.Change{{Kind: 'M', Path: "kept.txt"}}, got); err != nil || diff != "" {
		t.Errorf("%v, changes of a push from %s to %s (-want +got):\n%s", err, old, after, diff)
	}
	var missing *git.MissingCommitError
	if _, err := m.Changes(t.Context(), git.Reading{Refs: s.refs()}, strings.Repeat("1", 40)); !errors.As(err, &missing) {
		t.Errorf("error is %v, want a missing commit", err)
	}
}

func TestHostileNamesAreRefused(t *testing.T) {
	s := serve(t)
	for name, refs := range map[string]v1alpha1.Refs{
		"an option as branch":     {CloneURI: s.url, BaseRef: "--upload-pack=touch /tmp/x"},
		"an option as commit":     {CloneURI: s.url, BaseSHA: "--help"},
		"a transport that runs":   {CloneURI: "ext::sh -c touch% /tmp/x", BaseRef: "main"},
		"a ref with a colon":      {CloneURI: s.url, BaseRef: "main:refs/heads/evil"},
		"a host that is a option": {CloneURI: "https://-oProxyCommand=x/y", BaseRef: "main"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := mirrors(t).Read(t.Context(), git.Reading{Refs: refs, Paths: []string{"a.txt"}}); err == nil {
				t.Error("the reading succeeded")
			}
		})
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d transfers", n)
	}
}
