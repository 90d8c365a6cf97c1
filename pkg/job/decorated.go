package job

import (
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// DefaultGracePeriod is Prow's.
const DefaultGracePeriod = 15 * time.Second

// Resolve is the decoration as a run carries it. The timeout was resolved with the job, because more than decoration can
// name one. Nothing is shared with d, which may be nil.
func (d *DecorationConfig) Resolve(timeout time.Duration) *v1alpha1.Decoration {
	out := &v1alpha1.Decoration{
		Timeout:     metav1.Duration{Duration: timeout},
		GracePeriod: metav1.Duration{Duration: DefaultGracePeriod},
	}
	if d == nil {
		return out
	}
	if d.GracePeriod != nil {
		out.GracePeriod.Duration = d.GracePeriod.Duration
	}
	out.PodUnscheduledTimeout = d.PodUnscheduledTimeout.resolved()
	out.PodPendingTimeout = d.PodPendingTimeout.resolved()
	out.PodRunningTimeout = d.PodRunningTimeout.resolved()
	out.DefaultServiceAccountName = ptr.Deref(d.DefaultServiceAccountName, "")
	out.SkipCloning = ptr.Deref(d.SkipCloning, false)
	d.resolveCredentials(out)
	d.resolveArtifacts(out)
	d.resolvePod(out)
	return out
}

func (d *Duration) resolved() *metav1.Duration {
	if d == nil {
		return nil
	}
	return &metav1.Duration{Duration: d.Duration}
}

func (d *DecorationConfig) resolveCredentials(out *v1alpha1.Decoration) {
	out.SSHKeySecrets = slices.Clone(d.SSHKeySecrets)
	out.SSHHostFingerprints = slices.Clone(d.SSHHostFingerprints)
	out.CookiefileSecret = ptr.Deref(d.CookiefileSecret, "")
	if t := d.OauthTokenSecret; t != nil {
		out.OauthTokenSecret = &v1alpha1.SecretKey{Name: t.Name, Key: t.Key}
	}
}

func (d *DecorationConfig) resolveArtifacts(out *v1alpha1.Decoration) {
	out.CensorSecrets = ptr.Deref(d.CensorSecrets, false)
	if o := d.CensoringOptions; o != nil {
		out.CensoringOptions.MinimumSecretLength = ptr.Deref(o.MinimumSecretLength, 0)
	}
	if g := d.GCSConfiguration; g != nil {
		out.GCSConfiguration = v1alpha1.ArtifactForm{MediaTypes: maps.Clone(g.MediaTypes), CompressFileTypes: slices.Clone(g.CompressFileTypes)}
	}
}

func (d *DecorationConfig) resolvePod(out *v1alpha1.Decoration) {
	if r := d.Resources; r != nil {
		out.Resources = v1alpha1.DecorationResources{CloneRefs: r.CloneRefs.DeepCopy(), PlaceEntrypoint: r.PlaceEntrypoint.DeepCopy()}
	}
	if q := d.DefaultMemoryRequest; q != nil {
		out.DefaultMemoryRequest = ptr.To(q.DeepCopy())
	}
	out.SetLimitEqualsMemoryRequest = ptr.Deref(d.SetLimitEqualsMemoryRequest, false)
	if s := d.PodSchedulingOptions; s != nil {
		out.SchedulingOptions.Affinity = s.Affinity.DeepCopy()
		for _, t := range s.Tolerations {
			out.SchedulingOptions.Tolerations = append(out.SchedulingOptions.Tolerations, *t.DeepCopy())
		}
	}
	out.RunAsUser, out.RunAsGroup, out.FsGroup = copied(d.RunAsUser), copied(d.RunAsGroup), copied(d.FsGroup)
}

func copied(n *int64) *int64 {
	if n == nil {
		return nil
	}
	return ptr.To(*n)
}
