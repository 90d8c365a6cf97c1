package stanza

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pharos-ci/pharos/pkg/job"
)

// Tide merges pull requests.
type Tide struct {
	SyncPeriod          job.Duration           `json:"sync_period"`
	StatusUpdatePeriod  job.Duration           `json:"status_update_period"`
	MaxGoroutines       int                    `json:"max_goroutines"`
	Queries             []Query                `json:"queries"`
	MergeMethod         map[string]MergeMethod `json:"merge_method"`
	DefaultMergeMethod  string                 `json:"default_merge_method"` // Lighthouse
	MergeCommitTemplate map[string]struct {
		Title Template `json:"title"`
		Body  Template `json:"body"`
	} `json:"merge_commit_template"`
	TargetURL                     string            `json:"target_url"`
	TargetURLs                    map[string]string `json:"target_urls"`
	PRStatusBaseURL               string            `json:"pr_status_base_url"`
	PRStatusBaseURLs              map[string]string `json:"pr_status_base_urls"`
	BlockerLabel                  string            `json:"blocker_label"`
	SquashLabel                   string            `json:"squash_label"`
	RebaseLabel                   string            `json:"rebase_label"`
	MergeLabel                    string            `json:"merge_label"`
	ContextOptions                ContextOptions    `json:"context_options"`
	BatchSizeLimit                map[string]int    `json:"batch_size_limit"`
	PrioritizeExistingBatches     map[string]bool   `json:"prioritize_existing_batches"`
	Priority                      []Priority        `json:"priority"`
	DisplayAllTideQueriesInStatus bool              `json:"display_all_tide_queries_in_status"`
	DisplayAllQueriesInStatus     bool              `json:"display_all_queries_in_status"`
	GitHubMergeBlocksPolicy       map[string]string `json:"github_merge_blocks_policy"`
	Gerrit                        *TideGerrit       `json:"gerrit"`
}

// Query picks pull requests that may merge. An entry of Labels may list alternatives, separated by commas.
type Query struct {
	Orgs                   []string `json:"orgs"`
	Repos                  []string `json:"repos"`
	ExcludedRepos          []string `json:"excludedRepos"`
	Author                 string   `json:"author"`
	Labels                 []string `json:"labels"`
	MissingLabels          []string `json:"missingLabels"`
	ExcludedBranches       []string `json:"excludedBranches"`
	IncludedBranches       []string `json:"includedBranches"`
	Milestone              string   `json:"milestone"`
	ReviewApprovedRequired bool     `json:"reviewApprovedRequired"`
}

// Priority is a set of labels that a pull request must carry to come first.
type Priority struct {
	Labels []string `json:"labels"`
}

// TideGerrit merges changes of a Gerrit.
type TideGerrit struct {
	RateLimit int `json:"ratelimit"`
	Queries   []struct {
		Org        string        `json:"org"`
		Repos      []string      `json:"repos"`
		OptOutHelp bool          `json:"opt_out_help"`
		Filters    *GerritFilter `json:"filters"`
	} `json:"queries"`
}

// ContextPolicy says which statuses a merge waits for; what is absent is inherited from the wider level.
type ContextPolicy struct {
	SkipUnknownContexts       *bool    `json:"skip-unknown-contexts"`
	OverwritePendingContexts  *bool    `json:"overwrite-pending-contexts"`
	RequiredContexts          []string `json:"required-contexts"`
	RequiredIfPresentContexts []string `json:"required-if-present-contexts"`
	OptionalContexts          []string `json:"optional-contexts"`
	OptionalRegexContexts     []Regexp `json:"optional-regex-contexts"`
	FromBranchProtection      *bool    `json:"from-branch-protection"`
}

// ContextOptions are the policies of all branches, of organisations, repositories and single branches.
type ContextOptions struct {
	ContextPolicy
	Orgs map[string]OrgContexts `json:"orgs"`
}

// OrgContexts is the policy of an organisation.
type OrgContexts struct {
	ContextPolicy
	Repos map[string]RepoContexts `json:"repos"`
}

// RepoContexts is the policy of a repository.
type RepoContexts struct {
	ContextPolicy
	Branches map[string]ContextPolicy `json:"branches"`
}

func (t *Tide) check() []Problem {
	var found []Problem
	for i := range t.Queries {
		found = append(found, t.Queries[i].check(fmt.Sprintf("tide.queries[%d]", i))...)
	}
	for _, key := range sorted(t.MergeMethod) {
		found = append(found, t.MergeMethod[key].check("tide.merge_method["+key+"]")...)
	}
	found = append(found, choose("tide.default_merge_method", t.DefaultMergeMethod, methods...)...)
	for _, key := range sorted(t.GitHubMergeBlocksPolicy) {
		found = append(found, choose("tide.github_merge_blocks_policy["+key+"]", t.GitHubMergeBlocksPolicy[key], "ignore", "permit", "block")...)
	}
	if t.TargetURL != "" && len(t.TargetURLs) > 0 {
		found = append(found, Problem{"tide.target_urls", "target_url and target_urls exclude each other", "keep one of them"})
	}
	if t.PRStatusBaseURL != "" && len(t.PRStatusBaseURLs) > 0 {
		found = append(found, Problem{"tide.pr_status_base_urls", "pr_status_base_url and pr_status_base_urls exclude each other", "keep one of them"})
	}
	if _, ok := t.PRStatusBaseURLs["*"]; len(t.PRStatusBaseURLs) > 0 && !ok {
		found = append(found, Problem{"tide.pr_status_base_urls", `pr_status_base_urls has no entry for "*"`, "add one"})
	}
	return append(found, t.ContextOptions.check("tide.context_options")...)
}

func (q *Query) check(path string) []Problem {
	var found []Problem
	if len(q.Orgs) == 0 && len(q.Repos) == 0 {
		found = append(found, Problem{path, "a query names neither orgs nor repos", "name at least one"})
	}
	if len(q.IncludedBranches) > 0 && len(q.ExcludedBranches) > 0 {
		found = append(found, Problem{path + ".excludedBranches", "includedBranches and excludedBranches exclude each other", "keep one of them"})
	}
	for _, label := range q.Labels {
		if slices.Contains(q.MissingLabels, label) {
			found = append(found, Problem{path + ".missingLabels", fmt.Sprintf("label %q is both demanded and forbidden", label), "remove it from one of the lists"})
		}
	}
	return found
}

func (p *ContextPolicy) check(path string) []Problem {
	var found []Problem
	clash := func(name string, one, other []string) {
		for _, context := range one {
			if slices.Contains(other, context) {
				found = append(found, Problem{path, fmt.Sprintf("context %q is %s", context, name), "remove it from one of the lists"})
			}
		}
	}
	clash("both required and optional", p.RequiredContexts, p.OptionalContexts)
	clash("both required and required if present", p.RequiredContexts, p.RequiredIfPresentContexts)
	clash("both optional and required if present", p.OptionalContexts, p.RequiredIfPresentContexts)
	return found
}

func (c *ContextOptions) check(path string) []Problem {
	found := c.ContextPolicy.check(path)
	for _, org := range sorted(c.Orgs) {
		path, policy := path+".orgs["+org+"]", c.Orgs[org]
		found = append(found, policy.check(path)...)
		for _, name := range sorted(policy.Repos) {
			path, repo := path+".repos["+name+"]", policy.Repos[name]
			found = append(found, repo.check(path)...)
			for _, branch := range sorted(repo.Branches) {
				contexts := repo.Branches[branch]
				found = append(found, contexts.check(path+".branches["+branch+"]")...)
			}
		}
	}
	return found
}

func sorted[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }
