package inrepo_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

var repo = scm.Repo{Connection: "main", Org: "acme", Name: "app"}

// trees is a forge of nothing but files; it counts how often each repository was read.
type trees struct {
	files map[string]string            // of the event's repository
	other map[string]map[string]string // by clone address and version
	reads []string
	fail  error
}

func (f *trees) Read(_ context.Context, r git.Reading) (*git.Tree, error) {
	f.reads = append(f.reads, r.Refs.CloneURI+"@"+r.Refs.BaseRef+r.Refs.BaseSHA+" "+r.Login.Name)
	var conflict *git.ConflictError
	if f.fail != nil && (len(r.Refs.Pulls) > 0 || !errors.As(f.fail, &conflict)) {
		return nil, f.fail
	}
	files := f.files
	if r.Refs.CloneURI != cloneURL {
		files = f.other[r.Refs.CloneURI+"@"+r.Refs.BaseRef+r.Refs.BaseSHA]
	}
	tree := &git.Tree{Base: r.Refs.BaseSHA, ID: "tree"}
	for name, content := range files {
		for _, p := range r.Paths {
			if name == p || strings.HasPrefix(name, p+"/") {
				tree.Files = append(tree.Files, git.File{Path: name, ID: content, Size: int64(len(content)), Data: []byte(content)})
			}
		}
	}
	slices.SortFunc(tree.Files, func(a, b git.File) int { return strings.Compare(a.Path, b.Path) })
	return tree, nil
}

// changes of every event.
func (*trees) Changes(_ context.Context, _ git.Reading, since string) ([]git.Change, error) {
	if since == "gone" {
		return nil, &git.MissingCommitError{SHA: since}
	}
	return []git.Change{{Kind: 'A', Path: "new.go"}, {Kind: 'D', Path: "old.go"}, {Kind: 'R', Path: "moved.go"}}, nil
}

const cloneURL = "https://git.example.com/acme/app.git"

// settings switch everything on.
func settings() *inrepo.Settings {
	on := true
	return &inrepo.Settings{
		Switches:   inrepo.Switches{Enabled: map[string]*bool{"*": &on}},
		Connection: "main", Namespace: "pods",
	}
}

func pullEvent() inrepo.Event {
	return inrepo.Event{
		Repo: repo,
		Refs: v1alpha1.Refs{
			Org: "acme", Repo: "app", CloneURI: cloneURL, BaseRef: "main", BaseSHA: strings.Repeat("a", 40),
			Pulls: []v1alpha1.Pull{{Number: 7, Author: "alice", SHA: strings.Repeat("b", 40), Ref: "refs/pull/7/head", HeadRef: "feature"}},
		},
		Sender: "Alice", Title: "Add a thing", Link: "https://git.example.com/acme/app",
	}
}

func pushEvent() inrepo.Event {
	e := pullEvent()
	e.Refs.Pulls = nil
	return e
}

func read(t *testing.T, files map[string]string, e inrepo.Event, change ...func(*inrepo.Settings)) *inrepo.Found {
	t.Helper()
	s := settings()
	for _, c := range change {
		c(s)
	}
	r := inrepo.New(inrepo.Options{Trees: &trees{files: files}, Settings: func() *inrepo.Settings { return s }})
	found, err := r.Read(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// texts of problems, warnings marked as such.
func texts(found *inrepo.Found) []string {
	var out []string
	for _, p := range found.Problems {
		text := p.Error()
		if p.Warning {
			text = "warning: " + text
		}
		out = append(out, text)
	}
	return out
}

func names(found *inrepo.Found) []string {
	var out []string
	for _, p := range found.Presubmits {
		out = append(out, p.Name)
	}
	for _, p := range found.Postsubmits {
		out = append(out, p.Name)
	}
	return out
}

// decide says which presubmits run by themselves, and why not.
func decide(t *testing.T, found *inrepo.Found, changed ...string) map[string]string {
	t.Helper()
	files := func() ([]string, error) { return changed, nil }
	decisions, err := job.Presubmits(found.Presubmits, "main", job.Ask{Auto: true}, files)
	if err != nil {
		t.Fatal(err)
	}
	more, err := job.Postsubmits(found.Postsubmits, "main", files)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, d := range append(decisions, more...) {
		out[d.Name] = fmt.Sprint(d.Run, ": ", d.Reason)
	}
	return out
}

const podJob = `
  - name: %s
    always_run: true
    spec:
      containers:
      - image: busybox
        command: ["true"]
`

func TestProwFilesAreReadAsProwReadsThem(t *testing.T) {
	unit, lint := fmt.Sprintf(podJob, "unit"), fmt.Sprintf(podJob, "lint")
	for name, tc := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"one file":                      {map[string]string{".prow.yaml": "presubmits:" + unit}, []string{"unit"}},
		"a folder, at any depth":        {map[string]string{".prow/a.yaml": "presubmits:" + unit, ".prow/x/b.yml": "presubmits:" + lint}, []string{"unit", "lint"}},
		"the folder wins over the file": {map[string]string{".prow.yaml": "presubmits:" + unit, ".prow/b.yaml": "presubmits:" + lint}, []string{"lint"}},
		"what is ignored":               {map[string]string{".prowignore": "*.gen.yaml\n", ".prow/a.gen.yaml": "presubmits:" + unit, ".prow/b.yaml": "presubmits:" + lint}, []string{"lint"}},
		"what is ignored in a folder":   {map[string]string{".prow/x/.prowignore": "a.yaml\n", ".prow/x/a.yaml": "presubmits:" + unit, ".prow/a.yaml": "presubmits:" + lint}, []string{"lint"}},
		"jobs of pushes wait for them":  {map[string]string{".prow.yaml": "postsubmits:" + strings.ReplaceAll(unit, "    always_run: true\n", "")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found := read(t, tc.files, pullEvent())
			if diff := cmp.Diff([]string(nil), texts(found)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.want, names(found)); diff != "" {
				t.Errorf("jobs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestABrokenFileCostsOnlyItsOwnJobs(t *testing.T) {
	good := "presubmits:" + fmt.Sprintf(podJob, "unit")
	static, problems := job.Compile(job.Static{Presubmits: map[string][]*job.Presubmit{"acme/app": {{
		Base: job.Base{Name: "unit", Spec: &corev1.PodSpec{Containers: []corev1.Container{{Image: "i"}}}, Source: job.Source{File: "jobs.yaml", Line: 3}}}}}},
		job.Defaults{Connection: "main"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for name, tc := range map[string]struct {
		broken string
		change func(*inrepo.Settings)
		want   []string
		names  []string
	}{
		"syntax": {
			broken: "presubmits: [", want: []string{".prow/b.yaml:2:1: did not find expected node content while parsing a flow node (correct the YAML syntax)"}, names: []string{"unit"},
		},
		"a wrong type": {
			broken: "presubmits:\n- name: [x]\n", want: []string{".prow/b.yaml:2:9: name must be a text, not a list"}, names: []string{"unit"},
		},
		"a job that cannot be": {
			broken: "presubmits:\n- name: other\n  always_run: true\n",
			want:   []string{".prow/b.yaml:2:3: job other has agent kubernetes and no spec (add spec, or set agent: tekton-pipeline)"}, names: []string{"unit"},
		},
		"an expression": {
			broken: "presubmits:\n- name: other\n  run_if_changed: (\n  spec:\n    containers: [{image: i}]\n",
			want:   []string{`.prow/b.yaml:3:3: "(" is not a regular expression: missing closing ) ( (see https://golang.org/s/re2syntax)`}, names: []string{"unit"},
		},
		"a name that another file has": {
			broken: "presubmits:" + fmt.Sprintf(podJob, "unit"),
			want:   []string{".prow/b.yaml:2:5: presubmit unit of acme/app exists already at .prow/a.yaml:2 for the same branches (rename one of them or separate their branches)"}, names: []string{"unit"},
		},
		"a name that the configuration has": {
			broken: "presubmits: []\n", change: func(s *inrepo.Settings) { s.Static = static },
			want: []string{".prow/a.yaml:2:5: presubmit unit of acme/app exists already at jobs.yaml:3 for the same branches (rename one of them or separate their branches)"},
		},
		"a cluster that is not allowed": {
			broken: "presubmits:\n- name: other\n  cluster: trusted\n  spec:\n    containers: [{image: i}]\n",
			want:   []string{`.prow/b.yaml:3:3: cluster "trusted" is not allowed for acme/app (name one of in_repo_config.allowed_clusters)`}, names: []string{"unit"},
		},
		"what is no mistake": {
			broken: "presubmits:\n- name: other\n  unknown: 1\n  namespace: kube-system\n  spec:\n    containers: [{image: i}]\nperiodics:\n- name: nightly\n",
			want: []string{
				`warning: .prow/b.yaml:3:3: unknown key "unknown" in an item of presubmits (remove it or correct its name)`,
				`warning: .prow/b.yaml:4:3: namespace "kube-system" is not used: jobs kept in a repository run in pods (remove it)`,
				"warning: .prow/b.yaml:7:1: periodics are not read from a repository (write them into the job files of the configuration)",
			},
			names: []string{"unit", "other"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			change := tc.change
			if change == nil {
				change = func(*inrepo.Settings) {}
			}
			found := read(t, map[string]string{".prow/a.yaml": good, ".prow/b.yaml": tc.broken}, pullEvent(), change)
			if diff := cmp.Diff(tc.want, texts(found)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.names, names(found)); diff != "" {
				t.Errorf("jobs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheNarrowestSwitchDecides(t *testing.T) {
	on, off := true, false
	for name, tc := range map[string]struct {
		enabled map[string]*bool
		want    bool
	}{
		"nothing is said":                    {nil, false},
		"everywhere":                         {map[string]*bool{"*": &on}, true},
		"not in this organisation":           {map[string]*bool{"*": &on, "acme": &off}, false},
		"in this repository all the same":    {map[string]*bool{"acme": &off, "acme/app": &on}, true},
		"another connection's organisation":  {map[string]*bool{"second:acme": &on}, false},
		"this connection's, by name":         {map[string]*bool{"main:acme/app": &on}, true},
		"an empty value says nothing":        {map[string]*bool{"*": &on, "acme": nil}, true},
		"all repositories of the connection": {map[string]*bool{"main:*": &on}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := &inrepo.Settings{Connection: "main", Switches: inrepo.Switches{Enabled: tc.enabled}}
			if got := s.On(repo); got != tc.want {
				t.Errorf("on is %v", got)
			}
		})
	}
}

func TestAnEventThatChangedNothingIsReadOnce(t *testing.T) {
	files := &trees{files: map[string]string{".prow.yaml": "presubmits:" + fmt.Sprintf(podJob, "unit")}}
	r := inrepo.New(inrepo.Options{Trees: files, Settings: settings})
	for range 3 {
		if _, err := r.Read(t.Context(), pullEvent()); err != nil {
			t.Fatal(err)
		}
	}
	if len(files.reads) != 1 {
		t.Errorf("%d readings of the same commits", len(files.reads))
	}
	moved := pullEvent()
	moved.Refs.Pulls[0].SHA = strings.Repeat("c", 40)
	if _, err := r.Read(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	if len(files.reads) != 2 {
		t.Errorf("%d readings after a push", len(files.reads))
	}
}

func TestAConflictIsAProblemAndAnOutageAnError(t *testing.T) {
	r := func(fail error) (*inrepo.Found, error) {
		files := &trees{files: map[string]string{".prow.yaml": "presubmits: []"}, fail: fail}
		return inrepo.New(inrepo.Options{Trees: files, Settings: settings}).Read(t.Context(), pullEvent())
	}
	found, err := r(&git.ConflictError{Pull: 7, Base: "main", Files: []string{"a.txt"}})
	want := []string{"the jobs kept in the repository cannot be read, because the pull request conflicts with main in a.txt (rebase it, or merge main into it)"}
	if diff := cmp.Diff(want, texts(found)); err != nil || diff != "" {
		t.Errorf("%v, problems (-want +got):\n%s", err, diff)
	}
	if _, err := r(context.DeadlineExceeded); err == nil || !strings.Contains(err.Error(), "temporarily unavailable") {
		t.Errorf("error is %v", err)
	}
}

// TestFromARealRepository goes through git itself.
func TestFromARealRepository(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "app")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		run("add", name)
		run("commit", "--quiet", "-m", name)
	}
	run("init", "--quiet", "--initial-branch=main")
	run("config", "uploadpack.allowFilter", "true")
	write("README", "hello")
	run("checkout", "--quiet", "-b", "feature")
	write(".prow.yaml", "presubmits:"+fmt.Sprintf(podJob, "unit"))
	head := run("rev-parse", "HEAD")
	run("update-ref", "refs/pull/7/head", head)
	run("checkout", "--quiet", "main")
	write("moved", "on")
	e := pullEvent()
	e.Refs.CloneURI, e.Refs.BaseSHA, e.Refs.Pulls[0].SHA = "file://"+dir, run("rev-parse", "HEAD"), head

	r := inrepo.New(inrepo.Options{Trees: git.NewMirrors(t.TempDir(), []time.Duration{time.Millisecond}), Settings: settings})
	found, err := r.Read(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"unit"}, names(found)); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	e.FromBase = true
	if found, err = r.Read(t.Context(), e); err != nil || len(found.Presubmits) != 0 {
		t.Errorf("the base alone has %v, %v", names(found), err)
	}
}
