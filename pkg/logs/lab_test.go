package logs_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
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
