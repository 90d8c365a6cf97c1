package plugins_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/plugins"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
)

var (
	repo = scm.Repo{Connection: "main", Org: "acme", Name: "app"}
	ref  = scm.PullRef{Repo: repo, Number: 7}
)

// launcher keeps what was launched and aborted.
type launcher struct {
	runs    []*v1alpha1.PipelineJob
	aborted []string
}

func (l *launcher) Launch(_ context.Context, pj *v1alpha1.PipelineJob) error {
	l.runs = append(l.runs, pj)
	return nil
}

func (l *launcher) AbortPull(_ context.Context, ref scm.PullRef, keep, _ string) (int, error) {
	l.aborted = append(l.aborted, strings.TrimSpace(ref.String()+" but "+keep))
	return 1, nil
}

func (l *launcher) Tested(_ context.Context, _ scm.PullRef, sha string) (bool, error) {
	return slices.ContainsFunc(l.runs, func(pj *v1alpha1.PipelineJob) bool { return pj.Spec.Refs.Pulls[0].SHA == sha }), nil
}

// names of what was launched, in order.
func (l *launcher) names() []string {
	var names []string
	for _, pj := range l.runs {
		names = append(names, pj.Spec.Job)
	}
	return names
}

func compile(t *testing.T) *job.Set {
	t.Helper()
	base := func(name string) job.Base {
		return job.Base{Name: name, Spec: &corev1.PodSpec{Containers: []corev1.Container{{Image: "i", Command: []string{"true"}}}}}
	}
	lint := &job.Presubmit{Base: base("lint"), Optional: true}
	lint.RunIfChanged = `\.go$`
	set, problems := job.Compile(job.Static{
		Presubmits: map[string][]*job.Presubmit{"acme/app": {
			{Base: base("unit"), AlwaysRun: true}, lint, {Base: base("slow")},
		}},
		Postsubmits: map[string][]*job.Postsubmit{"acme/app": {{Base: base("publish")}}},
	}, job.Defaults{Connection: "main", Connections: []string{"main"}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

type scene struct {
	forge    *scmtest.Forge
	launcher *launcher
	plugin   chatops.Plugin
	report   chatops.Report
}

func newScene(t *testing.T, forge *scmtest.Forge, settings plugins.TriggerSettings) *scene {
	s := &scene{forge: forge, launcher: &launcher{}}
	set := compile(t)
	s.plugin = plugins.Trigger(plugins.Deps{
		Jobs:     func() *job.Set { return set },
		Triggers: func(scm.Repo) plugins.TriggerSettings { return settings },
		Launcher: s.launcher,
		BuildIDs: job.NewBuildIDs(time.Now),
	})
	return s
}

// send is one event through the plugin, dropped like in the inbox when the plugin does not want it.
func (s *scene) send(t *testing.T, e scm.Event) {
	t.Helper()
	d := &chatops.Dispatcher{Plugins: []chatops.Plugin{s.plugin}, Enabled: func(scm.Repo) []string { return []string{"trigger"} }, Forges: forges{s.forge}}
	if !d.Wants(e) {
		return
	}
	var err error
	if s.report, err = d.Dispatch(t.Context(), "d-1", e, chatops.Report{}); err != nil {
		t.Fatal(err)
	}
}

type forges struct{ forge *scmtest.Forge }

func (f forges) Client(string) (*scm.Client, error) { return f.forge.Client(), nil }
func (forges) Bot(string) string                    { return scmtest.Bot }

func pullEvent(action scm.Action, pull scm.PullRequest) *scm.PullRequestEvent {
	return &scm.PullRequestEvent{Meta: scm.Envelope{ID: "1", Repo: repo, Sender: pull.Author}, Action: action, Pull: pull}
}

func commentEvent(author, body string, pull scm.PullRequest) *scm.CommentEvent {
	return &scm.CommentEvent{
		Meta: scm.Envelope{ID: "1", Repo: repo}, Action: scm.ActionCreated, Number: 7, IsPull: true, State: scm.StateOpen,
		Comment: scm.Comment{Body: body, Author: scm.User{Login: author}}, Pull: &pull,
	}
}

func TestPullRequestEvents(t *testing.T) {
	drafted := scmtest.Pull(ref, "alice")
	drafted.Draft = true
	trusted := scmtest.Pull(ref, "mallory")
	trusted.Labels = []string{"ok-to-test"}
	moved := pullEvent(scm.ActionEdited, scmtest.Pull(ref, "alice"))
	moved.Edited.Base = true
	byHand := pullEvent(scm.ActionLabeled, trusted)
	byHand.Label, byHand.Meta.Sender = "ok-to-test", scm.User{Login: "alice"}
	byBot := pullEvent(scm.ActionLabeled, trusted)
	byBot.Meta.Sender = scm.User{Login: scmtest.Bot}

	for name, tc := range map[string]struct {
		event    *scm.PullRequestEvent
		settings plugins.TriggerSettings
		want     []string
		labels   []string
		comments int
		aborted  []string
	}{
		"a member's new pull request runs what the files ask for": {event: pullEvent(scm.ActionOpened, scmtest.Pull(ref, "alice")), want: []string{"unit", "lint"}},
		"a collaborator is trusted":                               {event: pullEvent(scm.ActionOpened, scmtest.Pull(ref, "carol")), want: []string{"unit", "lint"}},
		"a collaborator is not enough where only members count": {
			event: pullEvent(scm.ActionOpened, scmtest.Pull(ref, "carol")), settings: plugins.TriggerSettings{OnlyOrgMembers: true},
			labels: []string{"needs-ok-to-test"}, comments: 1,
		},
		"an outsider's waits and is greeted": {event: pullEvent(scm.ActionOpened, scmtest.Pull(ref, "mallory")), labels: []string{"needs-ok-to-test"}, comments: 1},
		"an outsider's with ok-to-test runs": {event: pullEvent(scm.ActionReopened, trusted), want: []string{"unit", "lint"}},
		"the label is worthless where it is ignored": {
			event: pullEvent(scm.ActionReopened, trusted), settings: plugins.TriggerSettings{IgnoreOKToTest: true},
			labels: []string{"needs-ok-to-test"}, comments: 1,
		},
		"a listed app is trusted": {
			event: pullEvent(scm.ActionOpened, scmtest.Pull(ref, "robot[bot]")), settings: plugins.TriggerSettings{TrustedApps: []string{"robot"}},
			want: []string{"unit", "lint"},
		},
		"a draft waits":                         {event: pullEvent(scm.ActionOpened, drafted)},
		"a new commit stops the older runs":     {event: pullEvent(scm.ActionSynchronize, scmtest.Pull(ref, "alice")), want: []string{"unit", "lint"}, aborted: []string{"main:acme/app#7 but " + scmtest.SHA("head-7")}},
		"a new base runs again":                 {event: moved, want: []string{"unit", "lint"}},
		"a new title runs nothing":              {event: pullEvent(scm.ActionEdited, scmtest.Pull(ref, "alice"))},
		"closing stops everything":              {event: pullEvent(scm.ActionClosed, scmtest.Pull(ref, "alice")), aborted: []string{"main:acme/app#7 but"}},
		"a member's label opens the gate":       {event: byHand, want: []string{"unit", "lint"}},
		"the bot's own label starts no run":     {event: byBot},
		"what is of no interest is not handled": {event: pullEvent(scm.ActionOther, scmtest.Pull(ref, "alice"))},
	} {
		t.Run(name, func(t *testing.T) {
			bare := tc.event.Pull
			bare.Labels = nil
			forge := scmtest.New().WithPull(bare).WithMember("acme", "alice").WithCollaborator(repo, "carol").WithChanged(ref, "main.go")
			s := newScene(t, forge, tc.settings)
			s.send(t, tc.event)
			if diff := cmp.Diff(tc.want, s.launcher.names()); diff != "" {
				t.Errorf("runs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.aborted, s.launcher.aborted); diff != "" {
				t.Errorf("aborted (-want +got):\n%s", diff)
			}
			if got := forge.Labels(ref); !slices.Equal(tc.labels, got) {
				t.Errorf("labels are %v, want %v", got, tc.labels)
			}
			if got := len(forge.Comments(ref)); got != tc.comments {
				t.Errorf("%d comments, want %d", got, tc.comments)
			}
		})
	}
}

func TestComments(t *testing.T) {
	byOutsider := scmtest.Pull(ref, "mallory")
	for name, tc := range map[string]struct {
		author, body string
		pull         scm.PullRequest
		want         []string
		labels       []string
		reply        string
	}{
		"one job by name":                           {author: "alice", body: "/test slow", want: []string{"slow"}},
		"several jobs at once, named once each":     {author: "alice", body: "/test slow unit\n/test slow", want: []string{"unit", "slow"}},
		"all means what runs by itself":             {author: "alice", body: "/test all", want: []string{"unit", "lint"}},
		"retest takes failed and missing ones":      {author: "alice", body: "/retest", want: []string{"unit", "lint"}},
		"retest-required leaves the optional out":   {author: "alice", body: "/retest-required", want: []string{"unit"}},
		"an outsider may test a member's":           {author: "mallory", body: "/test unit", want: []string{"unit"}},
		"the list of jobs":                          {author: "alice", body: "/test ?", reply: "* `/test slow`"},
		"a job that does not exist lists the jobs":  {author: "alice", body: "/test nosuch", reply: "No job of this branch answers to `/test nosuch`"},
		"prose is not handled":                      {author: "alice", body: "please test all of it"},
		"a quoted command is not handled":           {author: "alice", body: "> /test all"},
		"the bot does not listen to itself":         {author: scmtest.Bot, body: "/test all"},
		"an outsider cannot test an outsider's":     {author: "mallory", body: "/test unit", pull: byOutsider, reply: "a member has to comment `/ok-to-test` first"},
		"an outsider cannot trust himself":          {author: "mallory", body: "/ok-to-test", pull: byOutsider, reply: "only members and collaborators"},
		"a member can test an outsider's once":      {author: "alice", body: "/test unit", pull: byOutsider, want: []string{"unit"}},
		"a member trusts an outsider's":             {author: "alice", body: "/ok-to-test", pull: byOutsider, want: []string{"unit", "lint"}, labels: []string{"ok-to-test"}},
		"trust can be taken back":                   {author: "alice", body: "/ok-to-test cancel", pull: byOutsider, labels: []string{"needs-ok-to-test"}},
		"trusting and naming a job starts all once": {author: "alice", body: "/ok-to-test\n/test slow", pull: byOutsider, want: []string{"unit", "lint", "slow"}, labels: []string{"ok-to-test"}},
	} {
		t.Run(name, func(t *testing.T) {
			pull := tc.pull
			if pull.Ref.Number == 0 {
				pull = scmtest.Pull(ref, "alice")
			}
			forge := scmtest.New().WithPull(pull).WithMember("acme", "alice").WithChanged(ref, "main.go")
			s := newScene(t, forge, plugins.TriggerSettings{})
			s.send(t, commentEvent(tc.author, tc.body, pull))
			if diff := cmp.Diff(tc.want, s.launcher.names()); diff != "" {
				t.Errorf("runs (-want +got):\n%s", diff)
			}
			if got := forge.Labels(ref); !slices.Equal(tc.labels, got) {
				t.Errorf("labels are %v, want %v", got, tc.labels)
			}
			var replies []string
			for _, c := range forge.Comments(ref) {
				replies = append(replies, c.Body)
			}
			if got := strings.Join(replies, "\n"); (tc.reply == "") != (got == "") || !strings.Contains(got, tc.reply) {
				t.Errorf("replies are %q, want %q in them", got, tc.reply)
			}
		})
	}
}

func TestPushesRunPostsubmitsOfEveryBranchButNotOfTags(t *testing.T) {
	s := newScene(t, scmtest.New(), plugins.TriggerSettings{})
	s.send(t, &scm.Push{Meta: scm.Envelope{ID: "1", Repo: repo}, Updates: []scm.RefUpdate{
		{Ref: "refs/heads/main", Before: scmtest.SHA("a"), After: scmtest.SHA("b")},
		{Ref: "refs/heads/gone", Before: scmtest.SHA("a")},
		{Ref: "refs/tags/v1", After: scmtest.SHA("b")},
		{Ref: "refs/heads/new", After: scmtest.SHA("c")},
	}})
	var got []string
	for _, pj := range s.launcher.runs {
		got = append(got, pj.Spec.Job+" "+pj.Spec.Refs.BaseRef+" "+pj.Spec.Refs.BaseSHA)
	}
	want := []string{"publish main " + scmtest.SHA("b"), "publish new " + scmtest.SHA("c")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

func TestEveryDecisionIsExplained(t *testing.T) {
	forge := scmtest.New().WithPull(scmtest.Pull(ref, "alice")).WithMember("acme", "alice").WithChanged(ref, "README.md")
	s := newScene(t, forge, plugins.TriggerSettings{})
	s.send(t, pullEvent(scm.ActionOpened, scmtest.Pull(ref, "alice")))
	want := []v1alpha1.JobDecision{
		{Name: "unit", Context: "unit", Run: true, Reason: "always_run", PipelineJob: s.launcher.runs[0].Name},
		{Name: "lint", Context: "lint", Reason: "no changed file matches run_if_changed"},
		{Name: "slow", Context: "slow", Reason: "needs /test slow"},
	}
	if diff := cmp.Diff(want, s.report.Jobs); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
}

func TestANewPullRequestCostsTwoCalls(t *testing.T) {
	forge := scmtest.New().WithPull(scmtest.Pull(ref, "alice")).WithMember("acme", "alice").WithChanged(ref, "main.go")
	s := newScene(t, forge, plugins.TriggerSettings{})
	s.send(t, pullEvent(scm.ActionOpened, scmtest.Pull(ref, "alice")))
	if got := forge.TotalCalls(); got != 2 { // is the author a member, what changed
		t.Errorf("%d calls: %v", got, forge.Calls())
	}
}
