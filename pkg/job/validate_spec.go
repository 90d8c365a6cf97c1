package job

import (
	"context"
	"fmt"
	"slices"
	"strings"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// reservedLabels are set on every run.
var reservedLabels = []string{
	v1alpha1.LabelManaged, v1alpha1.LabelSubject, v1alpha1.LabelJob, v1alpha1.LabelType, v1alpha1.LabelOrg, v1alpha1.LabelRepo,
	v1alpha1.LabelPull, v1alpha1.LabelBuildID, v1alpha1.LabelProwJob, v1alpha1.LabelProwID, v1alpha1.LabelProwType,
	v1alpha1.LabelProwContext, v1alpha1.LabelProwOrg, v1alpha1.LabelProwRepo, v1alpha1.LabelProwPull, v1alpha1.LabelProwBuildID,
}

// reservedEnv is what every job is told about itself.
var reservedEnv = []string{
	"ARTIFACTS", "BUILD_ID", "BUILD_NUMBER", "CI", "GOPATH", "JOB_NAME", "JOB_SPEC", "JOB_TYPE", "PROW_JOB_ID", "PULL_BASE_REF",
	"PULL_BASE_SHA", "PULL_HEAD_REF", "PULL_NUMBER", "PULL_PULL_SHA", "PULL_REFS", "PULL_TITLE", "REPO_NAME", "REPO_OWNER",
}

// reservedVolumes and reservedMounts belong to decoration.
var (
	reservedVolumes = []string{"code", "logs", "tools", "gcs-credentials", "s3-credentials"}
	reservedMounts  = []string{"/home/prow/go", "/logs", "/tools", "/secrets/gcs"}
	reservedNames   = []string{"clonerefs", "entrypoint", "initupload", "place-entrypoint", "sidecar"}
)

// checkPod holds a PodSpec to Prow's rules.
func (c *compiler) checkPod(b *Base) {
	spec := b.Spec
	for i, init := range spec.InitContainers {
		if init.RestartPolicy == nil || *init.RestartPolicy != corev1.ContainerRestartPolicyAlways {
			c.add(b.Source, fmt.Sprintf("spec.initContainers[%d]", i), "init containers are not run, only sidecars (restartPolicy: Always)",
				"do its work in the container")
		}
	}
	switch {
	case len(spec.Containers) == 0:
		c.add(b.Source, "spec.containers", "spec has no container", "add one")
	case len(spec.Containers) > 1 && !b.decorate:
		c.add(b.Source, "spec.containers", "only a decorated job may have several containers", "set decorate: true or keep one container")
	}
	names := map[string]bool{}
	for i := range spec.Containers {
		container := &spec.Containers[i]
		if names[container.Name] && len(spec.Containers) > 1 {
			c.add(b.Source, fmt.Sprintf("spec.containers[%d]", i), fmt.Sprintf("container name %q is used twice or empty", container.Name), "name each container")
		}
		names[container.Name] = true
		c.checkContainer(b, container, fmt.Sprintf("spec.containers[%d]", i))
	}
	for i, v := range spec.Volumes {
		if b.decorate && slices.Contains(reservedVolumes, v.Name) {
			c.add(b.Source, fmt.Sprintf("spec.volumes[%d].name", i), fmt.Sprintf("volume name %q is used by decoration", v.Name), "rename it")
		}
	}
}

func (c *compiler) checkContainer(b *Base, container *corev1.Container, field string) {
	for i, e := range container.Env {
		if slices.Contains(reservedEnv, e.Name) && (b.decorate || (e.Name != "ARTIFACTS" && e.Name != "GOPATH")) {
			c.add(b.Source, fmt.Sprintf("%s.env[%d].name", field, i), fmt.Sprintf("environment variable %s is set by Pharos itself", e.Name), "remove or rename it")
		}
	}
	if !b.decorate {
		return
	}
	if len(container.Command) == 0 && len(container.Args) == 0 {
		c.add(b.Source, field, "a decorated container needs command or args", "write down what the image would run")
	}
	if slices.Contains(reservedNames, container.Name) {
		c.add(b.Source, field+".name", fmt.Sprintf("container name %q is used by decoration", container.Name), "rename it")
	}
	for i, m := range container.VolumeMounts {
		if slices.ContainsFunc(reservedMounts, func(path string) bool { return overlap(path, m.MountPath) }) {
			c.add(b.Source, fmt.Sprintf("%s.volumeMounts[%d].mountPath", field, i), fmt.Sprintf("mount path %s is used by decoration", m.MountPath), "mount it elsewhere")
		}
	}
}

// overlap says that one path is the other or lies above it.
func overlap(a, b string) bool {
	a, b = strings.TrimSuffix(a, "/")+"/", strings.TrimSuffix(b, "/")+"/"
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
}

// checkRunSpec holds a Tekton spec to Tekton's own rules, with the defaults that Tekton would set.
func (c *compiler) checkRunSpec(b *Base) {
	ctx := context.Background() // carries Tekton's feature flags; none means their defaults
	run := &pipelinev1.PipelineRun{Spec: *b.RunSpec().DeepCopy()}
	run.SetDefaults(ctx)
	err := run.Spec.Validate(ctx)
	if err == nil {
		return
	}
	for _, one := range err.WrappedErrors() {
		paths := one.Paths
		if len(paths) == 0 {
			paths = []string{""}
		}
		message := one.Message
		if one.Details != "" {
			message += ": " + one.Details
		}
		for _, path := range paths {
			field := b.specField()
			if path != "" {
				field += "." + path
				message = strings.TrimSuffix(message, ": "+path)
			}
			c.add(b.Source, field, "Tekton refuses "+strings.TrimPrefix(field, b.specField()+".")+": "+message, "")
		}
	}
}

func (b *Base) specField() string {
	if b.TektonPipelineRunSpec != nil {
		return "tekton_pipeline_run_spec.v1beta1"
	}
	return "pipeline_run_spec"
}
