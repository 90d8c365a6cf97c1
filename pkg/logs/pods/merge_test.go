package pods

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/pharos-ci/pharos/pkg/logs"
)

func testPod(name, taskRun, task string, age int, steps ...string) corev1.Pod {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: name, UID: types.UID("uid-" + name), CreationTimestamp: metav1.NewTime(time.Unix(int64(1000-age), 0)),
		Labels: map[string]string{logs.LabelPipelineRun: "run", labelTaskRun: taskRun, labelPipelineTask: task},
	}}
	for _, step := range steps {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "step-" + step})
	}
	return pod
}

// beside adds containers, and init containers by "init:NAME" or, restartable ones, "native:NAME".
func beside(pod corev1.Pod, names ...string) corev1.Pod {
	always := corev1.ContainerRestartPolicyAlways
	for _, name := range names {
		if init, ok := strings.CutPrefix(name, "init:"); ok {
			pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: init})
		} else if native, ok := strings.CutPrefix(name, "native:"); ok {
			pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: native, RestartPolicy: &always})
		} else {
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name})
		}
	}
	return pod
}

func TestStepNames(t *testing.T) {
	for name, tc := range map[string]struct {
		pods []corev1.Pod
		want []string
	}{
		"a step is named by task and step": {
			[]corev1.Pod{testPod("p", "run-build", "build", 0, "clone", "test")}, []string{"build-clone", "build-test"},
		},
		"pods come by age": {
			[]corev1.Pod{testPod("p2", "run-b", "b", 1, "x"), testPod("p1", "run-a", "a", 2, "x")}, []string{"a-x", "b-x"},
		},
		"later pods of a TaskRun are retries": {
			[]corev1.Pod{testPod("p1", "run-a", "a", 3, "x", "y"), testPod("p2", "run-a", "a", 2, "x", "y"), testPod("p3", "run-a", "a", 1, "x")},
			[]string{"a-x", "a-y", "a-retry1-x", "a-retry1-y", "a-retry2-x"},
		},
		"a matrix is told apart by its TaskRuns": {
			[]corev1.Pod{testPod("p1", "run-a-0", "a", 3, "x"), testPod("p2", "run-a-1", "a", 2, "x"), testPod("p3", "run-a-1", "a", 1, "x")},
			[]string{"a-x", "a-1-x", "a-1-retry1-x"},
		},
		"names that would be the same are not": {
			[]corev1.Pod{testPod("p1", "run-a", "a", 3, "b-c"), testPod("p2", "run-a-b", "a-b", 2, "c")}, []string{"a-b-c", "a-b_c"},
		},
		"a pod without a pipeline task goes by its TaskRun": {
			[]corev1.Pod{testPod("p1", "single", "", 3, "x")}, []string{"single-x"},
		},
		"Tekton's names of retried pods change nothing": {
			[]corev1.Pod{testPod("run-a-pod", "run-a", "a", 3, "x"), testPod("run-a-pod-retry1", "run-a", "a", 2, "x")}, []string{"a-x", "a-retry1-x"},
		},
		"other containers come after the steps, init containers before": {
			[]corev1.Pod{beside(testPod("p", "run-a", "a", 0, "x"), "sidecar-docker", "istio-proxy", "init:prepare", "init:fetch", "native:sidecar-db")},
			[]string{"a_init-fetch", "a-x", "a_sidecar-db", "a_sidecar-docker", "a_sidecar-istio-proxy"},
		},
		"sidecars of the same name are told apart": {
			[]corev1.Pod{beside(testPod("p", "run-a", "a", 1, "x"), "db", "sidecar-db")}, []string{"a-x", "a_sidecar-db", "a_sidecar-sidecar-db"},
		},
		"a container is not taken for a step": {
			[]corev1.Pod{beside(testPod("p", "run-a", "a", 1, "sidecar-db"), "sidecar-db"), testPod("p2", "run-a-sidecar", "a-sidecar", 0, "db")},
			[]string{"a-sidecar-db", "a_sidecar-db", "a-sidecar_db"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			all, added := Merge("run", nil, Containers(tc.pods))
			var got []string
			for _, s := range all {
				got = append(got, s.Name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || !added {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			again, added := Merge("run", all, Containers(tc.pods))
			if diff := cmp.Diff(all, again); diff != "" || added {
				t.Errorf("seen again (-first +second):\n%s", diff)
			}
			if len(tc.pods) > 1 {
				part, _ := Merge("run", all, Containers(tc.pods[1:]))
				if diff := cmp.Diff(all, part); diff != "" {
					t.Errorf("with a pod gone (-first +second):\n%s", diff)
				}
			}
		})
	}
}

func TestStepState(t *testing.T) {
	begin, end := metav1.NewTime(time.Unix(100, 0).UTC()), metav1.NewTime(time.Unix(200, 0).UTC())
	terminated := func(exit int32, message string) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: exit, Message: message, StartedAt: begin, FinishedAt: end, Reason: "Completed",
		}}
	}
	type facts struct {
		State, Reason  string
		Started, Ended bool
		Start          int64
	}
	for name, tc := range map[string]struct {
		state corev1.ContainerState
		phase corev1.PodPhase
		want  facts
	}{
		"it waits for its image": {
			corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}, "",
			facts{logs.StepWaiting, "ImagePullBackOff", false, false, 0},
		},
		"it runs":      {corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: begin}}, "", facts{logs.StepRunning, "", true, false, 100}},
		"it succeeded": {terminated(0, ""), "", facts{logs.StepSuccess, "Completed", true, true, 100}},
		"it failed":    {terminated(2, "not json"), "", facts{logs.StepFailure, "Completed", true, true, 100}},
		"it was skipped, at its own time": {
			terminated(1, `[{"key":"StartedAt","value":"1970-01-01T00:02:30Z","type":3},{"key":"Reason","value":"Skipped","type":3}]`), "",
			facts{logs.StepSkipped, "Skipped", true, true, 150},
		},
		"it failed but the task goes on": {terminated(0, `[{"key":"ExitCode","value":"4","type":3}]`), "", facts{logs.StepFailure, "Completed", true, true, 100}},
		"a result of the task's author changes nothing": {
			terminated(0, `[{"key":"Reason","value":"Skipped","type":1}]`), "", facts{logs.StepSuccess, "Completed", true, true, 100},
		},
		"its pod was evicted before it started": {corev1.ContainerState{}, corev1.PodFailed, facts{logs.StepWaiting, "", false, true, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := testPod("p", "run-a", "a", 0, "x")
			pod.Status.Phase = tc.phase
			id := "containerd://1"
			if tc.state.Running == nil && tc.state.Terminated == nil {
				id = ""
			}
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "step-x", State: tc.state, ContainerID: id}}
			c := Containers([]corev1.Pod{pod})[0]
			got := facts{c.State, c.Reason, c.Started, c.Ended, 0}
			if c.start != nil {
				got.Start = c.start.Unix()
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("step (-want +got):\n%s", diff)
			}
		})
	}
}
