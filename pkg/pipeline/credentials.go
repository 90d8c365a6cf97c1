package pipeline

import (
	"fmt"
	"path"
	"strings"

	tektonv1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/pharos-ci/pharos/pkg/git"
)

// secretsDir is below Prow's, where no user mounts anything.
const secretsDir = "/secrets/pharos"

// secretMode lets only its owner and the pod's fsGroup read a file.
const secretMode int32 = 0o440

// credentials adds the volumes of the clone's secrets to the task, writes into the order where they will be, and gives the
// mounts for the step that may see them.
func (b *builder) credentials(task *tektonv1.TaskSpec, order *git.Spec) []corev1.VolumeMount {
	var mounts []corev1.VolumeMount
	mount := func(name, secret string) string {
		dir := path.Join(secretsDir, strings.TrimPrefix(name, "pharos-"))
		task.Volumes = append(task.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			Secret: &corev1.SecretVolumeSource{SecretName: secret, DefaultMode: ptr.To(secretMode)},
		}})
		mounts = append(mounts, corev1.VolumeMount{Name: name, MountPath: dir, ReadOnly: true})
		return dir
	}
	if len(order.Refs) == 0 {
		return nil
	}
	d := b.decoration
	for i, secret := range d.SSHKeySecrets {
		order.KeyFiles = append(order.KeyFiles, mount(fmt.Sprint("pharos-ssh-", i), secret))
	}
	order.HostFingerprints = d.SSHHostFingerprints
	if d.CookiefileSecret != "" {
		secret, key, ok := strings.Cut(d.CookiefileSecret, "/")
		if !ok {
			key = secret
		}
		order.CookiePath = path.Join(mount("pharos-cookies", secret), key)
	}
	if t := d.OauthTokenSecret; t != nil && t.Name != "" {
		order.OauthTokenFile = path.Join(mount("pharos-oauth", t.Name), t.Key)
	}
	return mounts
}
