package inrepo

import (
	"slices"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
)

// dropGitAuth takes the workspaces bound to git_auth_secret out of a run, because a secret that does not exist would keep
// its pods from starting. Steps that read the secret as environment find it empty; the answer is whether there are any.
func dropGitAuth(spec *pipelinev1.PipelineRunSpec) (missed bool) {
	gone := map[string]bool{}
	spec.Workspaces = slices.DeleteFunc(spec.Workspaces, func(w pipelinev1.WorkspaceBinding) bool {
		if w.Secret != nil && w.Secret.SecretName == gitAuthSecret {
			gone[w.Name] = true
		}
		return gone[w.Name]
	})
	if spec.PipelineSpec == nil {
		return false
	}
	spec.PipelineSpec.Workspaces = slices.DeleteFunc(spec.PipelineSpec.Workspaces, func(w pipelinev1.PipelineWorkspaceDeclaration) bool { return gone[w.Name] })
	for _, tasks := range [][]pipelinev1.PipelineTask{spec.PipelineSpec.Tasks, spec.PipelineSpec.Finally} {
		for i := range tasks {
			unbind(&tasks[i], gone)
			if tasks[i].TaskSpec != nil {
				missed = forgive(tasks[i].TaskSpec) || missed
			}
		}
	}
	return missed
}

// unbind removes a task's use of workspaces that are gone, and lets the task do without them.
func unbind(t *pipelinev1.PipelineTask, gone map[string]bool) {
	inner := map[string]bool{}
	t.Workspaces = slices.DeleteFunc(t.Workspaces, func(w pipelinev1.WorkspacePipelineTaskBinding) bool {
		outer := w.Workspace
		if outer == "" {
			outer = w.Name
		}
		if gone[outer] {
			inner[w.Name] = true
		}
		return gone[outer]
	})
	if t.TaskSpec == nil {
		return
	}
	for i := range t.TaskSpec.Workspaces {
		if inner[t.TaskSpec.Workspaces[i].Name] {
			t.TaskSpec.Workspaces[i].Optional = true
		}
	}
}

// forgive lets steps start without the secret.
func forgive(task *pipelinev1.EmbeddedTask) (missed bool) {
	yes := true
	excuse := func(env []corev1.EnvVar) {
		for i := range env {
			if from := env[i].ValueFrom; from != nil && from.SecretKeyRef != nil && from.SecretKeyRef.Name == gitAuthSecret {
				from.SecretKeyRef.Optional = &yes
				missed = true
			}
		}
	}
	for i := range task.Steps {
		excuse(task.Steps[i].Env)
	}
	if task.StepTemplate != nil {
		excuse(task.StepTemplate.Env)
	}
	for i := range task.Volumes {
		if s := task.Volumes[i].Secret; s != nil && s.SecretName == gitAuthSecret {
			s.Optional = &yes
			missed = true
		}
	}
	return missed
}
