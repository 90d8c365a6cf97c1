package report_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/report"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// thread is a pull request's comments, kept as a forge keeps them.
type thread struct {
	scm.Comments // replies are not used
	comments     []scm.Comment
	next         int
	refuse       error
}

func (f *thread) add(login, body string) {
	f.next++
	f.comments = append(f.comments, scm.Comment{ID: strconv.Itoa(f.next), Body: body, Author: scm.User{Login: login}})
}

func (f *thread) List(context.Context, scm.PullRef) ([]scm.Comment, error) {
	return f.comments, f.refuse
}

func (f *thread) Create(_ context.Context, _ scm.PullRef, body string) (scm.Comment, error) {
	if f.refuse != nil {
		return scm.Comment{}, f.refuse
	}
	f.add("bot", body)
	return f.comments[len(f.comments)-1], nil
}

func (f *thread) Edit(_ context.Context, _ scm.PullRef, id, body string) error {
	for i := range f.comments {
		if f.comments[i].ID == id {
			f.comments[i].Body = body
		}
	}
	return f.refuse
}

func (f *thread) Delete(_ context.Context, _ scm.PullRef, id string) error {
	f.comments = slices.DeleteFunc(f.comments, func(c scm.Comment) bool { return c.ID == id })
	return f.refuse
}

var _ scm.Comments = &thread{}

// rows prints the thread: each comment's id and author, and the contexts and commits of its table.
func (f *thread) rows() string {
	var lines []string
	for _, c := range f.comments {
		line := c.ID + " " + c.Author.Login
		for _, r := range report.ParseRows(c.Body) {
			line += fmt.Sprintf(" %s@%s", r.Context, r.Commit[:min(len(r.Commit), 1)])
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func sync(t *testing.T, f *thread, runs ...*v1alpha1.PipelineJob) {
	t.Helper()
	if err := report.Comment(report.Results(runs), f.comments, isBot).Apply(t.Context(), f, scm.PullRef{}); err != nil {
		t.Fatal(err)
	}
}

const prowReport = "@alice: The following test **failed**:\n\nTest name | Commit | Details | Required | Rerun command\n--- | --- | --- | --- | ---\n" +
	"lint | 3333 | [link](https://prow.example/1) | true | `/test lint`\nunit | 3333 | [link](https://prow.example/2) | unknown | `/test unit`\n\n" +
	"<details>\n\nhelp\n</details>\n<!-- test report -->"

// isBot knows the bot among authors, as a forge does whose logins are unique.
func isBot(u scm.User) bool { return scm.Capabilities{}.Named(u, "Bot") }

func TestCommentFollowsTheResults(t *testing.T) {
	const failed, passed, broken = v1alpha1.StateFailure, v1alpha1.StateSuccess, v1alpha1.StateError
	for name, tc := range map[string]struct {
		before []string // login, body, login, body ...
		runs   []*v1alpha1.PipelineJob
		want   string
	}{
		"a success says nothing":             {nil, []*v1alpha1.PipelineJob{run(1, "unit", passed)}, ""},
		"a failure makes a comment":          {nil, []*v1alpha1.PipelineJob{run(1, "unit", failed)}, "1 bot unit@2"},
		"two failures share one":             {nil, []*v1alpha1.PipelineJob{run(1, "unit", failed), run(2, "lint", failed)}, "1 bot lint@2 unit@2"},
		"an error is no failure":             {nil, []*v1alpha1.PipelineJob{run(1, "unit", broken)}, ""},
		"a new failure replaces the comment": {[]string{"bot", prowReport}, []*v1alpha1.PipelineJob{run(1, "unit", failed)}, "2 bot lint@3 unit@2"},
		"a success takes its row out":        {[]string{"bot", prowReport}, []*v1alpha1.PipelineJob{run(1, "unit", passed)}, "1 bot lint@3"},
		"an error takes its row out too":     {[]string{"bot", prowReport}, []*v1alpha1.PipelineJob{run(1, "unit", broken)}, "1 bot lint@3"},
		"the last row takes the comment":     {[]string{"bot", prowReport}, []*v1alpha1.PipelineJob{run(1, "unit", passed), run(2, "lint", passed)}, ""},
		"another author's report is not ours": {
			[]string{"mallory", prowReport}, []*v1alpha1.PipelineJob{run(1, "unit", passed), run(2, "e2e", failed)}, "1 mallory lint@3 unit@3\n2 bot e2e@2",
		},
		"the bot's other comments stay": {[]string{"bot", "hello", "bot", prowReport}, []*v1alpha1.PipelineJob{run(1, "unit", passed), run(2, "lint", passed)}, "1 bot"},
		"several reports become one": {
			[]string{"bot", prowReport, "alice", "hm", "bot", strings.ReplaceAll(prowReport, "3333", "4444")},
			[]*v1alpha1.PipelineJob{run(1, "unit", passed)}, "2 alice\n3 bot lint@4",
		},
		"the login is compared as forges do": {[]string{"BOT", prowReport}, []*v1alpha1.PipelineJob{run(1, "unit", passed)}, "1 BOT lint@3"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &thread{}
			for i := 0; i < len(tc.before); i += 2 {
				f.add(tc.before[i], tc.before[i+1])
			}
			sync(t, f, tc.runs...)
			if diff := cmp.Diff(tc.want, f.rows()); diff != "" {
				t.Errorf("thread (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnUnchangedReportIsLeftAlone(t *testing.T) {
	f := &thread{}
	runs := []*v1alpha1.PipelineJob{run(1, "unit", v1alpha1.StateFailure), run(2, "lint", v1alpha1.StateFailure, optional)}
	sync(t, f, runs...)
	f.comments[0].Body = strings.ReplaceAll(f.comments[0].Body, "\n", "\r\n") + "\r\n" // as some forges hand it back
	if diff := cmp.Diff(report.Plan{}, report.Comment(report.Results(runs), f.comments, isBot)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestCommentBody(t *testing.T) {
	f := &thread{}
	sync(t, f, run(1, "unit", v1alpha1.StateFailure), run(2, "lint", v1alpha1.StateFailure, optional))
	body := f.comments[0].Body
	for _, want := range []string{
		"@alice: 2 tests **failed**.",
		"\n\nTest name | Commit | Details | Required | Rerun command\n--- | --- | --- | --- | ---\n" +
			"lint | " + head + " | [link](https://ci.example/runs/run-2) | false | `/test lint`\n" +
			"unit | " + head + " | [link](https://ci.example/runs/run-1) | true | `/test unit`\n\n",
		"`/retest`",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the comment lacks %q:\n%s", want, body)
		}
	}
	if !strings.HasSuffix(body, "<!-- test report -->") {
		t.Errorf("the marker is not at the end of:\n%s", body)
	}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "/") {
			t.Errorf("line %q would be taken for a command", line)
		}
	}
}

func TestATableStaysATableWhateverIsInIt(t *testing.T) {
	f := &thread{}
	hostile := run(1, "a | b\n--- | \\| c", v1alpha1.StateFailure)
	hostile.Spec.RerunCommand = "/test `x` | y"
	hostile.Status.URL = "https://ci.example/a b)|c"
	sync(t, f, hostile)
	rows := report.ParseRows(f.comments[0].Body)
	if len(rows) != 1 || rows[0].Details != "[link](https://ci.example/a%20b%29%7Cc)" {
		t.Fatalf("rows = %+v", rows)
	}
	hostile.Status.State = v1alpha1.StateSuccess
	sync(t, f, hostile)
	if len(f.comments) != 0 {
		t.Errorf("the row was not recognised again:\n%s", f.comments[0].Body)
	}
}

func TestALongTableIsCut(t *testing.T) {
	var runs []*v1alpha1.PipelineJob
	for i := range 150 {
		runs = append(runs, run(1000+i, fmt.Sprintf("test-%03d", i), v1alpha1.StateFailure))
	}
	f := &thread{}
	sync(t, f, runs...)
	if n := len(report.ParseRows(f.comments[0].Body)); n != 100 || !strings.Contains(f.comments[0].Body, "50 more") {
		t.Errorf("%d rows in:\n%s", n, f.comments[0].Body)
	}
	if diff := cmp.Diff(report.Plan{}, report.Comment(report.Results(runs), f.comments, isBot)); diff != "" {
		t.Errorf("the cut table is not stable (-want +got):\n%s", diff)
	}
}

func TestApplyHandsTheForgesAnswerOn(t *testing.T) {
	for name, plan := range map[string]report.Plan{
		"create": {Create: "x"}, "edit": {Edit: "1", EditBody: "x"}, "delete": {Delete: []string{"1"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := plan.Apply(t.Context(), &thread{refuse: scm.ErrTransient}, scm.PullRef{}); !errors.Is(err, scm.ErrTransient) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func FuzzParseRows(f *testing.F) {
	f.Add(prowReport)
	f.Add("--- | ---\na | b | c | d | e\n|\n\\|||||\n\na | b | c | d | e")
	f.Add("---\r\n x\\| | y | z | t | `/test x`\r\n")
	f.Fuzz(func(t *testing.T, body string) {
		rows := report.ParseRows(body)
		again := report.ParseRows("--- | ---\n" + lines(rows))
		if diff := cmp.Diff(rows, again); diff != "" {
			t.Errorf("rows change when written and read again (-want +got):\n%s", diff)
		}
	})
}

func lines(rows []report.Row) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(strings.Join([]string{r.Context, r.Commit, r.Details, r.Required, r.Rerun}, " | ") + "\n")
	}
	return b.String()
}
