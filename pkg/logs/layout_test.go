package logs_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
	"github.com/pharos-ci/pharos/pkg/storage"
)

func TestLayout(t *testing.T) {
	type paths struct {
		Run, Directory string
		Latest         []string
	}
	explicit := logs.Layout{DefaultConnection: "main"}
	pull := func(org, repo string) *v1alpha1.PipelineJob {
		pj := logstest.Presubmit()
		pj.Spec.Refs.Org, pj.Spec.Refs.Repo = org, repo
		return pj
	}
	edit := func(pj *v1alpha1.PipelineJob, change func(*v1alpha1.PipelineJobSpec)) *v1alpha1.PipelineJob {
		change(&pj.Spec)
		return pj
	}
	typed := func(jobType v1alpha1.JobType) *v1alpha1.PipelineJob {
		return edit(logstest.Presubmit(), func(s *v1alpha1.PipelineJobSpec) { s.Type = jobType })
	}
	for name, tc := range map[string]struct {
		layout logs.Layout
		job    *v1alpha1.PipelineJob
		want   paths
	}{
		"a presubmit is under its pull request and has a directory": {explicit, logstest.Presubmit(), paths{
			"pr-logs/pull/acme_app/7/unit/100", "pr-logs/directory/unit/100.txt",
			[]string{"pr-logs/pull/acme_app/7/unit/latest-build.txt", "pr-logs/directory/unit/latest-build.txt"},
		}},
		"a batch is under batch": {explicit, typed(v1alpha1.Batch), paths{
			"pr-logs/pull/batch/unit/100", "", []string{"pr-logs/pull/batch/unit/latest-build.txt"},
		}},
		"a postsubmit is under logs": {explicit, typed(v1alpha1.Postsubmit), paths{
			"logs/unit/100", "", []string{"logs/unit/latest-build.txt"},
		}},
		"a periodic without a repository is under logs": {
			explicit, edit(typed(v1alpha1.Periodic), func(s *v1alpha1.PipelineJobSpec) { s.Refs = nil }),
			paths{"logs/unit/100", "", []string{"logs/unit/latest-build.txt"}},
		},
		"the prefix goes before all": {logs.Layout{DefaultConnection: "main", Prefix: "/ci/"}, typed(v1alpha1.Periodic), paths{
			"ci/logs/unit/100", "", []string{"ci/logs/unit/latest-build.txt"},
		}},
		"another connection has its own folder": {logs.Layout{DefaultConnection: "other", Prefix: "ci"}, logstest.Presubmit(), paths{
			"ci/connections/main/pr-logs/pull/acme_app/7/unit/100", "ci/connections/main/pr-logs/directory/unit/100.txt",
			[]string{
				"ci/connections/main/pr-logs/pull/acme_app/7/unit/latest-build.txt",
				"ci/connections/main/pr-logs/directory/unit/latest-build.txt",
			},
		}},
		"a nested org is one segment": {explicit, pull("group/sub", "app"), paths{
			"pr-logs/pull/group!sub_app/7/unit/100", "pr-logs/directory/unit/100.txt",
			[]string{"pr-logs/pull/group!sub_app/7/unit/latest-build.txt", "pr-logs/directory/unit/latest-build.txt"},
		}},
		"a job name cannot leave its folder": {
			explicit, edit(typed(v1alpha1.Postsubmit), func(s *v1alpha1.PipelineJobSpec) { s.Job, s.BuildID = "../a/b", ".." }),
			paths{"logs/..%2Fa%2Fb/%2E%2E", "", []string{"logs/..%2Fa%2Fb/latest-build.txt"}},
		},
		"the default repository of legacy has no segment": {
			logs.Layout{Strategy: logs.Legacy, DefaultOrg: "acme", DefaultRepo: "app", DefaultConnection: "main"}, logstest.Presubmit(), paths{
				"pr-logs/pull/7/unit/100", "pr-logs/directory/unit/100.txt",
				[]string{"pr-logs/pull/7/unit/latest-build.txt", "pr-logs/directory/unit/latest-build.txt"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := paths{tc.layout.Run(tc.job), tc.layout.Directory(tc.job), tc.layout.Latest(tc.job)}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLayoutKeepsAPathOnceItIsChosen(t *testing.T) {
	pj := logstest.Presubmit()
	pj.Status.Log.Path = "old/place"
	if got := (logs.Layout{}).Run(pj); got != "old/place" {
		t.Errorf("run is in %s", got)
	}
}

func TestRepoSegment(t *testing.T) {
	for name, tc := range map[string]struct {
		strategy  logs.Strategy
		org, repo string
		want      string
	}{
		"explicit names both":                             {logs.Explicit, "acme", "app", "acme_app"},
		"empty means explicit":                            {"", "acme", "app", "acme_app"},
		"legacy leaves the default repository out":        {logs.Legacy, "acme", "app", ""},
		"legacy leaves the default org out":               {logs.Legacy, "acme", "lib", "lib"},
		"legacy names both of another org":                {logs.Legacy, "else", "app", "else_app"},
		"legacy does not mistake a repository for a pull": {logs.Legacy, "acme", "7", "acme_7"},
		"legacy does not mistake a repository for batch":  {logs.Legacy, "acme", "batch", "acme_batch"},
		"single leaves the default repository out":        {logs.Single, "acme", "app", ""},
		"single names both of any other":                  {logs.Single, "acme", "lib", "acme_lib"},
		"a slash in a repository becomes an underscore":   {logs.Explicit, "acme", "a/b", "acme_a_b"},
		"an underscore in an org is escaped":              {logs.Explicit, "a_b", "c", "a!_b_c"},
		"an underscore in a repository is not":            {logs.Explicit, "a", "b_c", "a_b_c"},
		"every other sign is escaped":                     {logs.Explicit, "a!b", "c d", "a%21b_c%20d"},
	} {
		t.Run(name, func(t *testing.T) {
			layout := logs.Layout{Strategy: tc.strategy, DefaultOrg: "acme", DefaultRepo: "app"}
			if got := layout.RepoSegment(tc.org, tc.repo); got != tc.want {
				t.Errorf("segment %q, want %q", got, tc.want)
			}
		})
	}
}

// isName matches org paths and repository names; "/" separates nested orgs, and repository names have none.
var isName = regexp.MustCompile(`^[a-zA-Z0-9_.~-]{1,50}(/[a-zA-Z0-9_.~-]{1,50}){0,5}$`)

func FuzzLayoutNeverSharesAFolder(f *testing.F) {
	f.Add("main", "a", "b_c", "unit", "main", "a_b", "c", "unit")
	f.Add("main", "a/b", "c", "unit", "main", "a", "b/c", "unit")
	f.Add("main", "a", "b", "..", "x/y", "a", "b", ".")
	f.Fuzz(func(t *testing.T, c1, o1, r1, j1, c2, o2, r2, j2 string) {
		layout := logs.Layout{DefaultConnection: "main"}
		folder := func(connection, org, repo, name string) string {
			pj := logstest.Presubmit()
			pj.Spec.Connection, pj.Spec.Job, pj.Spec.Refs.Org, pj.Spec.Refs.Repo = connection, name, org, repo
			return layout.Run(pj)
		}
		for _, bad := range []string{o1, r1, o2, r2} {
			if !isName.MatchString(bad) {
				return // no forge has such a name
			}
		}
		if strings.Contains(r1+r2, "/") || len(c1+j1+c2+j2) > 300 || c1 == "" || c2 == "" || j1 == "" || j2 == "" {
			return
		}
		a, b := folder(c1, o1, r1, j1), folder(c2, o2, r2, j2)
		if err := storage.CheckKey(a); err != nil && len(a) < 1024 {
			t.Error(err)
		}
		same := c1 == c2 && o1 == o2 && r1 == r2 && j1 == j2
		if (a == b) != same {
			t.Errorf("%q for %q and %q", a, []string{c1, o1, r1, j1}, []string{c2, o2, r2, j2})
		}
	})
}
