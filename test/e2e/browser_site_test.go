package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/test/harness"
)

// teamJobs are those of a small team: a pipeline, a pod, one that cannot start and one that takes a while, one at a time.
const teamJobs = `
presubmits:
  %[1]s:
  - name: unit
    agent: kubernetes
    decorate: true
    always_run: true
    spec: {containers: [{image: IMAGE, imagePullPolicy: IfNotPresent, command: [sh, ./ci/unit.sh]}]}
  - name: integration
    agent: tekton-pipeline
    decorate: true
    run_if_changed: ^store/
    pipeline_run_spec:
      pipelineSpec:
        tasks:
        - name: build
          taskSpec: {steps: [{name: compile, image: IMAGE, imagePullPolicy: IfNotPresent, script: "#!/bin/sh\nsh ci/build.sh"}]}
        - name: lint
          runAfter: [build]
          taskSpec: {steps: [{name: vet, image: IMAGE, imagePullPolicy: IfNotPresent, script: "#!/bin/sh\necho no findings"}]}
        - name: unit
          runAfter: [build]
          taskSpec: {steps: [{name: test, image: IMAGE, imagePullPolicy: IfNotPresent, script: "#!/bin/sh\nsh ci/unit.sh"}]}
        - name: e2e
          runAfter: [build]
          retries: 1
          taskSpec: {steps: [{name: run, image: IMAGE, imagePullPolicy: IfNotPresent, script: "#!/bin/sh\nsh ci/e2e.sh $(context.task.retry-count)"}]}
        - name: package
          runAfter: [lint, unit, e2e]
          taskSpec: {steps: [{name: build, image: IMAGE, imagePullPolicy: IfNotPresent, script: "#!/bin/sh\necho packing"}]}
        - name: deploy
          runAfter: [package]
          taskSpec: {steps: [{name: apply, image: IMAGE, imagePullPolicy: IfNotPresent, script: "#!/bin/sh\necho deploying"}]}
        finally:
        - name: notify
          taskSpec: {steps: [{name: send, image: IMAGE, imagePullPolicy: IfNotPresent, script: "#!/bin/sh\necho told the team"}]}
  - name: preview
    agent: tekton-pipeline
    run_if_changed: ^docs/
    optional: true
    pipeline_run_spec: {pipelineRef: {name: preview-of-pages}}
  - name: soak
    agent: kubernetes
    decorate: true
    run_if_changed: ^soak/
    max_concurrency: 1
    spec: {containers: [{image: IMAGE, imagePullPolicy: IfNotPresent, command: [sh, ./soak/run.sh]}]}
postsubmits:
  %[1]s:
  - name: publish
    agent: kubernetes
    decorate: true
    branches: [^main$]
    run_if_changed: ^published/
    spec: {containers: [{image: IMAGE, imagePullPolicy: IfNotPresent, command: ["true"]}]}
periodics:
- name: nightly
  cron: "0 3 29 2 *"
  agent: kubernetes
  spec: {containers: [{image: IMAGE, imagePullPolicy: IfNotPresent, command: ["true"]}]}
`

// secretRepo is private.
const secretRepo = "vault"

// teamFiles are the repository's scripts.
func teamFiles() map[string]string {
	return map[string]string{
		"ci/unit.sh":  "for i in 1 2 3 4 5 6 7 8; do printf '\\033[32mok\\033[0m   acme/app/part%d  0.%d4s\\n' $i $i; done\n[ ! -e store/index.go ] || exec sh ci/report.sh\nif [ -e quota.go ]; then printf '\\033[31m--- FAIL: TestQuota\\033[0m\\n'; exit 1; fi\n",
		"ci/build.sh": "echo '::group::Fetch the modules'\nfor i in 1 2 3 4 5; do echo downloading module$i; done\necho '::endgroup::'\necho compiled 214 packages\n",
		"ci/e2e.sh":   "echo attempt $1\n[ $1 -gt 0 ] || { echo 'error: the browser did not start'; exit 1; }\necho 31 stories passed\n",
		"ci/report.sh": `for i in $(seq 1 60); do printf '\033[32mok\033[0m   acme/app/store/shard%02d  0.%03ds\n' $i $((i * 37 % 1000)); done
printf '\033[31m--- FAIL: TestIndexIsServedFromMemory (0.31s)\033[0m\n    index_test.go:88: 4 objects were read from the store, want 0\n'
printf '\033[1;31mFAIL\033[0m acme/app/store  4.208s\n'
cp -r ci/out/* "$ARTIFACTS/"
exit 1
`,
		"ci/out/junit_store.xml":     junitReport,
		"ci/out/summary.md":          "# Store tests\n\nRead **4 objects** where none was expected.\n\n| Package | Tests | Failed |\n|---|---|---|\n| store | 6 | 2 |\n| index | 41 | 0 |\n\nSee the [coverage](coverage/index.html).\n\n![Latency](latency.png)\n",
		"ci/out/coverage/index.html": "<!doctype html><title>Coverage</title><style>body{font:15px sans-serif;margin:2em}td{padding:.3em 1em}</style><h1>Coverage</h1><table><tr><td>store</td><td>71 %</td></tr><tr><td>index</td><td>88 %</td></tr></table><script>document.title='a job ran a script'</script>",
		"ci/out/latency.png":         latency(),
	}
}

const junitReport = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
 <testsuite name="store" tests="6" failures="2" skipped="1" time="4.208">
  <testcase classname="acme/app/store" name="TestIndexIsServedFromMemory" time="0.31"><failure message="4 objects were read from the store, want 0">index_test.go:88: 4 objects were read from the store, want 0
    shard00/index shard01/index shard02/index shard03/index</failure></testcase>
  <testcase classname="acme/app/store" name="TestAPartIsSentAgainAfterATimeout" time="2.05"><failure message="the second try came after 2.0 s, want within 1 s">retry_test.go:41: the second try came after 2.0 s</failure></testcase>
  <testcase classname="acme/app/store" name="TestUploadsAreBounded" time="0.42"/>
  <testcase classname="acme/app/store" name="TestAnAbsentKeyIsNotFound" time="0.01"/>
  <testcase classname="acme/app/store" name="TestListingSkipsFolders" time="0.12"/>
  <testcase classname="acme/app/store" name="TestEncryptionByTheServer" time="0"><skipped message="the server has no keys"/></testcase>
 </testsuite>
 <testsuite name="index" tests="3" failures="0" time="0.63">
  <testcase classname="acme/app/index" name="TestLinesAreFoundByTime" time="0.21"/>
  <testcase classname="acme/app/index" name="TestLinesAreFoundByNumber" time="0.20"/>
  <testcase classname="acme/app/index" name="TestAnEmptyLogHasAnIndex" time="0.22"/>
 </testsuite>
</testsuites>
`

// latency is a picture that a job made: a curve.
func latency() string {
	img := image.NewPaletted(image.Rect(0, 0, 480, 200), color.Palette{color.White, color.Gray{0xdd}, color.RGBA{0x2b, 0x6c, 0xb0, 0xff}})
	for x := range 480 {
		for y := 0; y < 200; y += 40 {
			img.SetColorIndex(x, y, 1)
		}
		h := 100 + int(60*math.Sin(float64(x)/40)*math.Exp(-float64(x)/300))
		for y := h - 2; y < h+2; y++ {
			img.SetColorIndex(x, y, 2)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return err.Error()
	}
	return b.String()
}

// team is the site that all stories share.
type team struct {
	*site
	gitea *harness.Gitea
	// Runs of the past, by what they are for.
	big, private, long string
	store              *harness.Pull
}

func newTeam(t *testing.T) *team {
	t.Helper()
	cluster, err := harness.LoadCluster()
	if err != nil {
		t.Fatal(err)
	}
	g, err := harness.OpenGitea(cluster)
	if err != nil {
		t.Fatal(err)
	}
	x := &team{gitea: g}
	org := "acme"
	if g.HasOrg(org) {
		org = unique(org)
	}
	t.Cleanup(func() {
		if err := g.RemoveOrg(org); err != nil {
			t.Error(err)
		}
	})
	x.site = siteWith(t, "gitea", harness.SiteOptions{
		Name: "team", Org: org, Jobs: teamJobs, Files: teamFiles(), Login: true,
		Fill: func(_ context.Context, s *harness.Site) error {
			began := time.Now()
			defer func() { t.Logf("the past took %v", time.Since(began)) }()
			return errors.Join(x.invite(s), fillPast(t, s, x.past))
		},
	})
	return x
}

// invite makes the other people, and the private repository.
func (x *team) invite(s *harness.Site) error {
	for _, user := range []string{"bob", "carol"} {
		if err := x.gitea.EnsureUser(user); err != nil {
			return err
		}
		if err := x.gitea.Invite(s.Org, s.Repo, user, gitea.AccessModeWrite); err != nil {
			return err
		}
	}
	if err := x.gitea.CreateRepo(s.Org, secretRepo, nil); err != nil {
		return err
	}
	return x.gitea.Hide(s.Org, secretRepo)
}

func (x *team) past(p *past) []event {
	now := time.Now()
	yesterday := now.Add(-26 * time.Hour)
	pull := v1alpha1.Pull{Number: 17, Author: "dave", Title: "Move a gibibyte of shards", SHA: sha("big")}
	failed := event{
		job: "migrate", repo: "app", kind: v1alpha1.Presubmit, state: v1alpha1.StateFailure, why: "Task check failed: step run exited with 1.",
		at: yesterday, took: 28 * time.Minute, pull: pull, log: func(since int64) io.Reader { return newGibibyte(yesterday.Add(5*time.Second), since) },
	}
	long := failed
	long.job, long.took, long.at = "conformance", 9*time.Minute, yesterday.Add(time.Hour)
	long.log = stamped(long.at, 100*time.Millisecond, testLog(3000, false)...)
	secret := long
	secret.job, secret.repo, secret.state, secret.why = "keys", secretRepo, v1alpha1.StateSuccess, "The pipeline succeeded."
	secret.at = yesterday.Add(2 * time.Hour)
	secret.log = stamped(secret.at, time.Second, "the vault is sealed")
	x.big, x.long, x.private = failed.name(), long.name(), secret.name()
	return append([]event{failed, long, secret}, p.month(now)...)
}

// of is the same team in another test.
func (x *team) of(t *testing.T) *team {
	other := *x
	other.site = &site{Site: x.Site, t: t}
	return &other
}

// work is what the people do: what it starts takes about half a minute.
func (x *team) work() {
	x.t.Helper()
	x.store = x.pull("alice", "memory", "docs/memory.md", "# Memory\n", "Serve the index from memory")
	x.pull("bob", "spanish", "faro.go", "package app\n", "Translate the messages to Spanish")
	again := x.pull("carol", "quota", "quota.go", "package app\n", "Explain quotas")
	x.comment(again, "carol", "/retest")
	x.comment(again, "bob", "/test unknown")
	_, err := x.Forge.OpenForkPull(harness.Change{
		Org: x.Org, Repo: x.Repo, As: harness.Outsider, Branch: "gift", NewFrom: "main", Path: "gift.txt", Content: "x",
	}, "A gift")
	if err != nil {
		x.t.Fatal(err)
	}
	x.ofPull("unit", x.store)
	x.push(x.store, "memory", "store/index.go", "package store\n")
	x.comment(x.store, "bob", "Looks good.\n/test preview")
}

// pull opens a pull request.
func (x *team) pull(as, branch, file, content, title string) *harness.Pull {
	x.t.Helper()
	p, err := harness.OpenPull(x.Forge, harness.Change{
		Org: x.Org, Repo: x.Repo, As: as, Branch: branch, NewFrom: "main", Path: file, Content: content,
	}, title)
	if err != nil {
		x.t.Fatal(err)
	}
	return p
}

// run is the address of a run's page, or of a part of it.
func run(name string, below ...string) string {
	path := "/runs/" + name
	for _, b := range below {
		path += b
	}
	return path
}

// newest is a job's newest run, once it is over and its log is in the bucket.
func (x *team) newest(job string) *v1alpha1.PipelineJob { return x.ofPull(job, nil) }

// ofPull is the newest run for a pull request, or for any.
func (x *team) ofPull(job string, p *harness.Pull) *v1alpha1.PipelineJob {
	x.t.Helper()
	var found *v1alpha1.PipelineJob
	x.until("the run of "+job+" to be archived", func() (bool, string) {
		all, err := x.Jobs(x.ctx(), job)
		for i := range all {
			if p == nil || all[i].Spec.Refs.Pulls[0].Number == int(p.Number) {
				found = &all[i]
			}
		}
		return found != nil && found.Status.Log.Archived, fmt.Sprint(len(all), err)
	})
	return found
}
