package report_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/report"
	"github.com/pharos-ci/pharos/pkg/scm"
)

const (
	base = "1111111111111111111111111111111111111111"
	head = "2222222222222222222222222222222222222222"
	old  = "3333333333333333333333333333333333333333"
)

// run is a presubmit of pull request 7; change adjusts it.
func run(build int, context string, state v1alpha1.JobState, change ...func(*v1alpha1.PipelineJob)) *v1alpha1.PipelineJob {
	pj := &v1alpha1.PipelineJob{Spec: v1alpha1.PipelineJobSpec{
		Type: v1alpha1.Presubmit, Job: "job-" + context, Context: context, BuildID: strconv.Itoa(build), Connection: "gitea",
		Report: true, RerunCommand: "/test " + context,
		Refs: &v1alpha1.Refs{Org: "org", Repo: "repo", BaseSHA: base, Pulls: []v1alpha1.Pull{{Number: 7, Author: "alice", SHA: head}}},
	}}
	pj.Name = "run-" + strconv.Itoa(build)
	pj.Status.State, pj.Status.URL = state, "https://ci.example/runs/"+pj.Name
	for _, f := range change {
		f(pj)
	}
	return pj
}

func atOldCommit(pj *v1alpha1.PipelineJob) { pj.Spec.Refs.Pulls[0].SHA = old }
func optional(pj *v1alpha1.PipelineJob)    { pj.Spec.Optional = true }
func postsubmit(pj *v1alpha1.PipelineJob) {
	pj.Spec.Type, pj.Spec.Refs.Pulls = v1alpha1.Postsubmit, nil
}
func periodic(pj *v1alpha1.PipelineJob)       { pj.Spec.Type = v1alpha1.Periodic }
func batch(pj *v1alpha1.PipelineJob)          { pj.Spec.Type = v1alpha1.Batch }
func skipReport(pj *v1alpha1.PipelineJob)     { pj.Spec.Report = false }
func withoutRefs(pj *v1alpha1.PipelineJob)    { pj.Spec.Refs = nil }
func withoutContext(pj *v1alpha1.PipelineJob) { pj.Spec.Context = "" }
func described(text string) func(*v1alpha1.PipelineJob) {
	return func(pj *v1alpha1.PipelineJob) { pj.Status.Description = text }
}

func TestStatus(t *testing.T) {
	url := "https://ci.example/runs/run-1"
	for name, tc := range map[string]struct {
		pj    *v1alpha1.PipelineJob
		limit int
		want  scm.Status
	}{
		"a new run is pending": {run(1, "unit", ""), 0, scm.Status{State: scm.StatusPending, Description: "Waiting to run. BaseSHA:" + base}},
		"a running one too":    {run(1, "unit", v1alpha1.StatePending), 0, scm.Status{State: scm.StatusPending, Description: "Running. BaseSHA:" + base}},
		"success":              {run(1, "unit", v1alpha1.StateSuccess), 0, scm.Status{State: scm.StatusSuccess, Description: "Succeeded. BaseSHA:" + base}},
		"failure with the run's own words": {
			run(1, "unit", v1alpha1.StateFailure, described("step test\n exited 1")), 0,
			scm.Status{State: scm.StatusFailure, Description: "step test exited 1 BaseSHA:" + base},
		},
		"aborted is a failure for the forge": {run(1, "unit", v1alpha1.StateAborted), 0, scm.Status{State: scm.StatusFailure, Description: "Cancelled before it ended. BaseSHA:" + base}},
		"error stays error":                  {run(1, "unit", v1alpha1.StateError), 0, scm.Status{State: scm.StatusError, Description: "Could not be run. BaseSHA:" + base}},
		"a postsubmit has no base suffix":    {run(1, "unit", v1alpha1.StateSuccess, postsubmit), 0, scm.Status{State: scm.StatusSuccess, Description: "Succeeded."}},
		"a forge that keeps little loses the suffix before the text": {
			run(1, "unit", v1alpha1.StateSuccess), 40, scm.Status{State: scm.StatusSuccess, Description: "Succeeded."},
		},
		"a long text loses its middle": {
			run(1, "unit", v1alpha1.StateSuccess, described(strings.Repeat("a", 100)+strings.Repeat("z", 100)), postsubmit), 25,
			scm.Status{State: scm.StatusSuccess, Description: "aaaaaaaaaa ... zzzzzzzzzz"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.want.Context, tc.want.TargetURL = "unit", url
			if diff := cmp.Diff(tc.want, report.Status(tc.pj, tc.limit)); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDescriptionsFitAndKeepTheBase(t *testing.T) {
	for _, limit := range []int{0, 1, 5, 6, 49, 64, 65, 66, 140, 255, 1000} {
		want := limit
		if limit == 0 {
			want = 140
		}
		got := report.Status(run(1, "unit", v1alpha1.StateFailure, described(strings.Repeat("Zähler ✗ ", 200))), limit).Description
		if n := utf8.RuneCountInString(got); n > want || !utf8.ValidString(got) {
			t.Errorf("limit %d: %d characters: %q", limit, n, got)
		}
		if want >= 65 && !strings.HasSuffix(got, " BaseSHA:"+base) {
			t.Errorf("limit %d: no base commit at the end of %q", limit, got)
		}
	}
}

func TestWanted(t *testing.T) {
	for name, tc := range map[string]struct {
		change         func(*v1alpha1.PipelineJob)
		status, thread bool
	}{
		"a presubmit gets both":                 {func(*v1alpha1.PipelineJob) {}, true, true},
		"a postsubmit gets a status only":       {postsubmit, true, false},
		"a periodic gets nothing":               {periodic, false, false},
		"a batch gets nothing":                  {batch, false, false},
		"a job that skips reports gets nothing": {skipReport, false, false},
		"a run without refs gets nothing":       {withoutRefs, false, false},
		"a run without context gets nothing":    {withoutContext, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			pj := run(1, "unit", v1alpha1.StateFailure, tc.change)
			_, thread := report.Pull(pj)
			if status := report.Wanted(pj); status != tc.status || thread != tc.thread {
				t.Errorf("status %v, comment %v; want %v, %v", status, thread, tc.status, tc.thread)
			}
		})
	}
}

func TestResultsAreTheNewestFinishedRunsOfTheHead(t *testing.T) {
	for name, tc := range map[string]struct {
		runs []*v1alpha1.PipelineJob
		want string
	}{
		"no runs":                         {nil, ""},
		"a newer run of a context wins":   {[]*v1alpha1.PipelineJob{run(10, "a", v1alpha1.StateSuccess), run(9, "a", v1alpha1.StateFailure)}, "run-10"},
		"a running one does not count":    {[]*v1alpha1.PipelineJob{run(1, "a", v1alpha1.StateFailure), run(2, "a", v1alpha1.StatePending)}, "run-1"},
		"an older commit does not count":  {[]*v1alpha1.PipelineJob{run(1, "a", v1alpha1.StateFailure, atOldCommit), run(2, "b", v1alpha1.StatePending)}, ""},
		"one that was replaced is no end": {[]*v1alpha1.PipelineJob{run(1, "a", v1alpha1.StateFailure), run(2, "a", v1alpha1.StateAborted), run(3, "a", v1alpha1.StatePending)}, "run-1"},
		"one that a person aborted is":    {[]*v1alpha1.PipelineJob{run(1, "a", v1alpha1.StateFailure), run(2, "a", v1alpha1.StateAborted)}, "run-2"},
		"batches are no part of it":       {[]*v1alpha1.PipelineJob{run(1, "a", v1alpha1.StateFailure), run(2, "b", v1alpha1.StateFailure, batch)}, "run-1"},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			for _, pj := range report.Results(tc.runs) {
				names = append(names, pj.Name)
			}
			if diff := cmp.Diff(tc.want, strings.Join(names, " ")); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
		})
	}
}
