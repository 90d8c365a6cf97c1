package logs_test

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// withSidecar adds a running sidecar to the newest pod.
func (l *lab) withSidecar(name string) logs.ContainerRef {
	l.mu.Lock()
	defer l.mu.Unlock()
	pod := &l.pods[len(l.pods)-1]
	pod.Spec.NodeName = "n1"
	pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name})
	pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{
		Name: name, ContainerID: "containerd://" + name,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
	})
	ref := logs.ContainerRef{Namespace: "ci", Pod: pod.Name, UID: string(pod.UID), Container: name}
	l.kubelet.change(ref, func(*fakeContainer) {})
	return ref
}

// restart ends a container and starts it again, in its log and in the cluster's news.
func (l *lab) restart(ref logs.ContainerRef, code int32, reason string) {
	l.kubelet.restart(ref)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.pods {
		for j := range l.pods[i].Status.ContainerStatuses {
			if s := &l.pods[i].Status.ContainerStatuses[j]; l.pods[i].Name == ref.Pod && s.Name == ref.Container {
				s.RestartCount++
				s.LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
					ExitCode: code, Reason: reason, StartedAt: s.State.Running.StartedAt, FinishedAt: metav1.Now(), ContainerID: "before",
				}}
				s.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.Now()}
			}
		}
	}
}

// cluster is what the controllers' cache has of the run: its job and its pods.
func (l *lab) cluster() client.Reader { return clusterView{l: l} }

// clusterView is the part of a client that a reader uses.
type clusterView struct {
	client.Reader
	l *lab
}

func (c clusterView) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if c.l.job == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "pipelinejobs"}, key.Name)
	}
	c.l.job.DeepCopyInto(o.(*v1alpha1.PipelineJob))
	return nil
}

func (c clusterView) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	pods := corev1.PodList{Items: c.l.pods}
	pods.DeepCopyInto(list.(*corev1.PodList))
	return nil
}
