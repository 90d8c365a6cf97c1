package logstest

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

// WithSidecar adds a running sidecar to the newest pod.
func (l *Lab) WithSidecar(name string) logs.ContainerRef {
	l.Mu.Lock()
	defer l.Mu.Unlock()
	pod := &l.Pods[len(l.Pods)-1]
	pod.Spec.NodeName = "n1"
	pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name})
	pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{
		Name: name, ContainerID: "containerd://" + name,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
	})
	ref := logs.ContainerRef{Namespace: "ci", Pod: pod.Name, UID: string(pod.UID), Container: name}
	l.Kubelet.Change(ref, func(*Container) {})
	return ref
}

// Restart ends a container and starts it again, in its log and in the cluster's news.
func (l *Lab) Restart(ref logs.ContainerRef, code int32, reason string) {
	l.Kubelet.Restart(ref)
	l.Mu.Lock()
	defer l.Mu.Unlock()
	for i := range l.Pods {
		for j := range l.Pods[i].Status.ContainerStatuses {
			if s := &l.Pods[i].Status.ContainerStatuses[j]; l.Pods[i].Name == ref.Pod && s.Name == ref.Container {
				s.RestartCount++
				s.LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
					ExitCode: code, Reason: reason, StartedAt: s.State.Running.StartedAt, FinishedAt: metav1.Now(), ContainerID: "before",
				}}
				s.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.Now()}
			}
		}
	}
}

// Cluster is what the controllers' cache has of the run: its job and its pods.
func (l *Lab) Cluster() client.Reader { return clusterView{l: l} }

// clusterView is the part of a client that a reader uses.
type clusterView struct {
	client.Reader
	l *Lab
}

func (c clusterView) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	c.l.Mu.Lock()
	defer c.l.Mu.Unlock()
	if c.l.Job == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "pipelinejobs"}, key.Name)
	}
	c.l.Job.DeepCopyInto(o.(*v1alpha1.PipelineJob))
	return nil
}

func (c clusterView) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	c.l.Mu.Lock()
	defer c.l.Mu.Unlock()
	pods := corev1.PodList{Items: c.l.Pods}
	pods.DeepCopyInto(list.(*corev1.PodList))
	return nil
}
