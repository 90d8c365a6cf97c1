package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/config"
)

const decorated = "decorate: true, spec: {containers: [{image: i, args: [x]}]}"

// doubtful are configurations that load; each case asks one check.
var doubtful = map[string]struct {
	check   string
	files   map[string]string
	options config.CheckOptions
	want    string // one finding a line, paths relative to the folder; "" for none
}{
	"a name that does not fit into a label": {check: "long-job-names",
		files: map[string]string{"jobs/j.yaml": "periodics:\n- {name: " + strings.Repeat("a", 64) + ", interval: 1h, " + decorated + "}\n"},
		want:  "jobs/j.yaml:2:4: warning: the name of job " + strings.Repeat("a", 64) + " has 64 characters; labels show the first 63 (shorten it)"},
	"a job without decoration": {check: "non-decorated-jobs", files: oneJob(pod),
		want: "jobs/j.yaml:3:5: warning: job a is not decorated: its code is not checked out (set decorate: true)"},
	"a decorated job": {check: "non-decorated-jobs", files: oneJob("decorate: true", "spec: {containers: [{image: i, args: [x]}]}")},
	"an extra ref that is the repository itself": {check: "duplicate-job-refs",
		files: oneJob("extra_refs: [{org: acme, repo: lib, base_ref: main}, {org: acme, repo: app, base_ref: main}]", pod),
		want:  "jobs/j.yaml:4:58: warning: job a checks out acme/app twice (remove one of the two)"},
	"a checkout for a job that has none": {check: "periodic-default-clone-config",
		files: map[string]string{"jobs/j.yaml": "periodics:\n- {name: p, interval: 1h, path_alias: x, " + pod + "}\n"},
		want:  "jobs/j.yaml:2:27: warning: path_alias means nothing in a periodic job (move it to the extra ref that it is meant for)"},
	"an annotation that everybody must have": {check: "required-job-annotations", files: oneJob(pod),
		options: config.CheckOptions{RequiredJobAnnotations: []string{"owner"}},
		want:    "jobs/j.yaml:3:5: warning: job a lacks annotation owner (add it)"},
	"a grace period longer than the timeout": {check: "valid-decoration-config",
		files: oneJob("decorate: true", "decoration_config: {timeout: 1m, grace_period: 2m}", "spec: {containers: [{image: i, args: [x]}]}"),
		want:  "jobs/j.yaml:5:5: warning: job a has a grace period, 2m0s, longer than its timeout, 1m0s (shorten it)"},
	"jobs that nothing starts": {check: "missing-trigger", files: oneJob(pod),
		want: "jobs/j.yaml:3:5: warning: acme/app has jobs, and plugin trigger, which starts them, is not enabled for it (add trigger below plugins in plugins.yaml)"},
	"jobs that the organisation's plugin starts": {check: "missing-trigger",
		files: map[string]string{"jobs/j.yaml": oneJob(pod)["jobs/j.yaml"], "plugins.yaml": "plugins: {acme: [trigger]}\n"}},
	"OWNERS files that nobody checks": {check: "validate-owners", files: pluginsFile("plugins:\n  acme: {plugins: [size, approve]}\n  acme/app: [verify-owners, blunderbuss]\n"),
		want: "plugins.yaml:2:26: warning: plugin approve reads OWNERS files that no plugin checks (enable verify-owners as well)"},
	"a label that nobody may change": {check: "validate-label", files: pluginsFile("label: {restricted_labels: {acme: [{label: x}]}}\n"),
		want: `plugins.yaml:1:36: warning: nobody may change label "x" (list allowed_teams or allowed_users)`},
	"a label twice": {check: "validate-label", files: pluginsFile("label:\n  additional_labels: [x, y, x]\n"),
		want: `plugins.yaml:2:29: warning: label "x" is empty or listed twice (remove it)`},
	"a webhook for an organisation and again for its repository": {check: "managed-webhooks",
		files: mainFile("managed_webhooks:\n  org_repo_config:\n    acme: {token_created_after: 2020-01-01T00:00:00Z}\n    acme/app: {token_created_after: 2020-01-01T00:00:00Z}\n"),
		want:  "config.yaml:4:5: warning: acme/app and its organisation both have a webhook: every event comes twice (remove one of them)"},
	"an address that no browser opens": {check: "validate-urls", files: mainFile("plank: {job_url_prefix_config: {'*': ci.example.com}}\n"),
		want: `config.yaml:1:33: warning: "ci.example.com" is not an address that a browser opens (write one like https://ci.example.com)`},
	"a policy below one that is not managed": {check: "validate-unmanaged-branchconfig-has-no-subconfig",
		files: mainFile("branch-protection:\n  orgs:\n    acme:\n      unmanaged: true\n      repos: {app: {protect: true}}\n"),
		want:  "config.yaml:5:7: warning: acme is unmanaged, so its repos mean nothing (remove it, or unmanaged)"},
	"a query without the label of a plugin": {check: "mismatched-tide", files: map[string]string{
		"config.yaml": "tide:\n  queries:\n  - {orgs: [acme], labels: [approved]}\n", "plugins.yaml": "plugins: {acme: [lgtm, approve]}\n"},
		want: "config.yaml:3:13: warning: plugin lgtm is enabled for acme, and no query asks about its label lgtm (add the label to the query or disable the plugin)"},
	"a query about a label that no plugin puts": {check: "mismatched-tide-lenient", files: map[string]string{
		"config.yaml": "tide:\n  queries:\n  - {repos: [acme/app], labels: ['skip-review,lgtm'], missingLabels: [do-not-merge/hold]}\n"},
		want: "config.yaml:3:14: warning: the query asks about label lgtm, and plugin lgtm, which puts it, is not enabled for acme/app (enable the plugin or drop the label)"},
	"a repository whose organisation asks": {check: "mismatched-tide-lenient", files: map[string]string{
		"config.yaml":  "tide:\n  queries:\n  - {orgs: [acme], labels: [lgtm]}\n  - {repos: [acme/app], labels: [skip-review]}\n",
		"plugins.yaml": "plugins: {acme: [lgtm]}\n"}},
	"a label that lgtm excludes": {check: "needs-ok-to-test", files: mainFile("tide:\n  queries:\n  - {orgs: [acme], labels: [lgtm], missingLabels: [needs-ok-to-test]}\n"),
		want: "config.yaml:3:36: warning: a query that demands lgtm need not forbid needs-ok-to-test (remove it)"},
	"branches that must be up to date": {check: "tide-strict-branch",
		files: mainFile("tide: {queries: [{repos: [acme/app]}]}\nbranch-protection:\n  orgs: {acme: {required_status_checks: {strict: true}}}\n"),
		want:  "config.yaml:3:42: warning: tide merges acme/app, whose branches must be up to date: each merge makes all other pull requests test again (remove strict)"},
	"a repository that need not be": {check: "tide-strict-branch",
		files: mainFile("tide: {queries: [{repos: [acme/app]}]}\nbranch-protection:\n  required_status_checks: {strict: true}\n  orgs: {acme: {repos: {app: {required_status_checks: {strict: false}}}}}\n")},
	"a context that is optional and is not": {check: "tide-context-policy", files: map[string]string{
		"config.yaml": "tide:\n  context_options: {optional-contexts: [a]}\n", "jobs/j.yaml": oneJob("always_run: true", pod)["jobs/j.yaml"]},
		want: `config.yaml:2:21: warning: context "a" is optional here, and job a of acme/app (FOLDER/jobs/j.yaml:3) is not (set optional: true at the job, or remove the context here)`},
	"what nothing acts on": {check: "not-acted-on", files: map[string]string{
		"config.yaml":  "push_gateway: {endpoint: x}\nin_repo_config: {enabled: {'*': true}}\n",
		"plugins.yaml": "plugins:\n  acme: [trigger, teapot]\n  other: [teapot]\nsize: {s: 1}\n",
		"jobs/j.yaml":  "presubmits:\n  acme/app:\n  - {name: a, cluster: far, " + pod + "}\n  - {name: b, cluster: far, " + pod + "}\n"},
		want: `config.yaml:1:1: warning: push_gateway is read, and nothing acts on it (scrape /metrics)
jobs/j.yaml:3:5: warning: cluster far is not used: jobs run in the cluster that Pharos runs in (2 jobs of this file)
plugins.yaml:2:19: warning: plugin teapot is not one of Pharos's; nothing happens where it is enabled (2 lists) (known plugins: trigger)
plugins.yaml:4:1: warning: size is read, and nothing acts on it`},
	"what the clock does not do": {check: "not-acted-on", files: map[string]string{
		"jobs/j.yaml": "periodics:\n- {name: a, interval: 1h, retry: {attempts: 2}, branch: main, " + pod + "}\n"},
		want: `jobs/j.yaml:2:27: warning: retry has no effect: a failed periodic job waits for its next moment
jobs/j.yaml:2:49: warning: branch has no effect (name the branch in extra_refs)`},
	"a field that Tekton has no place for": {check: "pipeline-runs", files: oneJob("spec: {hostPID: true, containers: [{image: i}]}"),
		want: "jobs/j.yaml:4:12: warning: spec.hostPID of job a has no place in a Tekton task and is left out"},
	"a job that Tekton refuses": {check: "pipeline-runs", files: oneJob("spec: {containers: [{image: i}], volumes: [{name: v}, {name: v}]}"),
		want: `jobs/j.yaml:3:5: error: job a becomes no PipelineRun: validate PipelineRun: multiple volumes with same name "v": spec.pipelineSpec.tasks[0].taskSpec.volumes[1].name (see pharos render --job a)`},
}

func TestCheck(t *testing.T) {
	for name, tc := range doubtful {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"config.yaml": "", "plugins.yaml": "", "jobs/z.yaml": ""}
			for file, content := range tc.files {
				files[file] = content
			}
			folder := write(t, files)
			o := tc.options
			o.Warnings = []string{tc.check}
			c, findings, err := config.Check(in(folder), o)
			if err != nil || c == nil {
				t.Fatalf("check: %v %v", err, findings)
			}
			var lines []string
			for _, f := range findings {
				if f.Check != tc.check {
					t.Errorf("finding of another check: %+v", f)
				}
				lines = append(lines, strings.ReplaceAll(strings.TrimPrefix(f.String(), folder+"/"), folder, "FOLDER"))
			}
			if diff := cmp.Diff(tc.want, strings.Join(lines, "\n")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryCheckIsTested(t *testing.T) {
	for _, name := range config.CheckNames() {
		tested := name == "unknown-fields" // by TestCheckOptions
		for _, tc := range doubtful {
			tested = tested || tc.check == name && tc.want != ""
		}
		if !tested {
			t.Errorf("no case finds anything by check %s", name)
		}
	}
}

func TestCheckOptions(t *testing.T) {
	folder := write(t, map[string]string{"config.yaml": "sinkr: {}\npush_gateway: {endpoint: x}\n", "plugins.yaml": "", "jobs/z.yaml": ""})
	lenient := in(folder)
	lenient.Lenient = true
	for name, tc := range map[string]struct {
		paths   config.Paths
		options config.CheckOptions
		want    []string // check and severity
	}{
		"an unknown key is an error":             {in(folder), config.CheckOptions{}, []string{"unknown-fields error"}},
		"lenient, it is a warning":               {lenient, config.CheckOptions{}, []string{"unknown-fields warning", "not-acted-on warning"}},
		"strict, warnings are errors":            {lenient, config.CheckOptions{Strict: true}, []string{"unknown-fields error", "not-acted-on error"}},
		"a check that is not wanted":             {lenient, config.CheckOptions{Exclude: []string{"not-acted-on"}}, []string{"unknown-fields warning"}},
		"unknown keys that nobody asks for":      {lenient, config.CheckOptions{Exclude: []string{"unknown-fields"}}, []string{"not-acted-on warning"}},
		"one of checkconfig's that needs GitHub": {lenient, config.CheckOptions{Warnings: []string{"validate-github-app-installation"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings, err := config.Check(tc.paths, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range findings {
				got = append(got, f.Check+" "+string(f.Severity))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
	if _, _, err := config.Check(lenient, config.CheckOptions{Warnings: []string{"typo"}}); err == nil || !strings.Contains(err.Error(), `no check "typo"`) {
		t.Errorf("a check that does not exist: %v", err)
	}
	if !slices.IsSorted(config.CheckNames()) {
		t.Error("the names are not sorted")
	}
}
