package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Size of a large installation: about that of kubernetes/test-infra.
const (
	jobFiles    = 600
	jobsPerFile = 6 // 3 presubmits, 1 postsubmit, 2 periodics: 3,600 jobs, and 200 more in the first files
	extraJobs   = 200
)

// presubmitText is a job as people write them: decorated, with presets, resources and an extra ref.
func presubmitText(repo, n int) string {
	return fmt.Sprintf(`  - name: pull-repo-%[1]d-test-%[2]d
    cluster: build
    run_if_changed: '^(pkg/part-%[2]d/.*|go\.(mod|sum))$'
    skip_branches: [gh-pages, 'release-0\.%[2]d']
    decorate: true
    decoration_config: {timeout: 1h30m}
    path_alias: example.com/repo-%[1]d
    labels: {preset-cache: "true", preset-account: "true"}
    annotations: {dashboards: presubmits-%[1]d, description: Tests part %[2]d., tab-name: part-%[2]d}
    extra_refs:
    - {org: org-0, repo: tools, base_ref: main, workdir: false}
    spec:
      serviceAccountName: builder
      containers:
      - image: registry.example.com/tests:v20260101-0123456789
        command: [runner.sh]
        args: [./hack/test.sh, --part=%[2]d, --verbose]
        env:
        - {name: PART, value: "%[2]d"}
        securityContext: {privileged: true}
        resources:
          requests: {cpu: "2", memory: 4Gi}
          limits: {cpu: "2", memory: 4Gi}
`, repo, n)
}

func jobFile(i, presubmits int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "presubmits:\n  org-%d/repo-%d:\n", i%20, i)
	for n := range presubmits {
		b.WriteString(presubmitText(i, n))
	}
	fmt.Fprintf(&b, "postsubmits:\n  org-%d/repo-%d:\n  - name: post-repo-%[2]d-publish\n    branches: ['^main$', '^release-']\n    decorate: true\n"+
		"    max_concurrency: 1\n    spec:\n      containers:\n      - {image: registry.example.com/publish:v1, command: [make], args: [publish]}\n", i%20, i)
	b.WriteString("periodics:\n")
	for n := range 2 {
		fmt.Fprintf(&b, "- name: ci-repo-%d-%d\n  interval: %dh\n  decorate: true\n  extra_refs:\n  - {org: org-%d, repo: repo-%d, base_ref: main}\n"+
			"  annotations: {dashboards: periodic, tab-name: repo-%d}\n  spec:\n    containers:\n    - {image: registry.example.com/tests:v1, command: [make], args: [e2e]}\n", i, n, n+1, i%20, i, i)
	}
	return b.String()
}

// large writes a configuration of 600 job files with 3,800 jobs.
func large(tb testing.TB) config.Paths {
	tb.Helper()
	folder := tb.TempDir()
	write := func(name, text string) {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	write("config.yaml", "pod_namespace: test-pods\nplank:\n  default_decoration_config_entries:\n  - config: {timeout: 2h, grace_period: 15s, gcs_configuration: {bucket: 's3://logs', path_strategy: explicit}}\n"+
		"presets:\n- labels: {preset-cache: 'true'}\n  env: [{name: GOPROXY, value: 'https://proxy.example.com'}]\n"+
		"- labels: {preset-account: 'true'}\n  volumes: [{name: account, secret: {secretName: account}}]\n  volumeMounts: [{name: account, mountPath: /etc/account}]\n")
	plugins := "plugins:\n"
	for i := range 20 {
		plugins += fmt.Sprintf("  org-%d: [trigger]\n", i)
	}
	write("plugins.yaml", plugins)
	for i := range jobFiles {
		presubmits := jobsPerFile - 3
		if i < extraJobs {
			presubmits++
		}
		write(fmt.Sprintf("jobs/org-%d/repo-%d.yaml", i%20, i), jobFile(i, presubmits))
	}
	return config.Paths{Config: filepath.Join(folder, "config.yaml"), Jobs: filepath.Join(folder, "jobs"), Plugins: filepath.Join(folder, "plugins.yaml")}
}

func count(c *config.Config) int {
	n := len(c.Jobs.Periodics())
	for _, repo := range c.Jobs.Repos() {
		n += len(c.Jobs.Presubmits(repo)) + len(c.Jobs.Postsubmits(repo))
	}
	return n
}

func BenchmarkLoadConfiguration(b *testing.B) {
	paths, jobs := large(b), 0
	b.ReportAllocs()
	for b.Loop() {
		c, err := config.Load(paths)
		if err != nil {
			b.Fatal(err)
		}
		jobs = count(c)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*jobs), "ns/job")
}

func BenchmarkCheckConfiguration(b *testing.B) {
	paths := large(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, findings, err := config.Check(paths, config.CheckOptions{}); err != nil || len(findings) == 0 {
			b.Fatalf("%v, %d findings", err, len(findings))
		}
	}
}

// BenchmarkChooseJobs is one pull request among 4,000 jobs.
func BenchmarkChooseJobs(b *testing.B) {
	c, err := config.Load(large(b))
	if err != nil {
		b.Fatal(err)
	}
	repo := scm.Repo{Connection: c.DefaultConnection(), Org: "org-7", Name: "repo-7"}
	changed := func() ([]string, error) { return []string{"pkg/part-1/a.go", "README.md"}, nil }
	b.ReportAllocs()
	for b.Loop() {
		decisions, err := job.Presubmits(c.Jobs.Presubmits(repo), "main", job.Ask{Auto: true}, changed)
		if err != nil || len(decisions) != 4 {
			b.Fatalf("%v, %d decisions", err, len(decisions))
		}
	}
}

// What one event allocates must not grow with the jobs of other repositories.
func TestJobsOfOtherRepositoriesCostNothing(t *testing.T) {
	one := large(t)
	small := one
	small.Jobs = filepath.Join(one.Jobs, "org-7", "repo-7.yaml")
	allocations := func(paths config.Paths) float64 {
		c, err := config.Load(paths)
		if err != nil {
			t.Fatal(err)
		}
		repo := scm.Repo{Connection: c.DefaultConnection(), Org: "org-7", Name: "repo-7"}
		changed := func() ([]string, error) { return []string{"pkg/part-1/a.go"}, nil }
		return testing.AllocsPerRun(100, func() {
			if _, err := job.Presubmits(c.Jobs.Presubmits(repo), "main", job.Ask{Auto: true}, changed); err != nil {
				t.Fatal(err)
			}
		})
	}
	alone, among := allocations(small), allocations(one)
	t.Logf("%v allocations alone, %v among 3,800 jobs", alone, among)
	if among > alone {
		t.Errorf("an event allocates %v times alone and %v times among 3,800 jobs", alone, among)
	}
}

// TestCheckingALargeConfiguration prints what the whole process takes: Prow's checkconfig needs 1.84 s of CPU and 191 MiB
// for about as much.
func TestCheckingALargeConfiguration(t *testing.T) {
	paths := large(t)
	binary := os.Getenv("PHAROS_BINARY")
	if binary == "" {
		binary = filepath.Join(t.TempDir(), "pharos")
		if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/pharos").CombinedOutput(); err != nil {
			t.Fatalf("build pharos: %v\n%s", err, out)
		}
	}
	cmd := exec.Command(binary, "check", "--config-path", paths.Config, "--job-config-path", paths.Jobs, "--plugin-config", paths.Plugins, "-o", "json")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("check: %v", err)
	}
	used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("no usage of the process")
	}
	t.Logf("600 files, 3,800 jobs: %v of CPU, %d MiB resident at most, %d bytes of findings",
		cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), used.Maxrss>>10, len(out))
}
