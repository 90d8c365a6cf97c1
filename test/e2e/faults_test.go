package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/test/harness"
)

func TestTheSameDeliverySentAgainRunsNothingTwice(t *testing.T) {
	onEveryForge(t, "again", unitJob, nil, (*site).redelivery)
}

func (s *site) redelivery() {
	t := s.t
	s.open("feature", "a.txt", "a")
	s.wait("unit", v1alpha1.StateSuccess, 1)
	opened := s.Recorder.Seen(scm.KindPullRequest)
	if len(opened) == 0 {
		t.Fatal("no pull_request delivery was recorded")
	}
	for range 3 { // byte by byte
		if status, err := s.Recorder.Send(opened[0]); err != nil || status/100 != 2 {
			t.Errorf("a redelivery was answered %d, %v", status, err)
		}
	}
	before := len(s.Recorder.Seen(scm.KindPullRequest))
	if err := s.Forge.Redeliver(s.ctx(), s.Org, s.Repo, opened[0]); err != nil {
		t.Fatal(err)
	}
	s.until("the forge's redelivery", func() (bool, string) {
		seen := s.Recorder.Seen(scm.KindPullRequest)
		return len(seen) > before, fmt.Sprint(len(seen))
	})
	// A later command is processed after whatever the redeliveries may have caused, for they are of the same pull request.
	s.comment(&harness.Pull{Org: s.Org, Repo: s.Repo, Number: 1}, harness.Member, "/test unit")
	s.wait("unit", v1alpha1.StateSuccess, 2)
	if jobs, err := s.Jobs(s.ctx(), ""); err != nil || len(jobs) != 2 {
		t.Errorf("%d runs exist, %v; want one by the pull request and one by the command", len(jobs), err)
	}
}

func TestAForgedSignatureIsRefusedWithoutAnyCall(t *testing.T) {
	s := newSite(t, "forged", unitJob, nil)
	s.open("feature", "a.txt", "a")
	s.wait("unit", v1alpha1.StateSuccess, 1)
	s.until("all reports to be sent", func() (bool, string) {
		jobs, err := s.Jobs(s.ctx(), "")
		return err == nil && len(jobs) == 1 && jobs[0].Status.Log.Archived && jobs[0].Status.Reports["forge"].State == v1alpha1.StateSuccess, fmt.Sprint(err)
	})
	calls := func() float64 {
		n, err := s.Pharos.Metric("pharos_forge_requests_total")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := calls()
	if before == 0 {
		t.Fatal("the metric of forge calls counts nothing")
	}
	forged := s.Recorder.Seen(scm.KindPullRequest)[0]
	forged.Body = append([]byte(nil), forged.Body...)
	forged.Body[len(forged.Body)-2] ^= 1
	for _, signature := range []string{forged.Header.Get("X-Gitea-Signature"), strings.Repeat("0", 64), ""} {
		forged.Header = forged.Header.Clone()
		for _, name := range []string{"X-Gitea-Signature", "X-Hub-Signature", "X-Hub-Signature-256", "X-Gogs-Signature"} {
			forged.Header.Del(name)
		}
		if signature != "" {
			forged.Header.Set("X-Gitea-Signature", signature)
		}
		if status, err := s.Recorder.Send(forged); err != nil || status != http.StatusUnauthorized {
			t.Errorf("signature %q is answered %d, %v; want 401", signature, status, err)
		}
	}
	if after := calls(); after != before {
		t.Errorf("%v forge calls were made for forged deliveries", after-before)
	}
}

func TestACrashBetweenAnswerAndPipelineRunLosesNothing(t *testing.T) {
	onEveryForge(t, "crash", unitJob, nil, (*site).crash)
}

func (s *site) crash() {
	t := s.t
	if err := s.Pharos.Kill(); err != nil {
		t.Fatal(err)
	}
	door := s.Door() // takes webhooks and does nothing else, as the moment before a crash
	if err := door.Start(s.ctx()); err != nil {
		t.Fatal(err)
	}
	p := s.open("feature", "a.txt", "a")
	s.until("the delivery to be acknowledged", func() (bool, string) {
		for _, d := range s.Recorder.Seen(scm.KindPullRequest) {
			if d.Status/100 == 2 {
				return true, ""
			}
		}
		return false, fmt.Sprint(len(s.Recorder.Seen("")), " deliveries")
	})
	if err := door.Kill(); err != nil {
		t.Fatal(err)
	}
	if jobs, err := s.Jobs(s.ctx(), ""); err != nil || len(jobs) != 0 {
		t.Fatalf("%d runs exist before the restart, %v", len(jobs), err)
	}
	if err := s.Pharos.Start(s.ctx()); err != nil {
		t.Fatal(err)
	}
	s.wait("unit", v1alpha1.StateSuccess, 1)
	s.waitStatus(p.SHA, "unit", "success")
	if runs, err := s.PipelineRuns(s.ctx()); err != nil || len(runs) != 1 {
		t.Errorf("%d PipelineRuns exist, %v; want exactly one", len(runs), err)
	}
}

func TestACrashAtAnyMomentRunsEveryPullRequestOnce(t *testing.T) {
	s := newSite(t, "crashes", unitJob, nil)
	const pulls = 4
	for i := range pulls {
		s.open(fmt.Sprint("feature-", i), fmt.Sprint("f", i), "x")
		s.until("the delivery to be acknowledged", func() (bool, string) {
			n := 0
			for _, d := range s.Recorder.Seen(scm.KindPullRequest) {
				if d.Status/100 == 2 {
					n++
				}
			}
			return n > i, fmt.Sprint(n)
		})
		if err := s.Pharos.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := s.Pharos.Start(s.ctx()); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i <= pulls; i++ {
		s.wait("unit", v1alpha1.StateSuccess, i)
	}
	if runs, err := s.PipelineRuns(s.ctx()); err != nil || len(runs) != pulls {
		t.Errorf("%d PipelineRuns exist, %v; want %d", len(runs), err, pulls)
	}
}

// counting prints numbered lines for about fifteen seconds.
const counting = `i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "line number $i of the log"; [ $((i % 200)) -ne 0 ] || sleep 1; done`

// checkCounted compares the archived log with what counting printed, line for line.
func (s *site) checkCounted(pj *v1alpha1.PipelineJob) {
	s.t.Helper()
	log := s.archived(pj)
	_, log, _ = strings.Cut(log, "line one of the test\n")
	var want strings.Builder
	for i := 1; i <= 3000; i++ {
		fmt.Fprintf(&want, "line number %d of the log\n", i)
	}
	if log != want.String() {
		s.t.Errorf("the archived log has %d lines and differs from the 3000 that were printed", strings.Count(log, "\n"))
		got := strings.Split(log, "\n")
		for i, line := range strings.Split(want.String(), "\n") {
			if i >= len(got) || got[i] != line {
				s.t.Errorf("first difference at line %d: want %q, got %q", i+1, line, got[min(i, len(got)-1)])
				break
			}
		}
	}
}

func TestACrashInMidLogLeavesNoGapAndNoDuplicate(t *testing.T) {
	s := newSite(t, "midlog", unitJob, nil)
	s.open("feature", "test.sh", counting)
	pj := s.wait("unit", v1alpha1.StatePending, 1)
	for range 2 {
		s.until("part of the log to be in the bucket", func() (bool, string) {
			keys, err := s.Bucket.List(s.ctx(), s.runPath(pj)+"/.live/")
			return len(keys) > 0, fmt.Sprint(len(keys), err)
		})
		if err := s.Pharos.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := s.Pharos.Start(s.ctx()); err != nil {
			t.Fatal(err)
		}
	}
	s.checkCounted(s.wait("unit", v1alpha1.StateSuccess, 1))
}

func TestAnOutageOfTheForgeDelaysTheStatus(t *testing.T) {
	s := loneSite(t, "forgeout", unitJob, map[string]string{"test.sh": "sleep 5\n"})
	p := s.open("feature", "a.txt", "a")
	s.until("the checkout to be done", func() (bool, string) {
		pj := s.wait("unit", v1alpha1.StatePending, 1)
		text, err := s.livePage(pj)
		return strings.Contains(text, "line one of the test"), fmt.Sprint(len(text), err)
	})
	if err := s.Cluster.Stop("gitea"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Cluster.Start("gitea"); err != nil {
			t.Error(err)
		}
	})
	pj := s.wait("unit", v1alpha1.StateSuccess, 1)
	s.until("a report to have failed", func() (bool, string) {
		n, err := s.Pharos.Metric("pharos_reports_total")
		return n > 1, fmt.Sprint(n, err)
	})
	if err := s.Cluster.Start("gitea"); err != nil {
		t.Fatal(err)
	}
	gitea, ok := s.Forge.(*harness.Gitea)
	if !ok {
		t.Fatal("the forge that went away was not Gitea")
	}
	s.until("Gitea to be back", func() (bool, string) { return gitea.Healthy(), "" })
	s.waitStatus(p.SHA, "unit", "success")
	s.archived(pj)
}
