package config

import (
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/config/stanza"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// supplementalConfig is what a supplemental file may add to config.yaml.
type supplementalConfig struct {
	BranchProtection     *stanza.BranchProtection        `json:"branch-protection"`
	SlackReporterConfigs map[string]stanza.SlackReporter `json:"slack_reporter_configs"`
	Tide                 struct {
		MergeMethod map[string]stanza.MergeMethod `json:"merge_method"`
		Queries     []stanza.Query                `json:"queries"`
	} `json:"tide"`
}

// supplementalPlugins is what a supplemental file may add to plugins.yaml.
type supplementalPlugins struct {
	Lists           map[string]strictyaml.Raw          `json:"plugins"`
	ExternalPlugins map[string][]stanza.ExternalPlugin `json:"external_plugins"`
	Approve         []stanza.Approve                   `json:"approve"`
	Lgtm            []stanza.LGTM                      `json:"lgtm"`
	Triggers        []triggerEntry                     `json:"triggers"`
	Welcome         []stanza.Welcome                   `json:"welcome"`
	Label           *stanza.Label                      `json:"label"`
	Bugzilla        *stanza.Bugzilla                   `json:"bugzilla"`
}

// supplement adds the supplemental files to config.yaml. What is given twice is an error at the second place.
func (m *mainFile) supplement(files []input, f *findings) {
	for _, file := range files {
		var more supplementalConfig
		at := placeIn(f, file.name, decode(f, file, &more))
		join(&m.SlackReporterConfigs, more.SlackReporterConfigs, "slack_reporter_configs", at)
		if len(more.Tide.MergeMethod) > 0 || len(more.Tide.Queries) > 0 {
			if m.Tide == nil {
				m.Tide = &stanza.Tide{}
			}
			join(&m.Tide.MergeMethod, more.Tide.MergeMethod, "tide.merge_method", at)
			m.Tide.Queries = append(m.Tide.Queries, more.Tide.Queries...)
		}
		if more.BranchProtection != nil {
			m.protect(more.BranchProtection, at)
		}
	}
}

// protect adds the policies of organisations and repositories; those of all branches belong into config.yaml.
func (m *mainFile) protect(more *stanza.BranchProtection, at place) {
	if m.BranchProtection == nil {
		m.BranchProtection = &stanza.BranchProtection{}
	}
	for _, org := range sortedKeys(more.Orgs) {
		from := more.Orgs[org]
		into, known := m.BranchProtection.Orgs[org]
		if !known {
			join(&m.BranchProtection.Orgs, map[string]stanza.OrgProtection{org: from}, "branch-protection.orgs", at)
			continue
		}
		join(&into.Repos, from.Repos, "branch-protection.orgs["+org+"].repos", at)
		m.BranchProtection.Orgs[org] = into
	}
}

// supplement adds the supplemental files to plugins.yaml, in the same way.
func (p *pluginFile) supplement(files []input, f *findings) {
	for _, file := range files {
		var more supplementalPlugins
		at := placeIn(f, file.name, decode(f, file, &more))
		join(&p.Lists, more.Lists, "plugins", at)
		join(&p.ExternalPlugins, more.ExternalPlugins, "external_plugins", at)
		p.Approve = append(p.Approve, more.Approve...)
		p.Lgtm = append(p.Lgtm, more.Lgtm...)
		p.Triggers = append(p.Triggers, more.Triggers...)
		p.Welcome = append(p.Welcome, more.Welcome...)
		if l := more.Label; l != nil {
			if p.Label == nil {
				p.Label = &stanza.Label{}
			}
			p.Label.AdditionalLabels = append(p.Label.AdditionalLabels, l.AdditionalLabels...)
			join(&p.Label.RestrictedLabels, l.RestrictedLabels, "label.restricted_labels", at)
		}
		if b := more.Bugzilla; b != nil {
			if p.Bugzilla == nil {
				p.Bugzilla = &stanza.Bugzilla{}
			}
			join(&p.Bugzilla.Default, b.Default, "bugzilla.default", at)
			join(&p.Bugzilla.Orgs, b.Orgs, "bugzilla.orgs", at)
		}
	}
}

// join adds the entries of one mapping to another.
func join[M ~map[string]V, V any](into *M, from M, path string, at place) {
	for _, key := range sortedKeys(from) {
		if _, ok := (*into)[key]; ok {
			at(SeverityError, path+"["+key+"]", fmt.Sprintf("%q is configured already", key), "keep it in one file")
			continue
		}
		if *into == nil {
			*into = M{}
		}
		(*into)[key] = from[key]
	}
}

func sortedKeys[M ~map[string]V, V any](m M) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
