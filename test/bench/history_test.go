package bench

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/history"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// The runs of a busy place: a run a minute in 40 repositories with 25 jobs each, by 200 people.
const (
	manyRuns                         = 100_000
	repositories, jobsOfRepo, people = 40, 25, 200
	// usualRuns are enough to have a run of every job. Answers may depend on the number of jobs, and not on that of runs:
	// those of many runs may take moreAllocations times as many allocations.
	usualRuns       = 10_000
	moreAllocations = 1.25
	// fewRuns are for comparison.
	fewRuns = 100
)

var firstRun = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func pastRuns(n int) []*v1alpha1.PipelineJob {
	rnd := rand.New(rand.NewPCG(5, 6))
	now := firstRun
	ids := job.NewBuildIDs(func() time.Time { return now })
	runs := make([]*v1alpha1.PipelineJob, n)
	for i := range runs {
		now = firstRun.Add(time.Duration(i) * time.Minute)
		began, ended := metav1.NewTime(now), metav1.NewTime(now.Add(time.Duration(rnd.IntN(3000))*time.Second))
		pj := runNumber(i)
		pj.CreationTimestamp = began
		pj.Spec.BuildID, pj.Spec.Job = ids.Next(), fmt.Sprint("job-", rnd.IntN(jobsOfRepo))
		pj.Spec.Refs.Repo = fmt.Sprint("repo-", rnd.IntN(repositories))
		pj.Spec.Refs.Pulls[0] = v1alpha1.Pull{
			Number: 1 + i/50, Author: fmt.Sprint("person-", rnd.IntN(people)), SHA: fmt.Sprintf("%040x", i/10), Title: "Make the thing do the other thing",
		}
		pj.Status = v1alpha1.PipelineJobStatus{State: v1alpha1.StateSuccess, Description: "Job succeeded.", PendingTime: &began, CompletionTime: &ended}
		if rnd.IntN(6) == 0 {
			pj.Status.State = v1alpha1.StateFailure
		}
		runs[i] = pj
	}
	return runs
}

func fill(tb testing.TB, h *history.Store, runs []*v1alpha1.PipelineJob) {
	tb.Helper()
	for batch := range slices.Chunk(runs, 1000) {
		if err := h.Put(tb.Context(), batch...); err != nil {
			tb.Fatal(err)
		}
	}
}

// TestPagesOfManyRunsCostWhatPagesOfFewDo asks the dashboard's handler over indexes of different sizes.
func TestPagesOfManyRunsCostWhatPagesOfFewDo(t *testing.T) {
	store, err := storage.OpenFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	runs := pastRuns(manyRuns)
	over := func(n int) http.Handler {
		h := newHistory(t)
		start := time.Now()
		fill(t, h, runs[:n])
		t.Logf("%d runs were indexed in %v", n, time.Since(start).Round(time.Millisecond))
		return newDashboard(t, h, store)
	}
	rows := [][]string{{"runs", "question", "time", "allocations", "KiB allocated", "answer bytes"}}
	measure := func(h http.Handler, runs int, name, target string) cost {
		c := ask(t, h, 50, target)
		rows = append(rows, []string{
			fmt.Sprint(runs), name, c.time.Round(10 * time.Microsecond).String(), fmt.Sprint(c.allocs), fmt.Sprint(c.allocated >> 10), fmt.Sprint(c.wire),
		})
		return c
	}
	few, usual, many := over(fewRuns), over(usualRuns), over(manyRuns)
	measure(few, fewRuns, "first page", "/api/v1/runs")
	measure(few, fewRuns, "histogram", "/api/v1/runs/histogram")
	page := measure(usual, usualRuns, "first page", "/api/v1/runs")
	chart := measure(usual, usualRuns, "histogram", "/api/v1/runs/histogram")
	day := "since=2026-01-02T00:00:00Z&until=2026-01-03T00:00:00Z"
	for _, q := range []struct {
		like         cost
		name, target string
	}{
		{page, "first page", "/api/v1/runs"},
		{page, "page in the middle", "/api/v1/runs?before=" + runs[manyRuns/2].Spec.BuildID},
		{page, "repository", "/api/v1/runs?repo=acme/repo-3"},
		{page, "job of a repository", "/api/v1/runs?repo=acme/repo-3&job=job-4"},
		{page, "jobs by pattern", "/api/v1/runs?job=job-1*"},
		{page, "failures", "/api/v1/runs?state=failure"},
		{page, "pending, none", "/api/v1/runs?state=pending"},
		{page, "author", "/api/v1/runs?author=person-7"},
		{page, "pull request", "/api/v1/runs?repo=acme/repo-3&pull=2"},
		{page, "a day long ago", "/api/v1/runs?" + day},
		{chart, "histogram", "/api/v1/runs/histogram"},
		{chart, "histogram of a repository", "/api/v1/runs/histogram?repo=acme/repo-3"},
		{chart, "histogram of failures", "/api/v1/runs/histogram?state=failure"},
		{chart, "histogram of a day", "/api/v1/runs/histogram?" + day},
	} {
		c := measure(many, manyRuns, q.name, q.target)
		if limit := moreAllocations * float64(q.like.allocs); float64(c.allocs) > limit {
			t.Errorf("%s: %d allocations, want at most %.0f: %.2f times those over %d runs", q.name, c.allocs, limit, moreAllocations, usualRuns)
		}
	}
	measure(many, manyRuns, "history of a job", "/api/v1/jobs/history?connection=hub&repo=acme/repo-3&job=job-4&since=2026-02-01T00:00:00Z")
	measure(many, manyRuns, "suggestions", "/api/v1/runs/values?field=author&prefix=person-1")
	table(t, "Pages of the dashboard", rows...)
}
