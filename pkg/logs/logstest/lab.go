package logstest

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
	"github.com/pharos-ci/pharos/pkg/logs/ship"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// RunPath is the folder of the lab's run.
const RunPath = "pr-logs/pull/acme_app/7/unit/100"

// Presubmit is a run that has begun.
func Presubmit() *v1alpha1.PipelineJob {
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

// Lab is a cluster, a kubelet and a store around a shipper. It lives in a synctest bubble, where time costs nothing.
type Lab struct {
	T       *testing.T
	Kubelet *Kubelet
	Store   *Memory
	Mu      sync.Mutex // of Job and Pods, which readers look at while the test changes them
	Job     *v1alpha1.PipelineJob
	Pods    []corev1.Pod

	// Options are those of the next shipper, beside the store.
	Options ship.Options
	Shipper *ship.Shipper
	Spool   string // folder of the present shipper
	Stop    func()
	changed chan struct{}
}

// New has a run without pods and no shipper.
func New(t *testing.T) *Lab {
	return &Lab{T: t, Kubelet: NewKubelet(), Store: NewMemory(), Job: Presubmit()}
}

// Start runs a shipper on a store until Stop.
func (l *Lab) Start(store storage.Store) {
	l.changed = make(chan struct{}, 1)
	changed := l.changed
	o := l.Options
	o.Store, o.Source, o.Layout, o.Spool = store, l.Kubelet, logs.Layout{DefaultConnection: "main"}, l.T.TempDir()
	l.Spool = o.Spool
	o.Changed = func(types.NamespacedName) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	l.Shipper = ship.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	shipper := l.Shipper
	go func() { done <- shipper.Start(ctx) }()
	l.Stop = func() {
		cancel()
		if err := <-done; err != nil {
			l.T.Error(err)
		}
	}
}

// Observe tells the shipper how job and pods are now.
func (l *Lab) Observe() { l.ObserveBy(l.Shipper) }

// ObserveBy tells another shipper.
func (l *Lab) ObserveBy(shipper *ship.Shipper) {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	ctx := log.IntoContext(context.Background(), logr.Discard())
	pods := make([]corev1.Pod, len(l.Pods))
	for i := range l.Pods {
		l.Pods[i].DeepCopyInto(&pods[i])
	}
	shipper.Observe(ctx, l.Job.DeepCopy(), pods)
}

// Status is what the shipper says of the run.
func (l *Lab) Status() v1alpha1.LogStatus {
	status, _ := l.Shipper.Status(types.NamespacedName{Namespace: "ci", Name: "run"})
	return status
}

// Pod adds a pod whose steps run, and returns its containers.
func (l *Lab) Pod(name, task string, steps ...string) []logs.ContainerRef {
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
		l.Kubelet.Change(refs[len(refs)-1], func(*Container) {})
	}
	l.Mu.Lock()
	defer l.Mu.Unlock()
	l.Pods = append(l.Pods, pod)
	return refs
}

// End terminates a container, in its log at once and in the cluster's news.
func (l *Lab) End(ref logs.ContainerRef, exit int32) {
	l.Kubelet.Change(ref, func(c *Container) { c.Ended = true })
	l.Mu.Lock()
	defer l.Mu.Unlock()
	for i := range l.Pods {
		for j := range l.Pods[i].Status.ContainerStatuses {
			status := &l.Pods[i].Status.ContainerStatuses[j]
			if l.Pods[i].Name == ref.Pod && status.Name == ref.Container {
				status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: exit, FinishedAt: metav1.Now()}}
			}
		}
	}
}

// Remove deletes a pod with its logs.
func (l *Lab) Remove(name string) {
	l.Mu.Lock()
	l.Pods = slices.DeleteFunc(l.Pods, func(p corev1.Pod) bool { return p.Name == name })
	l.Mu.Unlock()
	for ref := range maps.Clone(l.Kubelet.Containers) {
		if ref.Pod == name {
			l.Kubelet.Change(ref, func(c *Container) { c.Gone = true })
		}
	}
}

// Finish ends the run in the cluster's news.
func (l *Lab) Finish(state v1alpha1.JobState) {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	l.Job.Status.State = state
	now := metav1.Now()
	l.Job.Status.CompletionTime = &now
}

// Archived waits until the run is complete, and fails after an hour.
func (l *Lab) Archived() {
	l.T.Helper()
	deadline := time.After(time.Hour)
	for !l.Status().Archived {
		select {
		case <-l.changed:
		case <-deadline:
			l.T.Fatalf("not archived: %+v, store holds %v", l.Status(), l.Store.Keys())
		}
	}
}

// Succeed ends containers and with them the run, and waits until it is complete.
func (l *Lab) Succeed(containers ...logs.ContainerRef) {
	l.T.Helper()
	for _, ref := range containers {
		l.End(ref, 0)
	}
	l.Finish(v1alpha1.StateSuccess)
	l.Observe()
	l.Archived()
}

// File is the text of a file in the run's folder; one that is missing fails the test.
func (l *Lab) File(name string) string {
	l.T.Helper()
	return l.Store.Text(l.T, RunPath+"/"+name)
}

// Line is printed now.
func Line(text string) Entry { return Entry{At: time.Now(), Text: text} }

// Life plays a run in real order: two pods, three steps, text over several seconds in many sizes.
func (l *Lab) Life(pause func(time.Duration)) {
	first := l.Pod("p1", "build", "clone", "test")
	l.Observe()
	l.Kubelet.Print(first[0], Line("cloned"))
	for i := range 12 {
		pause(400 * time.Millisecond)
		l.Kubelet.Print(first[1], Line(fmt.Sprintf("test %d", i)), Entry{At: time.Now(), Text: "part, ", Partial: true},
			Entry{At: time.Now(), Text: "end"}, Entry{At: time.Now().Add(-700 * time.Millisecond), Text: "late"})
		if i == 5 {
			l.Kubelet.Print(first[1], Line(strings.Repeat("big ", 40<<10)))
		}
	}
	l.End(first[0], 0)
	l.End(first[1], 0)
	second := l.Pod("p2", "publish", "push")
	l.Observe()
	pause(3 * time.Second)
	l.Kubelet.Print(second[0], Line("pushed"), Entry{At: time.Now(), Text: "unfinished", Partial: true})
	l.End(second[0], 0)
	l.Finish(v1alpha1.StateSuccess)
	l.Observe()
}

// StepOf finds what steps.json says of a container.
func (l *Lab) StepOf(ref logs.ContainerRef) logs.StepInfo {
	l.T.Helper()
	steps, err := logs.LoadSteps(l.T.Context(), l.Store, RunPath)
	if err != nil {
		l.T.Fatal(err)
	}
	i := slices.IndexFunc(steps, func(s logs.StepInfo) bool { return s.Container == ref })
	if i < 0 {
		l.T.Fatalf("%v is not in %+v", ref, steps)
	}
	return steps[i]
}
