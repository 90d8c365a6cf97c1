package pods

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/logs"
)

var (
	early = metav1.NewTime(time.Unix(100, 0).UTC())
	late  = metav1.NewTime(time.Unix(300, 0).UTC())
)

func runs() corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: early}}
}

func waits(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func ended(code int32, reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, Message: message, StartedAt: early, FinishedAt: metav1.NewTime(time.Unix(200, 0).UTC()), ContainerID: "c",
	}}
}

// put adds a container's state.
func put(pod *corev1.Pod, name string, state corev1.ContainerState, restarts int32, before corev1.ContainerState) {
	s := corev1.ContainerStatus{Name: name, State: state, RestartCount: restarts, LastTerminationState: before}
	for _, c := range pod.Spec.InitContainers {
		if c.Name == name {
			pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, s)
			return
		}
	}
	pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, s)
}

func TestWhatAPodTells(t *testing.T) {
	type facts struct {
		Name, State, Reason, Message, Fate string
		Started, Ended                     bool
		Restarts                           int64
	}
	for name, tc := range map[string]struct {
		beside []string
		edit   func(*corev1.Pod)
		want   []facts
	}{
		"an image that is not there": {
			nil, func(p *corev1.Pod) {
				put(p, "step-x", waits("ImagePullBackOff", "no such image"), 0, corev1.ContainerState{})
			},
			[]facts{{Name: "x", State: logs.StepWaiting, Reason: "ImagePullBackOff", Message: "no such image"}},
		},
		"no node has room": {
			nil, func(p *corev1.Pod) {
				p.Status.Conditions = []corev1.PodCondition{{
					Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available",
				}}
			},
			[]facts{{Name: "x", State: logs.StepWaiting, Reason: "Unschedulable", Message: "0/3 nodes are available"}},
		},
		"an init container of Tekton's fails": {
			[]string{"init:prepare", "init:place-scripts"}, func(p *corev1.Pod) {
				p.Status.Phase = corev1.PodFailed
				put(p, "prepare", ended(0, "Completed", ""), 0, corev1.ContainerState{})
				put(p, "place-scripts", ended(2, "Error", "disk is full"), 0, corev1.ContainerState{})
				put(p, "step-x", waits("PodInitializing", ""), 0, corev1.ContainerState{})
			},
			[]facts{
				{Name: "place-scripts", State: logs.StepFailure, Reason: "Error", Message: "disk is full", Started: true, Ended: true},
				{Name: "x", State: logs.StepWaiting, Ended: true},
			},
		},
		"an init container of Tekton's has no image": {
			[]string{"init:prepare"}, func(p *corev1.Pod) { put(p, "prepare", waits("ErrImagePull", "denied"), 0, corev1.ContainerState{}) },
			[]facts{{Name: "prepare", State: logs.StepWaiting, Reason: "ErrImagePull", Message: "denied"}, {Name: "x", State: logs.StepWaiting}},
		},
		"a user's init container": {
			[]string{"init:fetch"}, func(p *corev1.Pod) { put(p, "fetch", ended(0, "Completed", ""), 0, corev1.ContainerState{}) },
			[]facts{{Name: "fetch", State: logs.StepSuccess, Reason: "Completed", Started: true, Ended: true}, {Name: "x", State: logs.StepWaiting}},
		},
		"a sidecar that Kubernetes restarts": {
			[]string{"native:db"}, func(p *corev1.Pod) {
				put(p, "db", waits("CrashLoopBackOff", "back-off"), 2, ended(1, "Error", ""))
				put(p, "step-x", runs(), 0, corev1.ContainerState{})
			},
			[]facts{
				{Name: "x", State: logs.StepRunning, Started: true},
				{Name: "db", State: logs.StepWaiting, Reason: "CrashLoopBackOff", Message: "back-off", Started: true, Restarts: 2},
			},
		},
		"such a one between two runs has not ended": {
			[]string{"native:db"}, func(p *corev1.Pod) { put(p, "db", ended(1, "Error", ""), 0, corev1.ContainerState{}) },
			[]facts{{Name: "x", State: logs.StepWaiting}, {Name: "db", State: logs.StepFailure, Reason: "Error", Started: true}},
		},
		"a sidecar that runs on after the steps": {
			[]string{"sidecar-db"}, func(p *corev1.Pod) {
				put(p, "step-x", ended(0, "Completed", ""), 0, corev1.ContainerState{})
				put(p, "sidecar-db", runs(), 0, corev1.ContainerState{})
			},
			[]facts{{Name: "x", State: logs.StepSuccess, Reason: "Completed", Started: true, Ended: true}, {Name: "db", State: logs.StepRunning, Started: true}},
		},
		"a sidecar that Tekton ends by another image": {
			[]string{"sidecar-db"}, func(p *corev1.Pod) {
				put(p, "step-x", ended(0, "Completed", ""), 0, corev1.ContainerState{})
				put(p, "sidecar-db", corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: late}}, 1, ended(137, "Error", ""))
			},
			[]facts{
				{Name: "x", State: logs.StepSuccess, Reason: "Completed", Started: true, Ended: true},
				{Name: "db", State: logs.StepSuccess, Reason: "Stopped", Started: true, Ended: true, Restarts: 1},
			},
		},
		"also when that image has not the sidecar's command": {
			[]string{"sidecar-db"}, func(p *corev1.Pod) {
				put(p, "step-x", ended(0, "Completed", ""), 0, corev1.ContainerState{})
				put(p, "sidecar-db", corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
					ExitCode: 128, Reason: "StartError", Message: "no sh", ContainerID: "c", StartedAt: metav1.NewTime(time.Unix(0, 0)), FinishedAt: late,
				}}, 1, ended(0, "Completed", ""))
			},
			[]facts{
				{Name: "x", State: logs.StepSuccess, Reason: "Completed", Started: true, Ended: true},
				{Name: "db", State: logs.StepSuccess, Reason: "Stopped", Started: true, Ended: true, Restarts: 1},
			},
		},
		"a sidecar that restarts by itself": {
			[]string{"sidecar-db"}, func(p *corev1.Pod) {
				put(p, "step-x", runs(), 0, corev1.ContainerState{})
				put(p, "sidecar-db", runs(), 1, ended(1, "OOMKilled", ""))
			},
			[]facts{{Name: "x", State: logs.StepRunning, Started: true}, {Name: "db", State: logs.StepRunning, Started: true, Restarts: 1}},
		},
		"an evicted pod": {
			nil, func(p *corev1.Pod) {
				p.Status.Phase, p.Status.Reason, p.Status.Message = corev1.PodFailed, "Evicted", "low on memory"
				put(p, "step-x", ended(137, "ContainerStatusUnknown", "gone"), 0, corev1.ContainerState{})
			},
			[]facts{{Name: "x", State: logs.StepFailure, Reason: "Evicted", Message: "low on memory", Fate: "Evicted: low on memory", Started: true, Ended: true}},
		},
		"a step that failed before its pod was evicted": {
			nil, func(p *corev1.Pod) {
				p.Status.Phase, p.Status.Reason, p.Status.Message = corev1.PodFailed, "Evicted", "low on memory"
				put(p, "step-x", ended(1, "Error", ""), 0, corev1.ContainerState{})
			},
			[]facts{{Name: "x", State: logs.StepFailure, Reason: "Error", Fate: "Evicted: low on memory", Started: true, Ended: true}},
		},
		"a pod whose node goes away": {
			nil, func(p *corev1.Pod) {
				p.Status.Conditions = []corev1.PodCondition{{
					Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "DeletionByTaintManager", Message: "the node is not ready",
				}}
				put(p, "step-x", runs(), 0, corev1.ContainerState{})
			},
			[]facts{{Name: "x", State: logs.StepRunning, Fate: "DeletionByTaintManager: the node is not ready", Started: true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := beside(testPod("p", "run-a", "a", 0, "x"), tc.beside...)
			tc.edit(&pod)
			var got []facts
			for _, c := range Containers([]corev1.Pod{pod}) {
				got = append(got, facts{c.step, c.State, c.Reason, c.message + c.Said, c.Fate, c.Started, c.Ended, c.Restarts})
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("containers (-want +got):\n%s", diff)
			}
		})
	}
}
