package stanza

import (
	"fmt"

	"github.com/pharos-ci/pharos/pkg/job"
)

// Plugins is what plugins.yaml holds beside the lists of plugins and the settings of the trigger plugin.
type Plugins struct {
	Approve              []Approve                    `json:"approve"`
	Blockades            []Blockade                   `json:"blockades"`
	Blunderbuss          *Blunderbuss                 `json:"blunderbuss"`
	BranchCleaner        *BranchCleaner               `json:"branch_cleaner"`
	Bugzilla             *Bugzilla                    `json:"bugzilla"`
	Cat                  *KeyPath                     `json:"cat"`
	CherryPickApproved   []CherryPickApproved         `json:"cherry_pick_approved"`
	CherryPickUnapproved *CherryPickUnapproved        `json:"cherry_pick_unapproved"`
	ConfigUpdater        *ConfigUpdater               `json:"config_updater"`
	Dco                  map[string]DCO               `json:"dco"`
	ExternalPlugins      map[string][]ExternalPlugin  `json:"external_plugins"`
	Golint               *Golint                      `json:"golint"`
	Goose                *KeyPath                     `json:"goose"`
	Heart                *Heart                       `json:"heart"`
	Help                 *Help                        `json:"help"`
	InvalidCommitMsg     *InvalidCommitMsg            `json:"invalid_commit_msg"`
	Jira                 *Jira                        `json:"jira"`
	Label                *Label                       `json:"label"`
	Lgtm                 []LGTM                       `json:"lgtm"`
	MilestoneApplier     map[string]map[string]string `json:"milestone_applier"`
	Override             *Override                    `json:"override"`
	Owners               *Owners                      `json:"owners"`
	ProjectConfig        *ProjectConfig               `json:"project_config"`
	ProjectManager       *ProjectManager              `json:"project_manager"`
	ReleaseNote          *ReleaseNote                 `json:"release_note"`
	RepoMilestone        map[string]RepoMilestone     `json:"repo_milestone"`
	RequireMatchingLabel []RequireMatchingLabel       `json:"require_matching_label"`
	Requiresig           *RequireSIG                  `json:"requiresig"` // of older versions
	Retitle              *Retitle                     `json:"retitle"`
	Rifle                *Rifle                       `json:"rifle"`
	SigMention           *SigMention                  `json:"sigmention"`
	Size                 *Size                        `json:"size"`
	Slack                *Slack                       `json:"slack"`
	Welcome              []Welcome                    `json:"welcome"`
}

// Check reports what is wrong across keys.
func (p *Plugins) Check() []Problem {
	var found []Problem
	for i := range p.RequireMatchingLabel {
		found = append(found, p.RequireMatchingLabel[i].check(fmt.Sprintf("require_matching_label[%d]", i))...)
	}
	if p.Size != nil {
		found = append(found, p.Size.check()...)
	}
	if p.ConfigUpdater != nil {
		found = append(found, p.ConfigUpdater.check()...)
	}
	for _, key := range sorted(p.ExternalPlugins) {
		for i, external := range p.ExternalPlugins[key] {
			if external.Name == "" {
				found = append(found, Problem{fmt.Sprintf("external_plugins[%s][%d]", key, i), "an external plugin has no name", "give it one"})
			}
		}
	}
	if b := p.Blunderbuss; b != nil && b.RequestCount != nil && b.MaxRequestCount > 0 && b.MaxRequestCount < *b.RequestCount {
		found = append(found, Problem{"blunderbuss.max_request_count", "max_request_count is below request_count", "raise it"})
	}
	return found
}

// Approve says how the approve plugin judges the pull requests of some repositories.
type Approve struct {
	Repos               []string `json:"repos"`
	IssueRequired       bool     `json:"issue_required"`
	RequireSelfApproval *bool    `json:"require_self_approval"`
	LgtmActsAsApprove   bool     `json:"lgtm_acts_as_approve"`
	IgnoreReviewState   *bool    `json:"ignore_review_state"`
	CommandHelpLink     string   `json:"commandHelpLink"`
	PRProcessLink       string   `json:"pr_process_link"`
	IgnoreUpdateBot     *bool    `json:"ignore_updatebot"` // Lighthouse
	// ImplicitSelfApprove and ReviewActsAsApprove are of older versions, the opposites of RequireSelfApproval and
	// IgnoreReviewState.
	ImplicitSelfApprove *bool `json:"implicit_self_approve"`
	ReviewActsAsApprove *bool `json:"review_acts_as_approve"`
}

// LGTM says how the lgtm plugin works in some repositories.
type LGTM struct {
	Repos            []string `json:"repos"`
	ReviewActsAsLgtm bool     `json:"review_acts_as_lgtm"`
	StoreTreeHash    bool     `json:"store_tree_hash"`
	StickyLgtmTeam   string   `json:"trusted_team_for_sticky_lgtm"`
	ReviewerCount    int      `json:"reviewer_count"` // of TiDB's fork: how many have to agree
}

// Owners says how OWNERS files are read.
type Owners struct {
	MDYAMLRepos       []string `json:"mdyamlrepos"`
	SkipCollaborators []string `json:"skip_collaborators"`
	LabelsDenylist    []string `json:"labels_denylist"`
	// LabelsBlacklist and LabelsExcludes are older names of LabelsDenylist, the latter Lighthouse's.
	LabelsBlacklist []string `json:"labels_blacklist"`
	LabelsExcludes  []string `json:"labels_excludes"`
	Filenames       map[string]struct {
		Owners        string `json:"owners"`
		OwnersAliases string `json:"owners_aliases"`
	} `json:"filenames"`
}

// Blunderbuss asks for reviews.
type Blunderbuss struct {
	RequestCount *int `json:"request_count"`
	// FileWeightCount is of older versions.
	FileWeightCount       *int     `json:"file_weight_count"`
	MaxRequestCount       int      `json:"max_request_count"`
	ExcludeApprovers      bool     `json:"exclude_approvers"`
	UseStatusAvailability bool     `json:"use_status_availability"`
	IgnoreDrafts          bool     `json:"ignore_drafts"`
	IgnoreAuthors         []string `json:"ignore_authors"`
	WaitForStatus         *struct {
		Context     string `json:"context"`
		Description Regexp `json:"description"`
		State       string `json:"state"`
	} `json:"wait_for_status"`
}

// Rifle asks for reviews from those who know the changed lines.
type Rifle struct {
	RequestCount          *int     `json:"request_count"`
	MaxRequestCount       int      `json:"max_request_count"`
	ExcludeApprovers      bool     `json:"exclude_approvers"`
	UseStatusAvailability bool     `json:"use_status_availability"`
	IgnoreDrafts          bool     `json:"ignore_drafts"`
	IgnoreAuthors         []string `json:"ignore_authors"`
}

// Override lets more people than administrators override a context.
type Override struct {
	AllowTopLevelOwners bool                `json:"allow_top_level_owners"`
	AllowedGitHubTeams  map[string][]string `json:"allowed_github_teams"`
}

// ExternalPlugin is a server that events are passed on to; without Events all are.
type ExternalPlugin struct {
	Name     string   `json:"name"`
	Endpoint string   `json:"endpoint"`
	Events   []string `json:"events"`
}

// Size holds the changed lines from which on each label is put.
type Size struct {
	S   int `json:"s"`
	M   int `json:"m"`
	L   int `json:"l"`
	XL  int `json:"xl"`
	XXL int `json:"xxl"`
}

func (s *Size) check() []Problem {
	sizes := []int{s.S, s.M, s.L, s.XL, s.XXL}
	for i := 1; i < len(sizes); i++ {
		if sizes[i] != 0 && sizes[i] < sizes[i-1] {
			return []Problem{{"size", "the sizes do not rise from s to xxl", "order them"}}
		}
	}
	return nil
}

// RequireMatchingLabel puts a label on what has none of some others.
type RequireMatchingLabel struct {
	Org            string       `json:"org"`
	Repo           string       `json:"repo"`
	Branch         string       `json:"branch"`
	PRs            bool         `json:"prs"`
	Issues         bool         `json:"issues"`
	Regexp         Regexp       `json:"regexp"`
	MissingLabel   string       `json:"missing_label"`
	MissingComment string       `json:"missing_comment"`
	GracePeriod    job.Duration `json:"grace_period"`
}

func (r *RequireMatchingLabel) check(path string) []Problem {
	var found []Problem
	demand := func(ok bool, message, remedy string) {
		if !ok {
			found = append(found, Problem{path, message, remedy})
		}
	}
	demand(r.Org != "", "org is missing", "name the organisation")
	demand(r.Regexp.Regexp != nil, "regexp is missing", "write the expression that a label must match")
	demand(r.MissingLabel != "", "missing_label is missing", "name the label to put")
	demand(r.PRs || r.Issues, "neither prs nor issues is true", "set one of them")
	demand(r.PRs || r.Branch == "", "branch needs prs: true", "set prs or remove branch")
	demand(r.Regexp.Regexp == nil || r.MissingLabel == "" || !r.Regexp.MatchString(r.MissingLabel), "missing_label matches regexp itself", "choose another label")
	return found
}
