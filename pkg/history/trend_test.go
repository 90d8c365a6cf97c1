package history_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/history"
)

// took is a run with a result after some minutes.
func took(state v1alpha1.JobState, minutes int, sha string) func(*v1alpha1.PipelineJob) {
	return func(pj *v1alpha1.PipelineJob) {
		began, ended := metav1.NewTime(start), metav1.NewTime(start.Add(time.Duration(minutes)*time.Minute))
		pj.Status.State, pj.Status.PendingTime, pj.Status.CompletionTime = state, &began, &ended
		pj.Spec.Refs.Pulls[0].SHA = sha
	}
}

func TestAJobsHistoryTellsDaysAndFlakes(t *testing.T) {
	s, day := open(t), 24*time.Hour
	put(t, s,
		run("a", start, took(v1alpha1.StateSuccess, 10, "s1")),
		run("b", start.Add(time.Hour), took(v1alpha1.StateFailure, 20, "s1")),
		run("c", start.Add(2*time.Hour), took(v1alpha1.StateSuccess, 30, "s2")),
		run("d", start.Add(3*time.Hour), took(v1alpha1.StateAborted, 500, "s2")),
		run("e", start.Add(2*day), took(v1alpha1.StateSuccess, 40, "s1")),
		run("f", start.Add(2*day), took(v1alpha1.StatePending, 0, "s3")),
		run("other", start, took(v1alpha1.StateFailure, 1, "s2"), func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = "lint" }),
	)
	filter := history.Filter{Connection: "hub", Repo: "acme/web", Job: "unit"}
	got, err := s.JobHistory(t.Context(), filter, history.Everything)
	if err != nil {
		t.Fatal(err)
	}
	midnight := start.Truncate(day)
	want := history.Trend{
		Counts: map[v1alpha1.JobState]int{v1alpha1.StateSuccess: 3, v1alpha1.StateFailure: 1, v1alpha1.StateAborted: 1, v1alpha1.StatePending: 1},
		Days: []history.Day{
			{Start: midnight, Runs: 4, Success: 2, Failure: 1, Median: 20 * time.Minute, P95: 30 * time.Minute},
			{Start: midnight.Add(2 * day), Runs: 2, Success: 1, Median: 40 * time.Minute, P95: 40 * time.Minute},
		},
		Flakes: []history.Flake{{Job: "unit", SHA: "s1", Runs: []string{"e", "b", "a"}, Success: 2, Failure: 1, Last: start.Add(2 * day)}},
		Since:  start,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if rate, ok := got.Days[0].PassRate(); !ok || rate != 2.0/3 {
		t.Errorf("pass rate %v, %v", rate, ok)
	}
	hidden, err := s.JobHistory(t.Context(), filter, history.Visible{})
	if err != nil || len(hidden.Days)+len(hidden.Counts)+len(hidden.Flakes) > 0 {
		t.Errorf("hidden history %+v, %v", hidden, err)
	}
	if _, ok := (history.Day{Runs: 1}).PassRate(); ok {
		t.Error("a day without results has a pass rate")
	}
}

func TestABranchWithoutACommitIsNoFlake(t *testing.T) {
	s := open(t)
	nightly := func(state v1alpha1.JobState) func(*v1alpha1.PipelineJob) {
		return func(pj *v1alpha1.PipelineJob) {
			pj.Spec.Type, pj.Spec.Refs, pj.Status.State = v1alpha1.Periodic, nil, state
			pj.Spec.ExtraRefs = []v1alpha1.Refs{{Org: "acme", Repo: "web", BaseRef: "main"}}
		}
	}
	put(t, s, run("a", start, nightly(v1alpha1.StateSuccess)), run("b", start.Add(time.Hour), nightly(v1alpha1.StateFailure)))
	got, err := s.JobHistory(t.Context(), history.Filter{}, history.Everything)
	if err != nil || len(got.Flakes) > 0 || got.Days[0].Runs != 2 {
		t.Errorf("history %+v, %v", got, err)
	}
}

func TestAPullRequestIsItsCommitsAndJobs(t *testing.T) {
	s := open(t)
	at := func(sha string, edit ...func(*v1alpha1.PipelineJob)) []func(*v1alpha1.PipelineJob) {
		return append(edit, func(pj *v1alpha1.PipelineJob) { pj.Spec.Refs.Pulls[0].SHA = sha })
	}
	lint := func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = "lint" }
	put(t, s,
		run("a", start, at("s1")...), run("b", start.Add(time.Hour), at("s2")...), run("c", start.Add(2*time.Hour), at("s2", lint)...),
		run("d", start.Add(3*time.Hour), at("s2")...),
		run("batch", start.Add(4*time.Hour), func(pj *v1alpha1.PipelineJob) {
			pj.Spec.Type = v1alpha1.Batch
			pj.Spec.Refs.Pulls = append([]v1alpha1.Pull{{Number: 1, Author: "bob", SHA: "x"}}, pj.Spec.Refs.Pulls...)
			pj.Spec.Refs.Pulls[1].SHA, pj.Spec.Refs.Pulls[1].Title = "s2", "Teach it well"
		}),
		run("other", start, func(pj *v1alpha1.PipelineJob) { pj.Spec.Connection = "lab" }),
		run("clock", start.Add(5*time.Hour), func(pj *v1alpha1.PipelineJob) {
			pj.Spec.Type, pj.Spec.ExtraRefs, pj.Spec.Refs = v1alpha1.Periodic, []v1alpha1.Refs{*pj.Spec.Refs}, nil
			pj.Spec.ExtraRefs[0].Pulls = []v1alpha1.Pull{{Number: 8}}
		}),
	)
	web := history.Repo{Connection: "hub", Org: "acme", Name: "web"}
	got, err := s.Pull(t.Context(), web, 7, history.Only(web))
	if err != nil {
		t.Fatal(err)
	}
	grid := map[string][]string{}
	for _, c := range got.Commits {
		for name, runs := range c.Runs {
			grid[c.SHA+" "+name] = names(runs)
		}
	}
	want := map[string][]string{"s2 unit": {"batch", "d", "b"}, "s2 lint": {"c"}, "s1 unit": {"a"}}
	if diff := cmp.Diff(want, grid); diff != "" {
		t.Errorf("grid (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{"Teach it well", "alice", "s2", []string{"lint", "unit"}, false}, []any{got.Title, got.Author, got.Commits[0].SHA, got.Jobs, got.More}); diff != "" {
		t.Errorf("pull request (-want +got):\n%s", diff)
	}
	if _, err := s.Pull(t.Context(), web, 8, history.Everything); err != nil {
		t.Error(err)
	}
	for _, ask := range []func() (history.Pull, error){
		func() (history.Pull, error) { return s.Pull(t.Context(), web, 7, history.Visible{}) },
		func() (history.Pull, error) { return s.Pull(t.Context(), web, 99, history.Everything) },
	} {
		if _, err := ask(); !errors.Is(err, history.ErrNotExist) {
			t.Errorf("%v, want ErrNotExist", err)
		}
	}
}

func TestAHistogramHasReadableBars(t *testing.T) {
	s := open(t)
	put(t, s, run("a", start.Add(10*time.Minute)), run("b", start.Add(70*time.Minute)), run("c", start.Add(5*time.Hour+59*time.Minute)))
	for name, tc := range map[string]struct {
		filter  history.Filter
		buckets int
		want    string
	}{
		"an hour each":            {history.Filter{}, 6, "08:00 14:00 1h0m0s 1 1 0 0 0 1"},
		"fewer, wider":            {history.Filter{}, 3, "08:00 14:00 2h0m0s 2 0 1"},
		"one at least":            {history.Filter{}, -5, "00:00 00:00 24h0m0s 3"},
		"from since":              {history.Filter{Since: start.Add(time.Hour)}, 5, "09:00 14:00 1h0m0s 1 0 0 0 1"},
		"to until, empty ones to": {history.Filter{Until: start.Add(2 * time.Hour)}, 2, "08:00 10:00 1h0m0s 1 1"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := s.Histogram(t.Context(), tc.filter, history.Everything, tc.buckets)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(h.From.Format("15:04"), " ", h.To.Format("15:04"), " ", h.Width)
			for i, b := range h.Buckets {
				got += fmt.Sprint(" ", b.Counts[v1alpha1.StateSuccess])
				if !b.Start.Equal(h.From.Add(time.Duration(i) * h.Width)) {
					t.Errorf("bucket %d starts at %v", i, b.Start)
				}
			}
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestSubscribersHearEveryChangeOrThatTheyMissedSome(t *testing.T) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	quick, slow, gone := s.Subscribe(t.Context()), s.Subscribe(t.Context()), s.Subscribe(ctx)
	cancel()
	for range gone { // is closed
	}
	put(t, s, run("a", start))
	put(t, s, run("a", start)) // nothing new
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if c := <-quick; c.Run.Name != "a" || c.Gone || c.Resync {
		t.Errorf("first change %+v", c)
	}
	if c := <-quick; c.Run.Name != "a" || !c.Gone {
		t.Errorf("second change %+v", c)
	}
	var many []*v1alpha1.PipelineJob
	for i := range 300 {
		many = append(many, run(fmt.Sprint("r", i), start))
	}
	put(t, s, many...)
	var last history.Change
	n := 0
	for len(slow) > 0 {
		last = <-slow
		n++
	}
	if !last.Resync || n != 256 {
		t.Errorf("%d changes, the last is %+v", n, last)
	}
	put(t, s, run("b", start))
	if c := <-slow; c.Resync || c.Run.Name != "b" {
		t.Errorf("change behind the resync %+v", c)
	}
}

func TestAClosedStoreEndsItsSubscriptions(t *testing.T) {
	s, err := history.Open(t.TempDir() + "/history.db")
	if err != nil {
		t.Fatal(err)
	}
	changes := s.Subscribe(t.Context())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range changes {
		t.Error("a change of a closed store")
	}
	for range s.Subscribe(t.Context()) {
		t.Error("a change of a closed store")
	}
	if err := s.Put(t.Context(), run("a", start)); err == nil {
		t.Error("a closed store takes runs")
	}
}
