package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// missingTrigger warns of jobs that no event starts.
func (k *checker) missingTrigger() {
	if k.paths.Plugins == "" {
		return
	}
	for _, repo := range k.Jobs.Repos() {
		if slices.Contains(k.Plugins.Enabled(repo), "trigger") {
			continue
		}
		jobs := k.Jobs.Presubmits(repo)
		message := fmt.Sprintf("%s has jobs, and plugin trigger, which starts them, is not enabled for it", repo.FullName())
		remedy := "add trigger below plugins in plugins.yaml"
		if len(jobs) > 0 {
			k.inJob(&jobs[0].Base, "", message, remedy)
		} else {
			k.inJob(&k.Jobs.Postsubmits(repo)[0].Base, "", message, remedy)
		}
	}
}

// owners warns of plugins that read OWNERS files where none checks them.
func (k *checker) owners() {
	for _, key := range sortedKeys(k.Plugins.lists) {
		enabled := k.Plugins.enabledAt(key)
		if slices.Contains(enabled, "verify-owners") {
			continue
		}
		for i, plugin := range k.Plugins.lists[key].Plugins {
			if plugin == "approve" || plugin == "blunderbuss" || plugin == "owners-label" {
				k.inPlugins(k.pluginPath(key, i), fmt.Sprintf("plugin %s reads OWNERS files that no plugin checks", plugin), "enable verify-owners as well")
				break
			}
		}
	}
}

// enabledAt lists the plugins of an organisation or repository, those of wider levels included.
func (p *Plugins) enabledAt(key string) []string {
	connection, name, _ := strings.Cut(key, ":")
	if repo, err := scm.ParseRepo(connection, name); err == nil {
		return p.Enabled(repo)
	}
	return p.lists[key].Plugins
}

// pluginPath is where a plugin was enabled: keys are written with or without their connection, lists in two forms.
func (k *checker) pluginPath(key string, i int) string {
	if k.plugins == nil {
		if k.plugins, _ = strictyaml.Parse(k.paths.Plugins, k.files.data(k.paths.Plugins)); k.plugins == nil {
			return ""
		}
	}
	list := "plugins[" + key + "]"
	if !k.plugins.Has(list) {
		list = "plugins[" + bare(key) + "]"
	}
	if item := fmt.Sprintf("%s.plugins[%d]", list, i); k.plugins.Has(item) {
		return item
	}
	return fmt.Sprintf("%s[%d]", list, i)
}

func (k *checker) labels() {
	l := k.Plugins.stanzas.Label
	if l == nil {
		return
	}
	for i, label := range l.AdditionalLabels {
		if strings.TrimSpace(label) == "" || slices.Contains(l.AdditionalLabels[:i], label) {
			k.inPlugins(fmt.Sprintf("label.additional_labels[%d]", i), fmt.Sprintf("label %q is empty or listed twice", label), "remove it")
		}
	}
	for _, key := range sortedKeys(l.RestrictedLabels) {
		for i, r := range l.RestrictedLabels[key] {
			path := fmt.Sprintf("label.restricted_labels[%s][%d]", key, i)
			if r.Label == "" {
				k.inPlugins(path, "a restricted label has no name", "write it as label")
			}
			if len(r.AllowedTeams) == 0 && len(r.AllowedUsers) == 0 {
				k.inPlugins(path, fmt.Sprintf("nobody may change label %q", r.Label), "list allowed_teams or allowed_users")
			}
		}
	}
}
