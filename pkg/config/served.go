package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Served lists what the configuration is about, sorted: every repository with jobs or plugins of its own, and every
// organisation or group with plugins, whose Name is empty. A key of one segment is an organisation; of a key with several,
// only a forge knows whether it is a repository or a subgroup, so it counts as a repository.
func (c *Config) Served() []scm.HookTarget {
	var all []scm.HookTarget
	for _, repo := range c.Jobs.Repos() {
		all = append(all, scm.HookTarget(repo))
	}
	if c.Plugins != nil {
		for key := range c.Plugins.lists {
			connection, name, _ := strings.Cut(key, ":")
			target := scm.HookTarget{Connection: connection, Org: name}
			if repo, err := scm.ParseRepo(connection, name); err == nil {
				target.Org, target.Name = repo.Org, repo.Name
			}
			all = append(all, target)
		}
	}
	slices.SortFunc(all, func(a, b scm.HookTarget) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Org, b.Org), cmp.Compare(a.Name, b.Name))
	})
	return slices.Compact(all)
}

// Repos lists the repositories that the configuration names, as jobs and plugins have them, sorted.
func (c *Config) Repos() []scm.Repo {
	var all []scm.Repo
	for _, target := range c.Served() {
		if target.Name != "" {
			all = append(all, scm.Repo(target))
		}
	}
	return all
}
