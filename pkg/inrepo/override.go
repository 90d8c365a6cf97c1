package inrepo

import (
	"maps"
	"slices"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
)

// overrideStep lets what a step says itself win over the step that it uses.
func overrideStep(step, own *pipelinev1.Step) {
	if len(own.Command) > 0 {
		step.Command, step.Args, step.Script = own.Command, own.Args, own.Script
	}
	if own.Script != "" {
		step.Script, step.Command, step.Args = own.Script, nil, nil
	}
	if own.Timeout != nil {
		step.Timeout = own.Timeout
	}
	if own.WorkingDir != "" {
		step.WorkingDir = own.WorkingDir
	}
	if own.ImagePullPolicy != "" {
		step.ImagePullPolicy = own.ImagePullPolicy
	}
	if own.SecurityContext != nil {
		step.SecurityContext = own.SecurityContext
	}
	if own.OnError != "" {
		step.OnError = own.OnError
	}
	step.Env = merge(own.Env, step.Env, envName)
	step.EnvFrom = merge(own.EnvFrom, step.EnvFrom, envFromName)
	step.VolumeMounts = merge(own.VolumeMounts, step.VolumeMounts, mountPath)
	step.ComputeResources.Limits = mergeResources(own.ComputeResources.Limits, step.ComputeResources.Limits)
	step.ComputeResources.Requests = mergeResources(own.ComputeResources.Requests, step.ComputeResources.Requests)
}

// inherit takes over what used steps need from around them, where the user does not say otherwise.
func inherit(spec *pipelinev1.PipelineRunSpec, task *pipelinev1.PipelineTask, other *pipelinev1.PipelineRunSpec, used *pipelinev1.PipelineTask) {
	spec.Workspaces = merge(spec.Workspaces, other.Workspaces, func(w pipelinev1.WorkspaceBinding) string { return w.Name })
	spec.Params = merge(spec.Params, other.Params, paramName)
	spec.PipelineSpec.Workspaces = merge(spec.PipelineSpec.Workspaces, other.PipelineSpec.Workspaces,
		func(w pipelinev1.PipelineWorkspaceDeclaration) string { return w.Name })
	spec.PipelineSpec.Params = merge(spec.PipelineSpec.Params, other.PipelineSpec.Params, specName)
	task.Params = merge(task.Params, used.Params, paramName)
	task.Workspaces = merge(task.Workspaces, used.Workspaces, func(w pipelinev1.WorkspacePipelineTaskBinding) string { return w.Name })
	mine, theirs := &task.TaskSpec.TaskSpec, &used.TaskSpec.TaskSpec
	mine.Params = merge(mine.Params, theirs.Params, specName)
	mine.Results = merge(mine.Results, theirs.Results, func(r pipelinev1.TaskResult) string { return r.Name })
	mine.Workspaces = merge(mine.Workspaces, theirs.Workspaces, func(w pipelinev1.WorkspaceDeclaration) string { return w.Name })
	mine.Sidecars = merge(mine.Sidecars, theirs.Sidecars, func(s pipelinev1.Sidecar) string { return s.Name })
	mine.Volumes = merge(mine.Volumes, theirs.Volumes, func(v corev1.Volume) string { return v.Name })
	if theirs.StepTemplate == nil {
		return
	}
	if mine.StepTemplate == nil {
		mine.StepTemplate = &pipelinev1.StepTemplate{}
	}
	inheritTemplate(mine.StepTemplate, theirs.StepTemplate)
}

func inheritTemplate(mine, theirs *pipelinev1.StepTemplate) {
	if mine.Image == "" {
		mine.Image = theirs.Image
	}
	if mine.WorkingDir == "" {
		mine.WorkingDir = theirs.WorkingDir
	}
	if mine.ImagePullPolicy == "" {
		mine.ImagePullPolicy = theirs.ImagePullPolicy
	}
	if mine.SecurityContext == nil {
		mine.SecurityContext = theirs.SecurityContext
	}
	mine.Env = merge(mine.Env, theirs.Env, envName)
	mine.EnvFrom = merge(mine.EnvFrom, theirs.EnvFrom, envFromName)
	mine.VolumeMounts = merge(mine.VolumeMounts, theirs.VolumeMounts, mountPath)
	mine.ComputeResources.Limits = mergeResources(mine.ComputeResources.Limits, theirs.ComputeResources.Limits)
	mine.ComputeResources.Requests = mergeResources(mine.ComputeResources.Requests, theirs.ComputeResources.Requests)
}

// merge is theirs in order with mine in place of those of the same key, then the rest of mine.
func merge[S ~[]T, T any](mine, theirs S, key func(T) string) S {
	out := slices.Clone(theirs)
	for _, m := range mine {
		if i := slices.IndexFunc(out, func(t T) bool { return key(t) == key(m) }); i >= 0 {
			out[i] = m
		} else {
			out = append(out, m)
		}
	}
	return out
}

func mergeResources(mine, theirs corev1.ResourceList) corev1.ResourceList {
	if len(mine) == 0 || len(theirs) == 0 {
		if len(mine) > 0 {
			return mine
		}
		return theirs
	}
	out := maps.Clone(theirs)
	maps.Copy(out, mine)
	return out
}

func envName(e corev1.EnvVar) string         { return e.Name }
func mountPath(m corev1.VolumeMount) string  { return m.MountPath }
func paramName(p pipelinev1.Param) string    { return p.Name }
func specName(p pipelinev1.ParamSpec) string { return p.Name }
func envFromName(e corev1.EnvFromSource) string {
	switch {
	case e.ConfigMapRef != nil:
		return "configmap " + e.ConfigMapRef.Name
	case e.SecretRef != nil:
		return "secret " + e.SecretRef.Name
	}
	return ""
}
