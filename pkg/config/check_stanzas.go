package config

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

func (k *checker) managedWebhooks() {
	m := k.Stanzas.ManagedWebhooks
	if m == nil {
		return
	}
	for _, key := range sortedKeys(m.OrgRepoConfig) {
		path := "managed_webhooks.org_repo_config[" + key + "]"
		if m.OrgRepoConfig[key].TokenCreatedAfter.After(time.Now()) {
			k.inConfig(path, "token_created_after lies in the future", "write when the token was made")
		}
		org, _, isRepo := strings.Cut(key, "/")
		if _, both := m.OrgRepoConfig[org]; isRepo && both {
			k.inConfig(path, fmt.Sprintf("%s and its organisation both have a webhook: every event comes twice", key), "remove one of them")
		}
	}
}

// urls warns of addresses that no browser opens.
func (k *checker) urls() {
	given := map[string]string{}
	if t := k.Stanzas.Tide; t != nil {
		given["tide.target_url"], given["tide.pr_status_base_url"] = t.TargetURL, t.PRStatusBaseURL
		for key, address := range t.TargetURLs {
			given["tide.target_urls["+key+"]"] = address
		}
		for key, address := range t.PRStatusBaseURLs {
			given["tide.pr_status_base_urls["+key+"]"] = address
		}
	}
	for key, address := range k.Plank.JobURLPrefixConfig {
		given["plank.job_url_prefix_config["+key+"]"] = address
	}
	for _, path := range sortedKeys(given) {
		u, err := url.Parse(given[path])
		if given[path] != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			k.inConfig(path, fmt.Sprintf("%q is not an address that a browser opens", given[path]), "write one like https://ci.example.com")
		}
	}
}

// unmanaged warns of policies below one that is not managed: nothing reads them.
func (k *checker) unmanaged() {
	b := k.Stanzas.BranchProtection
	if b == nil {
		return
	}
	const remedy = "remove it, or unmanaged"
	if on(b.Unmanaged) && len(b.Orgs) > 0 {
		k.inConfig("branch-protection.orgs", "branch-protection is unmanaged, so its orgs mean nothing", remedy)
	}
	for _, org := range sortedKeys(b.Orgs) {
		path := "branch-protection.orgs[" + org + "]"
		if on(b.Orgs[org].Unmanaged) && len(b.Orgs[org].Repos) > 0 {
			k.inConfig(path+".repos", fmt.Sprintf("%s is unmanaged, so its repos mean nothing", org), remedy)
		}
		for _, name := range sortedKeys(b.Orgs[org].Repos) {
			if repo := b.Orgs[org].Repos[name]; on(repo.Unmanaged) && len(repo.Branches) > 0 {
				k.inConfig(path+".repos["+name+"].branches", fmt.Sprintf("%s/%s is unmanaged, so its branches mean nothing", org, name), remedy)
			}
		}
	}
}

func on(b *bool) bool { return b != nil && *b }
