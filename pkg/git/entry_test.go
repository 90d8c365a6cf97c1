package git_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
)

func TestRunCloneFillsAWorkspaceAndItsResults(t *testing.T) {
	t.Setenv("HOME", "")
	o := newOrigin(t)
	refs := o.refs(o.pull("1", "main", "one.txt", "1\n"))
	into, out := filepath.Join(t.TempDir(), "ws"), t.TempDir()
	if err := os.MkdirAll(filepath.Join(into, "left-over"), 0o755); err != nil {
		t.Fatal(err)
	}
	spec, err := json.Marshal(git.Spec{Refs: []v1alpha1.Refs{refs}, Log: filepath.Join(out, "clone.json")})
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{git.EnvClone: string(spec), git.EnvInto: into,
		git.EnvCommitFile: filepath.Join(out, "commit"), git.EnvURLFile: filepath.Join(out, "url")}
	var log strings.Builder
	if err := git.RunClone(t.Context(), func(k string) string { return env[k] }, &log); err != nil {
		t.Fatalf("RunClone: %v\n%s", err, log.String())
	}
	read(t, into, "one.txt")
	if _, err := os.Stat(filepath.Join(into, "left-over")); err == nil {
		t.Error("the workspace still holds what was there before")
	}
	if got, want := read(t, out, "commit"), run(t, into, "rev-parse", "HEAD"); got != want {
		t.Errorf("commit result %q, want %q", got, want)
	}
	if got := read(t, out, "url"); got != refs.CloneURI {
		t.Errorf("url result %q, want %q", got, refs.CloneURI)
	}
	var records []git.Record
	if err := json.Unmarshal([]byte(read(t, out, "clone.json")), &records); err != nil {
		t.Fatal(err)
	}
	if len(records) != 1 || !cmp.Equal(records[0].Refs, refs) || len(records[0].Commands) == 0 {
		t.Errorf("records = %+v", records)
	}
}

func TestRunCloneReadsProwsOrder(t *testing.T) {
	o := newOrigin(t)
	root := t.TempDir()
	order := `{"src_root":"` + root + `","git_user_name":"ci","git_user_email":"ci@example.com",
		"refs":[{"org":"o","repo":"r","base_ref":"main","clone_uri":"file://` + o.dir + `","path_alias":"k8s.io/r"}]}`
	env := func(k string) string { return map[string]string{git.EnvClonerefs: order}[k] }
	if err := git.RunClone(t.Context(), env, &strings.Builder{}); err != nil {
		t.Fatal(err)
	}
	read(t, root, "src/k8s.io/r/a.txt")
	if got := run(t, filepath.Join(root, "src/k8s.io/r"), "config", "user.name"); got != "ci" {
		t.Errorf("user.name = %q, want ci", got)
	}
}

func TestRunCloneRefusesABadOrder(t *testing.T) {
	for name, order := range map[string]string{
		"nothing":     "",
		"not JSON":    "{",
		"no root":     `{"refs":[]}`,
		"wrong types": `{"src_root":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			env := func(k string) string { return map[string]string{git.EnvClone: order}[k] }
			if err := git.RunClone(t.Context(), env, &strings.Builder{}); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestCheckoutPathIsProwsAndStaysBelowTheRoot(t *testing.T) {
	for name, tc := range map[string]struct {
		refs v1alpha1.Refs
		want string
	}{
		"the alias wins":                {v1alpha1.Refs{Org: "o", Repo: "r", PathAlias: "k8s.io/r"}, "k8s.io/r"},
		"the link names the host":       {v1alpha1.Refs{Org: "o", Repo: "r", RepoLink: "https://git.example.com/o/r"}, "git.example.com/o/r"},
		"a port is left out":            {v1alpha1.Refs{Org: "o", Repo: "r", RepoLink: "http://127.0.0.1:3000/o/r"}, "127.0.0.1/o/r"},
		"the clone address is next":     {v1alpha1.Refs{Org: "o", Repo: "r", CloneURI: "https://git.example.com/o/r.git"}, "git.example.com/o/r"},
		"an scp address has a host too": {v1alpha1.Refs{Org: "a/b", Repo: "r", CloneURI: "git@git.example.com:a/b/r"}, "git.example.com/a/b/r"},
		"nothing means Prow's default":  {v1alpha1.Refs{Org: "o", Repo: "r"}, "github.com/o/r"},
		"dots do not escape":            {v1alpha1.Refs{Org: "o", Repo: "r", PathAlias: "../../etc"}, "etc"},
		"dots in the link neither":      {v1alpha1.Refs{Org: "o", Repo: "r", RepoLink: "https://h/../../../etc"}, "etc"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := git.CheckoutPath(tc.refs); got != tc.want {
				t.Errorf("CheckoutPath = %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzCheckoutPath(f *testing.F) {
	f.Add("a/b", "https://h/x", "git@h:x")
	f.Add("../..", "", "::")
	f.Fuzz(func(t *testing.T, alias, link, uri string) {
		got := git.CheckoutPath(v1alpha1.Refs{Org: "o", Repo: "r", PathAlias: alias, RepoLink: link, CloneURI: uri})
		for _, part := range strings.Split(got, "/") {
			if part == ".." {
				t.Errorf("%q leaves the root", got)
			}
		}
		if strings.HasPrefix(got, "/") || strings.Contains(got, ":") {
			t.Errorf("%q is absolute or holds a colon", got)
		}
	})
}
