package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/config/stanza"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// labelled is a plugin whose labels the queries of tide should ask for: a plugin whose verdict no query asks for holds
// nothing back, and a query that asks for a label that no plugin puts never finds anything.
type labelled struct {
	plugin, label string
	forbidden     bool // the label must be missing
}

var labelledPlugins = []labelled{
	{"lgtm", "lgtm", false},
	{"approve", "approved", false},
	{"hold", "do-not-merge/hold", true},
	{"wip", "do-not-merge/work-in-progress", true},
	{"verify-owners", "do-not-merge/invalid-owners-file", true},
	{"release-note", "do-not-merge/release-note-label-needed", true},
	{"cherry-pick-unapproved", "do-not-merge/cherry-pick-not-approved", true},
	{"blockade", "do-not-merge/blocked-paths", true},
	{"needs-rebase", "needs-rebase", true},
}

func (k *checker) mismatchedTide()        { k.tideLabels(true) }
func (k *checker) mismatchedTideLenient() { k.tideLabels(false) }

func (k *checker) tideLabels(forbiddenToo bool) {
	if k.Stanzas.Tide == nil || k.paths.Plugins == "" {
		return
	}
	managed := k.managed()
	for _, key := range sortedKeys(managed) {
		enabled := k.allPlugins(key)
		for _, l := range labelledPlugins {
			if l.forbidden && !forbiddenToo {
				continue
			}
			on := slices.Contains(enabled, l.plugin)
			asking := slices.IndexFunc(managed[key], func(m mention) bool { return m.query.asksAbout(l) })
			switch {
			case on && asking < 0:
				k.inConfig(managed[key][0].path, fmt.Sprintf("plugin %s is enabled for %s, and no query asks about its label %s", l.plugin, bare(key), l.label),
					"add the label to the query or disable the plugin")
			case !on && asking >= 0:
				k.inConfig(managed[key][asking].path, fmt.Sprintf("the query asks about label %s, and plugin %s, which puts it, is not enabled for %s", l.label, l.plugin, bare(key)),
					"enable the plugin or drop the label")
			}
		}
	}
}

// tideQuery adds to a query what the checks ask of it.
type tideQuery struct{ *stanza.Query }

func (q tideQuery) asksAbout(l labelled) bool {
	if l.forbidden {
		return slices.Contains(q.MissingLabels, l.label)
	}
	return slices.ContainsFunc(q.Labels, func(either string) bool { return slices.Contains(strings.Split(either, ","), l.label) })
}

// mention is where a query names an organisation or a repository.
type mention struct {
	query tideQuery
	path  string
}

// managed lists the organisations and repositories that tide merges, by connection:name, with every mention.
func (k *checker) managed() map[string][]mention {
	all := map[string][]mention{}
	for i := range k.Stanzas.Tide.Queries {
		q := tideQuery{&k.Stanzas.Tide.Queries[i]}
		for field, keys := range map[string][]string{"orgs": q.Orgs, "repos": q.Repos} {
			for j, key := range keys {
				key = k.keyed(key)
				all[key] = append(all[key], mention{q, fmt.Sprintf("tide.queries[%d].%s[%d]", i, field, j)})
			}
		}
	}
	for key, mentions := range all { // a repository is also in the queries of its organisation
		org, repo, isRepo := strings.Cut(bare(key), "/")
		if !isRepo {
			continue
		}
		for _, m := range all[k.keyed(org)] {
			if !slices.Contains(m.query.ExcludedRepos, org+"/"+repo) {
				mentions = append(mentions, m)
			}
		}
		all[key] = mentions
	}
	return all
}

// allPlugins lists the plugins of an organisation or repository, external ones included.
func (k *checker) allPlugins(key string) []string {
	names := slices.Clone(k.Plugins.enabledAt(key))
	for listed, plugins := range k.Plugins.stanzas.ExternalPlugins {
		if listed = k.keyed(listed); listed == key || strings.HasPrefix(key, listed+"/") {
			for _, p := range plugins {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

// bare is a key without its connection.
func bare(key string) string {
	_, name, _ := strings.Cut(key, ":")
	return name
}

// needsOKToTest warns of a query that forbids a label which cannot be there: lgtm is refused where it is.
func (k *checker) needsOKToTest() {
	if k.Stanzas.Tide == nil {
		return
	}
	for i := range k.Stanzas.Tide.Queries {
		q := tideQuery{&k.Stanzas.Tide.Queries[i]}
		if q.asksAbout(labelled{label: "lgtm"}) && slices.Contains(q.MissingLabels, "needs-ok-to-test") {
			k.inConfig(fmt.Sprintf("tide.queries[%d].missingLabels", i), "a query that demands lgtm need not forbid needs-ok-to-test", "remove it")
		}
	}
}

// tideStrictBranch warns of branches that must be up to date before a merge: tide would test every pull request again after
// each merge.
func (k *checker) tideStrictBranch() {
	b := k.Stanzas.BranchProtection
	if b == nil || k.Stanzas.Tide == nil {
		return
	}
	for key := range k.managed() {
		org, repo, _ := strings.Cut(bare(key), "/")
		strict, path := strictOf(b, org, repo)
		if strict {
			k.inConfig(path, fmt.Sprintf("tide merges %s, whose branches must be up to date: each merge makes all other pull requests test again", bare(key)),
				"remove strict")
		}
	}
}

// strictOf says whether some branch must be up to date, by the narrowest level that says anything.
func strictOf(b *stanza.BranchProtection, org, repo string) (strict bool, path string) {
	look := func(p *stanza.Policy, at string) {
		if c := p.RequiredStatusChecks; c != nil && c.Strict != nil {
			strict, path = *c.Strict, at+".required_status_checks.strict"
		}
	}
	at := "branch-protection"
	look(&b.Policy, at)
	o := b.Orgs[org]
	at += ".orgs[" + org + "]"
	look(&o.Policy, at)
	if repo == "" {
		return strict, path
	}
	r := o.Repos[repo]
	at += ".repos[" + repo + "]"
	look(&r.Policy, at)
	for _, name := range sortedKeys(r.Branches) {
		branch := r.Branches[name]
		look(&branch, at+".branches["+name+"]")
	}
	return strict, path
}

// tideContextPolicy warns of contexts that the policy calls optional and the jobs do not.
func (k *checker) tideContextPolicy() {
	if k.Stanzas.Tide == nil {
		return
	}
	for _, repo := range k.Jobs.Repos() {
		policies := contextPolicies(&k.Stanzas.Tide.ContextOptions, repo)
		for _, p := range k.Jobs.Presubmits(repo) {
			if !p.AlwaysRun || p.Optional || p.SkipReport {
				continue
			}
			for _, path := range sortedKeys(policies) {
				if slices.Contains(policies[path].OptionalContexts, p.Context) {
					k.inConfig(path, fmt.Sprintf("context %q is optional here, and job %s of %s (%s) is not", p.Context, p.Name, repo.FullName(), p.Place()),
						"set optional: true at the job, or remove the context here")
				}
			}
		}
	}
}

func contextPolicies(c *stanza.ContextOptions, repo scm.Repo) map[string]*stanza.ContextPolicy {
	const top = "tide.context_options"
	all := map[string]*stanza.ContextPolicy{top + ".optional-contexts": &c.ContextPolicy}
	org, path := c.Orgs[repo.Org], top+".orgs["+repo.Org+"]"
	all[path+".optional-contexts"] = &org.ContextPolicy
	r := org.Repos[repo.Name]
	path += ".repos[" + repo.Name + "]"
	all[path+".optional-contexts"] = &r.ContextPolicy
	for name, branch := range r.Branches {
		all[path+".branches["+name+"].optional-contexts"] = &branch
	}
	return all
}
