package stanza

import "fmt"

// KeyPath is a file that holds the key of a picture service.
type KeyPath struct {
	KeyPath string `json:"key_path"`
}

// Blockade holds back pull requests that change certain files.
type Blockade struct {
	Repos            []string `json:"repos"`
	BranchRegexp     *Regexp  `json:"branchregexp"`
	BlockRegexps     []Regexp `json:"blockregexps"`
	ExceptionRegexps []Regexp `json:"exceptionregexps"`
	Explanation      string   `json:"explanation"`
}

// BranchCleaner deletes merged branches, except some.
type BranchCleaner struct {
	PreservedBranches map[string][]string `json:"preserved_branches"`
}

// CherryPickApproved says who approves cherry-picks of a repository.
type CherryPickApproved struct {
	Org                       string   `json:"org"`
	Repo                      string   `json:"repo"`
	BranchRegexp              Regexp   `json:"branchregexp"`
	Approvers                 []string `json:"approvers"`
	AllowMissingApprovedLabel bool     `json:"allow_missing_approved_label"`
	AllowMissingLGTMLabel     bool     `json:"allow_missing_lgtm_label"`
}

// CherryPickUnapproved marks pull requests against release branches.
type CherryPickUnapproved struct {
	BranchRegexp Regexp `json:"branchregexp"`
	Comment      string `json:"comment"`
}

// ConfigUpdater keeps ConfigMaps equal to files of a repository.
type ConfigUpdater struct {
	ClusterGroups map[string]ClusterGroup  `json:"cluster_groups"`
	Maps          map[string]ConfigMapSpec `json:"maps"` // by a pattern of file names
	GZIP          bool                     `json:"gzip"`
}

// ClusterGroup is every namespace in every cluster of two lists.
type ClusterGroup struct {
	Clusters   []string `json:"clusters"`
	Namespaces []string `json:"namespaces"`
}

// ConfigMapSpec is a ConfigMap to update, in one or several clusters and namespaces.
type ConfigMapSpec struct {
	Name             string              `json:"name"`
	PartitionedNames []string            `json:"partitioned_names"`
	Key              string              `json:"key"`
	GZIP             *bool               `json:"gzip"`
	Clusters         map[string][]string `json:"clusters"`
	ClusterGroups    []string            `json:"cluster_groups"`
	UseFullPathAsKey bool                `json:"use_full_path_as_key"`
	// Namespace and AdditionalNamespaces are Lighthouse's, and of older versions of Prow.
	Namespace            string   `json:"namespace"`
	AdditionalNamespaces []string `json:"additional_namespaces"`
}

func (c *ConfigUpdater) check() []Problem {
	var found []Problem
	for _, pattern := range sorted(c.Maps) {
		spec, path := c.Maps[pattern], "config_updater.maps["+pattern+"]"
		if (spec.Name == "") == (len(spec.PartitionedNames) == 0) {
			found = append(found, Problem{path, "give exactly one of name and partitioned_names", ""})
		}
		if len(spec.Clusters) > 0 && len(spec.ClusterGroups) > 0 {
			found = append(found, Problem{path + ".cluster_groups", "clusters and cluster_groups exclude each other", "keep one of them"})
		}
		for i, group := range spec.ClusterGroups {
			if _, ok := c.ClusterGroups[group]; !ok {
				found = append(found, Problem{fmt.Sprintf("%s.cluster_groups[%d]", path, i), fmt.Sprintf("cluster group %q does not exist", group),
					"define it under config_updater.cluster_groups"})
			}
		}
	}
	return found
}

// DCO says whose commits need no sign-off.
type DCO struct {
	SkipDCOCheckForMembers       bool     `json:"skip_dco_check_for_members"`
	TrustedApps                  []string `json:"trusted_apps"`
	TrustedOrg                   string   `json:"trusted_org"`
	SkipDCOCheckForCollaborators bool     `json:"skip_dco_check_for_collaborators"`
	ContributingRepo             string   `json:"contributing_repo"`
	ContributingBranch           string   `json:"contributing_branch"`
	ContributingPath             string   `json:"contributing_path"`
}

// Golint holds the confidence, above 0 and at most 1, from which on a finding is told.
type Golint struct {
	MinimumConfidence *float64 `json:"minimum_confidence"`
}

// Heart reacts to comments of some people.
type Heart struct {
	Adorees       []string `json:"adorees"`
	CommentRegexp Regexp   `json:"commentregexp"`
}

// Help is what is said about help-wanted issues.
type Help struct {
	GuidelinesURL     string `json:"help_guidelines_url"`
	GuidelinesSummary string `json:"help_guidelines_summary"`
}

// InvalidCommitMsg is kept.
type InvalidCommitMsg struct{}

// Jira links issues of a tracker.
type Jira struct {
	DisabledJiraProjects []string `json:"disabled_jira_projects"`
}

// Label says which labels a command may put, and who may.
type Label struct {
	AdditionalLabels []string                     `json:"additional_labels"`
	RestrictedLabels map[string][]RestrictedLabel `json:"restricted_labels"`
}

// RestrictedLabel is a label that only some people may change.
type RestrictedLabel struct {
	Label        string   `json:"label"`
	AllowedTeams []string `json:"allowed_teams"`
	AllowedUsers []string `json:"allowed_users"`
	AssignOn     []struct {
		Label string `json:"label"`
	} `json:"assign_on"`
}

// ProjectConfig says which columns of project boards new cards go to.
type ProjectConfig struct {
	Orgs map[string]struct {
		MaintainersTeamID int               `json:"org_maintainers_team_id"`
		DefaultColumnMap  map[string]string `json:"org_default_column_map"`
		Repos             map[string]struct {
			MaintainersTeamID int               `json:"repo_maintainers_team_id"`
			DefaultColumnMap  map[string]string `json:"repo_default_column_map"`
		} `json:"project_repo_configs"`
	} `json:"project_org_configs"`
}

// ProjectManager puts cards on project boards.
type ProjectManager struct {
	OrgRepos map[string]struct {
		Projects map[string]struct {
			Columns []struct {
				ID     *int     `json:"id"`
				Name   string   `json:"name"`
				State  string   `json:"state"`
				Labels []string `json:"labels"`
				Org    string   `json:"org"`
			} `json:"columns"`
		} `json:"projects"`
	} `json:"orgsRepos"`
}

// ReleaseNote is of older versions of Prow.
type ReleaseNote struct {
	ReleaseNoteBody string `json:"release_note_body"`
}

// RepoMilestone says who may put milestones.
type RepoMilestone struct {
	MaintainersID           int    `json:"maintainers_id"`
	MaintainersTeam         string `json:"maintainers_team"`
	MaintainersFriendlyName string `json:"maintainers_friendly_name"`
}

// RequireSIG is of older versions of Prow.
type RequireSIG struct {
	GroupListURL string `json:"group_list_url"`
}

// Retitle says what may be retitled.
type Retitle struct {
	AllowClosedIssues bool `json:"allow_closed_issues"`
}

// SigMention finds mentions of teams.
type SigMention struct {
	Regexp Regexp `json:"regexp"`
}

// Slack tells mentions and direct pushes in channels.
type Slack struct {
	MentionChannels []string `json:"mentionchannels"`
	MergeWarnings   []struct {
		Repos          []string            `json:"repos"`
		Channels       []string            `json:"channels"`
		ExemptUsers    []string            `json:"exempt_users"`
		ExemptBranches map[string][]string `json:"exempt_branches"`
		// Whitelist and BranchWhitelist are older names of the two.
		Whitelist       []string            `json:"whitelist"`
		BranchWhitelist map[string][]string `json:"branch_whitelist"`
	} `json:"mergewarnings"`
}

// Welcome greets new contributors.
type Welcome struct {
	Repos           []string `json:"repos"`
	MessageTemplate Template `json:"message_template"`
	AlwaysPost      bool     `json:"always_post"`
}
