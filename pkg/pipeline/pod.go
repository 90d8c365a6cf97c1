package pipeline

import (
	"errors"
	"fmt"
	"slices"

	tektonpod "github.com/tektoncd/pipeline/pkg/apis/pipeline/pod"
	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// taskName is the only task of a PodSpec job, and its step when the container has no name.
const taskName = "test"

// fromPodSpec makes one task with a step for each container; see [builder.supervise] for how they run together.
func (b *builder) fromPodSpec() (*tektonv1.PipelineRunSpec, error) {
	if b.job.Spec.PodSpec == nil {
		return nil, errors.New("job of agent kubernetes has no spec")
	}
	pod := b.job.Spec.PodSpec.DeepCopy()
	if len(pod.Containers) == 0 || (len(pod.Containers) > 1 && !b.job.Spec.Decorate) {
		return nil, fmt.Errorf("job has %d containers: want one, or several when it is decorated", len(pod.Containers))
	}
	if b.job.Spec.Decorate {
		b.decoratePod(pod)
	}
	task := tektonv1.TaskSpec{Volumes: pod.Volumes}
	if pod.Containers[0].Name == "" && len(pod.Containers) == 1 {
		pod.Containers[0].Name = taskName
	}
	for i := range pod.Containers {
		hideContainer(&pod.Containers[i])
		var step tektonv1.Step
		step.SetContainerFields(pod.Containers[i])
		task.Steps = append(task.Steps, step)
	}
	for i, c := range pod.InitContainers {
		if ptr.Deref(c.RestartPolicy, "") != corev1.ContainerRestartPolicyAlways {
			return nil, fmt.Errorf("initContainers[%d]: only sidecars (restartPolicy: Always) are supported", i)
		}
		hideContainer(&c)
		var sidecar tektonv1.Sidecar
		c.RestartPolicy = nil
		sidecar.SetContainerFields(c)
		sidecar.Env = withDollar(sidecar.Env, usesDollar(c))
		task.Sidecars = append(task.Sidecars, sidecar)
	}
	b.prepareTask(&task)
	if b.supervised() {
		if err := b.supervise(&task); err != nil {
			return nil, err
		}
	}
	return &tektonv1.PipelineRunSpec{
		PipelineSpec: &tektonv1.PipelineSpec{Tasks: []tektonv1.PipelineTask{{
			Name: taskName, TaskSpec: &tektonv1.EmbeddedTask{TaskSpec: task},
		}}},
		TaskRunTemplate: taskRunTemplate(pod),
	}, nil
}

func taskRunTemplate(pod *corev1.PodSpec) tektonv1.PipelineTaskRunTemplate {
	account := pod.ServiceAccountName
	if account == "" {
		account = pod.DeprecatedServiceAccount
	}
	t := &tektonpod.Template{
		NodeSelector: pod.NodeSelector, Tolerations: pod.Tolerations, Affinity: pod.Affinity,
		SecurityContext: pod.SecurityContext, RuntimeClassName: pod.RuntimeClassName,
		AutomountServiceAccountToken: pod.AutomountServiceAccountToken, DNSConfig: pod.DNSConfig,
		EnableServiceLinks: pod.EnableServiceLinks, SchedulerName: pod.SchedulerName,
		ImagePullSecrets: pod.ImagePullSecrets, HostAliases: pod.HostAliases, HostNetwork: pod.HostNetwork,
		HostUsers: pod.HostUsers, TopologySpreadConstraints: pod.TopologySpreadConstraints,
	}
	if pod.DNSPolicy != "" {
		t.DNSPolicy = &pod.DNSPolicy
	}
	if pod.PriorityClassName != "" {
		t.PriorityClassName = &pod.PriorityClassName
	}
	if account == "" && t.AutomountServiceAccountToken == nil {
		// Prow's rule: a job that names no account gets no token for the API server.
		t.AutomountServiceAccountToken = ptr.To(false)
	}
	return tektonv1.PipelineTaskRunTemplate{ServiceAccountName: account, PodTemplate: t}
}

// Unsupported lists the fields of a job's PodSpec that a Tekton task has no place for: see [NotActedOn]. Such fields are left
// out of the PipelineRun, which carries the list as an annotation.
func Unsupported(pj *v1alpha1.PipelineJob) []string {
	if pj.Spec.Agent != v1alpha1.AgentKubernetes {
		return nil
	}
	return NotActedOn(pj.Spec.PodSpec)
}

// NotActedOn lists the fields of a PodSpec that have no effect here, by their path below it. A nil spec has none.
func NotActedOn(pod *corev1.PodSpec) []string {
	if pod == nil {
		return nil
	}
	found := usedNames([]field{
		{"activeDeadlineSeconds", pod.ActiveDeadlineSeconds != nil},
		{"ephemeralContainers", len(pod.EphemeralContainers) > 0},
		{"hostIPC", pod.HostIPC},
		{"hostPID", pod.HostPID},
		{"hostname", pod.Hostname != ""},
		{"nodeName", pod.NodeName != ""},
		{"os", pod.OS != nil},
		{"overhead", len(pod.Overhead) > 0},
		{"preemptionPolicy", pod.PreemptionPolicy != nil},
		{"priority", pod.Priority != nil},
		{"readinessGates", len(pod.ReadinessGates) > 0},
		{"resourceClaims", len(pod.ResourceClaims) > 0},
		{"resources", pod.Resources != nil},
		{"restartPolicy", pod.RestartPolicy != "" && pod.RestartPolicy != corev1.RestartPolicyNever},
		{"schedulingGates", len(pod.SchedulingGates) > 0},
		{"setHostnameAsFQDN", pod.SetHostnameAsFQDN != nil},
		{"shareProcessNamespace", pod.ShareProcessNamespace != nil},
		{"subdomain", pod.Subdomain != ""},
		{"terminationGracePeriodSeconds", pod.TerminationGracePeriodSeconds != nil},
	})
	for i := range pod.Containers {
		for _, name := range unsupportedInStep(&pod.Containers[i]) {
			found = append(found, fmt.Sprintf("containers[%d].%s", i, name))
		}
	}
	for i := range pod.InitContainers {
		if len(pod.InitContainers[i].ResizePolicy) > 0 {
			found = append(found, fmt.Sprintf("initContainers[%d].resizePolicy", i))
		}
	}
	return found
}

func unsupportedInStep(c *corev1.Container) []string {
	return usedNames([]field{
		{"lifecycle", c.Lifecycle != nil},
		{"livenessProbe", c.LivenessProbe != nil},
		{"ports", slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.HostPort != 0 })}, // the others only inform
		{"readinessProbe", c.ReadinessProbe != nil},
		{"resizePolicy", len(c.ResizePolicy) > 0},
		{"restartPolicy", c.RestartPolicy != nil},
		{"startupProbe", c.StartupProbe != nil},
		{"stdin", c.Stdin},
		{"terminationMessagePath", c.TerminationMessagePath != ""},
		{"terminationMessagePolicy", c.TerminationMessagePolicy != ""},
		{"tty", c.TTY},
	})
}

type field struct {
	name string
	used bool
}

func usedNames(fields []field) []string {
	var names []string
	for _, f := range fields {
		if f.used {
			names = append(names, f.name)
		}
	}
	return names
}
