package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/plugins"
	"github.com/pharos-ci/pharos/pkg/scm"
)

var app = scm.Repo{Connection: "main", Org: "acme", Name: "app"}

// write puts files into a new folder and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func in(folder string) config.Paths {
	return config.Paths{
		Config:  filepath.Join(folder, "config.yaml"),
		Jobs:    filepath.Join(folder, "jobs"),
		Plugins: filepath.Join(folder, "plugins.yaml"),
	}
}

func names(jobs []*job.Presubmit) (out []string) {
	for _, j := range jobs {
		out = append(out, j.Name)
	}
	return out
}

func TestSamplesLoadWithoutAFinding(t *testing.T) {
	samples := filepath.Join("..", "..", "config")
	c, findings, err := config.Check(config.Paths{Config: filepath.Join(samples, "config.yaml"), Plugins: filepath.Join(samples, "plugins.yaml")}, config.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) > 0 {
		t.Fatalf("findings: %v", findings)
	}
	type view struct {
		Presubmits, Enabled              []string
		Postsubmit, Token, Prefix, Store string
		Trigger                          plugins.TriggerSettings
	}
	got := view{
		Presubmits: names(c.Jobs.Presubmits(app)),
		Enabled:    c.Plugins.Enabled(app),
		Postsubmit: c.Jobs.Postsubmits(app)[0].Name,
		Token:      c.Connections[0].TokenFile,
		Prefix:     c.JobURLPrefix(app),
		Store:      c.Storage.URL,
		Trigger:    c.Plugins.Triggers(app),
	}
	want := view{
		Presubmits: []string{"unit", "docs"},
		Enabled:    []string{"trigger"},
		Postsubmit: "publish",
		Token:      filepath.Join(samples, "secrets/main/token"),
		Prefix:     "https://ci.example.com",
		Store:      "s3://ci-logs/pharos",
		Trigger:    plugins.TriggerSettings{JoinOrgURL: "https://git.example.com/acme"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

const connections = `
connections:
- {name: main, kind: gitea, url: "https://git.example.com/", bot: ci, token_file: token, webhook_secret_files: [/s/hook]}
- {name: hub, kind: github, url: "https://github.com", bot: ci, token_file: /t, webhook_secret_files: [hook]}
`

func TestJobsComeFromEveryFileOfTheFolder(t *testing.T) {
	folder := write(t, map[string]string{
		"config.yaml":         connections + "presubmits:\n  acme/app:\n  - {name: a, spec: {containers: [{image: i}]}}\n",
		"plugins.yaml":        "",
		"jobs/b.yaml":         "presubmits:\n  main:acme/app:\n  - {name: b, spec: {containers: [{image: i}]}}\n",
		"jobs/deep/c.yml":     "presubmits:\n  acme/app:\n  - {name: c, spec: {containers: [{image: i}]}}\n  hub:acme/app:\n  - {name: h, spec: {containers: [{image: i}]}}\n",
		"jobs/..data/d.yaml":  "not: read",
		"jobs/..hidden.yaml":  "not: read",
		"jobs/readme.md":      "not: read",
		"jobs/deep/empty.yml": "",
	})
	c, err := config.Load(in(folder))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "c", "b"}, names(c.Jobs.Presubmits(app))); diff != "" {
		t.Errorf("jobs of main (-want +got):\n%s", diff)
	}
	hub := scm.Repo{Connection: "hub", Org: "acme", Name: "app"}
	if diff := cmp.Diff([]string{"h"}, names(c.Jobs.Presubmits(hub))); diff != "" {
		t.Errorf("jobs of hub (-want +got):\n%s", diff)
	}
	if got := c.Jobs.Presubmits(hub)[0].Place(); got != filepath.Join(folder, "jobs/deep/c.yml")+":5" {
		t.Errorf("job h is at %s", got)
	}
}

func TestProwFilesLoadAsTheyAre(t *testing.T) {
	folder := write(t, map[string]string{
		"config.yaml": `
.anchors: {x: &image alpine}
plank:
  job_url_prefix_config: {"*": "https://prow.example.com/view/", acme: "https://acme.example.com/"}
  default_decoration_configs:
    "*": {timeout: 7200000000000, gcs_configuration: {bucket: "s3://logs", path_strategy: single, default_org: acme, default_repo: app}}
    acme: {timeout: 30m, pod_running_timeout: 8h}
  pod_pending_timeout: 20m
  pod_running_timeout: 24h
tide: {queries: [{orgs: [acme], labels: [lgtm]}]}
branch-protection: {orgs: {}}
sinker: {max_prowjob_age: 48h}
presets:
- labels: {preset-x: "true"}
  env: [{name: X, value: "1"}]
periodics:
- {name: nightly, cron: "@daily", decorate: true, labels: {preset-x: true}, spec: {containers: [{image: *image, args: [a]}]}}
`,
		"jobs/a.yaml": `
prow_ignored:
- &defaults
  decorate: yes
  spec: &spec
    containers: [{image: alpine, command: [make], env: [{name: N, value: 1.10}]}]
presubmits:
  acme/app:
  - <<: *defaults
    name: merged
  - name: aliased
    spec: *spec
`,
		"plugins.yaml": `
plugins:
  acme: [trigger, hold]
  acme/app: {plugins: [size]}
  acme/web:
  other: {plugins: [trigger], excluded_repos: [attic]}
lgtm: [{repos: [acme]}]
triggers:
- {repos: [acme/app], only_org_members: true}
- {repos: [acme], trusted_org: friends}
`,
	})
	c, err := config.Load(in(folder))
	if err != nil {
		t.Fatal(err)
	}
	repo := func(org, name string) scm.Repo { return scm.Repo{Connection: "default", Org: org, Name: name} }
	type view struct {
		Store                  config.Storage
		Prefix, OtherPrefix    string
		Timeout                time.Duration
		Pending, Running       time.Duration
		Env, PresetEnv         string
		Age                    time.Duration
		App, Web, Other, Attic []string
		AppTrust, WebTrust     plugins.TriggerSettings
	}
	jobs := c.Jobs.Presubmits(repo("acme", "app"))
	got := view{
		Store:       c.Storage,
		Prefix:      c.JobURLPrefix(repo("acme", "app")),
		OtherPrefix: c.JobURLPrefix(repo("other", "x")),
		Timeout:     jobs[0].DecorationConfig.Timeout.Duration,
		Pending:     jobs[0].DecorationConfig.PodPendingTimeout.Duration,
		Running:     jobs[0].DecorationConfig.PodRunningTimeout.Duration,
		Env:         jobs[0].Spec.Containers[0].Env[0].Value,
		PresetEnv:   c.Jobs.Periodics()[0].Spec.Containers[0].Env[0].Name,
		Age:         c.Sinker.MaxProwJobAge.Duration,
		App:         c.Plugins.Enabled(repo("acme", "app")),
		Web:         c.Plugins.Enabled(repo("acme", "web")),
		Other:       c.Plugins.Enabled(repo("other", "x")),
		Attic:       c.Plugins.Enabled(repo("other", "attic")),
		AppTrust:    c.Plugins.Triggers(repo("acme", "app")),
		WebTrust:    c.Plugins.Triggers(repo("acme", "web")),
	}
	want := view{
		Store:       config.Storage{URL: "s3://logs", Layout: config.Layout{PathStrategy: "single", DefaultOrg: "acme", DefaultRepo: "app"}},
		Prefix:      "https://acme.example.com",
		OtherPrefix: "https://prow.example.com/view",
		Timeout:     30 * time.Minute,
		Pending:     20 * time.Minute,
		Running:     8 * time.Hour,
		Env:         "1.10",
		PresetEnv:   "X",
		Age:         48 * time.Hour,
		App:         []string{"trigger", "hold", "size"},
		Web:         []string{"trigger", "hold"},
		Other:       []string{"trigger"},
		AppTrust:    plugins.TriggerSettings{OnlyOrgMembers: true},
		WebTrust:    plugins.TriggerSettings{TrustedOrg: "friends"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if len(jobs) != 2 || jobs[1].Decorate != nil {
		t.Errorf("the alias of the spec alone must not carry decorate: %+v", jobs)
	}
}

func TestTheDashboardTakesFromDeckWhatItsStanzaLeavesOpen(t *testing.T) {
	folder := write(t, map[string]string{
		"config.yaml": strings.Replace(connections, "{name: main,", "{name: main, login: {client_id: c, client_secret_file: login},", 1) + `
dashboard: {url: "https://ci.example.com/", cookie_key_file: key}
storage: {url: "s3://b", ca_file: ca.pem, retention: {max_age: 24h, jobs: {nightly-*: {max_runs: 3}}}}
deck:
  hidden_repos: [acme/secret]
  spyglass: {lenses: [{required_files: [a], lens: {name: buildlog, config: {highlight_regexes: [boom]}}}]}
`,
		"plugins.yaml": "",
		"jobs/j.yaml":  "",
	})
	c, err := config.Load(in(folder))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Dashboard{
		URL: "https://ci.example.com", CookieKeyFile: filepath.Join(folder, "key"), ErrorPatterns: []string{"boom"}, HiddenRepos: []string{"acme/secret"},
	}
	if diff := cmp.Diff(want, c.Dashboard); diff != "" {
		t.Errorf("dashboard (-want +got):\n%s", diff)
	}
	for repo, want := range map[scm.Repo]bool{
		{Connection: "main", Org: "acme", Name: "secret"}: true, {Connection: "main", Org: "acme", Name: "app"}: false, {Connection: "hub", Org: "acme", Name: "secret"}: false,
	} {
		if c.Hidden(repo) != want {
			t.Errorf("%v is hidden: %v", repo, !want)
		}
	}
	if got := c.Connections[0].Login.ClientSecretFile; got != filepath.Join(folder, "login") {
		t.Errorf("the login's secret is in %s", got)
	}
	if got := c.Storage.CAFile; got != filepath.Join(folder, "ca.pem") {
		t.Errorf("the certificates are in %s", got)
	}
	if r := c.Storage.Retention; r.MaxAge.Duration != 24*time.Hour || r.Jobs["nightly-*"].MaxRuns != 3 {
		t.Errorf("retention %+v", r)
	}
	if got := c.Storage.SpoolBytes(); got != 4<<30 {
		t.Errorf("the spool has %d bytes", got)
	}
}

func TestStanzasOfFeaturesToComeAreKept(t *testing.T) {
	folder := write(t, map[string]string{
		"config.yaml":  "tide:\n  queries: [{orgs: [acme]}]\nproviderConfig: {kind: gitlab, server: \"https://gl.example.com/\", botUser: lh}\n",
		"plugins.yaml": "size: {s: 5, m: 20}\n",
		"jobs/j.yaml":  "",
	})
	c, err := config.Load(in(folder))
	if err != nil {
		t.Fatal(err)
	}
	if tide := c.Stanzas.Tide; tide == nil || tide.Queries[0].Orgs[0] != "acme" {
		t.Errorf("tide: %+v", tide)
	}
	if size := c.Plugins.Stanzas().Size; size == nil || size.M != 20 {
		t.Errorf("size: %+v", size)
	}
	if c.Stanzas.Deck != nil {
		t.Error("deck is not there")
	}
	want := config.Connection{Name: "default", Kind: "gitlab", URL: "https://gl.example.com", Bot: "lh", Default: true}
	if got, ok := c.Connection(""); !ok || cmp.Diff(want, got) != "" {
		t.Errorf("Lighthouse's provider is %+v", got)
	}
	if len(c.Warnings) != 1 {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

func TestNestedGroupsTakeOverThePluginsAboveThem(t *testing.T) {
	folder := write(t, map[string]string{
		"config.yaml":  connections,
		"plugins.yaml": "plugins:\n  hub:a: {plugins: [x], excluded_repos: [b/out]}\n  hub:a/b: [y]\n  hub:a/b/c: [z]\n",
		"jobs/j.yaml":  "",
	})
	c, err := config.Load(in(folder))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		repo scm.Repo
		want string
	}{
		"a repository in a group in a group": {scm.Repo{Connection: "hub", Org: "a/b", Name: "c"}, "x y z"},
		"a sibling without an entry":         {scm.Repo{Connection: "hub", Org: "a/b", Name: "d"}, "x y"},
		"an excluded one":                    {scm.Repo{Connection: "hub", Org: "a/b", Name: "out"}, "y"},
		"the same name elsewhere":            {scm.Repo{Connection: "main", Org: "a/b", Name: "c"}, ""},
		"a group that begins alike":          {scm.Repo{Connection: "hub", Org: "ab", Name: "c"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(c.Plugins.Enabled(tc.repo), " "); got != tc.want {
				t.Errorf("enabled %q, want %q", got, tc.want)
			}
		})
	}
}

func TestLenientLoadingWarnsOfWhatProwIgnored(t *testing.T) {
	folder := write(t, map[string]string{
		"config.yaml":  "dekc: {}\nlog_level: info\nlog_level: debug\n",
		"plugins.yaml": "pluginz: {}\n",
		"jobs/j.yaml":  "presubmits:\n  acme/app:\n  - {name: a, alway_run: true, spec: {containers: [{image: i}]}}\n",
	})
	paths := in(folder)
	paths.Lenient = true
	c, err := config.Load(paths)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range c.Warnings {
		got = append(got, strings.TrimPrefix(w.String(), folder+"/"))
	}
	want := []string{
		`config.yaml:1:1: warning: unknown key "dekc" in the file (did you mean deck?)`,
		`config.yaml:3:1: warning: key "log_level" is given twice, first on line 2 (keep one of them)`,
		`jobs/j.yaml:3:15: warning: unknown key "alway_run" in an item of acme/app (did you mean always_run?)`,
		`plugins.yaml:1:1: warning: unknown key "pluginz" in the file (did you mean plugins?)`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}

	if err := os.WriteFile(paths.Config, []byte("storage: {pathstyle: yes, paths_tyle: no}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(paths); err == nil || !strings.Contains(err.Error(), `error: unknown key "paths_tyle" in storage (did you mean path_style?)`) {
		t.Errorf("Pharos's own stanzas are never read loosely, but got %v", err)
	}
}

func TestMissingFilesAreFindings(t *testing.T) {
	folder := t.TempDir()
	_, err := config.Load(in(folder))
	var errs *config.Errors
	if !errors.As(err, &errs) || len(errs.Findings) != 3 {
		t.Fatalf("want three findings, got %v", err)
	}
	if got, want := errs.Findings[0].String(), folder+"/config.yaml: error: cannot be read: no such file or directory (check the path and its permissions)"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
