package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/test/harness"
)

// everywhereJob is the same on each connection: two Giteas, a GitHub and a GitLab.
const everywhereJob = `
  %[1]s:
  - name: unit
    agent: kubernetes
    decorate: true
    always_run: true
    spec: {containers: [{image: IMAGE, imagePullPolicy: IfNotPresent, command: [sh, ./test.sh]}]}
`

func TestSeveralForgesServeSideBySide(t *testing.T) {
	t.Parallel()
	others := map[string]harness.Forge{}
	jobs := "\npresubmits:" + everywhereJob
	for name, kind := range map[string]string{"hub": "github", "lab": "gitlab", "second": "gitea"} {
		forge, err := harness.OpenSimulated(kind, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(forge.Close)
		others[name] = forge
		jobs += strings.ReplaceAll(everywhereJob, "%[1]s", `"`+name+`:%[1]s"`)
	}
	s := siteWith(t, "gitea", harness.SiteOptions{Name: "several", Jobs: jobs, Others: others, Files: map[string]string{"test.sh": "cat where.txt\n"}})
	others["main"] = s.Forge
	heads := map[string]string{}
	for name, forge := range others { // pull request 1 of one repository on four connections
		p, err := harness.OpenPull(forge, harness.Change{
			Org: s.Org, Repo: s.Repo, As: harness.Member, Branch: "feature", NewFrom: "main", Path: "where.txt", Content: "this is " + name + "\n",
		}, "Say where")
		if err != nil {
			t.Fatal(err)
		}
		heads[name] = p.SHA
	}
	for i := range len(others) {
		s.wait("unit", v1alpha1.StateSuccess, i+1)
	}
	runs, err := s.Jobs(s.ctx(), "unit")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, pj := range runs {
		name := pj.Spec.Connection
		if seen[name] {
			t.Errorf("connection %s has two runs", name)
		}
		seen[name] = true
		s.checkOn(others[name], name, &pj, heads[name])
	}
	if len(runs) != len(others) || len(seen) != len(others) {
		t.Errorf("runs of %v, want one of each of %d connections", seen, len(others))
	}
}

// checkOn looks at a connection's status, log and folder in the bucket.
func (s *site) checkOn(forge harness.Forge, name string, pj *v1alpha1.PipelineJob, sha string) {
	s.t.Helper()
	s.until("the status on "+name, func() (bool, string) {
		st, _, err := forge.Status(s.Org, s.Repo, sha, "unit")
		return err == nil && st != nil && st.State == "success", fmt.Sprint(st, err)
	})
	folder := fmt.Sprintf("pr-logs/pull/%s_%s/1/unit/%s", s.Org, s.Repo, pj.Spec.BuildID)
	if name != "main" {
		folder = "connections/" + name + "/" + folder
	}
	var log string
	s.until("the log of "+name, func() (bool, string) {
		content, ok, err := s.Bucket.Read(s.ctx(), folder+"/build-log.txt")
		log = content
		return ok && err == nil, fmt.Sprint(err)
	})
	s.want("the log of "+name, log, "this is "+name)
}
