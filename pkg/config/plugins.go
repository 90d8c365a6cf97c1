package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/config/stanza"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/plugins"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// pluginFile is plugins.yaml.
type pluginFile struct {
	// Lists is keyed by org or org/repo; each value is a list of names, or an object with exclusions.
	Lists    map[string]strictyaml.Raw `json:"plugins"`
	Triggers []triggerEntry            `json:"triggers"`
	stanza.Plugins
}

// triggerEntry is one item of triggers.
type triggerEntry struct {
	Repos []string `json:"repos"`
	plugins.TriggerSettings
	TriggerGitHubWorkflows bool           `json:"trigger_github_workflows"`
	OrgInvite              strictyaml.Raw `json:"org_invite"`
	// Lighthouse's.
	ElideSkippedContexts         bool `json:"elide_skipped_contexts"`
	SkipDraftPR                  bool `json:"skip_draft_pr"`
	SkipReportComment            bool `json:"skip_report_comment"`
	SkipReportRunningStatus      bool `json:"skip_report_running_status"`
	ShowReportCompletionDuration bool `json:"show_report_completion_duration"`
}

// pluginList is the value of one key of plugins in its newer form.
type pluginList struct {
	Plugins       []string `json:"plugins"`
	ExcludedRepos []string `json:"excluded_repos"`
}

// Plugins says which plugins are enabled where, and with which settings. It never changes.
type Plugins struct {
	lists    map[string]pluginList // by connection:org or connection:org/repo
	triggers []triggerEntry        // repos with their connection
	stanzas  stanza.Plugins
}

// Stanzas are the settings of plugins that no other method answers; callers must not change them.
func (p *Plugins) Stanzas() *stanza.Plugins { return &p.stanzas }

// Enabled lists the plugins of a repository: those of its organisation, or of each group above it, and its own.
func (p *Plugins) Enabled(repo scm.Repo) []string {
	var names []string
	for key, below := range levels(repo) {
		if list, ok := p.lists[key]; ok && !slices.Contains(list.ExcludedRepos, below) {
			names = append(names, list.Plugins...)
		}
	}
	return names
}

// Triggers are the settings of the trigger plugin for a repository: those of the first entry that lists it or a group
// above it, the zero value without one.
func (p *Plugins) Triggers(repo scm.Repo) plugins.TriggerSettings {
	for i := range p.triggers {
		for key := range levels(repo) {
			if slices.Contains(p.triggers[i].Repos, key) {
				return p.triggers[i].TriggerSettings
			}
		}
	}
	return plugins.TriggerSettings{}
}

// levels yields the keys that hold for a repository, widest first, each with the rest of the repository's name below it.
func levels(repo scm.Repo) func(yield func(key, below string) bool) {
	return func(yield func(string, string) bool) {
		full := repo.String()
		for i := len(repo.Connection) + 1; i < len(full); i++ {
			if full[i] == '/' && !yield(full[:i], full[i+1:]) {
				return
			}
		}
		yield(full, "")
	}
}

// compilePlugins checks plugins.yaml and makes every key absolute.
func compilePlugins(file *pluginFile, defaultConnection string, known []string, f *findings, at place) *Plugins {
	p := &Plugins{lists: make(map[string]pluginList, len(file.Lists)), triggers: file.Triggers, stanzas: file.Plugins}
	absolute := func(key, path string) string {
		connection, name := job.SplitKey(key, defaultConnection)
		if len(known) > 0 && !slices.Contains(known, connection) {
			at(SeverityError, path, fmt.Sprintf("%s names connection %q, which does not exist", key, connection), "define it under connections in config.yaml")
		}
		return connection + ":" + name
	}
	for _, key := range slices.Sorted(maps.Keys(file.Lists)) {
		var list pluginList
		if raw := file.Lists[key]; raw.IsList() {
			f.syntax(raw.Decode(&list.Plugins))
		} else {
			f.syntax(raw.Decode(&list))
		}
		p.lists[absolute(key, "plugins["+key+"]")] = list
	}
	for i := range p.triggers {
		repos := p.triggers[i].Repos
		for j, key := range repos {
			repos[j] = absolute(key, fmt.Sprintf("triggers[%d].repos[%d]", i, j))
		}
	}
	p.checkRepeated(file, defaultConnection, at)
	checkStanza(file.Check(), at)
	return p
}

// checkRepeated refuses a plugin that is enabled for an organisation and for one of its repositories again.
func (p *Plugins) checkRepeated(file *pluginFile, defaultConnection string, at place) {
	for _, key := range slices.Sorted(maps.Keys(file.Lists)) {
		connection, name := job.SplitKey(key, defaultConnection)
		own := p.lists[connection+":"+name]
		for i := range name {
			if name[i] != '/' {
				continue
			}
			wider, ok := p.lists[connection+":"+name[:i]]
			if !ok || slices.Contains(wider.ExcludedRepos, name[i+1:]) {
				continue
			}
			for _, plugin := range own.Plugins {
				if slices.Contains(wider.Plugins, plugin) {
					at(SeverityError, "plugins["+key+"]", fmt.Sprintf("plugin %s is enabled for %s already", plugin, name[:i]),
						"remove it from "+strings.TrimSpace(key))
				}
			}
		}
	}
}
