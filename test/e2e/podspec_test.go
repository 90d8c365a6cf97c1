package e2e

import (
	"encoding/json"
	"path"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/test/harness"
)

// podJobs are written as for Prow: one of the clock, one that fails and one that hangs, both with files to keep, and one whose
// containers need each other.
const podJobs = `
plank:
  default_decoration_config_entries:
  - config:
      timeout: 10m
      grace_period: 10s
      censor_secrets: true
      censoring_options: {minimum_secret_length: 6}
  - repo: %[1]s
    config: {run_as_user: 1000, run_as_group: 1000, fs_group: 1000}
presets:
- labels: {preset-settings: "true"}
  env: [{name: FLAVOUR, value: strawberry}]
  volumes: [{name: scratch, emptyDir: {}}]
  volumeMounts: [{name: scratch, mountPath: /scratch}]
periodics:
- name: clock
  interval: 24h
  decorate: true
  extra_refs:
  - {org: elsewhere, repo: tools, base_ref: main, clone_uri: "FORGE/%[1]s.git"}
  spec:
    containers:
    - image: IMAGE
      imagePullPolicy: IfNotPresent
      command: [bash, -c, 'echo "$JOB_TYPE $JOB_NAME in ${PWD##*/}: $(cat tool.txt)"']
presubmits:
  %[1]s:
  - name: fails
    always_run: true
    decorate: true
    path_alias: example.io/app
    labels: {preset-settings: "true"}
    extra_refs:
    - {org: elsewhere, repo: tools, base_ref: main, path_alias: example.io/tools, clone_uri: "FORGE/%[1]s.git"}
    spec:
      volumes: [{name: account, secret: {secretName: account}}]
      containers:
      - image: IMAGE
        imagePullPolicy: IfNotPresent
        command: [bash, -c]
        args:
        - |
          set -e
          echo "in $PWD as $(id -u), $FLAVOUR, $(cat head.txt)"
          echo "beside it: $(ls $GOPATH/src/example.io/tools)"
          echo "the password is $(cat /etc/account/password)"
          touch /scratch/mine
          mkdir -p "$ARTIFACTS/deep/er"
          echo "<suite/>" >"$ARTIFACTS/deep/er/junit.xml"
          cp /etc/account/password "$ARTIFACTS/leak.txt"
          exit 3
        volumeMounts: [{name: account, mountPath: /etc/account, readOnly: true}]
  - name: hangs
    always_run: true
    decorate: true
    decoration_config: {timeout: 3s, grace_period: 20s}
    spec:
      containers:
      - image: IMAGE
        imagePullPolicy: IfNotPresent
        command: [bash, -c]
        args: ['trap "echo cleaning up; echo partial >$ARTIFACTS/partial.txt; exit 0" INT; echo waiting; sleep 600 & wait']
  - name: together
    always_run: true
    decorate: true
    spec:
      volumes: [{name: shared, emptyDir: {}}]
      containers:
      - name: answers
        image: IMAGE
        imagePullPolicy: IfNotPresent
        command: [bash, -c, 'until test -e /shared/question; do sleep 0.1; done; echo 42 >/shared/answer; echo a >$ARTIFACTS/answers.txt']
        volumeMounts: [{name: shared, mountPath: /shared}]
      - name: asks
        image: IMAGE
        imagePullPolicy: IfNotPresent
        command: [bash, -c, 'touch /shared/question; until test -e /shared/answer; do sleep 0.1; done; echo "it is $(cat /shared/answer)"; echo b >$ARTIFACTS/asks.txt']
        volumeMounts: [{name: shared, mountPath: /shared}]
`

func TestAPodSpecJobBehavesAsUnderProw(t *testing.T) {
	cluster, err := harness.LoadCluster()
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "podspec", strings.ReplaceAll(podJobs, "FORGE", cluster.Gitea.URL), map[string]string{"tool.txt": "a tool"})
	account := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "account", Namespace: s.Namespace}, StringData: map[string]string{"password": "hunter2hunter2"}}
	if err := s.Kube.Create(s.ctx(), account); err != nil {
		t.Fatal(err)
	}
	p := s.open("feature", "head.txt", "the head's text")

	s.checkFailure(s.wait("fails", v1alpha1.StateFailure, 1))
	s.checkTimeout(s.wait("hangs", v1alpha1.StateFailure, 1))
	s.checkTogether(s.wait("together", v1alpha1.StateSuccess, 1))
	s.want("the log", s.archived(s.wait("clock", v1alpha1.StateSuccess, 1)), "periodic clock in tools: a tool")
	s.waitStatus(p.SHA, "fails", "failure")
	s.checkPods(cluster)
}

// want looks for texts in a log or file.
func (s *site) want(what, text string, all ...string) {
	s.t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			s.t.Errorf("%s lacks %q:\n%s", what, want, text)
		}
	}
}

func (s *site) checkFailure(pj *v1alpha1.PipelineJob) {
	s.t.Helper()
	log := s.archived(pj)
	s.want("the log", log, "in /home/prow/go/src/example.io/app as 1000, strawberry, the head's text", "the password is **************",
		"beside it: README.md\ntool.txt", "pharos: the process ended with code 3", "pharos: 2 artifacts uploaded")
	if strings.Contains(log, "head.txt") {
		s.t.Errorf("the pull request is in the extra repository too:\n%s", log)
	}
	s.want("the description", pj.Status.Description, "Step test of task test exited with code 3.")
	for name, want := range map[string]string{
		"artifacts/deep/er/junit.xml": "<suite/>\n", "artifacts/leak.txt": "**************",
	} {
		if got := s.read(path.Join(s.runPath(pj), name)); got != want {
			s.t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	var records []struct {
		Refs     struct{ Repo string }
		FinalSHA string `json:"final_sha"`
	}
	if err := json.Unmarshal([]byte(s.read(path.Join(s.runPath(pj), "clone-records.json"))), &records); err != nil {
		s.t.Fatal(err)
	}
	if len(records) != 2 || records[1].Refs.Repo != "tools" || records[1].FinalSHA == "" {
		s.t.Errorf("clone-records.json holds %+v", records)
	}
	s.want("clone-log.txt", s.read(path.Join(s.runPath(pj), "clone-log.txt")), "# elsewhere/tools in ")
}

func (s *site) checkTimeout(pj *v1alpha1.PipelineJob) {
	s.t.Helper()
	s.want("the log", s.archived(pj), "waiting\n", "cleaning up\n", "pharos: timed out after 3s: the process ended")
	s.want("the description", pj.Status.Description, "timed out")
	if got := s.read(path.Join(s.runPath(pj), "artifacts/partial.txt")); got != "partial\n" {
		s.t.Errorf("partial.txt is %q", got)
	}
}

func (s *site) checkTogether(pj *v1alpha1.PipelineJob) {
	s.t.Helper()
	s.want("the log", s.archived(pj), "it is 42")
	for _, name := range []string{"answers.txt", "asks.txt"} {
		s.read(path.Join(s.runPath(pj), "artifacts", name))
	}
}

// checkPods looks for credentials of the store and the forge where the code of a pull request runs.
func (s *site) checkPods(cluster *harness.Cluster) {
	s.t.Helper()
	var pods corev1.PodList
	if err := s.Kube.List(s.ctx(), &pods, client.InNamespace(s.Namespace)); err != nil {
		s.t.Fatal(err)
	}
	if len(pods.Items) != 4 {
		s.t.Errorf("%d pods ran, want 4", len(pods.Items))
	}
	for _, pod := range pods.Items {
		text, err := json.Marshal(pod)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, secret := range []string{cluster.S3.AccessKey, cluster.S3.SecretKey, s.Secret} {
			if strings.Contains(string(text), secret) {
				s.t.Errorf("pod %s holds a credential", pod.Name)
			}
		}
		for _, v := range pod.Spec.Volumes {
			if v.Secret != nil && v.Secret.SecretName != "account" {
				s.t.Errorf("pod %s mounts the secret %s", pod.Name, v.Secret.SecretName)
			}
		}
	}
}
