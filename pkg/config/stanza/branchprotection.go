package stanza

// Policy is the protection of branches; what is absent is inherited from the wider level.
type Policy struct {
	Unmanaged                    *bool                 `json:"unmanaged"`
	Protect                      *bool                 `json:"protect"`
	RequiredStatusChecks         *RequiredStatusChecks `json:"required_status_checks"`
	EnforceAdmins                *bool                 `json:"enforce_admins"`
	Restrictions                 *Restrictions         `json:"restrictions"`
	RequireManuallyTriggeredJobs *bool                 `json:"require_manually_triggered_jobs"`
	RequiredPullRequestReviews   *RequiredReviews      `json:"required_pull_request_reviews"`
	RequiredLinearHistory        *bool                 `json:"required_linear_history"`
	RequireSignedCommits         *bool                 `json:"require_signed_commits"`
	AllowForcePushes             *bool                 `json:"allow_force_pushes"`
	AllowDeletions               *bool                 `json:"allow_deletions"`
	// Include and Exclude pick branches by expression; one of the two at most is given.
	Include []Regexp `json:"include"`
	Exclude []Regexp `json:"exclude"`
}

func (p *Policy) check(path string) []Problem {
	if len(p.Include) > 0 && len(p.Exclude) > 0 {
		return []Problem{{path + ".exclude", "include and exclude exclude each other", "keep one of them"}}
	}
	return nil
}

// RequiredStatusChecks are contexts that must be green.
type RequiredStatusChecks struct {
	Contexts []string `json:"contexts"`
	Strict   *bool    `json:"strict"`
}

// Restrictions name who may.
type Restrictions struct {
	Apps  []string `json:"apps"`
	Users []string `json:"users"`
	Teams []string `json:"teams"`
}

// RequiredReviews are what the forge itself demands before a merge.
type RequiredReviews struct {
	DismissalRestrictions        *Restrictions `json:"dismissal_restrictions"`
	DismissStaleReviews          *bool         `json:"dismiss_stale_reviews"`
	RequireCodeOwnerReviews      *bool         `json:"require_code_owner_reviews"`
	RequiredApprovingReviewCount *int          `json:"required_approving_review_count"`
	BypassPullRequestAllowances  *Restrictions `json:"bypass_pull_request_allowances"`
}

// BranchProtection is the policy of all branches, of organisations, repositories and single branches.
type BranchProtection struct {
	Policy
	ProtectTestedRepos           *bool                    `json:"protect-tested-repos"`
	ProtectReposWithOptionalJobs *bool                    `json:"protect_repos_with_optional_jobs"`
	AllowDisabledPolicies        *bool                    `json:"allow_disabled_policies"`
	AllowDisabledJobPolicies     *bool                    `json:"allow_disabled_job_policies"`
	Orgs                         map[string]OrgProtection `json:"orgs"`
	ProtectByDefault             *bool                    `json:"protect_by_default"` // of older versions
}

// OrgProtection is the policy of an organisation.
type OrgProtection struct {
	Policy
	Repos map[string]RepoProtection `json:"repos"`
}

// RepoProtection is the policy of a repository.
type RepoProtection struct {
	Policy
	Branches map[string]Policy `json:"branches"`
}

func (b *BranchProtection) check() []Problem {
	found := b.Policy.check("branch-protection")
	for _, org := range sorted(b.Orgs) {
		path, policy := "branch-protection.orgs["+org+"]", b.Orgs[org]
		found = append(found, policy.check(path)...)
		for _, name := range sorted(policy.Repos) {
			path, repo := path+".repos["+name+"]", policy.Repos[name]
			found = append(found, repo.check(path)...)
			for _, branch := range sorted(repo.Branches) {
				branchPolicy := repo.Branches[branch]
				found = append(found, branchPolicy.check(path+".branches["+branch+"]")...)
			}
		}
	}
	return found
}
