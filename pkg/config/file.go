package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/config/stanza"
	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// jobFile is what a job file holds, and config.yaml beside its own keys.
type jobFile struct {
	Presets     []*job.Preset                `json:"presets"`
	Presubmits  map[string][]*job.Presubmit  `json:"presubmits"`
	Postsubmits map[string][]*job.Postsubmit `json:"postsubmits"`
	Periodics   []*job.Periodic              `json:"periodics"`
	DecorateAll bool                         `json:"decorate_all_jobs"`
	// ProwIgnored is a place for anchors.
	ProwIgnored strictyaml.Raw `json:"prow_ignored"`
	Deployments strictyaml.Raw `json:"deployments"` // Lighthouse
}

// mainFile is config.yaml.
type mainFile struct {
	// Pharos's own.
	Connections []Connection `json:"connections"`
	Storage     Storage      `json:"storage"`
	Dashboard   Dashboard    `json:"dashboard"`
	// InRepo is what files kept in repositories may refer to.
	InRepo inrepo.References `json:"inrepo"`

	jobFile
	Plank             Plank               `json:"plank"`
	Sinker            Sinker              `json:"sinker"`
	GitHubReporter    GitHubReporter      `json:"github_reporter"`
	ProwJobNamespace  string              `json:"prowjob_namespace"`
	PodNamespace      string              `json:"pod_namespace"`
	LogLevel          string              `json:"log_level"`
	DefaultJobTimeout job.Duration        `json:"default_job_timeout"`
	DisabledClusters  []string            `json:"disabled_clusters"`
	StatusErrorLink   string              `json:"status_error_link"`
	ConfigVersionSHA  string              `json:"config_version_sha"`
	ProviderConfig    *lighthouseProvider `json:"providerConfig"` // Lighthouse
	stanza.Main
}

// lighthouseProvider is Lighthouse's one connection; its token and secret come from the environment there.
type lighthouseProvider struct {
	Kind    string `json:"kind"`
	Server  string `json:"server"`
	BotUser string `json:"botUser"`
}

// connection is the provider as a connection of Pharos, still without token and secrets.
func (p *lighthouseProvider) connection() Connection {
	return Connection{Name: implicitConnection, Kind: p.Kind, URL: strings.TrimRight(p.Server, "/"), Bot: p.BotUser, Default: true}
}

// Plank holds the settings of running jobs.
type Plank struct {
	JobURLTemplate string `json:"job_url_template"`
	// JobURLPrefix is the older form of JobURLPrefixConfig's "*".
	JobURLPrefix                             string                           `json:"job_url_prefix"`
	JobURLPrefixConfig                       map[string]string                `json:"job_url_prefix_config"`
	JobURLPrefixDisableAppendStorageProvider bool                             `json:"jobURLPrefixDisableAppendStorageProvider"`
	ReportTemplate                           string                           `json:"report_template"`
	ReportTemplates                          map[string]string                `json:"report_templates"`
	MaxConcurrency                           int                              `json:"max_concurrency"`
	MaxGoroutines                            int                              `json:"max_goroutines"`
	MaxRevivals                              *int                             `json:"max_revivals"`
	AllowCancellations                       bool                             `json:"allow_cancellations"`
	PodPendingTimeout                        job.Duration                     `json:"pod_pending_timeout"`
	PodRunningTimeout                        job.Duration                     `json:"pod_running_timeout"`
	PodUnscheduledTimeout                    job.Duration                     `json:"pod_unscheduled_timeout"`
	DefaultDecorationConfigs                 map[string]*job.DecorationConfig `json:"default_decoration_configs"`
	DefaultDecorationConfigEntries           []job.DecorationEntry            `json:"default_decoration_config_entries"`
	// DefaultDecorationConfig is the older form of DefaultDecorationConfigs' "*".
	DefaultDecorationConfig *job.DecorationConfig `json:"default_decoration_config"`
	BuildClusterStatusFile  string                `json:"build_cluster_status_file"`
	JobQueueCapacities      map[string]int        `json:"job_queue_capacities"`
}

// Sinker holds the ages at which finished objects are deleted; a zero value means the default that the caller has.
type Sinker struct {
	ResyncPeriod     job.Duration `json:"resync_period"`
	MaxProwJobAge    job.Duration `json:"max_prowjob_age"`
	MaxPodAge        job.Duration `json:"max_pod_age"`
	TerminatedPodTTL job.Duration `json:"terminated_pod_ttl"`
	ExcludeClusters  []string     `json:"exclude_clusters"`
}

// GitHubReporter says which results reach the forge; it holds for every forge, not only for GitHub.
type GitHubReporter struct {
	// JobTypesToReport is presubmit and postsubmit when empty.
	JobTypesToReport    []v1alpha1.JobType `json:"job_types_to_report"`
	NoCommentRepos      []string           `json:"no_comment_repos"`
	SummaryCommentRepos []string           `json:"summary_comment_repos"`
}

// decoration lists the default decoration, least specific first, whichever form it was written in.
func (p *Plank) decoration() []job.DecorationEntry {
	pod := []job.DecorationEntry{{Config: p.podTimeouts()}}
	if len(p.DefaultDecorationConfigEntries) > 0 {
		return append(pod, p.DefaultDecorationConfigEntries...)
	}
	keys := slices.SortedFunc(maps.Keys(p.DefaultDecorationConfigs), func(a, b string) int {
		return cmp.Or(cmp.Compare(breadth(a), breadth(b)), cmp.Compare(a, b))
	})
	entries := pod
	if p.DefaultDecorationConfig != nil {
		entries = append(entries, job.DecorationEntry{Config: p.DefaultDecorationConfig})
	}
	for _, key := range keys {
		entries = append(entries, job.DecorationEntry{Repo: key, Config: p.DefaultDecorationConfigs[key]})
	}
	return entries
}

// podTimeouts are plank's own, which hold wherever no decoration says otherwise.
func (p *Plank) podTimeouts() *job.DecorationConfig {
	given := func(d job.Duration) *job.Duration {
		if d.Duration == 0 {
			return nil
		}
		return &d
	}
	return &job.DecorationConfig{
		PodPendingTimeout: given(p.PodPendingTimeout), PodRunningTimeout: given(p.PodRunningTimeout),
		PodUnscheduledTimeout: given(p.PodUnscheduledTimeout),
	}
}

// breadth orders "*" before orgs before repositories.
func breadth(key string) int {
	if key == "" || key == "*" {
		return -1
	}
	return strings.Count(key, "/")
}

// everywhere is the decoration that holds for all repositories and clusters, nil without one.
func everywhere(entries []job.DecorationEntry) *job.DecorationConfig {
	var merged *job.DecorationConfig
	for _, e := range entries {
		if breadth(e.Repo) < 0 && (e.Cluster == "" || e.Cluster == "*") {
			merged = e.Config.Over(merged)
		}
	}
	return merged
}
