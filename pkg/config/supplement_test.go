package config_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/scm"
)

func supplemented(folder string) config.Paths {
	p := in(folder)
	p.SupplementalConfigs = []string{filepath.Join(folder, "more")}
	p.SupplementalPlugins = []string{filepath.Join(folder, "more")}
	return p
}

func TestSupplementalFilesAdd(t *testing.T) {
	folder := write(t, map[string]string{
		"config.yaml":                  "tide: {queries: [{orgs: [acme]}], merge_method: {acme: squash}}\nbranch-protection: {orgs: {acme: {repos: {app: {protect: true}}}}}\n",
		"plugins.yaml":                 "plugins: {acme: [trigger]}\nlgtm: [{repos: [acme]}]\n",
		"jobs/z.yaml":                  "",
		"more/other/_prowconfig.yaml":  "tide: {queries: [{orgs: [other]}], merge_method: {other: rebase}}\nbranch-protection: {orgs: {acme: {repos: {lib: {protect: true}}}}}\n",
		"more/lib/x_pluginconfig.yaml": "plugins: {other: [trigger]}\nlgtm: [{repos: [other]}]\nexternal_plugins: {other: [{name: x}]}\n",
		"more/README.md":               "not: [yaml",
	})
	c, err := config.Load(supplemented(folder))
	if err != nil {
		t.Fatal(err)
	}
	tide := c.Stanzas.Tide
	if len(tide.Queries) != 2 || tide.MergeMethod["other"].Method != "rebase" || tide.MergeMethod["acme"].Method != "squash" {
		t.Errorf("tide: %+v", tide)
	}
	if repos := c.Stanzas.BranchProtection.Orgs["acme"].Repos; len(repos) != 2 {
		t.Errorf("protected: %v", repos)
	}
	if more := c.Plugins.Stanzas(); len(more.Lgtm) != 2 || len(more.ExternalPlugins["other"]) != 1 {
		t.Errorf("plugins: %+v", more)
	}
	other := scm.Repo{Connection: "default", Org: "other", Name: "app"}
	if got := c.Plugins.Enabled(other); !cmp.Equal(got, []string{"trigger"}) {
		t.Errorf("plugins of other: %v", got)
	}
}

func TestWhatSupplementalFilesMayNotSay(t *testing.T) {
	for name, tc := range map[string]struct{ file, content, want string }{
		"a query elsewhere":      {"a_prowconfig.yaml", "tide: {sync_period: 1m}\n", `more/a_prowconfig.yaml:1:8: error: unknown key "sync_period" in tide (known keys: merge_method, queries)`},
		"a second merge method":  {"a_prowconfig.yaml", "tide: {merge_method: {acme: merge}}\n", `more/a_prowconfig.yaml:1:23: error: "acme" is configured already (keep it in one file)`},
		"a second list":          {"a_pluginconfig.yaml", "plugins:\n  acme: [size]\n", `more/a_pluginconfig.yaml:2:3: error: "acme" is configured already (keep it in one file)`},
		"a setting of no plugin": {"a_pluginconfig.yaml", "size: {s: 1}\n", `more/a_pluginconfig.yaml:1:1: error: unknown key "size" in the file (known keys: approve, bugzilla, external_plugins, label, lgtm, plugins, triggers, welcome)`},
	} {
		t.Run(name, func(t *testing.T) {
			folder := write(t, map[string]string{
				"config.yaml": "tide: {merge_method: {acme: squash}}\n", "plugins.yaml": "plugins: {acme: [trigger]}\n", "jobs/z.yaml": "", "more/" + tc.file: tc.content,
			})
			_, err := config.Load(supplemented(folder))
			var errs *config.Errors
			if !errors.As(err, &errs) {
				t.Fatalf("want findings, got %v", err)
			}
			if got := strings.ReplaceAll(err.Error(), folder+"/", ""); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestIgnoredJobFiles(t *testing.T) {
	one := func(name string) string {
		return strings.ReplaceAll(oneJob(pod)["jobs/j.yaml"], "name: a", "name: "+name)
	}
	folder := write(t, map[string]string{
		"config.yaml": "", "plugins.yaml": "",
		"jobs/.prowignore":           "# drafts\n*.draft.yaml\n/old/\n",
		"jobs/kept.yaml":             one("kept"),
		"jobs/a.draft.yaml":          one("draft"),
		"jobs/old/x.yaml":            one("old"),
		"jobs/deep/old/x.yaml":       one("deep-old"),
		"jobs/deep/.prowignore":      "sub/skipped.yaml\n",
		"jobs/deep/sub/skipped.yaml": one("skipped"),
		"jobs/deep/sub/read.yaml":    one("read"),
		"jobs/..2026/v.yaml":         one("version"),
	})
	c, err := config.Load(in(folder))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"deep-old", "read", "kept"}, names(c.Jobs.Presubmits(scm.Repo{Connection: "default", Org: "acme", Name: "app"}))); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
}
