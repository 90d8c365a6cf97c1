package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/test/harness"
)

func TestAPullRequestRunsItsPipelineOnTheMergeOfBaseAndHead(t *testing.T) {
	files := map[string]string{"test.sh": "#!/bin/sh\necho base has $(cat base.txt), head has $(cat head.txt)\n", "base.txt": "old"}
	onEveryForge(t, "happy", unitJob, files, (*site).happyPath)
}

func (s *site) happyPath() {
	t := s.t
	// The base moves on after the branch was made, so only a merge has both files as they are now.
	feature := harness.Change{Org: s.Org, Repo: s.Repo, As: harness.Member, Branch: "feature", NewFrom: "main", Path: "head.txt", Content: "new"}
	moved := harness.Change{Org: s.Org, Repo: s.Repo, As: harness.Member, Branch: "main", Path: "base.txt", Content: "moved"}
	for _, change := range []harness.Change{feature, moved} {
		if _, err := s.Forge.Commit(change); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.Forge.Open(feature, "Add head.txt")
	if err != nil {
		t.Fatal(err)
	}
	pj := s.wait("unit", v1alpha1.StateSuccess, 1)
	s.waitStatus(p.SHA, "unit", "success")
	st, posted, err := s.Forge.Status(s.Org, s.Repo, p.SHA, "unit")
	if err != nil {
		t.Fatal(err)
	}
	if st.TargetURL != pj.Status.URL || !strings.HasPrefix(st.TargetURL, s.Pharos.DashboardURL) {
		t.Errorf("target URL is %q, want the run's page %q", st.TargetURL, pj.Status.URL)
	}
	if posted != 2 {
		t.Errorf("%d statuses were posted, want pending and success", posted)
	}
	log := s.archived(pj)
	if !strings.Contains(log, "base has moved, head has new") {
		t.Errorf("build-log.txt does not show the merge:\n%s", log)
	}
	s.checkBucket(pj, p)
	s.checkPage(pj)
}

func (s *site) checkBucket(pj *v1alpha1.PipelineJob, p *harness.Pull) {
	s.t.Helper()
	var finished struct {
		Passed bool   `json:"passed"`
		Result string `json:"result"`
	}
	if err := json.Unmarshal([]byte(s.read(path.Join(s.runPath(pj), "finished.json"))), &finished); err != nil {
		s.t.Fatal(err)
	}
	if !finished.Passed || finished.Result != "SUCCESS" {
		s.t.Errorf("finished.json says %+v", finished)
	}
	for _, name := range []string{"started.json", "prowjob.json", "clone-log.txt"} {
		s.read(path.Join(s.runPath(pj), name))
	}
	latest := s.read(fmt.Sprintf("pr-logs/pull/%s_%s/%d/unit/latest-build.txt", s.Org, s.Repo, p.Number))
	if strings.TrimSpace(latest) != pj.Spec.BuildID {
		s.t.Errorf("latest-build.txt says %q, want %s", latest, pj.Spec.BuildID)
	}
	s.until("the live parts to be gone", func() (bool, string) {
		keys, err := s.Bucket.List(s.ctx(), s.runPath(pj)+"/.live/")
		return err == nil && len(keys) == 0, fmt.Sprint(keys, err)
	})
}

func (s *site) checkPage(pj *v1alpha1.PipelineJob) {
	s.t.Helper()
	if want := s.Pharos.DashboardURL + "/runs/" + pj.Name; pj.Status.URL != want {
		s.t.Errorf("the run's page is %s, want %s", pj.Status.URL, want)
	}
	for _, path := range []string{"/runs/" + pj.Name, "/runs"} {
		url := s.Pharos.DashboardURL + "/api/v1" + path
		resp, err := http.Get(url)
		if err != nil {
			s.t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "unit") {
			s.t.Errorf("%s answers %s, %v, %d bytes", url, resp.Status, err, len(body))
		}
	}
}

func TestAFailureIsReportedAndRunsAgainByComment(t *testing.T) {
	onEveryForge(t, "failing", unitJob, nil, (*site).failure)
}

func (s *site) failure() {
	t := s.t
	p := s.open("broken", "test.sh", "echo this goes wrong; exit 3\n")
	s.wait("unit", v1alpha1.StateFailure, 1)
	s.waitStatus(p.SHA, "unit", "failure")
	var comment string
	s.until("the comment with the failed test", func() (bool, string) {
		all, err := s.Forge.Comments(p, harness.Bot)
		if err != nil || len(all) == 0 {
			return false, fmt.Sprint("no comment ", err)
		}
		comment = all[len(all)-1]
		return true, ""
	})
	for _, want := range []string{"<!-- test report -->", "unit | " + p.SHA, "`/test unit`"} {
		if !strings.Contains(comment, want) {
			t.Errorf("the comment lacks %q:\n%s", want, comment)
		}
	}

	s.comment(p, harness.Member, "/test unit")
	s.wait("unit", v1alpha1.StateFailure, 2)
	s.comment(p, harness.Member, "/retest")
	s.wait("unit", v1alpha1.StateFailure, 3)

	s.push(p, "broken", "test.sh", "echo mended\n")
	s.wait("unit", v1alpha1.StateSuccess, 4)
	s.waitStatus(p.SHA, "unit", "success")
	s.until("the comment to go", func() (bool, string) {
		all, err := s.Forge.Comments(p, harness.Bot)
		for _, c := range all {
			if strings.Contains(c, "<!-- test report -->") {
				return false, c
			}
		}
		return err == nil, fmt.Sprint(err)
	})
}

func TestANewCommitSupersedesTheRunningOne(t *testing.T) {
	onEveryForge(t, "supersede", unitJob, nil, (*site).superseded)
}

func (s *site) superseded() {
	t := s.t
	p := s.open("slow", "test.sh", "echo waiting; sleep 600\n")
	first := s.wait("unit", v1alpha1.StatePending, 1)
	old := p.SHA
	s.until("the first run's step to print", func() (bool, string) {
		runs, err := s.PipelineRuns(s.ctx())
		return err == nil && len(runs) == 1 && len(runs[0].Status.ChildReferences) > 0, fmt.Sprint(len(runs), err)
	})
	s.push(p, "slow", "test.sh", "echo quick\n")
	s.wait("unit", v1alpha1.StateSuccess, 2)
	aborted := s.wait("unit", v1alpha1.StateAborted, 1)
	if aborted.Name != first.Name || aborted.Status.CompletionTime == nil {
		t.Errorf("%s was aborted, completed at %v", aborted.Name, aborted.Status.CompletionTime)
	}
	s.waitStatus(p.SHA, "unit", "success")
	if st, _, err := s.Forge.Status(s.Org, s.Repo, old, "unit"); err != nil || st == nil || st.State == scm.StatusSuccess {
		t.Errorf("status of the superseded commit is %+v, %v", st, err)
	}
}

func TestAMergeRunsThePostsubmit(t *testing.T) {
	onEveryForge(t, "post", `
postsubmits:
  %[1]s:
  - name: publish
    agent: kubernetes
    decorate: true
    branches: [^main$]
    run_if_changed: ^published/
    spec:
      containers:
      - name: test
        image: IMAGE
        imagePullPolicy: IfNotPresent
        command: [sh, -c]
        args: ["echo publishing $(cat published/file) for $JOB_TYPE; test $PULL_BASE_REF = main"]
`, nil, (*site).postsubmit)
}

func (s *site) postsubmit() {
	t := s.t
	p := s.open("feature", "published/file", "the-content")
	s.until("the merge", func() (bool, string) {
		_, err := s.Forge.Merge(p)
		return err == nil, fmt.Sprint(err)
	})
	pj := s.wait("publish", v1alpha1.StateSuccess, 1)
	if log := s.archived(pj); !strings.Contains(log, "publishing the-content for postsubmit") {
		t.Errorf("build-log.txt:\n%s", log)
	}
	s.waitStatus(pj.Spec.Refs.BaseSHA, "publish", "success")
}

func TestAnOutsidersPullRequestRunsNothingUntilItIsTrusted(t *testing.T) {
	onEveryForge(t, "trust", unitJob, nil, (*site).trust)
}

func (s *site) trust() {
	t := s.t
	p, err := s.Forge.OpenForkPull(harness.Change{
		Org: s.Org, Repo: s.Repo, As: harness.Outsider, Branch: "gift", NewFrom: "main", Path: "gift.txt", Content: "x",
	}, "A gift")
	if err != nil {
		t.Fatal(err)
	}
	s.until("the label needs-ok-to-test", func() (bool, string) {
		labels, err := s.Forge.Labels(p)
		return strings.Contains(strings.Join(labels, " "), "needs-ok-to-test"), fmt.Sprint(labels, err)
	})
	s.comment(p, harness.Outsider, "/ok-to-test")
	s.comment(p, harness.Outsider, "/test unit")
	s.until("both refusals", func() (bool, string) {
		all, err := s.Forge.Comments(p, harness.Bot)
		return len(all) == 3, fmt.Sprint(len(all), " comments ", err)
	})
	if jobs, err := s.Jobs(s.ctx(), ""); err != nil || len(jobs) != 0 {
		t.Fatalf("%d jobs ran for an untrusted pull request, %v", len(jobs), err)
	}
	s.comment(p, harness.Member, "/ok-to-test")
	s.wait("unit", v1alpha1.StateSuccess, 1)
	labels, err := s.Forge.Labels(p)
	if err != nil || strings.Join(labels, " ") != "ok-to-test" {
		t.Errorf("labels are %v, %v; want ok-to-test", labels, err)
	}
}
