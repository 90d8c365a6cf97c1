package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/test/harness"
)

// unitJob tests the merge result: it fails when the repository says so.
const unitJob = `
presubmits:
  %[1]s:
  - name: unit
    agent: tekton-pipeline
    decorate: true
    always_run: true
    pipeline_run_spec:
      pipelineSpec:
        tasks:
        - name: check
          taskSpec:
            steps:
            - name: run
              image: IMAGE
              imagePullPolicy: IfNotPresent
              script: |
                #!/bin/sh
                echo "line one of the test"
                sh ./test.sh
`

type site struct {
	*harness.Site
	t *testing.T
}

// onEveryForge tells a story on each kind of forge: the cluster's own Gitea, and simulators of the others.
func onEveryForge(t *testing.T, name, jobs string, files map[string]string, story func(*site)) {
	for _, kind := range harness.ForgeKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			story(siteOn(t, kind, name+"-"+kind, jobs, files))
		})
	}
}

// newSite is a site that goes with the test; its Pharos's log is shown when the test fails.
func newSite(t *testing.T, name, jobs string, files map[string]string) *site {
	t.Helper()
	t.Parallel()
	return loneSite(t, name, jobs, files)
}

// loneSite is a site of a test that runs alone, because it takes shared parts away. Go runs all such tests before the
// parallel ones.
func loneSite(t *testing.T, name, jobs string, files map[string]string) *site {
	t.Helper()
	return siteOn(t, "gitea", name, jobs, files)
}

func siteOn(t *testing.T, kind, name, jobs string, files map[string]string) *site {
	t.Helper()
	return siteWith(t, kind, harness.SiteOptions{Name: name, Jobs: jobs, Files: files})
}

// siteWith completes the options.
func siteWith(t *testing.T, kind string, o harness.SiteOptions) *site {
	t.Helper()
	cluster, err := harness.LoadCluster()
	if err != nil {
		t.Fatal(err)
	}
	image := os.Getenv("PHAROS_IMAGE")
	log, err := os.CreateTemp(t.TempDir(), "pharos-*.log")
	if err != nil {
		t.Fatal(err)
	}
	if o.Files == nil {
		o.Files = map[string]string{"test.sh": "exit 0\n"}
	}
	forge, closed, err := harness.OpenForge(kind, cluster, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed)
	o.Forge, o.Name, o.Jobs, o.Image, o.Output = forge, unique(o.Name), strings.ReplaceAll(o.Jobs, "IMAGE", image), image, log
	o.Args = append(o.Args, "--cache-dir", t.TempDir())
	s, err := harness.NewSite(t.Context(), cluster, o)
	if err != nil {
		t.Fatal(err, tail(log.Name()))
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(tail(log.Name()))
		}
	})
	return &site{Site: s, t: t}
}

// unique keeps repeated runs on one cluster apart.
func unique(name string) string { return fmt.Sprintf("%s-%x", name, time.Now().UnixNano()&0xffffff) }

func tail(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-20000):])
}

func (s *site) ctx() context.Context { return s.t.Context() }

// open opens a pull request by alice that writes one file.
func (s *site) open(branch, file, content string) *harness.Pull {
	s.t.Helper()
	p, err := harness.OpenPull(s.Forge, harness.Change{
		Org: s.Org, Repo: s.Repo, As: harness.Member, Branch: branch, NewFrom: "main", Path: file, Content: content,
	}, "Change "+file)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// push adds a commit to a pull request's branch and updates its SHA.
func (s *site) push(p *harness.Pull, branch, file, content string) {
	s.t.Helper()
	sha, err := s.Forge.Commit(harness.Change{Org: s.Org, Repo: s.Repo, As: harness.Member, Branch: branch, Path: file, Content: content})
	if err != nil {
		s.t.Fatal(err)
	}
	p.SHA = sha
}

func (s *site) comment(p *harness.Pull, as, body string) {
	s.t.Helper()
	if err := s.Forge.Comment(p, as, body); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) wait(job string, state v1alpha1.JobState, runs int) *v1alpha1.PipelineJob {
	s.t.Helper()
	pj, err := s.WaitJob(s.ctx(), job, state, runs)
	if err != nil {
		s.t.Fatal(err)
	}
	return pj
}

// until waits for a condition of the world outside.
func (s *site) until(what string, holds func() (bool, string)) {
	s.t.Helper()
	if err := harness.Until(s.ctx(), 2*time.Minute, what, holds); err != nil {
		s.t.Fatal(err)
	}
}

// waitStatus waits until a commit's status of a context is in a state.
func (s *site) waitStatus(sha, statusContext, state string) {
	s.t.Helper()
	s.until(fmt.Sprintf("status %s of %s to be %s", statusContext, sha, state), func() (bool, string) {
		st, _, err := s.Forge.Status(s.Org, s.Repo, sha, statusContext)
		if err != nil || st == nil {
			return false, fmt.Sprint("no status yet ", err)
		}
		return string(st.State) == state, fmt.Sprintf("%s: %s", st.State, st.Description)
	})
}

// archived waits until a run's log is complete in the bucket and returns build-log.txt.
func (s *site) archived(pj *v1alpha1.PipelineJob) string {
	s.t.Helper()
	s.until("the log of "+pj.Name+" to be archived", func() (bool, string) {
		_, ok, err := s.Bucket.Read(s.ctx(), path.Join(s.runPath(pj), "finished.json"))
		return ok, fmt.Sprint("no finished.json ", err)
	})
	return s.read(path.Join(s.runPath(pj), "build-log.txt"))
}

// livePage is what the run's live log has sent within two seconds.
func (s *site) livePage(pj *v1alpha1.PipelineJob) (string, error) {
	ctx, cancel := context.WithTimeout(s.ctx(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Pharos.DashboardURL+"/api/v1/runs/"+pj.Name+"/log", nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return string(text), err
}

func (s *site) read(key string) string {
	s.t.Helper()
	content, ok, err := s.Bucket.Read(s.ctx(), key)
	if err != nil || !ok {
		s.t.Fatalf("read %s: found %v, error %v", key, ok, err)
	}
	return content
}

// runPath is where Prow's layout puts a run.
func (s *site) runPath(pj *v1alpha1.PipelineJob) string {
	if pj.Spec.Type != v1alpha1.Presubmit {
		return path.Join("logs", pj.Spec.Job, pj.Spec.BuildID)
	}
	return fmt.Sprintf("pr-logs/pull/%s_%s/%d/%s/%s", s.Org, s.Repo, pj.Spec.Refs.Pulls[0].Number, pj.Spec.Job, pj.Spec.BuildID)
}
