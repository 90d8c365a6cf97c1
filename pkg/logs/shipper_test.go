package logs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const runPath = "pr-logs/pull/acme_app/7/unit/100"

func presubmit() *v1alpha1.PipelineJob {
	return &v1alpha1.PipelineJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ci", Name: "run", UID: "job-uid"},
		Spec: v1alpha1.PipelineJobSpec{
			Type: v1alpha1.Presubmit, Job: "unit", BuildID: "100", Connection: "main", Agent: v1alpha1.AgentTekton, Decorate: true,
			Refs: &v1alpha1.Refs{
				Org: "acme", Repo: "app", BaseRef: "main", BaseSHA: "b0", Pulls: []v1alpha1.Pull{{Number: 7, Author: "ann", SHA: "c1"}},
			},
		},
		Status: v1alpha1.PipelineJobStatus{State: v1alpha1.StatePending},
	}
}

// lab is a cluster, a kubelet and a store around a shipper. It lives in a synctest bubble, where time costs nothing.
type lab struct {
	t       *testing.T
	kubelet *kubelet
	store   *memory
	mu      sync.Mutex // of job and pods, which readers look at while the test changes them
	job     *v1alpha1.PipelineJob
	pods    []corev1.Pod

	// options are those of the next shipper, beside the store.
	options logs.ShipperOptions
	shipper *logs.Shipper
	spool   string
	stop    func()
	changed chan struct{}
}

func newLab(t *testing.T) *lab {
	return &lab{t: t, kubelet: newKubelet(), store: newMemory(), job: presubmit()}
}

// start runs a shipper on a store until stop.
func (l *lab) start(store storage.Store) {
	l.changed = make(chan struct{}, 1)
	changed := l.changed
	o := l.options
	o.Store, o.Source, o.Layout, o.Spool = store, l.kubelet, logs.Layout{DefaultConnection: "main"}, l.t.TempDir()
	l.spool = o.Spool
	o.Changed = func(types.NamespacedName) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	l.shipper = logs.NewShipper(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	shipper := l.shipper
	go func() { done <- shipper.Start(ctx) }()
	l.stop = func() {
		cancel()
		if err := <-done; err != nil {
			l.t.Error(err)
		}
	}
}

func (l *lab) observe() { l.observeBy(l.shipper) }

func (l *lab) observeBy(shipper *logs.Shipper) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ctx := log.IntoContext(context.Background(), logr.Discard())
	pods := make([]corev1.Pod, len(l.pods))
	for i := range l.pods {
		l.pods[i].DeepCopyInto(&pods[i])
	}
	shipper.Observe(ctx, l.job.DeepCopy(), pods)
}

func (l *lab) status() v1alpha1.LogStatus {
	status, _ := l.shipper.Status(types.NamespacedName{Namespace: "ci", Name: "run"})
	return status
}

// pod adds a pod whose steps run, and returns its containers.
func (l *lab) pod(name, task string, steps ...string) []logs.ContainerRef {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ci", Name: name, UID: types.UID(name + "-uid"), CreationTimestamp: metav1.Now(),
		Labels: map[string]string{logs.LabelPipelineRun: "run", "tekton.dev/taskRun": "run-" + task, "tekton.dev/pipelineTask": task},
	}}
	var refs []logs.ContainerRef
	for _, step := range steps {
		container := "step-" + step
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: container})
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: container, ContainerID: "containerd://" + container,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
		})
		refs = append(refs, logs.ContainerRef{Namespace: "ci", Pod: name, UID: name + "-uid", Container: container})
		l.kubelet.change(refs[len(refs)-1], func(*fakeContainer) {})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pods = append(l.pods, pod)
	return refs
}

// end terminates a container, in its log at once and in the cluster's news.
func (l *lab) end(ref logs.ContainerRef, exit int32) {
	l.kubelet.change(ref, func(c *fakeContainer) { c.ended = true })
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.pods {
		for j := range l.pods[i].Status.ContainerStatuses {
			status := &l.pods[i].Status.ContainerStatuses[j]
			if l.pods[i].Name == ref.Pod && status.Name == ref.Container {
				status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: exit, FinishedAt: metav1.Now()}}
			}
		}
	}
}

// remove deletes a pod with its logs.
func (l *lab) remove(name string) {
	l.mu.Lock()
	l.pods = slices.DeleteFunc(l.pods, func(p corev1.Pod) bool { return p.Name == name })
	l.mu.Unlock()
	for ref := range maps.Clone(l.kubelet.containers) {
		if ref.Pod == name {
			l.kubelet.change(ref, func(c *fakeContainer) { c.gone = true })
		}
	}
}

func (l *lab) finish(state v1alpha1.JobState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.job.Status.State = state
	now := metav1.Now()
	l.job.Status.CompletionTime = &now
}

// archived waits until the run is complete, and fails after an hour.
func (l *lab) archived() {
	l.t.Helper()
	deadline := time.After(time.Hour)
	for !l.status().Archived {
		select {
		case <-l.changed:
		case <-deadline:
			l.t.Fatalf("not archived: %+v, store holds %v", l.status(), l.store.keys())
		}
	}
}

func (l *lab) file(name string) string {
	l.t.Helper()
	return l.store.text(l.t, runPath+"/"+name)
}

func line(text string) entry { return entry{at: time.Now(), text: text} }

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
		if record := l.record("pipelinejob.json"); record["kind"] != "PipelineJob" || record["metadata"].(map[string]any)["managedFields"] != nil ||
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

// life plays a run in real order: two pods, three steps, text over several seconds in many sizes.
func (l *lab) life(pause func(time.Duration)) {
	first := l.pod("p1", "build", "clone", "test")
	l.observe()
	l.kubelet.print(first[0], line("cloned"))
	for i := range 12 {
		pause(400 * time.Millisecond)
		l.kubelet.print(first[1], line(fmt.Sprintf("test %d", i)), entry{at: time.Now(), text: "part, ", partial: true},
			entry{at: time.Now(), text: "end"}, entry{at: time.Now().Add(-700 * time.Millisecond), text: "late"})
		if i == 5 {
			l.kubelet.print(first[1], line(strings.Repeat("big ", 40<<10)))
		}
	}
	l.end(first[0], 0)
	l.end(first[1], 0)
	second := l.pod("p2", "publish", "push")
	l.observe()
	pause(3 * time.Second)
	l.kubelet.print(second[0], line("pushed"), entry{at: time.Now(), text: "unfinished", partial: true})
	l.end(second[0], 0)
	l.finish(v1alpha1.StateSuccess)
	l.observe()
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
