package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/test/harness"
)

// twoJobs start on every pull request.
const twoJobs = `
presubmits:
  %[1]s:
  - name: unit
    agent: kubernetes
    always_run: true
    spec: {containers: [{image: IMAGE, imagePullPolicy: IfNotPresent, command: ["true"]}]}
  - name: lint
    agent: kubernetes
    CONDITION
    spec: {containers: [{image: IMAGE, imagePullPolicy: IfNotPresent, command: ["true"]}]}
`

// limits are the most forge calls that an event may cost, the statuses of both jobs from pending to their end included.
type limits struct{ opened, command, again float64 }

func TestAnEventCostsFewForgeCalls(t *testing.T) {
	t.Run("jobs that always run", func(t *testing.T) {
		countCalls(t, "always_run: true", limits{opened: 7, command: 5, again: 4})
	})
	// Bitbucket Cloud answers with a redirect, which is a call more.
	t.Run("one asks for the changed files", func(t *testing.T) {
		countCalls(t, `run_if_changed: \.txt$`, limits{opened: 8, command: 5, again: 4})
	})
}

func countCalls(t *testing.T, condition string, most limits) {
	onEveryForge(t, "calls", strings.ReplaceAll(twoJobs, "CONDITION", condition), nil, func(s *site) {
		told := 0.0
		cost := func(what string, limit float64, runs int) {
			s.t.Helper()
			for _, name := range []string{"unit", "lint"} {
				pj := s.wait(name, v1alpha1.StateSuccess, runs)
				s.until("the report of "+name, func() (bool, string) {
					now, err := s.Jobs(s.ctx(), name)
					return err == nil && now[runs-1].Status.Reports["forge"].State == v1alpha1.StateSuccess, pj.Name
				})
			}
			all, err := s.Pharos.Metric("pharos_forge_requests_total")
			if err != nil {
				s.t.Fatal(err)
			}
			s.t.Logf("%-15s %-40s %2.0f calls", s.Forge.Kind(), what, all-told)
			if all-told > limit {
				s.t.Errorf("%s costs %v forge calls, want at most %v", what, all-told, limit)
			}
			told = all
		}
		p := s.open("feature", "a.txt", "a")
		cost("opened, with cold caches", most.opened, 1)
		s.comment(p, harness.Member, "/test all")
		cost("/test all, nothing has changed", most.command, 2)
		if err := s.Forge.Reopen(p); errors.Is(err, scm.ErrUnsupported) {
			return
		} else if err != nil {
			s.t.Fatal(err)
		}
		cost("opened again, nothing has changed", most.again, 3)
	})
}
