package ship_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logstest"
)

func TestShipperArchivesARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Job.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "pharos"}}
		l.Start(l.Store)
		defer l.Stop()
		refs := l.Pod("p1", "build", "clone", "test", "lint")
		for i, ref := range refs {
			l.Kubelet.Print(ref, logstest.Line(fmt.Sprintf("hello %d", i)))
		}
		l.Observe()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := len(l.Store.Under(logstest.RunPath + "/.live/")); got != 3 {
			t.Errorf("%d chunks while it runs, want 3", got)
		}
		l.Kubelet.Print(refs[1], logstest.Entry{At: time.Now(), Text: "no line end", Partial: true})
		for _, ref := range refs {
			l.End(ref, 0)
		}
		l.Finish(v1alpha1.StateSuccess)
		l.Observe()
		l.Archived()
		want := map[string]string{
			"build-clone-build-log.txt": "hello 0\n",
			"clone-log.txt":             "hello 0\n",
			"build-test-build-log.txt":  "hello 1\nno line end",
			"build-lint-build-log.txt":  "hello 2\n",
			"build-log.txt":             "==> build/test <==\nhello 1\nno line end\n==> build/lint <==\nhello 2\n",
		}
		for name, text := range want {
			if diff := cmp.Diff(text, l.File(name)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		wantKeys := []string{
			"pr-logs/directory/unit/100.txt", "pr-logs/directory/unit/latest-build.txt",
			logstest.RunPath + "/build-clone-build-log.idx", logstest.RunPath + "/build-clone-build-log.txt",
			logstest.RunPath + "/build-lint-build-log.idx", logstest.RunPath + "/build-lint-build-log.txt", logstest.RunPath + "/build-log.txt",
			logstest.RunPath + "/build-test-build-log.idx", logstest.RunPath + "/build-test-build-log.txt",
			logstest.RunPath + "/clone-log.txt", logstest.RunPath + "/finished.json", logstest.RunPath + "/pipelinejob.json",
			logstest.RunPath + "/prowjob.json", logstest.RunPath + "/started.json", logstest.RunPath + "/steps.json",
			"pr-logs/pull/acme_app/7/unit/latest-build.txt",
		}
		if diff := cmp.Diff(wantKeys, l.Store.Keys()); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
		if record := recordOf(l, "pipelinejob.json"); record["kind"] != "PipelineJob" || record["metadata"].(map[string]any)["managedFields"] != nil ||
			record["status"].(map[string]any)["state"] != "success" {
			t.Errorf("pipelinejob.json holds %v", record)
		}
		if got, want := l.Store.LastPut(), logstest.RunPath+"/finished.json"; got != want {
			t.Errorf("the last file is %s, want %s", got, want)
		}
		if l.Kubelet.Open != 0 {
			t.Errorf("%d streams are open", l.Kubelet.Open)
		}
	})
}

func TestShipperKeepsWhatADeletedPodPrinted(t *testing.T) {
	for name, took := range map[string]bool{"read to its end": false, "and another process took over": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := logstest.New(t)
				l.Start(l.Store)
				refs := l.Pod("p1", "build", "test")
				l.Kubelet.Print(refs[0], logstest.Line("before the end"))
				l.Observe()
				time.Sleep(5 * time.Second)
				synctest.Wait()
				if took {
					l.Stop()
				}
				want := l.Kubelet.Printed(refs[0])
				l.Remove("p1")
				l.Finish(v1alpha1.StateAborted)
				if took {
					l.Start(l.Store)
				}
				defer l.Stop()
				l.Observe()
				l.Archived()
				if got := l.File("build-log.txt"); got != want {
					t.Errorf("log %q, want %q", got, want)
				}
				if got := l.File("finished.json"); !strings.Contains(got, `"ABORTED"`) {
					t.Errorf("finished.json %s", got)
				}
			})
		})
	}
}

func TestShipperWithoutPods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		l.Finish(v1alpha1.StateError)
		l.Observe()
		l.Archived()
		if got := l.File("build-log.txt"); got != "" {
			t.Errorf("log %q", got)
		}
		if got := l.File("finished.json"); !strings.Contains(got, `"FAILURE"`) {
			t.Errorf("finished.json %s", got)
		}
	})
}

func TestSidecarsHaveLogsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := logstest.New(t)
		l.Start(l.Store)
		defer l.Stop()
		step := l.Pod("p1", "build", "test")[0]
		sidecar := l.WithSidecar("sidecar-db")
		l.Observe()
		l.Kubelet.Print(step, logstest.Line("testing"))
		l.Kubelet.Print(sidecar, logstest.Line("ready"))
		l.Succeed(step, sidecar)
		for file, want := range map[string]string{
			"build-log.txt": "testing\n", "build_sidecar-db-build-log.txt": "ready\n",
		} {
			if got := l.File(file); got != want {
				t.Errorf("%s is %q, want %q", file, got, want)
			}
		}
		if got := l.StepOf(sidecar); got.Kind != logs.KindSidecar || got.Step != "sidecar.db" || got.Lines != 1 {
			t.Errorf("the sidecar is %+v", got)
		}
	})
}
