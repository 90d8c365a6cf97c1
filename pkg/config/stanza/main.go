package stanza

import (
	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// Main is what config.yaml holds beside jobs and the settings of running them.
type Main struct {
	BranchProtection *BranchProtection    `json:"branch-protection"`
	Deck             *Deck                `json:"deck"`
	Gangway          *Gangway             `json:"gangway"`
	Gerrit           *Gerrit              `json:"gerrit"`
	GitHub           *GitHub              `json:"github"`
	Horologium       *Horologium          `json:"horologium"`
	InRepoConfig     inrepo.Switches      `json:"in_repo_config"`
	JenkinsOperators []JenkinsOperator    `json:"jenkins_operators"`
	Jenkinses        []JenkinsOperator    `json:"jenkinses"` // Lighthouse's name
	ManagedWebhooks  *ManagedWebhooks     `json:"managed_webhooks"`
	Moonraker        *Moonraker           `json:"moonraker"`
	Orgs             map[string]Peribolos `json:"orgs"` // Lighthouse
	// OwnersDirBlacklist and OwnersDirExcludes are older names of OwnersDirDenylist, the latter Lighthouse's.
	OwnersDirDenylist     *OwnersDirDenylist       `json:"owners_dir_denylist"`
	OwnersDirBlacklist    *OwnersDirDenylist       `json:"owners_dir_blacklist"`
	OwnersDirExcludes     *OwnersDirDenylist       `json:"owners_dir_excludes"`
	Pipeline              *Pipeline                `json:"pipeline"`
	ProwJobDefaultEntries []ProwJobDefaultEntry    `json:"prowjob_default_entries"`
	PubSubSubscriptions   map[string][]string      `json:"pubsub_subscriptions"`
	PubSubTriggers        []PubSubTrigger          `json:"pubsub_triggers"`
	PushGateway           *PushGateway             `json:"push_gateway"`
	Scheduler             *Scheduler               `json:"scheduler"`
	SlackReporterConfigs  map[string]SlackReporter `json:"slack_reporter_configs"`
	Tide                  *Tide                    `json:"tide"`

	// SlackReporter is what SlackReporterConfigs was before it had keys.
	SlackReporter *SlackReporter `json:"slack_reporter"`
}

// Check reports what is wrong across keys.
func (m *Main) Check() []Problem {
	var found []Problem
	if m.Tide != nil {
		found = append(found, m.Tide.check()...)
	}
	if m.Deck != nil {
		found = append(found, m.Deck.check()...)
	}
	if m.BranchProtection != nil {
		found = append(found, m.BranchProtection.check()...)
	}
	for _, key := range sorted(m.SlackReporterConfigs) {
		found = append(found, m.SlackReporterConfigs[key].check("slack_reporter_configs["+key+"]")...)
	}
	if len(m.PubSubSubscriptions) > 0 && len(m.PubSubTriggers) > 0 {
		found = append(found, Problem{"pubsub_triggers", "pubsub_subscriptions and pubsub_triggers exclude each other", "keep one of them"})
	}
	return found
}

// GitHub says how to write links.
type GitHub struct {
	LinkURL URL `json:"link_url"`
}

// Horologium starts periodic jobs.
type Horologium struct {
	TickInterval job.Duration `json:"tick_interval"`
}

// Pipeline holds for Tekton jobs only.
type Pipeline struct {
	AllowConcurrentPostsubmitJobs bool `json:"allow_concurrent_postsubmit_jobs"`
}

// ProwJobDefaultEntry is a default for the jobs of a repository and a cluster.
type ProwJobDefaultEntry struct {
	Repo    string              `json:"repo"`
	Cluster string              `json:"cluster"`
	Config  job.ProwJobDefaults `json:"config"`
}

// OwnersDirDenylist holds folders in which no OWNERS file counts, for all repositories and by org or org/repo.
type OwnersDirDenylist struct {
	Default                     []string            `json:"default"`
	Repos                       map[string][]string `json:"repos"`
	IgnorePreconfiguredDefaults bool                `json:"ignore_preconfigured_defaults"`
}

// SlackReporter tells results in a channel of Slack, for the jobs of "*", an org or org/repo.
type SlackReporter struct {
	job.SlackReporter
	JobTypesToReport []string `json:"job_types_to_report"`
}

func (s SlackReporter) check(path string) []Problem {
	if s.Channel == "" {
		return []Problem{{path, "channel is missing", "name the channel, as \"#builds\""}}
	}
	return nil
}

// Peribolos is the wanted state of an organisation.
type Peribolos struct {
	Metadata strictyaml.Raw `json:"metadata"`
	Admins   []string       `json:"admins"`
	Members  []string       `json:"members"`
	Teams    strictyaml.Raw `json:"teams"`
	Repos    strictyaml.Raw `json:"repos"`
}
