package logs_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

func TestShipperArchivesARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.job.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "pharos"}}
		l.start(l.store)
		defer l.stop()
		refs := l.pod("p1", "build", "clone", "test", "lint")
		for i, ref := range refs {
			l.kubelet.print(ref, line(fmt.Sprintf("hello %d", i)))
		}
		l.observe()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := len(l.store.under(runPath + "/.live/")); got != 3 {
			t.Errorf("%d chunks while it runs, want 3", got)
		}
		l.kubelet.print(refs[1], entry{at: time.Now(), text: "no line end", partial: true})
		for _, ref := range refs {
			l.end(ref, 0)
		}
		l.finish(v1alpha1.StateSuccess)
		l.observe()
		l.archived()
		want := map[string]string{
			"build-clone-build-log.txt": "hello 0\n",
			"clone-log.txt":             "hello 0\n",
			"build-test-build-log.txt":  "hello 1\nno line end",
			"build-lint-build-log.txt":  "hello 2\n",
			"build-log.txt":             "==> build/test <==\nhello 1\nno line end\n==> build/lint <==\nhello 2\n",
		}
		for name, text := range want {
			if diff := cmp.Diff(text, l.file(name)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		wantKeys := []string{
			"pr-logs/directory/unit/100.txt", "pr-logs/directory/unit/latest-build.txt",
			runPath + "/build-clone-build-log.idx", runPath + "/build-clone-build-log.txt",
			runPath + "/build-lint-build-log.idx", runPath + "/build-lint-build-log.txt", runPath + "/build-log.txt",
			runPath + "/build-test-build-log.idx", runPath + "/build-test-build-log.txt",
			runPath + "/clone-log.txt", runPath + "/finished.json", runPath + "/pipelinejob.json",
			runPath + "/prowjob.json", runPath + "/started.json", runPath + "/steps.json",
			"pr-logs/pull/acme_app/7/unit/latest-build.txt",
		}
		if diff := cmp.Diff(wantKeys, l.store.keys()); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
		if record := recordOf(l, "pipelinejob.json"); record["kind"] != "PipelineJob" || record["metadata"].(map[string]any)["managedFields"] != nil ||
			record["status"].(map[string]any)["state"] != "success" {
			t.Errorf("pipelinejob.json holds %v", record)
		}
		if got, want := l.store.lastPut(), runPath+"/finished.json"; got != want {
			t.Errorf("the last file is %s, want %s", got, want)
		}
		if l.kubelet.open != 0 {
			t.Errorf("%d streams are open", l.kubelet.open)
		}
	})
}

func TestShipperSurvivesBrokenStreams(t *testing.T) {
	for seed := 1; seed <= 40; seed++ {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.kubelet.fault = func(n int) fault {
				switch (n*7 + seed) % 5 {
				case 0:
					return fault{refuse: errors.New("kubelet is restarting")}
				case 1:
					return fault{after: 1 + (n*seed*37)%900, err: io.ErrUnexpectedEOF}
				case 2:
					return fault{after: 1 + (n*seed*131)%2000}
				case 3:
					return fault{after: 1 + (n*seed*1031)%200000}
				}
				return fault{}
			}
			l.start(l.store)
			defer l.stop()
			l.life(time.Sleep)
			l.archived()
			ref := logs.ContainerRef{Namespace: "ci", Pod: "p1", UID: "p1-uid", Container: "step-test"}
			if got, want := l.file("build-test-build-log.txt"), l.kubelet.printed(ref); got != want {
				t.Fatalf("seed %d (-want +got):\n%s", seed, cmp.Diff(want, got))
			}
		})
	}
}

func TestShipperKeepsWhatADeletedPodPrinted(t *testing.T) {
	for name, took := range map[string]bool{"read to its end": false, "and another process took over": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.start(l.store)
				refs := l.pod("p1", "build", "test")
				l.kubelet.print(refs[0], line("before the end"))
				l.observe()
				time.Sleep(5 * time.Second)
				synctest.Wait()
				if took {
					l.stop()
				}
				want := l.kubelet.printed(refs[0])
				l.remove("p1")
				l.finish(v1alpha1.StateAborted)
				if took {
					l.start(l.store)
				}
				defer l.stop()
				l.observe()
				l.archived()
				if got := l.file("build-log.txt"); got != want {
					t.Errorf("log %q, want %q", got, want)
				}
				if got := l.file("finished.json"); !strings.Contains(got, `"ABORTED"`) {
					t.Errorf("finished.json %s", got)
				}
			})
		})
	}
}

func TestShipperWithoutPods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(l.store)
		defer l.stop()
		l.finish(v1alpha1.StateError)
		l.observe()
		l.archived()
		if got := l.file("build-log.txt"); got != "" {
			t.Errorf("log %q", got)
		}
		if got := l.file("finished.json"); !strings.Contains(got, `"FAILURE"`) {
			t.Errorf("finished.json %s", got)
		}
	})
}

func TestShipperGivesUpOnALogThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(l.store)
		defer l.stop()
		refs := l.pod("p1", "build", "test")
		l.kubelet.fault = func(int) fault { return fault{refuse: errors.New("unable to retrieve container logs")} }
		l.end(refs[0], 1)
		l.finish(v1alpha1.StateFailure)
		start := time.Now()
		l.observe()
		l.archived()
		if took := time.Since(start); took < 5*time.Minute || took > 6*time.Minute {
			t.Errorf("gave up after %v", took)
		}
		if got := l.file("steps.json"); !strings.Contains(got, "unable to retrieve container logs") {
			t.Errorf("steps.json does not say why: %s", got)
		}
	})
}

func TestShipperCutsADeadConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.start(l.store)
		defer l.stop()
		refs := l.pod("p1", "build", "test")
		l.kubelet.print(refs[0], line("one"))
		l.observe()
		time.Sleep(time.Second)
		// The cluster says that it ended, but the stream neither ends nor gives anything.
		l.end(refs[0], 0)
		l.kubelet.change(refs[0], func(c *fakeContainer) { c.ended = false })
		l.finish(v1alpha1.StateSuccess)
		l.observe()
		time.Sleep(20 * time.Second)
		l.kubelet.print(refs[0], line("two"))
		time.Sleep(20 * time.Second)
		l.kubelet.mu.Lock()
		l.kubelet.containers[refs[0]].ended = true // nobody is told: only a new answer shows it
		l.kubelet.mu.Unlock()
		l.archived()
		if got := l.file("build-log.txt"); got != "one\ntwo\n" {
			t.Errorf("log %q", got)
		}
	})
}
