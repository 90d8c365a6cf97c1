package bench

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/test/harness"
)

// burst is the size of the work: as many pull requests, each starting two jobs, sent by so many senders at once.
const (
	burst   = 60
	jobsPer = 2
	senders = 8
)

// twoJobs is a configuration of two jobs, the second of which runs under a condition.
func twoJobs(condition string) string {
	const pipeline = `
    agent: tekton-pipeline
    pipeline_run_spec: {pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{name: s, image: i, script: "true"}]}}]}}
`
	return "presubmits:\n  %[1]s:\n  - name: unit\n    always_run: true" + pipeline + "  - name: lint\n    " + condition + pipeline
}

// Conditions of the second job. Only the other needs the list of changed files, which costs a forge much more than any
// other call.
const (
	always    = "always_run: true"
	ifChanged = "run_if_changed: ^src/"
)

func newSite(t *testing.T, name, jobs string) *harness.Site {
	t.Helper()
	c, err := harness.LoadCluster()
	if err != nil {
		t.Fatal(err)
	}
	kube, err := c.Client()
	if err != nil {
		t.Fatal(err)
	}
	if err := harness.InstallTektonCRDs(t.Context(), kube); err != nil {
		t.Fatal(err)
	}
	s, err := harness.NewSite(t.Context(), c, harness.SiteOptions{
		Name: fmt.Sprintf("%s-%x", name, time.Now().UnixNano()&0xffffff), Jobs: jobs, Output: os.Stderr, Image: "i",
		Args: []string{"--log-level=error"},
	})
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

// pulls opens n real pull requests and returns the deliveries that Gitea made of them, held back from Pharos.
func pulls(t *testing.T, s *harness.Site, n int) []harness.Recorded {
	t.Helper()
	s.Recorder.Hold()
	for i := range n {
		_, err := harness.OpenPull(s.Forge, harness.Change{
			Org: s.Org, Repo: s.Repo, As: harness.Member, Branch: fmt.Sprint("branch-", i), NewFrom: "main",
			Path: fmt.Sprintf("src/file-%d", i), Content: "x",
		}, fmt.Sprint("Change ", i))
		if err != nil {
			t.Fatal(err)
		}
	}
	var deliveries []harness.Recorded
	err := harness.Until(t.Context(), time.Minute, "all deliveries", func() (bool, string) {
		deliveries = s.Recorder.Seen(scm.KindPullRequest)
		return len(deliveries) >= n, fmt.Sprint(len(deliveries))
	})
	if err != nil {
		t.Fatal(err)
	}
	return deliveries
}

type usage struct {
	cpu   time.Duration
	calls float64
}

func measure(t *testing.T, p *harness.Pharos) usage {
	t.Helper()
	cpu, err := p.CPU()
	if err != nil {
		t.Fatal(err)
	}
	calls, err := p.Metric("pharos_forge_requests_total")
	if err != nil {
		t.Fatal(err)
	}
	return usage{cpu, calls}
}

func TestABurstOfPullRequests(t *testing.T) {
	for name, condition := range map[string]string{"two jobs that always run": always, "one job that asks for the changed files": ifChanged} {
		t.Run(name, func(t *testing.T) { measureBurst(t, condition) })
	}
}

func measureBurst(t *testing.T, condition string) {
	s := newSite(t, "burst", twoJobs(condition))
	deliveries := pulls(t, s, burst)
	idle, err := s.Pharos.Resident()
	if err != nil {
		t.Fatal(err)
	}
	before := measure(t, s.Pharos)
	start := time.Now()
	answers := send(t, s, deliveries)
	err = harness.Until(t.Context(), 2*time.Minute, "all PipelineRuns", func() (bool, string) {
		runs, err := s.CountRuns(t.Context())
		return runs >= burst*jobsPer, fmt.Sprint(runs, err)
	})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	reported(t, s)
	after := measure(t, s.Pharos)
	full, err := s.Pharos.Resident()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(answers)
	calls := (after.calls - before.calls) / burst
	t.Logf("acknowledged, stored durably: median %v, p99 %v", answers[len(answers)/2], answers[len(answers)*99/100])
	t.Logf("all %d PipelineRuns after %v: %.1f deliveries a second", burst*jobsPer, took.Round(time.Millisecond), burst/took.Seconds())
	t.Logf("per delivery, pending statuses included: %v of CPU, %.2f forge calls", ((after.cpu - before.cpu) / burst).Round(10*time.Microsecond), calls)
	t.Logf("resident memory: %.0f MiB idle, %.0f MiB after", idle, full)
	if calls > 5 {
		t.Errorf("%.2f forge calls a delivery; the budget is 5", calls)
	}
}

// send gives the deliveries to Pharos from several senders and returns how long each answer took.
func send(t *testing.T, s *harness.Site, deliveries []harness.Recorded) []time.Duration {
	t.Helper()
	work := make(chan harness.Recorded)
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for d := range work {
				start := time.Now()
				status, err := s.Recorder.Send(d)
				elapsed := time.Since(start)
				if err != nil || status/100 != 2 {
					t.Errorf("a delivery was answered %d, %v", status, err)
				}
				mu.Lock()
				took = append(took, elapsed)
				mu.Unlock()
			}
		})
	}
	for _, d := range deliveries {
		work <- d
	}
	close(work)
	all.Wait()
	return took
}

// reported waits until the forge was told of every run.
func reported(t *testing.T, s *harness.Site) {
	t.Helper()
	err := harness.Until(t.Context(), time.Minute, "all pending statuses", func() (bool, string) {
		sent, err := s.Pharos.Metric("pharos_reports_total")
		return sent >= burst*jobsPer, fmt.Sprint(sent, err)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnePullRequestOnAnIdleSystem(t *testing.T) {
	s := newSite(t, "idle", twoJobs(always))
	const samples = 10
	var took []time.Duration
	for i, d := range pulls(t, s, samples) {
		start := time.Now()
		if status, err := s.Recorder.Send(d); err != nil || status/100 != 2 {
			t.Fatalf("answered %d, %v", status, err)
		}
		err := harness.UntilEvery(t.Context(), 5*time.Millisecond, time.Minute, "both PipelineRuns", func() (bool, string) {
			runs, err := s.CountRuns(t.Context())
			return runs >= (i+1)*jobsPer, fmt.Sprint(runs, err)
		})
		if err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	t.Logf("webhook to both PipelineRuns: median %v, slowest of %d %v", took[samples/2], samples, took[samples-1])
}
