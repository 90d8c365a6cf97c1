package plugins_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/plugins"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
)

// commits are the files of each commit; a merge has the base's, then the head's.
type commits struct {
	files map[string]map[string]string
	read  []string // heads whose files were given out
	fail  error
}

func (c *commits) Read(_ context.Context, r git.Reading) (*git.Tree, error) {
	if c.fail != nil {
		return nil, c.fail
	}
	merged := maps.Clone(c.files[r.Refs.BaseSHA])
	for _, p := range r.Refs.Pulls {
		c.read = append(c.read, p.SHA)
		maps.Copy(merged, c.files[p.SHA])
	}
	tree := &git.Tree{}
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		if !slices.ContainsFunc(r.Paths, func(p string) bool { return name == p || strings.HasPrefix(name, p+"/") }) {
			continue
		}
		tree.Files = append(tree.Files, git.File{Path: name, ID: merged[name], Data: []byte(merged[name])})
	}
	return tree, nil
}

func (*commits) Changes(context.Context, git.Reading, string) ([]git.Change, error) { return nil, nil }

const prowHead = "presubmits:\n- name: kept\n  always_run: true\n  spec: {containers: [{image: i, command: [x]}]}\n"

// keptScene is a scene whose repository keeps the job kept at its base.
func keptScene(t *testing.T, forge *scmtest.Forge) (*scene, *commits) {
	t.Helper()
	c := &commits{files: map[string]map[string]string{
		scmtest.SHA("base"): {".prow.yaml": prowHead}, scmtest.SHA("head-7"): {"README": "changed"},
	}}
	on := true
	s := &scene{forge: forge, launcher: &launcher{}}
	set := compile(t)
	s.plugin = plugins.Trigger(plugins.Deps{
		Jobs: func() *job.Set { return set },
		InRepo: inrepo.New(inrepo.Options{Trees: c, Settings: func() *inrepo.Settings {
			return &inrepo.Settings{Connection: "main", Namespace: "pods", Static: set, Switches: inrepo.Switches{Enabled: map[string]*bool{"acme": &on}}}
		}}),
		Triggers: func(scm.Repo) plugins.TriggerSettings { return plugins.TriggerSettings{} },
		Launcher: s.launcher,
		BuildIDs: job.NewBuildIDs(time.Now),
	})
	return s, c
}

// runs that were started since the last call.
func (s *scene) runs() string {
	names := strings.Join(s.launcher.names(), " ")
	s.launcher.runs = nil
	return names
}

func (s *scene) status(sha string) string {
	for _, st := range s.forge.Statuses(repo, sha) {
		if st.Context == "pharos/config" {
			return string(st.State) + ": " + st.Description
		}
	}
	return ""
}

func TestKeptJobsRunBesideTheConfigured(t *testing.T) {
	pull := scmtest.Pull(ref, "alice")
	forge := scmtest.New().WithPull(pull).WithMember("acme", "alice").WithChanged(ref, "main.go")
	s, _ := keptScene(t, forge)
	s.send(t, pullEvent(scm.ActionOpened, pull))
	if got := s.runs(); got != "unit lint kept" {
		t.Errorf("%q ran", got)
	}
	if got := s.report.Jobs[len(s.report.Jobs)-1]; got.Name != "kept" || !got.Run || got.Reason != "always_run" {
		t.Errorf("the record says %+v", got)
	}
	s.send(t, commentEvent("alice", "/test kept", pull))
	if got := s.runs(); got != "kept" {
		t.Errorf("/test kept ran %q", got)
	}
	s.send(t, commentEvent("alice", "/test ?", pull))
	if all := forge.Comments(ref); len(all) != 1 || !strings.Contains(all[0].Body, "/test kept") {
		t.Errorf("the list is %+v", all)
	}
	if got := s.status(pull.Head.SHA); got != "" {
		t.Errorf("the status is %q, though nothing is wrong", got)
	}
}

func TestKeptJobsOfAPushRun(t *testing.T) {
	s, c := keptScene(t, scmtest.New())
	c.files[scmtest.SHA("b")] = map[string]string{
		".prow/good.yaml": strings.ReplaceAll(strings.ReplaceAll(prowHead, "presubmits", "postsubmits"), "  always_run: true\n", ""),
		".prow/bad.yaml":  "postsubmits: [",
	}
	s.send(t, &scm.Push{Meta: scm.Envelope{ID: "1", Repo: repo}, Updates: []scm.RefUpdate{{Ref: "refs/heads/main", After: scmtest.SHA("b")}}})
	if got := s.runs(); got != "publish kept" {
		t.Errorf("%q ran", got)
	}
	if got := s.status(scmtest.SHA("b")); !strings.HasPrefix(got, "failure: .prow/bad.yaml:2:1: ") {
		t.Errorf("the status is %q", got)
	}
}

func TestAnOutsidersPipelinesAreNotReadBeforeTheyAreTrusted(t *testing.T) {
	pull := scmtest.Pull(ref, "mallory")
	evil := strings.ReplaceAll(prowHead, "kept", "evil")
	forge := scmtest.New().WithPull(pull).WithMember("acme", "alice").WithChanged(ref, "main.go")
	s, c := keptScene(t, forge)
	c.files[pull.Head.SHA] = map[string]string{".prow.yaml": evil}

	s.send(t, pullEvent(scm.ActionOpened, pull))
	s.send(t, commentEvent("mallory", "/test evil", pull))
	s.send(t, commentEvent("mallory", "what do you think?", pull))
	s.send(t, commentEvent("alice", "/test unit evil", pull)) // a member's test is no trust
	if got := s.runs(); got != "unit" || len(c.read) != 0 {
		t.Fatalf("%q ran, and heads %v were read", got, c.read)
	}
	s.send(t, commentEvent("alice", "/ok-to-test 1234567", pull))
	if got := s.runs(); got != "" {
		t.Errorf("%q ran for another commit", got)
	}

	s.send(t, commentEvent("alice", "/ok-to-test "+pull.Head.SHA[:8], pull))
	if got := s.runs(); got != "unit lint evil" {
		t.Errorf("%q ran after /ok-to-test", got)
	}
	pull.Labels = []string{"ok-to-test"}
	s.send(t, commentEvent("mallory", "/test evil", pull))
	if got := s.runs(); got != "evil" {
		t.Errorf("%q ran at the commit that was trusted", got)
	}

	pull.Head.SHA = scmtest.SHA("worse")
	c.files[pull.Head.SHA] = map[string]string{".prow.yaml": strings.ReplaceAll(prowHead, "kept", "worse")}
	s.send(t, pullEvent(scm.ActionSynchronize, pull))
	if got := s.runs(); got != "unit lint kept" {
		t.Errorf("%q ran after a push that changes the pipelines; want the base's", got)
	}
	if got := s.status(pull.Head.SHA); got != "pending: changed pipelines wait for /ok-to-test" {
		t.Errorf("the status is %q", got)
	}
	s.send(t, commentEvent("alice", "/ok-to-test", pull))
	if got := s.runs(); got != "unit lint worse" {
		t.Errorf("%q ran after the second /ok-to-test", got)
	}
	if got := s.status(pull.Head.SHA); !strings.HasPrefix(got, "success") {
		t.Errorf("the status is %q", got)
	}

	pull.Head.SHA = scmtest.SHA("harmless")
	c.files[pull.Head.SHA] = map[string]string{"main.go": "package main"}
	s.send(t, pullEvent(scm.ActionSynchronize, pull))
	if got, status := s.runs(), s.status(pull.Head.SHA); got != "unit lint kept" || strings.HasPrefix(status, "pending") {
		t.Errorf("%q ran with status %q after a push that leaves the pipelines alone", got, status)
	}
}

func TestMistakesAreReportedOnceAndGoAway(t *testing.T) {
	pull := scmtest.Pull(ref, "alice")
	forge := scmtest.New().WithPull(pull).WithMember("acme", "alice").WithChanged(ref, "main.go")
	s, c := keptScene(t, forge)
	delete(c.files[scmtest.SHA("base")], ".prow.yaml")
	c.files[pull.Head.SHA] = map[string]string{".prow/good.yaml": prowHead, ".prow/bad.yaml": "presubmits: ["}

	s.send(t, pullEvent(scm.ActionOpened, pull))
	if got := s.runs(); got != "unit lint kept" {
		t.Errorf("%q ran", got)
	}
	s.send(t, pullEvent(scm.ActionReopened, pull))
	all := forge.Comments(ref)
	if len(all) != 1 || !strings.Contains(all[0].Body, "| .prow/bad.yaml:2:1 | did not find expected node content") {
		t.Errorf("comments are %+v", all)
	}
	if got := len(forge.StatusHistory(repo, pull.Head.SHA)); got != 1 || !strings.HasPrefix(s.status(pull.Head.SHA), "failure: .prow/bad.yaml:2:1: ") {
		t.Errorf("%d statuses, the last is %q", got, s.status(pull.Head.SHA))
	}

	pull.Head.SHA = scmtest.SHA("still")
	c.files[pull.Head.SHA] = map[string]string{".prow/bad.yaml": "presubmits: {}"}
	s.send(t, pullEvent(scm.ActionSynchronize, pull))
	if all := forge.Comments(ref); len(all) != 1 || !strings.Contains(all[0].Body, ".prow/bad.yaml:1:13") {
		t.Errorf("comments are %+v; want the one edited", all)
	}

	pull.Head.SHA = scmtest.SHA("mended")
	c.files[pull.Head.SHA] = map[string]string{".prow/bad.yaml": "presubmits: []"}
	s.send(t, pullEvent(scm.ActionSynchronize, pull))
	if all := forge.Comments(ref); len(all) != 0 {
		t.Errorf("comments are %+v; want none", all)
	}
	if got := s.status(pull.Head.SHA); !strings.HasPrefix(got, "success") {
		t.Errorf("the status is %q", got)
	}
}

func TestMistakesReportedBeforeARestartGoAwayToo(t *testing.T) {
	pull := scmtest.Pull(ref, "alice")
	forge := scmtest.New().WithPull(pull).WithMember("acme", "alice").WithChanged(ref, "main.go").
		WithComment(ref, scmtest.Bot, "<!-- pharos: config -->\nold").WithComment(ref, "bob", "<!-- pharos: config -->\nnot the bot's")
	s, _ := keptScene(t, forge)
	s.send(t, pullEvent(scm.ActionSynchronize, pull))
	if all := forge.Comments(ref); len(all) != 1 || all[0].Author.Login != "bob" {
		t.Errorf("comments are %+v", all)
	}
	before := forge.TotalCalls()
	s.send(t, pullEvent(scm.ActionSynchronize, pull))
	if calls := forge.TotalCalls() - before; calls != 2 { // is the author a member, what changed
		t.Errorf("%d calls for a pull request without a report: %v", calls, forge.Calls())
	}
}

func TestWhenFilesCannotBeReadTheConfiguredJobsRun(t *testing.T) {
	pull := scmtest.Pull(ref, "alice")
	forge := scmtest.New().WithPull(pull).WithMember("acme", "alice").WithChanged(ref, "main.go")
	s, c := keptScene(t, forge)
	c.fail = errors.New("the forge is down")
	d := &chatops.Dispatcher{Plugins: []chatops.Plugin{s.plugin}, Enabled: func(scm.Repo) []string { return []string{"trigger"} }, Forges: forges{forge}}
	_, err := d.Dispatch(t.Context(), "d-1", pullEvent(scm.ActionOpened, pull), chatops.Report{})
	if !errors.Is(err, scm.ErrTransient) {
		t.Errorf("error is %v, want one that is tried again", err)
	}
	if got := s.runs(); got != "unit lint" {
		t.Errorf("%q ran", got)
	}
	c.fail = &git.MissingCommitError{Pull: 7, SHA: pull.Head.SHA}
	s.send(t, pullEvent(scm.ActionReopened, pull))
	if got := s.runs(); got != "unit lint" {
		t.Errorf("%q ran without the commit", got)
	}
}

func TestOnlyCommentsThatMayStartAJobAreKept(t *testing.T) {
	pull := scmtest.Pull(ref, "alice")
	forge := scmtest.New().WithPull(pull).WithMember("acme", "alice").WithChanged(ref, "main.go")
	s, c := keptScene(t, forge)
	c.files[pull.Head.SHA] = map[string]string{".tekton/a.yaml": "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n  name: deploy\n" +
		"  annotations: {pipelinesascode.tekton.dev/on-comment: ^ship it}\nspec:\n  pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{image: i}]}}]}\n"}
	wants := func(body string) bool { return s.plugin.Wants(commentEvent("alice", body, pull)) }
	if !wants("a remark") {
		t.Error("a remark is dropped before anybody knows what the jobs listen to")
	}
	s.send(t, pullEvent(scm.ActionOpened, pull))
	for body, want := range map[string]bool{"a remark": false, "ship it": true, "/anything": true, "> ship it": false} {
		if got := wants(body); got != want {
			t.Errorf("%q is wanted: %v", body, got)
		}
	}
	s.runs()
	s.send(t, commentEvent("alice", "ship it", pull))
	if got := s.runs(); got != "deploy" {
		t.Errorf("%q ran", got)
	}
	if diff := cmp.Diff(0, len(forge.Comments(ref))); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
}

func TestALabelStartsTheJobsThatWaitForIt(t *testing.T) {
	pull := scmtest.Pull(ref, "alice")
	pull.Labels = []string{"bug"}
	forge := scmtest.New().WithPull(pull).WithMember("acme", "alice").WithChanged(ref, "main.go")
	s, c := keptScene(t, forge)
	c.files[pull.Head.SHA] = map[string]string{".tekton/a.yaml": "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n  name: triage\n  annotations:\n" +
		"    pipelinesascode.tekton.dev/on-label: bug\n    pipelinesascode.tekton.dev/on-event: pull_request\n    pipelinesascode.tekton.dev/on-target-branch: main\n" +
		"spec:\n  pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{image: i}]}}]}\n"}
	for label, want := range map[string]string{"bug": "triage", "size/XS": ""} {
		e := pullEvent(scm.ActionLabeled, pull)
		e.Label = label
		s.send(t, e)
		if got := s.runs(); got != want {
			t.Errorf("label %s ran %q, want %q", label, got, want)
		}
	}
}
