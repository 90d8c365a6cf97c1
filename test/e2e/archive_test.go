package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/test/harness"
)

// secretJob prints the value of a secret that it uses, and that of an environment variable that is none.
const secretJob = `
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
            sidecars:
            - name: helper
              image: IMAGE
              imagePullPolicy: IfNotPresent
              script: |
                #!/bin/sh
                echo "the helper is there"
                exec sleep 600
            steps:
            - name: run
              image: IMAGE
              imagePullPolicy: IfNotPresent
              env:
              - name: TOKEN
                valueFrom: {secretKeyRef: {name: deploy, key: token}}
              script: |
                #!/bin/sh
                echo "the token is $TOKEN, and so is $(printf '%%s' "$TOKEN" | base64)"
                sh ./test.sh
`

func TestWhatARunLeftIsReadWhenEverythingElseIsGone(t *testing.T) {
	t.Parallel()
	s := siteWith(t, "gitea", harness.SiteOptions{
		Name: "archive", Jobs: secretJob, Files: map[string]string{"test.sh": "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo \"number $i\"; done\n"},
		Storage: "  compression: gzip\n  retention: {max_runs: 3}\n",
	})
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "deploy", Namespace: s.Namespace}, StringData: map[string]string{"token": "correct-horse-battery"}}
	if err := s.Kube.Create(s.ctx(), secret); err != nil {
		t.Fatal(err)
	}
	s.open("feature", "a.txt", "a")
	pj := s.wait("unit", v1alpha1.StateSuccess, 1)
	s.archived(pj)
	if err := s.Kube.Delete(s.ctx(), pj, client.PropagationPolicy("Foreground")); err != nil {
		t.Fatal(err)
	}
	s.until("the run's object to be gone", func() (bool, string) {
		jobs, err := s.Jobs(s.ctx(), "")
		return err == nil && len(jobs) == 0, fmt.Sprint(len(jobs), err)
	})
	t.Run("its log is whole, and without the secret", func(t *testing.T) {
		log := s.get("/api/v1/runs/" + pj.Name + "/log/raw?step=check/run")
		want := "the token is " + strings.Repeat("*", 21) + ", and so is " + strings.Repeat("*", 28) + "\n"
		if !strings.HasPrefix(log, want) || strings.Count(log, "\n") != 5001 || !strings.HasSuffix(log, "number 5000\n") {
			t.Errorf("%d lines: %.200q", strings.Count(log, "\n"), log)
		}
		if raw := s.read(path.Join(s.runPath(pj), "check-run-build-log.txt")); !strings.HasPrefix(raw, "\x1f\x8b") {
			t.Errorf("the stored log is not gzip: %.20q", raw)
		}
	})
	t.Run("a range of lines, a search and the sidecar", func(t *testing.T) {
		for address, want := range map[string]string{
			"/log/lines?step=check/run&from=4000&to=4001": `"number 3999"`,
			"/log/search?step=check/run&q=number+49.9%24": `"number 4919"`,
			"/log/lines?step=check/sidecar.helper&from=1": `"the helper is there"`,
			"/steps":               `"check"`,
			"/graph":               `"check"`,
			"/yaml?of=pipelinejob": "kind: PipelineJob",
			"/log/search?step=check/run&q=correct-horse&x=": `"matches":[]`,
		} {
			if answer := s.get("/api/v1/runs/" + pj.Name + address); !strings.Contains(answer, want) {
				t.Errorf("%s answers %.500s; want %s", address, answer, want)
			}
		}
	})
	t.Run("Prow's addresses and Tekton's dashboard find it", func(t *testing.T) {
		for address, want := range map[string]string{
			"/log?job=unit&id=" + pj.Spec.BuildID:                    "number 5000",
			"/badge.svg?jobs=unit":                                   "<svg",
			"/job-history/s3/" + s.Bucket.Name + "/" + s.runPath(pj): "",
			"/prowjobs.js?var=allBuilds":                             "allBuilds",
		} {
			if answer := s.get(address); !strings.Contains(answer, want) {
				t.Errorf("%s answers %.300s; want %s", address, answer, want)
			}
		}
	})
	t.Run("the operator's commands agree", func(t *testing.T) {
		if out, err := s.command("logs", "verify"); err != nil {
			t.Errorf("verify of a whole archive: %v: %s", err, out)
		}
		if out, err := s.command("logs", "expire"); err != nil || out != "" {
			t.Errorf("expire of one run of three: %v: %s", err, out)
		}
		if err := s.Bucket.Delete(s.ctx(), path.Join(s.runPath(pj), "check-run-build-log.txt")); err != nil {
			t.Fatal(err)
		}
		if out, err := s.command("logs", "verify"); err == nil || !strings.Contains(out, "check-run-build-log.txt") {
			t.Errorf("verify without a step's log: %v: %s", err, out)
		}
	})
}

// get is the body of an address of the dashboard.
func (s *site) get(address string) string {
	s.t.Helper()
	resp, err := http.Get(s.Pharos.DashboardURL + address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Errorf("%s answers %s, %v: %.300s", address, resp.Status, err, body)
	}
	return string(body)
}

// command runs pharos with the site's configuration.
func (s *site) command(args ...string) (string, error) {
	args = append(args, "--config-path", filepath.Join(s.ConfigDir, "config.yaml"), "--plugin-config", filepath.Join(s.ConfigDir, "plugins.yaml"),
		"--kubeconfig", s.Cluster.Kubeconfig)
	out, err := exec.CommandContext(s.ctx(), filepath.Join(harness.Root(), "bin", "pharos"), args...).CombinedOutput()
	return string(out), err
}
