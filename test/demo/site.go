package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/test/harness"
)

const jobs = `
presubmits:
  %[1]s:
  - name: unit
    agent: tekton-pipeline
    decorate: true
    always_run: true
    pipeline_run_spec:
      pipelineSpec:
        tasks:
        - name: build
          taskSpec:
            steps:
            - name: compile
              image: IMAGE
              imagePullPolicy: IfNotPresent
              script: |
                #!/bin/sh
                for i in 1 2 3 4 5; do echo "compiling part $i of 5"; sleep 1; done
        - name: test
          runAfter: [build]
          taskSpec:
            steps:
            - name: run
              image: IMAGE
              imagePullPolicy: IfNotPresent
              script: |
                #!/bin/sh
                git log --oneline --graph | head -5
                exec sh ./test.sh
  - name: docs
    agent: kubernetes
    decorate: true
    run_if_changed: \.md$
    spec:
      containers:
      - name: test
        image: IMAGE
        imagePullPolicy: IfNotPresent
        command: [sh, -c]
        args: ["wc -w *.md"]
postsubmits:
  %[1]s:
  - name: publish
    agent: kubernetes
    decorate: true
    branches: [^main$]
    spec:
      containers:
      - name: test
        image: IMAGE
        imagePullPolicy: IfNotPresent
        command: [sh, -c]
        args: ["echo publishing $PULL_BASE_SHA"]
`

const testScript = `echo "1..3"
for t in parse plan act; do echo "running the test of $t"; sleep 1; echo "ok $t"; done
`

func (d *demo) pidFile() string { return filepath.Join(d.root, "demo.pid") }

// recorded is the running demo of this root.
func (d *demo) recorded() (pid int, ok bool) {
	data, err := os.ReadFile(d.pidFile())
	if err != nil {
		return 0, false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0, false
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return pid, err == nil && strings.Contains(string(line), d.root)
}

// open makes the site. A second demo on the same root gets an organisation of its own.
func (d *demo) open(ctx context.Context) error {
	if err := os.Setenv(harness.StateVariable, filepath.Join(d.root, "cluster.json")); err != nil {
		return err
	}
	if err := os.WriteFile(d.pidFile(), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return err
	}
	c, err := harness.LoadCluster()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(d.root, "pharos.log"))
	if err != nil {
		return err
	}
	forges := filepath.Join(d.root, "forge")
	if err := os.RemoveAll(forges); err != nil {
		return err
	}
	if err := os.MkdirAll(forges, 0o755); err != nil {
		return err
	}
	forge, closed, err := harness.OpenForge(d.forge, c, forges)
	if err != nil {
		return err
	}
	d.closeForge = closed
	image := os.Getenv("PHAROS_IMAGE")
	d.site, err = harness.NewSite(ctx, c, harness.SiteOptions{
		Forge:      forge,
		Name:       "acme-" + strconv.FormatInt(d.started.Unix()%100000, 10),
		Jobs:       strings.ReplaceAll(jobs, "IMAGE", image),
		Files:      map[string]string{"test.sh": testScript, "docs.md": "# app\n"},
		Image:      image,
		Output:     log,
		Dir:        d.root,
		Kubeconfig: d.kubeconfig,
		Login:      d.forge == "gitea",
		Args:       []string{"--cache-dir", filepath.Join(d.root, "cache")},
	})
	return err
}

func (d *demo) passing(ctx context.Context) error {
	var err error
	d.passed, err = harness.OpenPull(d.site.Forge, harness.Change{
		Org: d.site.Org, Repo: d.site.Repo, As: harness.Member, Branch: "greeting", NewFrom: "main",
		Path: "docs.md", Content: "# app\n\nSays hello.\n",
	}, "Say hello in the documentation")
	if err != nil {
		return err
	}
	pj, err := d.site.WaitJob(ctx, "unit", v1alpha1.StatePending, 1)
	if err != nil {
		return err
	}
	fmt.Printf("    its log, live: %s\n", pj.Status.URL)
	_, err = d.site.WaitJob(ctx, "unit", v1alpha1.StateSuccess, 1)
	return err
}

func (d *demo) failing(ctx context.Context) error {
	var err error
	d.failed, err = harness.OpenPull(d.site.Forge, harness.Change{
		Org: d.site.Org, Repo: d.site.Repo, As: harness.Member, Branch: "broken", NewFrom: "main",
		Path: "test.sh", Content: testScript + "echo \"not ok report\"\nexit 1\n",
	}, "Add a test that fails")
	if err != nil {
		return err
	}
	if _, err = d.site.WaitJob(ctx, "unit", v1alpha1.StateFailure, 2); err != nil {
		return err
	}
	return harness.Until(ctx, time.Minute, "the comment on it", func() (bool, string) {
		comments, err := d.site.Forge.Comments(d.failed, harness.Bot)
		return len(comments) > 0, fmt.Sprint(len(comments), " comments ", err)
	})
}

func (d *demo) tell() {
	s := d.site
	fmt.Printf(`
Pharos is up after %.0f s. Look here:

%s
  runs            %s                          each with its live log; log in there as alice, too
  bucket          s3://%s at %s
                  access key %s, secret key %s
                  pr-logs/pull/%s_%s/<number>/<job>/<build>/
  cluster         KUBECONFIG=%s kubectl -n %s get deliveries,pj,pipelineruns
  log of Pharos   %s

Ctrl-C stops Pharos; make demo-down removes everything.
`, time.Since(d.started).Seconds(), d.aboutForge(), s.Pharos.DashboardURL,
		s.Bucket.Name, s.Cluster.S3.Endpoint, s.Cluster.S3.AccessKey, s.Cluster.S3.SecretKey, s.Org, s.Repo,
		s.Cluster.Kubeconfig, s.Namespace, filepath.Join(d.root, "pharos.log"))
}

// aboutForge says where the pull requests are and how to comment on them.
func (d *demo) aboutForge() string {
	s := d.site
	if d.forge == "gitea" {
		return fmt.Sprintf(`  Gitea           %s        user %s, password %s (or %s, %s)
  pull requests   %[1]s/%[6]s/%[7]s/pulls       statuses, and a comment on the one that fails
                  comment "/test unit" or "/retest" there to run it again`,
			s.Forge.Address(), harness.Member, harness.Password, s.Cluster.Gitea.AdminUser, s.Cluster.Gitea.AdminPassword, s.Org, s.Repo)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  %-15s %s        simulated: its API and git, no pages; %s's token is token-of-%[3]s\n", d.forge, s.Forge.Address(), harness.Member)
	for _, p := range []*harness.Pull{d.passed, d.failed} {
		fmt.Fprintf(&b, "  pull request %d  %s\n", p.Number, d.statusOf(p))
	}
	path, body := commentCall(d.forge, s.Org, s.Repo, d.failed.Number)
	fmt.Fprintf(&b, "  run it again    curl -H 'Authorization: Bearer token-of-%s' -H 'Content-Type: application/json' -d '%s' %s%s", harness.Member, body, s.Forge.Address(), path)
	return b.String()
}

// statusOf is what the forge shows of a pull request's tests.
func (d *demo) statusOf(p *harness.Pull) string {
	status, _, err := d.site.Forge.Status(p.Org, p.Repo, p.SHA, "unit")
	if err != nil || status == nil {
		return fmt.Sprint("no status yet ", err)
	}
	comments, err := d.site.Forge.Comments(p, harness.Bot)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("unit: %s, %s %s, %d comments of the bot", status.State, status.Description, status.TargetURL, len(comments))
}

// commentCall is how the vendor's API takes a comment.
func commentCall(kind, org, repo string, number int64) (path, body string) {
	const command = "/test unit"
	switch kind {
	case "gitlab":
		return fmt.Sprintf("/api/v4/projects/%s%%2F%s/merge_requests/%d/notes", org, repo, number), `{"body":"` + command + `"}`
	case "bitbucketcloud":
		return fmt.Sprintf("/2.0/repositories/%s/%s/pullrequests/%d/comments", org, repo, number), `{"content":{"raw":"` + command + `"}}`
	case "bitbucketserver":
		return fmt.Sprintf("/rest/api/1.0/projects/%s/repos/%s/pull-requests/%d/comments", org, repo, number), `{"text":"` + command + `"}`
	}
	return fmt.Sprintf("/api/v3/repos/%s/%s/issues/%d/comments", org, repo, number), `{"body":"` + command + `"}`
}
