package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/app"
	"github.com/pharos-ci/pharos/pkg/config"
)

const explained = `
presubmits:
  acme/app:
  - {name: always, always_run: true, spec: {containers: [{image: i}]}}
  - {name: docs, run_if_changed: '\.md$', optional: true, context: ci/docs, spec: {containers: [{image: i}]}}
  - {name: slow, spec: {containers: [{image: i}]}}
  - {name: old, always_run: true, branches: [^release-], spec: {containers: [{image: i}]}}
postsubmits:
  acme/app:
  - {name: publish, branches: [^main$], run_if_changed: ^pkg/, spec: {containers: [{image: i}]}}
`

func paths(t *testing.T, files map[string]string) config.Paths {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := config.Paths{Config: filepath.Join(dir, "config.yaml")}
	if files["plugins.yaml"] != "" {
		p.Plugins = filepath.Join(dir, "plugins.yaml")
	}
	return p
}

func TestExplain(t *testing.T) {
	p := paths(t, map[string]string{"config.yaml": explained, "changed.txt": "README.md\n"})
	list := filepath.Join(filepath.Dir(p.Config), "changed.txt")
	for name, tc := range map[string]struct {
		options app.ExplainOptions
		run     string
		skip    map[string]string
	}{
		"a new pull request": {app.ExplainOptions{Event: "pull_request", Changed: []string{"main.go"}}, "always", map[string]string{
			"docs": "no changed file matches run_if_changed", "slow": "needs /test slow", "old": "branch main is not in branches"}},
		"changed files from a file": {app.ExplainOptions{Event: "pull_request", ChangedFile: list}, "always docs", nil},
		"changed files that nobody gave": {app.ExplainOptions{Event: "pull_request"}, "always",
			map[string]string{"docs": "depends on the changed files, which were not given (--changed)"}},
		"another base":               {app.ExplainOptions{Event: "pull_request", Base: "release-1", Changed: []string{"a"}}, "always old", nil},
		"a command":                  {app.ExplainOptions{Event: "comment", Comment: "/test slow"}, "slow", map[string]string{"always": "was not asked for"}},
		"a retest of what failed":    {app.ExplainOptions{Event: "comment", Comment: "/retest", Failed: []string{"ci/docs"}}, "docs", map[string]string{"always": "did not fail before"}},
		"an outsider":                {app.ExplainOptions{Event: "pull_request", Author: "untrusted"}, "", map[string]string{"always": "the author is not trusted: a member must comment /ok-to-test"}},
		"an outsider who is trusted": {app.ExplainOptions{Event: "pull_request", Author: "untrusted", Labels: []string{"ok-to-test"}, Changed: []string{"a"}}, "always", nil},
		"a push":                     {app.ExplainOptions{Event: "push", Changed: []string{"pkg/a.go"}}, "publish", nil},
		"a push of something else":   {app.ExplainOptions{Event: "push", Changed: []string{"a.go"}}, "", map[string]string{"publish": "no changed file matches run_if_changed"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := tc.options
			o.Config, o.Repo, o.Output = p, "acme/app", "json"
			if o.Base == "" {
				o.Base = "main"
			}
			var out bytes.Buffer
			if err := app.Explain(o, &out); err != nil {
				t.Fatal(err)
			}
			var got app.Explanation
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			var run []string
			for _, r := range got.Run {
				run = append(run, r.Name)
			}
			if diff := cmp.Diff(tc.run, strings.Join(run, " ")); diff != "" {
				t.Errorf("jobs that run (-want +got):\n%s", diff)
			}
			for _, s := range got.Skip {
				if want, ok := tc.skip[s.Name]; ok && want != s.Reason {
					t.Errorf("%s is skipped because %q, want %q", s.Name, s.Reason, want)
				}
			}
		})
	}
}

func TestExplainRefusesWhatItDoesNotKnow(t *testing.T) {
	p := paths(t, map[string]string{"config.yaml": explained})
	for name, o := range map[string]app.ExplainOptions{
		"event":  {Repo: "acme/app", Event: "merge"},
		"author": {Repo: "acme/app", Event: "push", Author: "alice"},
		"repo":   {Repo: "acme", Event: "push"},
		"output": {Repo: "acme/app", Event: "push", Output: "xml"},
		"file":   {Repo: "acme/app", Event: "push", ChangedFile: "/nowhere"},
	} {
		o.Config = p
		if err := app.Explain(o, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "--") {
			t.Errorf("a wrong %s is answered %v, want an error that names the flag", name, err)
		}
	}
}

func TestWithPluginsTheTriggerMustBeEnabled(t *testing.T) {
	p := paths(t, map[string]string{"config.yaml": explained, "plugins.yaml": "plugins: {other: [trigger]}\n"})
	var out bytes.Buffer
	if err := app.Explain(app.ExplainOptions{Config: p, Repo: "acme/app", Base: "main", Event: "pull_request"}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "skip  always (always): the plugin trigger is not enabled for acme/app") {
		t.Errorf("output:\n%s", &out)
	}
}

func TestJobsAreListedWithTheirPlace(t *testing.T) {
	p := paths(t, map[string]string{"config.yaml": explained + "periodics:\n- {name: nightly, interval: 24h, spec: {containers: [{image: i}]}}\n"})
	var out bytes.Buffer
	if err := app.Jobs(app.JobsOptions{Config: p, Output: "json"}, &out); err != nil {
		t.Fatal(err)
	}
	var got []app.ListedJob
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range got {
		lines = append(lines, l.Type+" "+l.Repo+" "+l.Name+" "+strings.TrimPrefix(l.Source, p.Config))
	}
	want := []string{
		"periodic  nightly :12", "postsubmit acme/app publish :10",
		"presubmit acme/app always :4", "presubmit acme/app docs :5", "presubmit acme/app old :7", "presubmit acme/app slow :6",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	if fields, ok := got[3].Job.(map[string]any); !ok || fields["context"] != "ci/docs" || fields["rerun_command"] != "/test docs" {
		t.Errorf("resolved fields of docs: %v", got[3].Job)
	}
}
