package e2e

import (
	"errors"
	"testing"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/test/harness"
)

// twoJobs start on every pull request, one of them after a look at what it changes.
const twoJobs = `
presubmits:
  %[1]s:
  - name: unit
    agent: kubernetes
    always_run: true
    spec: {containers: [{image: IMAGE, imagePullPolicy: IfNotPresent, command: ["true"]}]}
  - name: lint
    agent: kubernetes
    run_if_changed: \.txt$
    spec: {containers: [{image: IMAGE, imagePullPolicy: IfNotPresent, command: ["true"]}]}
`

// Most forge calls that an event may cost, the statuses of both jobs from pending to their end included.
const (
	callsOpened  = 7
	callsAgain   = 4
	callsCommand = 5
)

func TestAnEventCostsFewForgeCalls(t *testing.T) {
	onEveryForge(t, "calls", twoJobs, nil, func(s *site) {
		told := 0.0
		cost := func(what string, most float64, runs int) {
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
			if all-told > most {
				s.t.Errorf("%s costs %v forge calls, want at most %v", what, all-told, most)
			}
			told = all
		}
		p := s.open("feature", "a.txt", "a")
		cost("opened, with cold caches", callsOpened, 1)
		s.comment(p, harness.Member, "/test all")
		cost("/test all, nothing has changed", callsCommand, 2)
		if err := s.Forge.Reopen(p); errors.Is(err, scm.ErrUnsupported) {
			return
		} else if err != nil {
			s.t.Fatal(err)
		}
		cost("opened again, nothing has changed", callsAgain, 3)
	})
}
