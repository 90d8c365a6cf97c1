package history_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/history"
	"github.com/pharos-ci/pharos/pkg/job"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func open(t testing.TB) *history.Store {
	t.Helper()
	return openFile(t, filepath.Join(t.TempDir(), "sub", "history.db"))
}

func openFile(t testing.TB, file string) *history.Store {
	t.Helper()
	s, err := history.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// buildAt is a build id of that time.
func buildAt(at time.Time) string {
	return job.NewBuildIDs(func() time.Time { return at }).Next()
}

// run is a presubmit of acme/web#7 by alice.
func run(name string, at time.Time, edit ...func(*v1alpha1.PipelineJob)) *v1alpha1.PipelineJob {
	created := metav1.NewTime(at.Truncate(time.Second))
	pj := &v1alpha1.PipelineJob{
		TypeMeta: metav1.TypeMeta{Kind: "PipelineJob", APIVersion: "pharos-ci.dev/v1alpha1"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "ci", UID: types.UID("uid-" + name), ResourceVersion: "1", CreationTimestamp: created,
		},
		Spec: v1alpha1.PipelineJobSpec{
			Type: v1alpha1.Presubmit, Job: "unit", BuildID: buildAt(at), Connection: "hub", Agent: v1alpha1.AgentKubernetes,
			Refs: &v1alpha1.Refs{
				Org: "acme", Repo: "web", BaseRef: "main", BaseSHA: "b0",
				Pulls: []v1alpha1.Pull{{Number: 7, Author: "alice", SHA: "s1", Title: "Teach it"}},
			},
		},
		Status: v1alpha1.PipelineJobStatus{State: v1alpha1.StateSuccess},
	}
	for _, e := range edit {
		e(pj)
	}
	return pj
}

func put(t testing.TB, s *history.Store, jobs ...*v1alpha1.PipelineJob) {
	t.Helper()
	if err := s.Put(context.Background(), jobs...); err != nil {
		t.Fatal(err)
	}
}

func names(jobs []*v1alpha1.PipelineJob) []string {
	var out []string
	for _, pj := range jobs {
		out = append(out, pj.Name)
	}
	return out
}

// all pages through a list.
func all(t *testing.T, s *history.Store, f history.Filter, v history.Visible, limit int) []string {
	t.Helper()
	var out []string
	for p := (history.Paging{Limit: limit}); ; {
		page, err := s.List(t.Context(), f, v, p)
		if err != nil {
			t.Fatalf("list %+v: %v", f, err)
		}
		if len(page.Runs) > limit || page.Next != "" && len(page.Runs) != limit {
			t.Fatalf("a page of %d runs, limit %d, next %q", len(page.Runs), limit, page.Next)
		}
		out = append(out, names(page.Runs)...)
		if p.Before = page.Next; p.Before == "" {
			return out
		}
	}
}

// corpus has n runs of a few of everything, in no order.
func corpus(n int) []*v1alpha1.PipelineJob {
	rnd := rand.New(rand.NewPCG(1, 2))
	repos := []string{"web", "api", "secret", "docs"}
	states := []v1alpha1.JobState{
		"", v1alpha1.StateTriggered, v1alpha1.StatePending, v1alpha1.StateSuccess, v1alpha1.StateFailure, v1alpha1.StateAborted,
		v1alpha1.StateError, v1alpha1.StateSuccess, v1alpha1.StateSuccess, v1alpha1.StateFailure,
	}
	var jobs []*v1alpha1.PipelineJob
	for i := range n {
		pj := run(fmt.Sprint("run-", i), start.Add(time.Duration(rnd.IntN(100*24*3600))*time.Second))
		pj.Spec.Job = []string{"unit", "unit-race", "lint", "e2e", "deploy[x]"}[rnd.IntN(5)]
		pj.Spec.Connection = []string{"hub", "lab"}[rnd.IntN(2)]
		pj.Status.State = states[rnd.IntN(len(states))]
		refs := pj.Spec.Refs
		refs.Repo, refs.BaseSHA = repos[rnd.IntN(len(repos))], fmt.Sprint("b", rnd.IntN(9))
		pull := func() v1alpha1.Pull {
			return v1alpha1.Pull{Number: 1 + rnd.IntN(9), Author: []string{"alice", "bob", "Al_ex"}[rnd.IntN(3)], SHA: fmt.Sprint("s", rnd.IntN(30))}
		}
		refs.Pulls = []v1alpha1.Pull{pull()}
		switch rnd.IntN(8) {
		case 0:
			pj.Spec.Type, refs.Pulls = v1alpha1.Postsubmit, nil
		case 1:
			pj.Spec.Type, refs.Pulls = v1alpha1.Batch, []v1alpha1.Pull{pull(), pull(), pull()}
		case 2:
			pj.Spec.Type, pj.Spec.Refs = v1alpha1.Periodic, nil
		case 3:
			pj.Spec.Type, pj.Spec.Refs = v1alpha1.Periodic, nil
			pj.Spec.ExtraRefs = []v1alpha1.Refs{{Org: "acme", Repo: repos[rnd.IntN(4)], BaseRef: "main"}, {Org: "acme", Repo: "secret"}}
		case 4:
			pj.Spec.ExtraRefs = []v1alpha1.Refs{{Org: "acme", Repo: repos[rnd.IntN(4)]}}
		case 5:
			pj.Spec.BuildID = strconv.Itoa(i) // a counter, as old Prow had
		}
		jobs = append(jobs, pj)
	}
	return jobs
}

var visibilities = map[string]history.Visible{
	"everything": history.Everything,
	"nothing":    {},
	"one":        history.Only(history.Repo{Connection: "hub", Org: "acme", Name: "web"}),
	"but secret": history.Only(
		history.Repo{Connection: "hub", Org: "acme", Name: "web"}, history.Repo{Connection: "hub", Org: "acme", Name: "api"},
		history.Repo{Connection: "hub", Org: "acme", Name: "docs"}, history.Repo{Connection: "lab", Org: "acme", Name: "web"},
		history.Repo{Connection: "lab", Org: "acme", Name: "api"}, history.Repo{Connection: "lab", Org: "acme", Name: "docs"},
		history.Repo{Connection: "lab", Org: "other", Name: "docs"},
	),
}

// filters is one of each kind and random mixtures.
func filters(jobs []*v1alpha1.PipelineJob) []history.Filter {
	rnd := rand.New(rand.NewPCG(3, 4))
	choices := []func(*history.Filter){
		func(f *history.Filter) { f.Connection = "lab" },
		func(f *history.Filter) { f.Repo = "acme/web" },
		func(f *history.Filter) { f.Repo = "acme/secret" },
		func(f *history.Filter) { f.Pull = 3 },
		func(f *history.Filter) { f.Author = "bob" },
		func(f *history.Filter) { f.Job = "unit" },
		func(f *history.Filter) { f.Job = "unit*" },
		func(f *history.Filter) { f.Job = "*e*[x]" },
		func(f *history.Filter) { f.Job = "*n*t" },
		func(f *history.Filter) { f.Types = []v1alpha1.JobType{v1alpha1.Batch, v1alpha1.Periodic} },
		func(f *history.Filter) { f.States = []v1alpha1.JobState{v1alpha1.StateFailure, v1alpha1.StateError} },
		func(f *history.Filter) { f.States = []v1alpha1.JobState{v1alpha1.StateTriggered} },
		func(f *history.Filter) { f.States = []v1alpha1.JobState{"unheard-of"} },
		func(f *history.Filter) { f.Since = start.Add(20 * 24 * time.Hour) },
		func(f *history.Filter) { f.Until = start.Add(60 * 24 * time.Hour) },
		func(f *history.Filter) { f.SHA = "s5" },
		func(f *history.Filter) { f.SHA = "b3" },
		func(f *history.Filter) { f.BuildID = jobs[5].Spec.BuildID },
	}
	out := []history.Filter{{}}
	for _, choose := range choices {
		var f history.Filter
		choose(&f)
		out = append(out, f)
	}
	for range 30 {
		var f history.Filter
		for range 2 + rnd.IntN(3) {
			choices[rnd.IntN(len(choices))](&f)
		}
		out = append(out, f)
	}
	return out
}

// place is the time that orders a run, for the reference.
func order(pj *v1alpha1.PipelineJob) int64 {
	n, err := strconv.ParseInt(pj.Spec.BuildID, 10, 64)
	if err == nil && n > 1<<40 {
		return n
	}
	return (pj.CreationTimestamp.UnixMilli()-1288834974657)<<22 | n
}

func TestListsAndChartsHoldWhatMatchesAndMayBeSeen(t *testing.T) {
	s, jobs := open(t), corpus(400)
	put(t, s, jobs...)
	slices.SortFunc(jobs, func(a, b *v1alpha1.PipelineJob) int { return int(max(min(order(b)-order(a), 1), -1)) })
	for who, visible := range visibilities {
		for _, f := range filters(jobs) {
			var want []string
			counts := map[v1alpha1.JobState]int{}
			for _, pj := range jobs {
				if f.Match(pj) && visible.Sees(pj) {
					want = append(want, pj.Name)
					counts[max(pj.Status.State, map[bool]v1alpha1.JobState{true: v1alpha1.StateTriggered}[pj.Status.State == ""])]++
				}
			}
			for _, limit := range []int{7, 1000} {
				if diff := cmp.Diff(want, all(t, s, f, visible, limit)); diff != "" {
					t.Fatalf("%s, %+v, %d a page (-want +got):\n%s", who, f, limit, diff)
				}
			}
			h, err := s.Histogram(t.Context(), f, visible, 50)
			if err != nil {
				t.Fatalf("histogram %+v: %v", f, err)
			}
			got := map[v1alpha1.JobState]int{}
			for _, b := range h.Buckets {
				for state, n := range b.Counts {
					got[state] += n
				}
			}
			if diff := cmp.Diff(counts, got); diff != "" {
				t.Errorf("%s: histogram of %+v (-want +got):\n%s", who, f, diff)
			}
		}
	}
}

func TestMatchIsWhatItSays(t *testing.T) {
	pj := run("r", start, func(pj *v1alpha1.PipelineJob) { pj.Spec.Job = "unit-race" })
	for name, tc := range map[string]struct {
		filter history.Filter
		want   bool
	}{
		"everything":                     {history.Filter{}, true},
		"a pattern finds the start":      {history.Filter{Job: "unit*"}, true},
		"a pattern finds the end":        {history.Filter{Job: "*race"}, true},
		"a pattern is anchored":          {history.Filter{Job: "nit*"}, false},
		"a pattern does not overlap":     {history.Filter{Job: "unit-race*race"}, false},
		"a question mark is a character": {history.Filter{Job: "unit?race*"}, false},
		"a name is the whole name":       {history.Filter{Job: "unit"}, false},
		"since is included":              {history.Filter{Since: start}, true},
		"until is not":                   {history.Filter{Until: start}, false},
		"the base is not under test":     {history.Filter{SHA: "b0"}, false},
		"no state is triggered":          {history.Filter{States: []v1alpha1.JobState{v1alpha1.StateTriggered}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.filter.Match(pj); got != tc.want {
				t.Errorf("match is %v, want %v", got, tc.want)
			}
		})
	}
}

func TestARunComesBackWhole(t *testing.T) {
	s := open(t)
	want := run("whole", start, func(pj *v1alpha1.PipelineJob) {
		pj.Labels, pj.Annotations = map[string]string{"a": "b"}, map[string]string{"c": "d"}
		pj.Spec.PodSpec = &corev1.PodSpec{Containers: []corev1.Container{{Name: "test", Image: "busybox", Command: []string{"true"}}}}
		pj.Spec.DecorationConfig = &v1alpha1.Decoration{}
		pj.Status.Conditions = []metav1.Condition{{Type: "Complete", Status: "True", Reason: "Done"}}
		pj.Status.Reports = map[string]v1alpha1.ReportStatus{"status": {State: v1alpha1.StateSuccess}}
		pj.Status.Log = v1alpha1.LogStatus{Path: "logs/unit/1", Archived: true}
		began, ended := metav1.NewTime(start.Add(time.Minute).Local()), metav1.NewTime(start.Add(time.Hour).Local())
		pj.Status.PendingTime, pj.Status.CompletionTime = &began, &ended
	})
	put(t, s, want)
	for how, get := range map[string]func() (*v1alpha1.PipelineJob, error){
		"name": func() (*v1alpha1.PipelineJob, error) { return s.Get(t.Context(), "whole", history.Everything) },
		"path": func() (*v1alpha1.PipelineJob, error) { return s.At(t.Context(), "logs/unit/1", history.Everything) },
	} {
		got, err := get()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", how, diff)
		}
	}
	for _, visible := range []history.Visible{{}, history.Only(history.Repo{Connection: "lab", Org: "acme", Name: "web"})} {
		if _, err := s.Get(t.Context(), "whole", visible); !errors.Is(err, history.ErrNotExist) {
			t.Errorf("get a hidden run: %v, want ErrNotExist", err)
		}
	}
	if _, err := s.Get(t.Context(), "other", history.Everything); !errors.Is(err, history.ErrNotExist) {
		t.Errorf("get an absent run: %v, want ErrNotExist", err)
	}
}

func TestTheReportThatKnowsMoreWins(t *testing.T) {
	version := func(v string) func(*v1alpha1.PipelineJob) {
		return func(pj *v1alpha1.PipelineJob) { pj.ResourceVersion, pj.Status.Description = v, "version "+v }
	}
	state := func(s v1alpha1.JobState) func(*v1alpha1.PipelineJob) {
		return func(pj *v1alpha1.PipelineJob) { pj.Status.State = s }
	}
	archived := func(pj *v1alpha1.PipelineJob) { pj.Status.Log.Archived = true }
	pending := state(v1alpha1.StatePending)
	for name, tc := range map[string]struct {
		less, more []func(*v1alpha1.PipelineJob)
	}{
		"a newer version":                    {[]func(*v1alpha1.PipelineJob){version("9")}, []func(*v1alpha1.PipelineJob){version("10")}},
		"an end over a newer version":        {[]func(*v1alpha1.PipelineJob){version("9"), pending}, []func(*v1alpha1.PipelineJob){version("8")}},
		"an end without a version":           {[]func(*v1alpha1.PipelineJob){version("9"), pending}, []func(*v1alpha1.PipelineJob){version("")}},
		"an archive over the same version":   {[]func(*v1alpha1.PipelineJob){version("9")}, []func(*v1alpha1.PipelineJob){version("9"), archived}},
		"a version over none":                {[]func(*v1alpha1.PipelineJob){version("")}, []func(*v1alpha1.PipelineJob){version("3")}},
		"a version over one that is no such": {[]func(*v1alpha1.PipelineJob){version("x")}, []func(*v1alpha1.PipelineJob){version("3")}},
	} {
		t.Run(name, func(t *testing.T) {
			less, more := run("r", start, tc.less...), run("r", start, tc.more...)
			for _, order := range [][]*v1alpha1.PipelineJob{{less, more}, {more, less}, {less, more, less, more}} {
				s := open(t)
				put(t, s, order...)
				got, err := s.Get(t.Context(), "r", history.Everything)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(more.Status, got.Status); diff != "" {
					t.Errorf("status (-want +got):\n%s", diff)
				}
				if n := s.Len(); n != 1 {
					t.Errorf("%d runs", n)
				}
			}
		})
	}
}

func TestRunsOfOneMomentDoNotHideEachOther(t *testing.T) {
	s := open(t)
	put(t, s, run("a", start), run("b", start), run("c", start))
	put(t, s, run("a", start, func(pj *v1alpha1.PipelineJob) { pj.ResourceVersion = "2" }))
	if got := all(t, s, history.Filter{}, history.Everything, 1); len(got) != 3 {
		t.Errorf("list %v", got)
	}
	if got := all(t, s, history.Filter{BuildID: buildAt(start)}, history.Everything, 2); len(got) != 3 {
		t.Errorf("list by build id %v", got)
	}
}

func TestDeletedRunsLeaveNothing(t *testing.T) {
	s, jobs := open(t), corpus(50)
	put(t, s, jobs...)
	if err := s.Delete(t.Context(), append(names(jobs), "unknown")...); err != nil {
		t.Fatal(err)
	}
	if got := all(t, s, history.Filter{}, history.Everything, 10); len(got) > 0 {
		t.Errorf("list %v", got)
	}
	for _, field := range []history.Field{history.FieldJob, history.FieldRepo, history.FieldConnection, history.FieldAuthor} {
		if got := values(t, s, history.Asked{Field: field}, history.Filter{}, history.Everything); len(got) > 0 {
			t.Errorf("%s suggests %v", field, got)
		}
	}
	h, err := s.Histogram(t.Context(), history.Filter{}, history.Everything, 10)
	if err != nil || len(h.Buckets) > 0 {
		t.Errorf("histogram %+v, %v", h, err)
	}
}

func TestAFileSurvivesARestartAndAnotherVersionDoesNot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history.db")
	fill := func() {
		s, err := history.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		put(t, s, run("a", start))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	count := func() int {
		s, err := history.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		return s.Len()
	}
	fill()
	if n := count(); n != 1 {
		t.Errorf("%d runs after a restart", n)
	}
	history.SetVersion(t, file, 77)
	if n := count(); n != 0 {
		t.Errorf("%d runs of another version", n)
	}
	for name, text := range map[string]string{"no database": "hello, this is no database at all, but a text of some length, is it not?", "empty": ""} {
		fill()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 0 {
			t.Errorf("%s: %d runs", name, n)
		}
	}
}

func TestOddQuestionsAreRefused(t *testing.T) {
	s := open(t)
	if _, err := s.List(t.Context(), history.Filter{}, history.Everything, history.Paging{Before: "x"}); !errors.Is(err, history.ErrPosition) {
		t.Errorf("list: %v, want ErrPosition", err)
	}
	if _, err := s.Values(t.Context(), history.Asked{Field: "needs"}, history.Filter{}, history.Everything); !errors.Is(err, history.ErrField) {
		t.Errorf("values: %v, want ErrField", err)
	}
	if err := s.Put(t.Context(), &v1alpha1.PipelineJob{}); err == nil {
		t.Error("a run without a name is accepted")
	}
	if page, err := s.List(t.Context(), history.Filter{Job: `'"[*`, Author: "\x00"}, history.Visible{}, history.Paging{Limit: -1}); err != nil || len(page.Runs) > 0 {
		t.Errorf("list %v, %v", page, err)
	}
}

func values(t *testing.T, s *history.Store, a history.Asked, f history.Filter, v history.Visible) []string {
	t.Helper()
	got, err := s.Values(t.Context(), a, f, v)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSuggestions(t *testing.T) {
	s := open(t)
	put(t, s, corpus(300)...)
	for name, tc := range map[string]struct {
		asked  history.Asked
		filter history.Filter
		sees   string
		want   []string
	}{
		"all connections":              {history.Asked{Field: history.FieldConnection}, history.Filter{}, "everything", []string{"hub", "lab"}},
		"repositories that are seen":   {history.Asked{Field: history.FieldRepo}, history.Filter{}, "one", []string{"acme/web"}},
		"repositories of a connection": {history.Asked{Field: history.FieldRepo, Prefix: "acme/d"}, history.Filter{Connection: "lab", Repo: "acme/web"}, "but secret", []string{"acme/docs"}},
		"jobs by prefix":               {history.Asked{Field: history.FieldJob, Prefix: "UNIT"}, history.Filter{}, "everything", []string{"unit", "unit-race"}},
		"a percent sign is one":        {history.Asked{Field: history.FieldJob, Prefix: "%"}, history.Filter{}, "everything", []string{}},
		"authors":                      {history.Asked{Field: history.FieldAuthor}, history.Filter{Repo: "acme/web"}, "one", []string{"Al_ex", "alice", "bob"}},
		"authors of hidden runs":       {history.Asked{Field: history.FieldAuthor}, history.Filter{}, "nothing", []string{}},
		"a limit":                      {history.Asked{Field: history.FieldJob, Limit: 2}, history.Filter{}, "everything", []string{"deploy[x]", "e2e"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, values(t, s, tc.asked, tc.filter, visibilities[tc.sees])); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRepositoriesOfAllRuns(t *testing.T) {
	s := open(t)
	put(t, s, run("a", start), run("b", start, func(pj *v1alpha1.PipelineJob) {
		pj.Spec.Refs.Org = "acme/sub"
		pj.Spec.ExtraRefs = []v1alpha1.Refs{{Org: "acme", Repo: "tools"}}
	}))
	got, err := s.Repos(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []history.Repo{{Connection: "hub", Org: "acme/sub", Name: "web"}, {Connection: "hub", Org: "acme", Name: "tools"}, {Connection: "hub", Org: "acme", Name: "web"}}
	slices.SortFunc(got, func(a, b history.Repo) int { return strings.Compare(a.Org+"/"+a.Name, b.Org+"/"+b.Name) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("repositories (-want +got):\n%s", diff)
	}
}
