package pipeline

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
)

// Places in a decorated pod, which are Prow's.
const (
	codeDir      = "/home/prow/go"
	logsDir      = "/logs"
	artifactsDir = "/logs/artifacts"
	codeVolume   = "pharos-code"
	logsVolume   = "pharos-logs"
	recordsFile  = "/logs/clone.json"
	toolsDir     = "/tools"
	program      = "/tools/pharos"
	toolsVolume  = "pharos-tools"
)

// CloneStep is the first step of a decorated task; it is named CloneStepAlternate where the user has a step of that name.
const (
	CloneStep          = "clone"
	CloneStepAlternate = "pharos-clone"
)

// prepareTask completes a task written in the job: names for all steps, the environment and, when the job is decorated,
// the checkout.
func (b *builder) prepareTask(task *tektonv1.TaskSpec) {
	nameSteps(task)
	env := b.env
	var template tektonv1.StepTemplate
	if task.StepTemplate != nil {
		template = *task.StepTemplate
	}
	if b.job.Spec.Decorate {
		env = append(slices.Clip(env), decoratedEnvironment()...)
		b.decorate(task, &template)
	}
	template.Env = mergeEnv(stepEnv(env), template.Env)
	template.Env = withDollar(template.Env, usesDollar(corev1.Container{Env: template.Env}))
	task.StepTemplate = &template
	for i := range task.Steps {
		// A step's own variables come before the template's, so each needs the dollar before its first use.
		task.Steps[i].Env = withDollar(task.Steps[i].Env, usesDollar(*task.Steps[i].ToK8sContainer()))
	}
}

// decoratedEnvironment is Prow's, and permission for git in any step to use a checkout that another user made.
func decoratedEnvironment() []variable {
	return []variable{
		{"ARTIFACTS", artifactsDir},
		{"GOPATH", codeDir},
		{"GIT_CONFIG_COUNT", "1"},
		{"GIT_CONFIG_KEY_0", "safe.directory"},
		{"GIT_CONFIG_VALUE_0", "*"},
	}
}

// mergeEnv puts ours before the user's template and leaves out what the user sets there.
func mergeEnv(ours, users []corev1.EnvVar) []corev1.EnvVar {
	out := slices.DeleteFunc(ours, func(v corev1.EnvVar) bool {
		return slices.ContainsFunc(users, func(u corev1.EnvVar) bool { return u.Name == v.Name })
	})
	return append(out, users...)
}

// decorate adds volumes, the working directory and the clone step.
func (b *builder) decorate(task *tektonv1.TaskSpec, template *tektonv1.StepTemplate) {
	refs := b.allRefs()
	task.Volumes = append(task.Volumes, emptyDir(codeVolume), emptyDir(logsVolume))
	mounts := []corev1.VolumeMount{
		{Name: codeVolume, MountPath: codeDir},
		{Name: logsVolume, MountPath: logsDir},
		{Name: logsVolume, MountPath: artifactsDir, SubPath: "artifacts"},
	}
	template.VolumeMounts = append(append(mounts, checkoutMounts(refs)...), template.VolumeMounts...)
	if template.WorkingDir == "" && len(refs) > 0 {
		template.WorkingDir = workDir(refs)
	}
	if len(refs) > 0 {
		task.Steps = append([]tektonv1.Step{b.cloneStep(task, git.Spec{Root: codeDir, Log: recordsFile, Refs: refs})}, task.Steps...)
	}
}

// checkoutMounts makes each checkout a mount of its own. All steps of a task start together, and a container runtime makes
// a missing working directory as root, before the clone step could make it: a mount exists by then, open to any user.
func checkoutMounts(refs []v1alpha1.Refs) []corev1.VolumeMount {
	var mounts []corev1.VolumeMount
	for _, r := range refs {
		sub := path.Join("src", git.CheckoutPath(r))
		mount := corev1.VolumeMount{Name: codeVolume, MountPath: path.Join(codeDir, sub), SubPath: sub}
		if !slices.ContainsFunc(mounts, func(m corev1.VolumeMount) bool { return m.MountPath == mount.MountPath }) {
			mounts = append(mounts, mount)
		}
	}
	return mounts
}

// allRefs are the repositories to check out, none where the job skips that.
func (b *builder) allRefs() []v1alpha1.Refs {
	var refs []v1alpha1.Refs
	if b.decoration.SkipCloning {
		return nil
	}
	if b.job.Spec.Refs != nil {
		refs = append(refs, *b.job.Spec.Refs)
	}
	return append(refs, b.job.Spec.ExtraRefs...)
}

// workDir is the checkout flagged workdir, or else the first.
func workDir(refs []v1alpha1.Refs) string {
	main := refs[0]
	if i := slices.IndexFunc(refs, func(r v1alpha1.Refs) bool { return r.WorkDir }); i >= 0 {
		main = refs[i]
	}
	return path.Join(codeDir, "src", git.CheckoutPath(main))
}

// cloneStep runs before the user's steps and as the same user, so that they own what it checks out. Of all steps it alone
// sees the credentials, whose volumes are added to the task.
func (b *builder) cloneStep(task *tektonv1.TaskSpec, spec git.Spec) tektonv1.Step {
	name := CloneStep
	if slices.ContainsFunc(task.Steps, func(s tektonv1.Step) bool { return s.Name == CloneStep }) {
		name = CloneStepAlternate
	}
	mounts := b.credentials(task, &spec)
	step := tektonv1.Step{
		Name: name,
		// The args are given although they could be part of the command: a step without any would take the template's.
		Image: b.opts.Image, Command: []string{"pharos"}, Args: []string{"clone"},
		ImagePullPolicy: corev1.PullIfNotPresent,
		WorkingDir:      "/",
		Env:             []corev1.EnvVar{{Name: git.EnvClone, Value: orderJSON(spec)}},
		VolumeMounts:    mounts,
	}
	if r := b.decoration.Resources.CloneRefs; r != nil {
		step.ComputeResources = *r.DeepCopy()
	}
	for _, s := range task.Steps {
		if c := s.SecurityContext; c != nil && (c.RunAsUser != nil || c.RunAsGroup != nil || c.RunAsNonRoot != nil) {
			step.SecurityContext = &corev1.SecurityContext{RunAsUser: c.RunAsUser, RunAsGroup: c.RunAsGroup, RunAsNonRoot: c.RunAsNonRoot}
			break
		}
	}
	return step
}

// orderJSON writes the order for a step of ours.
func orderJSON(order any) string {
	raw, err := json.Marshal(order)
	if err != nil {
		panic(fmt.Sprintf("encode order: %v", err)) // strings, numbers and booleans always encode
	}
	return plainJSON(raw)
}

// cloneTask does what the git-clone task of Tekton's catalog does, with the merge of base and pulls: it fills the workspace
// "output", or its folder named by the parameter "subdirectory", and gives the results commit and url.
func (b *builder) cloneTask(refs v1alpha1.Refs, given tektonv1.Params) (tektonv1.TaskSpec, error) {
	if b.opts.Image == "" {
		return tektonv1.TaskSpec{}, errNoImage
	}
	into := "$(workspaces.output.path)"
	task := tektonv1.TaskSpec{
		Workspaces: []tektonv1.WorkspaceDeclaration{{Name: "output"}},
		Results: []tektonv1.TaskResult{
			{Name: "commit", Type: tektonv1.ResultsTypeString, Description: "The commit in the workspace."},
			{Name: "url", Type: tektonv1.ResultsTypeString, Description: "The repository's address."},
		},
	}
	for _, p := range given {
		task.Params = append(task.Params, tektonv1.ParamSpec{Name: p.Name, Type: p.Value.Type})
		if p.Name == "subdirectory" && p.Value.StringVal != "" {
			into += "/$(params.subdirectory)"
		}
	}
	step := b.cloneStep(&task, git.Spec{Refs: []v1alpha1.Refs{refs}})
	step.Env = append(step.Env,
		corev1.EnvVar{Name: git.EnvInto, Value: into},
		corev1.EnvVar{Name: git.EnvCommitFile, Value: "$(results.commit.path)"},
		corev1.EnvVar{Name: git.EnvURLFile, Value: "$(results.url.path)"})
	task.Steps = []tektonv1.Step{step}
	return task, nil
}

// nameSteps gives every step and sidecar a name. Tekton 1.15 writes a run's status without end when one has none.
func nameSteps(task *tektonv1.TaskSpec) {
	taken := map[string]bool{}
	for i := range task.Steps {
		taken[task.Steps[i].Name] = true
	}
	for i := range task.Sidecars {
		taken[task.Sidecars[i].Name] = true
	}
	free := func(prefix string, n int) string {
		for ; ; n++ {
			if name := fmt.Sprintf("%s-%d", prefix, n); !taken[name] {
				taken[name] = true
				return name
			}
		}
	}
	for i := range task.Steps {
		if task.Steps[i].Name == "" {
			task.Steps[i].Name = free("step", i+1)
		}
	}
	for i := range task.Sidecars {
		if task.Sidecars[i].Name == "" {
			task.Sidecars[i].Name = free("sidecar", i+1)
		}
	}
}

func emptyDir(name string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}
}

func withDollar(env []corev1.EnvVar, needed bool) []corev1.EnvVar {
	if !needed {
		return env
	}
	return append([]corev1.EnvVar{dollarVariable}, env...)
}

func usesDollar(c corev1.Container) bool {
	has := func(s string) bool { return strings.Contains(s, dollarRef) }
	return slices.ContainsFunc(c.Command, has) || slices.ContainsFunc(c.Args, has) ||
		slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool { return has(v.Value) })
}
