package job

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// applyPresets adds to a PodSpec what the presets that its labels select hold. Tekton specs are left alone, as in Prow.
func (c *compiler) applyPresets(b *Base) {
	if b.Spec == nil || len(b.Labels) == 0 {
		return
	}
	for _, p := range c.presets {
		if p.selects(b.Labels) {
			c.applyPreset(b, p)
		}
	}
}

func (p *Preset) selects(labels map[string]string) bool {
	for key, value := range p.Labels {
		if have, ok := labels[key]; !ok || have != value {
			return false
		}
	}
	return true
}

func (c *compiler) applyPreset(b *Base, p *Preset) {
	clash := func(what, name string) {
		c.add(b.Source, "labels", fmt.Sprintf("the preset at %s adds %s %q, which the job has already", p.Place(), what, name),
			"remove it from the job or drop the preset's label")
	}
	b.Spec.Tolerations = append(b.Spec.Tolerations, p.Tolerations...)
	for _, v := range p.Volumes {
		if slices.ContainsFunc(b.Spec.Volumes, func(have corev1.Volume) bool { return have.Name == v.Name }) {
			clash("volume", v.Name)
			continue
		}
		b.Spec.Volumes = append(b.Spec.Volumes, v)
	}
	for _, containers := range [][]corev1.Container{b.Spec.InitContainers, b.Spec.Containers} {
		for i := range containers {
			applyToContainer(&containers[i], p, clash)
		}
	}
}

func applyToContainer(c *corev1.Container, p *Preset, clash func(what, name string)) {
	for _, e := range p.Env {
		if slices.ContainsFunc(c.Env, func(have corev1.EnvVar) bool { return have.Name == e.Name }) {
			clash("environment variable", e.Name)
			continue
		}
		c.Env = append(c.Env, e)
	}
	for _, m := range p.VolumeMounts {
		if slices.ContainsFunc(c.VolumeMounts, func(have corev1.VolumeMount) bool { return have.MountPath == m.MountPath }) {
			clash("a mount at", m.MountPath)
			continue
		}
		c.VolumeMounts = append(c.VolumeMounts, m)
	}
}

// checkPresets refuses two presets with one selector: which of them is meant could not be told.
func (c *compiler) checkPresets() {
	first := map[string]*Preset{}
	for _, p := range c.presets {
		if len(p.Labels) == 0 { // meant for every job, so several are no contradiction
			continue
		}
		selector := fmt.Sprint(p.Labels) // maps print sorted
		if before := first[selector]; before != nil {
			c.add(p.Source, "labels", fmt.Sprintf("the preset at %s has the same labels", before.Place()), "merge the two")
			continue
		}
		first[selector] = p
	}
}
