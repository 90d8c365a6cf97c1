package logs_test

import (
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
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
				l := newLab(t)
				l.job.Spec.Decorate = tc.decorate
				if tc.spec != "" {
					l.job.Spec.PipelineRunSpec = &runtime.RawExtension{Raw: []byte(tc.spec)}
				}
				l.start(l.store)
				defer l.stop()
				refs := l.pod("p1", "build", tc.steps...)
				l.kubelet.print(refs[0], line("hello 0"))
				l.kubelet.print(refs[1], line("hello 1"))
				l.observe()
				for _, ref := range refs {
					l.end(ref, 0)
				}
				l.finish(v1alpha1.StateSuccess)
				l.observe()
				l.archived()
				if got := l.file("build-log.txt"); got != tc.build {
					t.Errorf("build-log.txt is %q, want %q", got, tc.build)
				}
				if tc.clone != "" && l.file("clone-log.txt") != tc.clone {
					t.Errorf("clone-log.txt is %q, want %q", l.file("clone-log.txt"), tc.clone)
				}
			})
		})
	}
}
