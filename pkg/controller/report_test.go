package controller_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/controller"
	"github.com/pharos-ci/pharos/pkg/report"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
)

var (
	reportRepo = scm.Repo{Connection: "gitea", Org: "org", Name: "repo"}
	reportPull = scm.PullRef{Repo: reportRepo, Number: 7}
	firstHead  = scmtest.SHA("first")
	secondHead = scmtest.SHA("second")
)

// office is a reporter between a cluster and a forge, both in memory, with a clock that only the test moves.
type office struct {
	t       *testing.T
	cluster client.WithWatch
	forge   *scmtest.Forge
	report  *controller.Report
	now     time.Time
	patches int
	// stale, when set, is what the informer shows instead of the cluster.
	stale     *v1alpha1.PipelineJobList
	patchFail error
	noForge   error
}

func newOffice(t *testing.T) *office {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, forge: scmtest.New(), now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	b := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.PipelineJob{}).WithInterceptorFuncs(interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if o.stale != nil {
				o.stale.DeepCopyInto(list.(*v1alpha1.PipelineJobList))
				return nil
			}
			return c.List(ctx, list, opts...)
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, obj client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			if o.patchFail != nil {
				return o.patchFail
			}
			if p.Type() == "application/merge-patch+json" {
				o.patches++
			}
			return c.SubResource(sub).Patch(ctx, obj, p, opts...)
		},
	})
	for name, index := range controller.ReportIndexes() {
		b = b.WithIndex(&v1alpha1.PipelineJob{}, name, index)
	}
	o.cluster = b.Build()
	o.report = controller.NewReport(o.cluster, o, controller.ReportOptions{Now: func() time.Time { return o.now }})
	return o
}

func (o *office) Client(string) (*scm.Client, error) { return o.forge.Client(), o.noForge }
func (o *office) Bot(string) string                  { return scmtest.Bot }

// start creates a run in a state. Build orders runs by age.
func (o *office) start(build int, testContext, sha string, change ...func(*v1alpha1.PipelineJob)) {
	o.t.Helper()
	pj := &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ci", Name: name(build), CreationTimestamp: metav1.NewTime(o.now)},
		Spec: v1alpha1.PipelineJobSpec{
			Type: v1alpha1.Presubmit, Job: testContext, Context: testContext, BuildID: strconv.Itoa(build), Connection: "gitea", Report: true,
			Refs: &v1alpha1.Refs{Org: "org", Repo: "repo", BaseSHA: scmtest.SHA("base"), Pulls: []v1alpha1.Pull{{Number: 7, Author: "alice", SHA: sha}}},
		},
		Status: v1alpha1.PipelineJobStatus{URL: "https://ci.example/runs/" + name(build)},
	}
	for _, f := range change {
		f(pj)
	}
	if err := o.cluster.Create(o.t.Context(), pj); err != nil {
		o.t.Fatal(err)
	}
	o.work()
}

func name(build int) string { return "run-" + strconv.Itoa(build) }

// set moves a run to a state, as the job controller does, and lets the reporter work.
func (o *office) set(build int, state v1alpha1.JobState) {
	o.t.Helper()
	o.change(build, func(pj *v1alpha1.PipelineJob) {
		pj.Status.State = state
		if state.Terminal() {
			pj.Status.CompletionTime = &metav1.Time{Time: o.now}
		}
	})
	o.work()
}

func (o *office) change(build int, f func(*v1alpha1.PipelineJob)) {
	o.t.Helper()
	pj := o.run(build)
	f(pj)
	if err := o.cluster.Status().Update(o.t.Context(), pj); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) run(build int) *v1alpha1.PipelineJob {
	o.t.Helper()
	pj := &v1alpha1.PipelineJob{}
	if err := o.cluster.Get(o.t.Context(), client.ObjectKey{Namespace: "ci", Name: name(build)}, pj); err != nil {
		o.t.Fatal(err)
	}
	return pj
}

// work reconciles every commit and thread once and returns the longest pause that was asked for.
func (o *office) work() (wait time.Duration) {
	o.t.Helper()
	var list v1alpha1.PipelineJobList
	if err := o.cluster.List(o.t.Context(), &list); err != nil {
		o.t.Fatal(err)
	}
	seen := map[controller.ReportKey]bool{}
	for i := range list.Items {
		for _, key := range controller.ReportKeys(o.t.Context(), &list.Items[i]) {
			if seen[key] {
				continue
			}
			seen[key] = true
			result, err := o.report.Reconcile(o.t.Context(), key)
			if err != nil && o.patchFail == nil {
				o.t.Fatalf("reconcile %s: %v", key, err)
			}
			wait = max(wait, result.RequeueAfter)
		}
	}
	return wait
}

// later lets the comment's delay pass.
func (o *office) later() {
	o.t.Helper()
	o.now = o.now.Add(3 * time.Second)
	o.work()
}

// history prints all statuses that a commit was ever given.
func (o *office) history(sha string) string {
	var lines []string
	for _, s := range o.forge.StatusHistory(reportRepo, sha) {
		lines = append(lines, fmt.Sprintf("%s %s %s", s.Context, s.State, strings.TrimPrefix(s.TargetURL, "https://ci.example/runs/")))
	}
	return strings.Join(lines, "\n")
}

// thread prints the rows of each comment.
func (o *office) thread() string {
	var lines []string
	for _, c := range o.forge.Comments(reportPull) {
		line := c.ID
		for _, row := range report.ParseRows(c.Body) {
			line += " " + row.Context
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func expect(t *testing.T, what, want, got string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestAPassingRunCostsTwoStatusCalls(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.set(1, v1alpha1.StateTriggered)
	o.set(1, v1alpha1.StatePending)
	o.set(1, v1alpha1.StateSuccess)
	o.later()
	expect(t, "statuses", "unit pending run-1\nunit success run-1", o.history(firstHead))
	if diff := cmp.Diff(map[string]int{"Statuses.Set": 2}, o.forge.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if o.patches != 1 {
		t.Errorf("%d writes to the cluster, want one, at the end", o.patches)
	}
	want := map[string]v1alpha1.ReportStatus{"forge": {State: v1alpha1.StateSuccess, Status: "success", TargetURL: "https://ci.example/runs/run-1"}}
	if diff := cmp.Diff(want, o.run(1).Status.Reports); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestStatusWaitsForItsPageButNotForLong(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead, func(pj *v1alpha1.PipelineJob) { pj.Status.URL = "" })
	if wait := o.work(); wait <= 0 || o.forge.TotalCalls() != 0 {
		t.Fatalf("wait %v after %d calls, want a pause and no call", wait, o.forge.TotalCalls())
	}
	o.later()
	expect(t, "statuses", "unit pending ", o.history(firstHead))
	o.change(1, func(pj *v1alpha1.PipelineJob) { pj.Status.URL = "https://ci.example/runs/late" })
	o.work()
	expect(t, "statuses", "unit pending \nunit pending late", o.history(firstHead))
}

func TestFailuresOfAPullRequestShareOneComment(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.start(2, "lint", firstHead)
	o.set(1, v1alpha1.StateFailure)
	o.now = o.now.Add(time.Second)
	o.set(2, v1alpha1.StateFailure)
	expect(t, "thread before the delay", "", o.thread())
	o.later()
	o.later()
	expect(t, "thread", "1 lint unit", o.thread())
	if calls := o.forge.Calls(); calls["Comments.List"] != 1 || calls["Comments.Create"] != 1 || calls["Statuses.Set"] != 4 {
		t.Errorf("calls = %v", calls)
	}
	if got := o.run(2).Status.Reports["comment"].State; got != v1alpha1.StateFailure {
		t.Errorf("recorded comment state %q", got)
	}
}

func TestARerunThatPassesTakesTheCommentAway(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.start(2, "lint", firstHead)
	o.set(1, v1alpha1.StateFailure)
	o.later()
	o.start(3, "unit", firstHead)
	o.later()
	expect(t, "thread while the rerun goes on", "1 unit", o.thread())
	o.set(2, v1alpha1.StateSuccess)
	o.later()
	if n := o.forge.Calls()["Comments.List"]; n != 1 {
		t.Errorf("a context that never failed made the forge list comments: %d lists", n)
	}
	o.set(3, v1alpha1.StateSuccess)
	o.later()
	expect(t, "thread", "", o.thread())
	expect(t, "statuses", "unit pending run-1\nlint pending run-2\nunit failure run-1\nunit pending run-3\nlint success run-2\nunit success run-3", o.history(firstHead))
}

func TestAPassOnTheNextCommitTakesTheCommentAway(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.set(1, v1alpha1.StateFailure)
	o.later()
	o.start(2, "unit", secondHead)
	o.later()
	expect(t, "thread while the next commit is tested", "1 unit", o.thread())
	o.set(2, v1alpha1.StateSuccess)
	o.later()
	expect(t, "thread", "", o.thread())
}

func TestAFailureOfAnOldCommitGetsItsStatusButNoComment(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.start(2, "unit", secondHead)
	o.set(1, v1alpha1.StateFailure)
	o.later()
	expect(t, "thread", "", o.thread())
	expect(t, "statuses", "unit pending run-1\nunit failure run-1", o.history(firstHead))
	if n := o.forge.Calls()["Comments.List"]; n != 0 {
		t.Errorf("%d lists of comments", n)
	}
}

func TestAnOlderRunNeverOverwritesANewerOnesStatus(t *testing.T) {
	for name, end := range map[string]v1alpha1.JobState{"aborted": v1alpha1.StateAborted, "failed late": v1alpha1.StateFailure} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.start(9, "unit", firstHead)
			o.start(10, "unit", firstHead)
			o.set(9, end)
			o.set(10, v1alpha1.StateSuccess)
			o.later()
			expect(t, "statuses", "unit pending run-9\nunit pending run-10\nunit success run-10", o.history(firstHead))
			record := o.run(9).Status.Reports["forge"]
			if record.State != end || record.Message == "" || record.Status != "" || record.TargetURL != "" {
				t.Errorf("record of the older run = %+v", record)
			}
		})
	}
}

func TestAForgeThatIsDownGetsItsReportsLater(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.forge.Down(true)
	o.set(1, v1alpha1.StateFailure)
	o.now = o.now.Add(3 * time.Second)
	var last time.Duration
	for range 50 {
		last = o.work()
	}
	if last < 30*time.Second || last > time.Minute {
		t.Errorf("the 50th pause is %v, want between 30 s and 1 min", last)
	}
	if got := o.run(1).Status.Reports; len(got) != 0 {
		t.Errorf("recorded %+v while the forge is down", got)
	}
	o.forge.Down(false)
	o.work()
	expect(t, "statuses", "unit pending run-1\nunit failure run-1", o.history(firstHead))
	expect(t, "thread", "1 unit", o.thread())
	if wait := o.work(); wait != 0 {
		t.Errorf("a pause of %v although all is told", wait)
	}
}

func TestARateLimitIsWaitedForWithoutAWorker(t *testing.T) {
	o := newOffice(t)
	o.forge.FailNext(1, &scm.RateLimitedError{Until: o.now.Add(17 * time.Minute)})
	o.start(1, "unit", firstHead)
	o.forge.FailNext(1, &scm.RateLimitedError{Until: o.now.Add(17 * time.Minute)})
	if wait := o.work(); wait != 17*time.Minute {
		t.Errorf("pause = %v", wait)
	}
}

func TestARefusalIsRecordedAndNotRepeated(t *testing.T) {
	for name, refusal := range map[string]error{
		"invalid": scm.ErrInvalid, "not found": scm.ErrNotFound, "forbidden": scm.ErrForbidden, "unsupported": scm.ErrUnsupported, "of no known kind": errors.New("boom"),
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.forge.FailNext(1, refusal)
			o.start(1, "unit", firstHead)
			for range 3 {
				o.work()
			}
			record := o.run(1).Status.Reports["forge"]
			if o.forge.TotalCalls() != 1 || record.State != v1alpha1.StateTriggered || !strings.Contains(record.Message, refusal.Error()) {
				t.Fatalf("%d calls, record %+v", o.forge.TotalCalls(), record)
			}
			o.set(1, v1alpha1.StateSuccess)
			expect(t, "statuses", "unit success run-1", o.history(firstHead))
			want := v1alpha1.ReportStatus{State: v1alpha1.StateSuccess, Status: "success", TargetURL: "https://ci.example/runs/run-1"}
			if diff := cmp.Diff(want, o.run(1).Status.Reports["forge"]); diff != "" {
				t.Errorf("the refusal's message stays (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARefusedCommentIsRecordedAndNotRepeated(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.set(1, v1alpha1.StateFailure)
	o.forge.FailNext(1, scm.ErrForbidden)
	o.later()
	o.later()
	if n := o.forge.Calls()["Comments.List"]; n != 1 || !strings.Contains(o.run(1).Status.Reports["comment"].Message, "forbidden") {
		t.Errorf("%d lists, record %+v", n, o.run(1).Status.Reports["comment"])
	}
}

func TestAConnectionThatIsGoneIsTriedAgain(t *testing.T) {
	o := newOffice(t)
	o.noForge = errors.New("no connection gitea")
	o.start(1, "unit", firstHead)
	if wait := o.work(); wait <= 0 {
		t.Errorf("pause = %v", wait)
	}
	o.noForge = nil
	o.work()
	expect(t, "statuses", "unit pending run-1", o.history(firstHead))
}

func TestAnInformerThatLagsMakesTheForgeHearNothingTwice(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.set(1, v1alpha1.StateSuccess)
	o.stale = &v1alpha1.PipelineJobList{Items: []v1alpha1.PipelineJob{*o.run(1)}}
	o.stale.Items[0].Status.Reports = nil
	key := controller.ReportKey{Repo: reportRepo, SHA: firstHead}
	for range 3 {
		if _, err := o.report.Reconcile(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if n := o.forge.TotalCalls(); n != 2 || o.patches != 1 {
		t.Errorf("%d calls and %d writes, want 2 and 1", n, o.patches)
	}
}

func TestAFailingWriteIsRepeatedWithoutTellingTheForgeAgain(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.patchFail = errors.New("the API server is away")
	o.set(1, v1alpha1.StateSuccess)
	o.patchFail = nil
	o.work()
	if n := o.forge.TotalCalls(); n != 2 || o.run(1).Status.Reports["forge"].Status != "success" {
		t.Errorf("%d calls, record %+v", n, o.run(1).Status.Reports)
	}
}

func TestARestartTellsAgainOnlyOfRunsUnderWay(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.start(2, "lint", firstHead)
	o.set(2, v1alpha1.StateSuccess)
	before := o.forge.TotalCalls()
	o.report = controller.NewReport(o.cluster, o, controller.ReportOptions{Now: func() time.Time { return o.now }})
	o.work()
	o.work()
	if calls := o.forge.TotalCalls() - before; calls != 1 {
		t.Errorf("%d calls after a restart, want one for the run under way", calls)
	}
}

func TestARestartTellsNothingAgain(t *testing.T) {
	o := newOffice(t)
	o.start(1, "unit", firstHead)
	o.set(1, v1alpha1.StateFailure)
	o.later()
	before := o.forge.TotalCalls()
	o.report = controller.NewReport(o.cluster, o, controller.ReportOptions{Now: func() time.Time { return o.now }})
	o.work()
	if after := o.forge.TotalCalls(); after != before {
		t.Errorf("%d calls after a restart", after-before)
	}
}

func TestRunsThatNeverReport(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.PipelineJob){
		"skip_report": func(pj *v1alpha1.PipelineJob) { pj.Spec.Report = false },
		"periodic":    func(pj *v1alpha1.PipelineJob) { pj.Spec.Type = v1alpha1.Periodic },
		"batch":       func(pj *v1alpha1.PipelineJob) { pj.Spec.Type = v1alpha1.Batch },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.start(1, "unit", firstHead, change)
			o.set(1, v1alpha1.StateFailure)
			o.later()
			if o.forge.TotalCalls() != 0 || o.patches != 0 {
				t.Errorf("%d calls, %d writes", o.forge.TotalCalls(), o.patches)
			}
		})
	}
}

func TestAPostsubmitGetsAStatusAndNoComment(t *testing.T) {
	o := newOffice(t)
	merged := scmtest.SHA("merged")
	o.start(1, "deploy", "", func(pj *v1alpha1.PipelineJob) {
		pj.Spec.Type, pj.Spec.Refs.Pulls, pj.Spec.Refs.BaseSHA = v1alpha1.Postsubmit, nil, merged
	})
	o.set(1, v1alpha1.StateFailure)
	o.later()
	expect(t, "statuses", "deploy pending run-1\ndeploy failure run-1", o.history(merged))
	if n := o.forge.Calls()["Comments.List"]; n != 0 {
		t.Errorf("%d lists of comments", n)
	}
}
