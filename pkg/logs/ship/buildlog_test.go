package ship_test

import (
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
)

func TestAStepThatTheUserCallsCloneIsPartOfTheLog(t *testing.T) {
	const both, own = "==> build/clone <==\nhello 0\n\n==> build/test <==\nhello 1\n", "hello 1\n"
	for name, tc := range map[string]struct {
		decorate     bool
		spec         string
		steps        []string
		build, clone string
	}{
		"a decorated job":                   {decorate: true, steps: []string{"clone", "test"}, build: own, clone: "hello 0\n"},
		"a job that clones for itself":      {steps: []string{"clone", "test"}, build: both},
		"a job with a reference to a clone": {spec: `{"taskRef":{"name":"PROW_IMPLICIT_GIT_REF"}}`, steps: []string{"clone", "test"}, build: own, clone: "hello 0\n"},
		"a decorated job that clones too":   {decorate: true, steps: []string{"pharos-clone", "clone"}, build: own, clone: "hello 0\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Job.Spec.Decorate = tc.decorate
				if tc.spec != "" {
					l.Job.Spec.PipelineRunSpec = &runtime.RawExtension{Raw: []byte(tc.spec)}
				}
				l.Start(l.Store)
				defer l.Stop()
				refs := l.Pod("p1", "build", tc.steps...)
				l.Kubelet.Print(refs[0], logstest.Line("hello 0"))
				l.Kubelet.Print(refs[1], logstest.Line("hello 1"))
				l.Observe()
				for _, ref := range refs {
					l.End(ref, 0)
				}
				l.Finish(v1alpha1.StateSuccess)
				l.Observe()
				l.Archived()
				if got := l.File("build-log.txt"); got != tc.build {
					t.Errorf("build-log.txt is %q, want %q", got, tc.build)
				}
				if tc.clone != "" && l.File("clone-log.txt") != tc.clone {
					t.Errorf("clone-log.txt is %q, want %q", l.File("clone-log.txt"), tc.clone)
				}
			})
		})
	}
}
