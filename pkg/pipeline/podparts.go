package pipeline

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// decoratePod sets what the decoration says about the pod and the pod leaves open.
func (b *builder) decoratePod(pod *corev1.PodSpec) {
	d := b.decoration
	if pod.ServiceAccountName == "" && pod.DeprecatedServiceAccount == "" {
		pod.ServiceAccountName = d.DefaultServiceAccountName
	}
	if pod.Affinity == nil {
		pod.Affinity = d.SchedulingOptions.Affinity.DeepCopy()
	}
	for _, t := range d.SchedulingOptions.Tolerations {
		pod.Tolerations = append(pod.Tolerations, *t.DeepCopy())
	}
	if d.RunAsUser != nil || d.RunAsGroup != nil || d.FsGroup != nil {
		b.decorateUser(pod)
	}
	for i := range pod.Containers {
		b.decorateMemory(&pod.Containers[i].Resources)
	}
}

func (b *builder) decorateUser(pod *corev1.PodSpec) {
	if pod.SecurityContext == nil {
		pod.SecurityContext = &corev1.PodSecurityContext{}
	}
	c, d := pod.SecurityContext, b.decoration
	for _, f := range []struct {
		pod   **int64
		value *int64
	}{{&c.RunAsUser, d.RunAsUser}, {&c.RunAsGroup, d.RunAsGroup}, {&c.FSGroup, d.FsGroup}} {
		if *f.pod == nil && f.value != nil {
			value := *f.value
			*f.pod = &value
		}
	}
}

// decorateMemory gives a container a request where it has none, and makes its request the limit if that is wanted.
func (b *builder) decorateMemory(r *corev1.ResourceRequirements) {
	d := b.decoration
	_, requested := r.Requests[corev1.ResourceMemory]
	_, limited := r.Limits[corev1.ResourceMemory]
	if d.DefaultMemoryRequest != nil && !requested && !limited { // a limit alone is a request too
		set(&r.Requests, *d.DefaultMemoryRequest)
	}
	if request, ok := r.Requests[corev1.ResourceMemory]; ok && d.SetLimitEqualsMemoryRequest {
		set(&r.Limits, request)
	}
}

func set(list *corev1.ResourceList, memory resource.Quantity) {
	if *list == nil {
		*list = corev1.ResourceList{}
	}
	(*list)[corev1.ResourceMemory] = memory.DeepCopy()
}
