package git_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
)

// origin is a repository that plays the forge: pull requests are commits under refs/pull.
type origin struct {
	t   *testing.T
	dir string
}

func newOrigin(t *testing.T) origin {
	t.Helper()
	o := origin{t: t, dir: filepath.Join(t.TempDir(), "origin")}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	o.git("init", "--quiet", "--template=", "--initial-branch=main")
	o.commit("a.txt", "one\n")
	return o
}

func (o origin) git(args ...string) string {
	o.t.Helper()
	return run(o.t, o.dir, args...)
}

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return feed(t, dir, "", args...)
}

func feed(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com",
		"GIT_AUTHOR_DATE=@1700000000 +0000", "GIT_COMMITTER_DATE=@1700000000 +0000")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit puts a file onto main.
func (o origin) commit(file, content string) string {
	o.t.Helper()
	return o.write("refs/heads/main", "refs/heads/main", file, content)
}

// write commits one file on top of from, as the new value of ref, in one process.
func (o origin) write(ref, from, file, content string) string {
	o.t.Helper()
	parent := "from " + from + "^0\n"
	if from == ref && !o.born() {
		parent = ""
	}
	stream := fmt.Sprintf("reset %s\n%scommit %s\nmark :1\ncommitter t <t@example.com> 1700000000 +0000\ndata <<E\nchange %s\nE\n%sM 644 inline %s\ndata %d\n%s\nget-mark :1\ndone\n",
		ref, parent, ref, file, parent, file, len(content), content)
	return feed(o.t, o.dir, stream, "fast-import", "--quiet", "--force", "--done")
}

func (o origin) born() bool {
	_, err := os.Stat(filepath.Join(o.dir, ".git/refs/heads/main"))
	return err == nil
}

// pull makes pull request n with one commit on top of from.
func (o origin) pull(n, from, file, content string) v1alpha1.Pull {
	o.t.Helper()
	ref := "refs/pull/" + n + "/head"
	return v1alpha1.Pull{Number: int(n[0] - '0'), Author: "alice", SHA: o.write(ref, from, file, content), Ref: ref}
}

func (o origin) refs(pulls ...v1alpha1.Pull) v1alpha1.Refs {
	return v1alpha1.Refs{Org: "org", Repo: "repo", CloneURI: "file://" + o.dir, PathAlias: "example.com/org/repo",
		BaseRef: "main", BaseSHA: o.git("rev-parse", "main"), Pulls: pulls}
}

var quickly = []time.Duration{time.Millisecond}

func clone(t *testing.T, refs ...v1alpha1.Refs) (git.Result, string, string, error) {
	t.Helper()
	root := t.TempDir()
	var log strings.Builder
	result, err := git.Clone(t.Context(), git.Options{Dir: root, Refs: refs, Stdout: &log, Backoff: quickly})
	return result, filepath.Join(root, "src", "example.com/org/repo"), log.String(), err
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEveryPullIsMergedOntoTheBaseInOrder(t *testing.T) {
	o := newOrigin(t)
	base := o.git("rev-parse", "main")
	one := o.pull("1", base, "one.txt", "1\n")
	two := o.pull("2", base, "two.txt", "2\n")
	o.commit("later.txt", "on main\n")

	result, dir, log, err := clone(t, o.refs(one, two))
	if err != nil {
		t.Fatalf("Clone: %v\n%s", err, log)
	}
	for _, f := range []string{"a.txt", "later.txt", "one.txt", "two.txt"} {
		read(t, dir, f)
	}
	want := []string{"Merge pull request #2 (" + two.SHA + ")", "Merge pull request #1 (" + one.SHA + ")", "change later.txt"}
	if diff := cmp.Diff(want, strings.Split(run(t, dir, "log", "--first-parent", "-3", "--format=%s"), "\n")); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if got := run(t, dir, "rev-parse", "--abbrev-ref", "HEAD"); got != "main" {
		t.Errorf("on branch %q, want main", got)
	}
	if got, want := result.Records[0].FinalSHA, run(t, dir, "rev-parse", "HEAD"); got != want {
		t.Errorf("final SHA %q, want %q", got, want)
	}
	if !strings.Contains(log, "$ git merge") {
		t.Errorf("the log does not show the merge:\n%s", log)
	}
}

func TestTheSameRefsGiveTheSameCommits(t *testing.T) {
	o := newOrigin(t)
	refs := o.refs(o.pull("1", "main", "one.txt", "1\n"), o.pull("2", "main", "two.txt", "2\n"))
	first, _, _, err := clone(t, refs)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_AUTHOR_NAME", "somebody else")
	t.Setenv("TZ", "Asia/Tokyo")
	second, _, _, err := clone(t, refs)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := first.Records[0].FinalSHA, second.Records[0].FinalSHA; a != b || a == "" {
		t.Errorf("final SHAs differ: %q and %q", a, b)
	}
}

func TestAConflictNamesThePullAndTheFiles(t *testing.T) {
	o := newOrigin(t)
	one := o.pull("1", "main", "a.txt", "left\n")
	two := o.pull("2", "main", "a.txt", "right\n")
	result, _, log, err := clone(t, o.refs(one, two))
	var conflict *git.ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("error %v, want a conflict\n%s", err, log)
	}
	if conflict.Pull != 2 || conflict.SHA != two.SHA || !cmp.Equal(conflict.Files, []string{"a.txt"}) {
		t.Errorf("conflict = %+v", conflict)
	}
	if got := git.ExitCode(err); got != git.ExitConflict {
		t.Errorf("exit code %d, want %d", got, git.ExitConflict)
	}
	if !strings.Contains(log, "#2") || !strings.Contains(log, "a.txt") || !result.Records[0].Failed {
		t.Errorf("failed %v, log:\n%s", result.Records[0].Failed, log)
	}
}

func TestAMissingCommitIsToldApart(t *testing.T) {
	const gone = "0123456789012345678901234567890123456789"
	o := newOrigin(t)
	pull := o.pull("1", "main", "one.txt", "1\n")
	base := o.refs(pull)
	base.BaseSHA = gone
	head := o.refs(pull)
	head.Pulls[0].SHA = gone
	for name, tc := range map[string]struct {
		refs v1alpha1.Refs
		pull int
	}{
		"the base is gone": {base, 0},
		"the head is gone": {head, 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, log, err := clone(t, tc.refs)
			var missing *git.MissingCommitError
			if !errors.As(err, &missing) || missing.Pull != tc.pull || missing.SHA != gone {
				t.Errorf("error %v, want commit of pull %d missing\n%s", err, tc.pull, log)
			}
		})
	}
}

func TestAForcePushedHeadIsTestedAsItWasAskedFor(t *testing.T) {
	o := newOrigin(t)
	old := o.pull("1", "main", "one.txt", "old\n")
	o.pull("1", "main", "one.txt", "new\n")
	_, dir, log, err := clone(t, o.refs(old))
	if err != nil {
		t.Fatalf("Clone: %v\n%s", err, log)
	}
	if got := read(t, dir, "one.txt"); got != "old\n" {
		t.Errorf("one.txt = %q, want the commit that was asked for", got)
	}
}

func TestAShallowCloneStillMergesAnOldBranch(t *testing.T) {
	o := newOrigin(t)
	pull := o.pull("1", "main", "one.txt", "1\n")
	o.commit("b.txt", "b\n")
	o.commit("c.txt", "c\n")
	refs := o.refs(pull)
	refs.CloneDepth, refs.SkipFetchHead = 1, true
	_, dir, log, err := clone(t, refs)
	if err != nil {
		t.Fatalf("Clone: %v\n%s", err, log)
	}
	read(t, dir, "one.txt")
	read(t, dir, "c.txt")

	refs.Pulls = nil
	_, dir, log, err = clone(t, refs)
	if err != nil {
		t.Fatalf("Clone: %v\n%s", err, log)
	}
	if got := run(t, dir, "rev-list", "--count", "HEAD"); got != "1" {
		t.Errorf("%s commits, want a shallow clone of 1", got)
	}
}

func TestSubmodulesAreCheckedOutUnlessSkipped(t *testing.T) {
	lib, o := newOrigin(t), newOrigin(t)
	o.git("reset", "--quiet", "--hard")
	o.git("submodule", "--quiet", "add", "file://"+lib.dir, "lib")
	o.git("commit", "--quiet", "-m", "add lib")
	refs := o.refs()
	_, dir, log, err := clone(t, refs)
	if err != nil {
		t.Fatalf("Clone: %v\n%s", err, log)
	}
	read(t, dir, "lib", "a.txt")

	refs.SkipSubmodules = true
	if _, dir, _, err = clone(t, refs); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "lib", "a.txt")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the submodule was checked out, stat: %v", err)
	}
}

func TestTagsComeUnlessSkipped(t *testing.T) {
	o := newOrigin(t)
	o.git("tag", "v1")
	refs := o.refs()
	_, dir, _, err := clone(t, refs)
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, dir, "describe", "--tags"); got != "v1" {
		t.Errorf("describe = %q, want v1", got)
	}
	o.commit("b.txt", "b\n")
	refs = o.refs()
	refs.SkipFetchHead, refs.CloneDepth = true, 1
	if _, dir, _, err = clone(t, refs); err != nil {
		t.Fatal(err)
	}
	if got := run(t, dir, "tag"); got != "" {
		t.Errorf("tags %q, want none", got)
	}
}

func TestHostileRefsAreRefusedBeforeGitRuns(t *testing.T) {
	o := newOrigin(t)
	for name, change := range map[string]func(*v1alpha1.Refs){
		"a transport that runs commands": func(r *v1alpha1.Refs) { r.CloneURI = "ext::sh -c touch% /tmp/owned" },
		"an option as address":           func(r *v1alpha1.Refs) { r.CloneURI = "--upload-pack=touch /tmp/owned" },
		"an option as scp host":          func(r *v1alpha1.Refs) { r.CloneURI = "git@-oProxyCommand=x:y" },
		"an option as ssh host":          func(r *v1alpha1.Refs) { r.CloneURI = "ssh://-oProxyCommand=x/y" },
		"an option as base":              func(r *v1alpha1.Refs) { r.BaseRef = "--upload-pack=x" },
		"a refspec as base":              func(r *v1alpha1.Refs) { r.BaseRef = "+refs/heads/*:refs/heads/*" },
		"an expression as commit":        func(r *v1alpha1.Refs) { r.BaseSHA = "HEAD@{1}" },
		"an option as pull ref":          func(r *v1alpha1.Refs) { r.Pulls = []v1alpha1.Pull{{Number: 1, Ref: "-u"}} },
		"an option as pull commit":       func(r *v1alpha1.Refs) { r.Pulls = []v1alpha1.Pull{{Number: 1, SHA: "--help"}} },
	} {
		t.Run(name, func(t *testing.T) {
			refs := o.refs()
			change(&refs)
			result, _, log, err := clone(t, refs)
			if err == nil || strings.Contains(log, "$ git") || len(result.Records[0].Commands) > 0 {
				t.Errorf("error %v, log:\n%s", err, log)
			}
		})
	}
}

func TestCredentialsAreNeverShown(t *testing.T) {
	const password = "s3cr3t-t0ken"
	refs := v1alpha1.Refs{Org: "org", Repo: "repo", BaseRef: "main", CloneURI: "http://bot:" + password + "@127.0.0.1:1/org/repo.git"}
	result, _, log, err := clone(t, refs)
	if err == nil {
		t.Fatal("a clone from a closed port succeeded")
	}
	records, jsonErr := json.Marshal(result.Records[0].Commands)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	for what, text := range map[string]string{"log": log, "error": err.Error(), "records": string(records)} {
		if strings.Contains(text, password) {
			t.Errorf("the %s shows the password:\n%s", what, text)
		}
	}
	if got := strings.Count(log, "$ git fetch"); got != 2 {
		t.Errorf("%d tries, want the first and one more:\n%s", got, log)
	}
	if git.ExitCode(err) != git.ExitFault {
		t.Errorf("exit code %d, want %d", git.ExitCode(err), git.ExitFault)
	}
}

func TestACancelledCloneStops(t *testing.T) {
	o := newOrigin(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := git.Clone(ctx, git.Options{Dir: t.TempDir(), Refs: []v1alpha1.Refs{o.refs()}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}
