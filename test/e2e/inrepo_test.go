package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/test/harness"
)

// keptOn lets the site's repository keep its own jobs; the configuration has none.
const keptOn = "in_repo_config:\n  enabled:\n    %[1]s: true\n"

// The files of a repository that was written for Pipelines-as-Code: a run that refers to a pipeline, which refers to a task,
// and clones for itself.
const (
	pacPull = `---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: pac-pull
  annotations:
    pipelinesascode.tekton.dev/on-event: "[pull_request]"
    pipelinesascode.tekton.dev/on-target-branch: "[main]"
    pipelinesascode.tekton.dev/on-path-change: "[***.txt]"
    pipelinesascode.tekton.dev/max-keep-runs: "3"
spec:
  params:
  - name: repo_url
    value: "{{ repo_url }}"
  - name: revision
    value: {{ revision }}
  pipelineRef:
    name: build
  workspaces:
  - name: source
    emptyDir: {}
  - name: basic-auth
    secret:
      secretName: "{{ git_auth_secret }}"
`
	pacPipeline = `---
apiVersion: tekton.dev/v1beta1
kind: Pipeline
metadata:
  name: build
spec:
  params:
  - name: repo_url
  - name: revision
  workspaces:
  - name: source
  - name: basic-auth
  tasks:
  - name: clone-and-test
    taskRef:
      name: clone-and-test
    workspaces:
    - name: output
      workspace: source
    - name: auth
      workspace: basic-auth
    params:
    - name: url
      value: $(params.repo_url)
    - name: revision
      value: $(params.revision)
`
	pacTask = `---
apiVersion: tekton.dev/v1beta1
kind: Task
metadata:
  name: clone-and-test
spec:
  params:
  - name: url
  - name: revision
  workspaces:
  - name: output
  - name: auth
    optional: true
  steps:
  - name: clone
    image: IMAGE
    imagePullPolicy: IfNotPresent
    workingDir: $(workspaces.output.path)
    script: |
      #!/bin/sh
      set -e
      git clone --quiet $(params.url) src
      cd src
      git checkout --quiet $(params.revision)
      echo "at $(git rev-parse HEAD), auth bound: $(workspaces.auth.bound)"
      cat *.txt
`
	pacComment = `---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: pac-deploy
  annotations:
    pipelinesascode.tekton.dev/on-comment: "^/deploy"
spec:
  pipelineSpec:
    tasks:
    - name: deploy
      taskSpec:
        steps:
        - name: deploy
          image: IMAGE
          imagePullPolicy: IfNotPresent
          script: |
            echo "{{ sender }} said {{ trigger_comment }} on #{{ pull_request_number }}"
`
	pacPush = `---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  generateName: pac-push-
  annotations:
    pipelinesascode.tekton.dev/on-cel-expression: event == "push" && target_branch == "main" && "*.txt".pathChanged()
spec:
  pipelineSpec:
    tasks:
    - name: publish
      taskSpec:
        steps:
        - name: publish
          image: IMAGE
          imagePullPolicy: IfNotPresent
          script: echo publishing {{ revision }} of {{ target_branch }}
`
)

func withImage(files map[string]string) map[string]string {
	out := map[string]string{}
	for name, content := range files {
		out[name] = strings.ReplaceAll(content, "IMAGE", os.Getenv("PHAROS_IMAGE"))
	}
	return out
}

func TestARepositoryMadeForPipelinesAsCodeRunsUnchanged(t *testing.T) {
	s := newSite(t, "pac", keptOn, withImage(map[string]string{
		".tekton/pull.yaml": pacPull, ".tekton/pipeline.yaml": pacPipeline, ".tekton/tasks/test.yaml": pacTask,
		".tekton/deploy.yaml": pacComment, ".tekton/push.yaml": pacPush,
	}))
	p := s.open("feature", "head.txt", "the head's text\n")
	pj := s.wait("pac-pull", v1alpha1.StateSuccess, 1)
	s.waitStatus(p.SHA, "pac-pull", "success")
	for _, want := range []string{"at " + p.SHA + ", auth bound: false", "the head's text"} {
		if log := s.archived(pj); !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}

	s.comment(p, harness.Member, "/deploy now")
	deployed := s.wait("pac-deploy", v1alpha1.StateSuccess, 1)
	if log := s.archived(deployed); !strings.Contains(log, fmt.Sprintf("alice said /deploy now on #%d", p.Number)) {
		t.Errorf("the log is:\n%s", log)
	}
	s.comment(p, harness.Member, "/test pac-pull")
	s.wait("pac-pull", v1alpha1.StateSuccess, 2)

	s.push(p, "feature", ".tekton/push.yaml", "kind: [")
	s.waitStatus(p.SHA, "pharos/config", "failure")
	s.wait("pac-pull", v1alpha1.StateSuccess, 3) // the other files' jobs run
	s.until("the comment about the broken file", func() (bool, string) {
		all, err := s.Forge.Comments(p, harness.Bot)
		return len(all) == 1 && strings.Contains(all[0], ".tekton/push.yaml:2:1"), fmt.Sprint(all, err)
	})
	s.push(p, "feature", ".tekton/push.yaml", withImage(map[string]string{"": pacPush})[""])
	s.waitStatus(p.SHA, "pharos/config", "success")
	s.until("the comment to go", func() (bool, string) {
		all, err := s.Forge.Comments(p, harness.Bot)
		return err == nil && len(all) == 0, fmt.Sprint(all, err)
	})

	s.until("the merge", func() (bool, string) {
		_, err := s.Forge.Merge(p)
		return err == nil, fmt.Sprint(err)
	})
	pushed := s.wait("pac-push", v1alpha1.StateSuccess, 1)
	if log := s.archived(pushed); !strings.Contains(log, "publishing "+pushed.Spec.Refs.BaseSHA+" of main") {
		t.Errorf("the log is:\n%s", log)
	}
	s.waitStatus(pushed.Spec.Refs.BaseSHA, "pac-push", "success")
}

// The files of a repository that was written for Lighthouse.
const (
	lighthouseTriggers = `apiVersion: config.lighthouse.jenkins-x.io/v1alpha1
kind: TriggerConfig
spec:
  presubmits:
  - name: pr
    context: "pr"
    always_run: true
    optional: false
    trigger: (?m)^/test( all| pr),?(\s+|$)
    rerun_command: /test pr
    source: "pullrequest.yaml"
  postsubmits:
  - name: release
    context: "release"
    source: "release.yaml"
    branches:
    - ^main$
`
	lighthousePull = `apiVersion: tekton.dev/v1beta1
kind: PipelineRun
metadata:
  creationTimestamp: null
  name: pullrequest
spec:
  pipelineSpec:
    tasks:
    - name: from-build-pack
      resources: {}
      timeout: 1h
      taskSpec:
        metadata: {}
        stepTemplate:
          image: uses:catalog/go.yaml
          name: ""
          resources: {}
          workingDir: /workspace/source
        steps:
        - image: uses:catalog/git-clone-pr.yaml
          name: ""
          resources: {}
        - name: unit
          resources: {}
        - name: unit:again
          resources: {}
          script: |
            #!/bin/sh
            echo "again in $PWD, $(params.REPO_NAME) at $PULL_PULL_SHA"
  podTemplate: {}
  timeout: 240h0m0s
status: {}
`
	lighthouseClone = `apiVersion: tekton.dev/v1beta1
kind: Task
metadata:
  name: git-clone-pr
spec:
  steps:
  - name: git-clone
    image: IMAGE
    imagePullPolicy: IfNotPresent
    workingDir: /workspace
    script: |
      #!/bin/sh
      set -e
      git clone --quiet "$REPO_URL" source
      cd source
      git fetch --quiet origin "$PULL_PULL_REF"
      git checkout --quiet "$PULL_PULL_SHA"
`
	lighthouseGo = `apiVersion: tekton.dev/v1beta1
kind: PipelineRun
metadata:
  name: go
spec:
  pipelineSpec:
    tasks:
    - name: go
      taskSpec:
        steps:
        - name: unit
          image: IMAGE
          imagePullPolicy: IfNotPresent
          script: |
            #!/bin/sh
            echo "unit sees $(cat head.txt), $JOB_NAME is a $JOB_TYPE"
`
	lighthouseRelease = `apiVersion: tekton.dev/v1
kind: Task
metadata:
  name: release
spec:
  steps:
  - name: release
    image: IMAGE
    imagePullPolicy: IfNotPresent
    script: |
      #!/bin/sh
      echo "releasing $PULL_BASE_SHA of $REPO_OWNER/$REPO_NAME"
`
)

func TestARepositoryMadeForLighthouseRunsUnchanged(t *testing.T) {
	s := newSite(t, "lighthouse", keptOn, withImage(map[string]string{
		".lighthouse/jenkins-x/triggers.yaml": lighthouseTriggers, ".lighthouse/jenkins-x/pullrequest.yaml": lighthousePull,
		".lighthouse/jenkins-x/release.yaml": lighthouseRelease, "catalog/git-clone-pr.yaml": lighthouseClone, "catalog/go.yaml": lighthouseGo,
	}))
	p := s.open("feature", "head.txt", "the head's text")
	pj := s.wait("pr", v1alpha1.StateSuccess, 1)
	s.waitStatus(p.SHA, "pr", "success")
	log := s.archived(pj)
	for _, want := range []string{"unit sees the head's text, pr is a presubmit", "again in /workspace/source, app at " + p.SHA} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	s.comment(p, harness.Member, "/test pr")
	s.wait("pr", v1alpha1.StateSuccess, 2)
	s.until("the merge", func() (bool, string) {
		_, err := s.Forge.Merge(p)
		return err == nil, fmt.Sprint(err)
	})
	released := s.wait("release", v1alpha1.StateSuccess, 1)
	if log := s.archived(released); !strings.Contains(log, fmt.Sprintf("releasing %s of %s/%s", released.Spec.Refs.BaseSHA, s.Org, s.Repo)) {
		t.Errorf("the log is:\n%s", log)
	}
}
