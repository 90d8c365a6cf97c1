package pipeline

import (
	"fmt"
	"path"
	"slices"
	"time"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/supervisor"
)

// Prow's defaults for a decorated job.
const (
	defaultTestTime          = 2 * time.Hour
	defaultGrace             = 15 * time.Second
	defaultUnscheduled       = 5 * time.Minute
	defaultPending           = 10 * time.Minute
	aroundTime               = 30 * time.Minute // for the checkout before and the upload after a test
	tokenLifetime      int64 = 3600             // in seconds; the kubelet renews it
)

// Where a container finds the token that says which pod it is, and for whom the token is made: package artifacts.
const (
	tokenVolume   = "pharos-token"
	tokenDir      = "/var/run/secrets/pharos-ci.dev"
	tokenFile     = "token"
	tokenAudience = "pharos"
)

// decorationOf is the job's, or the defaults.
func decorationOf(pj *v1alpha1.PipelineJob) *v1alpha1.Decoration {
	var d v1alpha1.Decoration
	if pj.Spec.DecorationConfig != nil {
		d = *pj.Spec.DecorationConfig
	} else {
		d.GracePeriod.Duration = defaultGrace
		if pj.Spec.Timeout != nil {
			d.Timeout = *pj.Spec.Timeout
		}
	}
	if d.Timeout.Duration <= 0 {
		d.Timeout.Duration = defaultTestTime
	}
	return &d
}

// supervised says that the job's processes run under our own program.
func (b *builder) supervised() bool {
	return b.job.Spec.Decorate && b.job.Spec.Agent == v1alpha1.AgentKubernetes
}

// podTime is how long the pod of a supervised job may take in all. The test's own timeout ends it long before.
func (b *builder) podTime() time.Duration {
	d := b.decoration
	running := d.Timeout.Duration + d.GracePeriod.Duration + aroundTime
	if limit := d.PodRunningTimeout; limit != nil && limit.Duration > 0 {
		running = min(running, limit.Duration)
	}
	return orDefault(d.PodUnscheduledTimeout, defaultUnscheduled) + orDefault(d.PodPendingTimeout, defaultPending) + running
}

func orDefault(d *metav1.Duration, otherwise time.Duration) time.Duration {
	if d == nil || d.Duration <= 0 {
		return otherwise
	}
	return d.Duration
}

// supervise puts our program in front of the commands of the user's steps. The clone step, which is there even with nothing
// to clone, brings it along.
//
// All containers of a pod run together, as under Prow, and the job passes if all pass. Tekton runs the steps of a task one
// after another by the files in its run directory, which each step writes when it ends: a step that writes its file when it
// starts lets the next one start too. Where Tekton should change that, the steps run one after another again.
func (b *builder) supervise(task *tektonv1.TaskSpec) error {
	task.Volumes = append(task.Volumes, emptyDir(toolsVolume))
	if len(b.allRefs()) == 0 {
		step := b.cloneStep(task, git.Spec{Root: codeDir})
		if r := b.decoration.Resources.PlaceEntrypoint; r != nil {
			step.ComputeResources = *r.DeepCopy()
		}
		task.Steps = slices.Insert(task.Steps, 0, step)
	}
	b.bring(&task.Steps[0])
	for i := range task.Steps[1:] {
		step := &task.Steps[i+1]
		command := slices.Concat(step.Command, step.Args)
		if len(command) == 0 {
			return fmt.Errorf("containers[%d]: a decorated container needs command or args", i)
		}
		order := b.order(task, step)
		if i+2 < len(task.Steps) {
			order.Release = path.Join("/tekton/run", fmt.Sprint(i+1), "out")
		}
		step.Command, step.Args = []string{program}, append([]string{"run", "--"}, command...)
		step.Env = append(step.Env, corev1.EnvVar{Name: supervisor.EnvOrder, Value: orderJSON(order)})
		step.VolumeMounts = append(step.VolumeMounts, corev1.VolumeMount{Name: toolsVolume, MountPath: toolsDir, ReadOnly: true})
		step.VolumeMounts = append(step.VolumeMounts, b.tokenMounts()...)
	}
	if b.opts.ArtifactsURL != "" {
		task.Volumes = append(task.Volumes, identity())
	}
	return nil
}

// bring lets the clone step place the program and upload its records.
func (b *builder) bring(step *tektonv1.Step) {
	step.Args = append(step.Args, "--place", program)
	step.VolumeMounts = append(step.VolumeMounts, corev1.VolumeMount{Name: toolsVolume, MountPath: toolsDir})
	if b.opts.ArtifactsURL != "" {
		step.Env = append(step.Env, corev1.EnvVar{Name: supervisor.EnvOrder, Value: orderJSON(supervisor.Order{Upload: b.upload()})})
		step.VolumeMounts = append(step.VolumeMounts, b.tokenMounts()...)
	}
}

func (b *builder) order(task *tektonv1.TaskSpec, step *tektonv1.Step) supervisor.Order {
	d := b.decoration
	o := supervisor.Order{Timeout: d.Timeout, GracePeriod: d.GracePeriod, Artifacts: artifactsDir, Upload: b.upload()}
	if o.Upload.URL != "" {
		o.Upload.MediaTypes, o.Upload.Compress = d.GCSConfiguration.MediaTypes, d.GCSConfiguration.CompressFileTypes
	}
	if d.CensorSecrets {
		o.Censor = censor(task, step)
		o.Censor.MinLength = d.CensoringOptions.MinimumSecretLength
	}
	return o
}

func (b *builder) upload() supervisor.Upload {
	if b.opts.ArtifactsURL == "" {
		return supervisor.Upload{}
	}
	return supervisor.Upload{URL: b.opts.ArtifactsURL, TokenFile: path.Join(tokenDir, tokenFile)}
}

func (b *builder) tokenMounts() []corev1.VolumeMount {
	if b.opts.ArtifactsURL == "" {
		return nil
	}
	return []corev1.VolumeMount{{Name: tokenVolume, MountPath: tokenDir, ReadOnly: true}}
}

// identity is a token that the API server itself does not take, and that ends with the pod.
func identity() corev1.Volume {
	return corev1.Volume{Name: tokenVolume, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{
			Audience: tokenAudience, ExpirationSeconds: ptr.To(tokenLifetime), Path: tokenFile,
		}}},
	}}}
}

// censor names the secrets that a container can read.
func censor(task *tektonv1.TaskSpec, step *tektonv1.Step) supervisor.Censor {
	var c supervisor.Censor
	for _, m := range step.VolumeMounts {
		if i := slices.IndexFunc(task.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name }); i >= 0 && holdsSecret(task.Volumes[i]) {
			c.Folders = append(c.Folders, m.MountPath)
		}
	}
	for _, v := range step.Env {
		if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
			c.Variables = append(c.Variables, v.Name)
		}
	}
	return c
}

func holdsSecret(v corev1.Volume) bool {
	return v.Secret != nil || v.Projected != nil && slices.ContainsFunc(v.Projected.Sources, func(s corev1.VolumeProjection) bool {
		return s.Secret != nil
	})
}
