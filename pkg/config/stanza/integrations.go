package stanza

import (
	"time"

	"github.com/pharos-ci/pharos/pkg/job"
)

// Gangway lets API clients start jobs.
type Gangway struct {
	AllowedAPIClients []struct {
		GCP *struct {
			ConsumerType   string `json:"endpoint_api_consumer_type"`
			ConsumerNumber string `json:"endpoint_api_consumer_number"`
		} `json:"gcp"`
		AllowedJobsFilters []struct {
			TenantID string `json:"tenant_id"`
		} `json:"allowed_jobs_filters"`
	} `json:"allowed_api_clients"`
}

// Gerrit is a review server.
type Gerrit struct {
	TickInterval              job.Duration `json:"tick_interval"`
	RateLimit                 int          `json:"ratelimit"`
	DeckURL                   string       `json:"deck_url"`
	AllowedPresubmitTriggerRe Regexp       `json:"allowed_presubmit_trigger_re"`
	OrgReposConfig            []struct {
		Org            string       `json:"org"`
		Repos          []string     `json:"repos"`
		OptOutHelp     bool         `json:"opt_out_help"`
		OptInByDefault bool         `json:"opt_in_by_default"`
		Filters        GerritFilter `json:"filters"`
	} `json:"org_repos_config"`
}

// GerritFilter picks branches.
type GerritFilter struct {
	Branches         []string `json:"branches"`
	ExcludedBranches []string `json:"excluded_branches"`
	OptInByDefault   bool     `json:"opt_in_by_default"`
}

// JenkinsOperator runs jobs on a Jenkins.
type JenkinsOperator struct {
	LabelSelector   string              `json:"label_selector"`
	JobURLTemplate  Template            `json:"job_url_template"`
	ReportTemplate  Template            `json:"report_template"`
	ReportTemplates map[string]Template `json:"report_templates"`
	MaxConcurrency  int                 `json:"max_concurrency"`
	MaxGoroutines   int                 `json:"max_goroutines"`
	// AllowCancellations stops jobs of older commits.
	AllowCancellations bool `json:"allow_cancellations"`
}

// ManagedWebhooks lists whose webhooks are installed by Prow.
type ManagedWebhooks struct {
	RespectLegacyGlobalToken bool `json:"respect_legacy_global_token"`
	AutoAcceptInvitation     bool `json:"auto_accept_invitation"`
	OrgRepoConfig            map[string]struct {
		TokenCreatedAfter time.Time `json:"token_created_after"`
	} `json:"org_repo_config"`
}

// Moonraker serves jobs that repositories keep themselves.
type Moonraker struct {
	ClientTimeout job.Duration `json:"client_timeout"`
}

// PubSubTrigger listens to topics.
type PubSubTrigger struct {
	Project                string   `json:"project"`
	Topics                 []string `json:"topics"`
	AllowedClusters        []string `json:"allowed_clusters"`
	MaxOutstandingMessages int      `json:"max_outstanding_messages"`
}

// PushGateway receives metrics.
type PushGateway struct {
	Endpoint     string       `json:"endpoint"`
	Interval     job.Duration `json:"interval"`
	ServeMetrics bool         `json:"serve_metrics"`
}

// Scheduler moves jobs between clusters.
type Scheduler struct {
	Enabled  bool `json:"enabled"`
	Failover *struct {
		Mappings map[string]string `json:"mappings"`
	} `json:"failover"`
	External *struct {
		URL   URL `json:"url"`
		Cache struct {
			EntryTimeoutInterval *job.Duration `json:"entry_timeout_interval"`
			CacheClearInterval   *job.Duration `json:"cache_clear_interval"`
		} `json:"cache"`
	} `json:"external"`
}
