package stanza

import (
	"fmt"

	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// Deck is the dashboard.
type Deck struct {
	Spyglass                  Spyglass                       `json:"spyglass"`
	TideUpdatePeriod          job.Duration                   `json:"tide_update_period"`
	HiddenRepos               []string                       `json:"hidden_repos"`
	ExternalAgentLogs         []ExternalAgentLog             `json:"external_agent_logs"`
	Branding                  *Branding                      `json:"branding"`
	GoogleAnalytics           string                         `json:"google_analytics"`
	RerunAuthConfigs          map[string]job.RerunAuthConfig `json:"rerun_auth_configs"`
	DefaultRerunAuthConfigs   []RerunAuthEntry               `json:"default_rerun_auth_configs"`
	RerunAuthConfig           *job.RerunAuthConfig           `json:"rerun_auth_config"` // of older versions
	SkipStoragePathValidation *bool                          `json:"skip_storage_path_validation"`
	AdditionalAllowedBuckets  []string                       `json:"additional_allowed_buckets"`
}

// Branding is how the pages look.
type Branding struct {
	Logo            string `json:"logo"`
	Favicon         string `json:"favicon"`
	BackgroundColor string `json:"background_color"`
	HeaderColor     string `json:"header_color"`
}

// ExternalAgentLog is where the logs of another agent are.
type ExternalAgentLog struct {
	Agent       string   `json:"agent"`
	Selector    string   `json:"selector"`
	URLTemplate Template `json:"url_template"`
}

// RerunAuthEntry says who may start the jobs of a repository and a cluster again.
type RerunAuthEntry struct {
	Repo    string               `json:"repo"`
	Cluster string               `json:"cluster"`
	Config  *job.RerunAuthConfig `json:"rerun_auth_configs"`
}

// Spyglass shows one run.
type Spyglass struct {
	Lenses []Lens `json:"lenses"`
	// Viewers is the older form of Lenses: files by expression.
	Viewers                    map[string][]string `json:"viewers"`
	SizeLimit                  int64               `json:"size_limit"`
	GCSBrowserPrefix           string              `json:"gcs_browser_prefix"`
	GCSBrowserPrefixes         map[string]string   `json:"gcs_browser_prefixes"`
	GCSBrowserPrefixesByBucket map[string]string   `json:"gcs_browser_prefixes_by_bucket"`
	Announcement               Template            `json:"announcement"`
	TestGridConfig             string              `json:"testgrid_config"`
	TestGridRoot               string              `json:"testgrid_root"`
	HidePRHistLink             bool                `json:"hide_pr_history_link"`
	PRHistLinkTemplate         Template            `json:"pr_history_link_template"`
	BucketAliases              map[string]string   `json:"bucket_aliases"`
}

// Lens is a part of a run's page, shown when all required files exist.
type Lens struct {
	RequiredFiles []Regexp `json:"required_files"`
	OptionalFiles []Regexp `json:"optional_files"`
	Lens          struct {
		Name   string         `json:"name"`
		Config strictyaml.Raw `json:"config"`
	} `json:"lens"`
	RemoteConfig *struct {
		Endpoint   string `json:"endpoint"`
		StaticRoot string `json:"static_root"`
		Title      string `json:"title"`
		Priority   *uint  `json:"priority"`
		HideTitle  *bool  `json:"hide_title"`
	} `json:"remote_config"`
}

func (d *Deck) check() []Problem {
	var found []Problem
	if len(d.RerunAuthConfigs) > 0 && len(d.DefaultRerunAuthConfigs) > 0 {
		found = append(found, Problem{"deck.default_rerun_auth_configs", "rerun_auth_configs and default_rerun_auth_configs exclude each other", "keep one of them"})
	}
	for i, lens := range d.Spyglass.Lenses {
		path := fmt.Sprintf("deck.spyglass.lenses[%d]", i)
		if lens.Lens.Name == "" {
			found = append(found, Problem{path, "a lens has no name", "write one under lens.name"})
		}
		if len(lens.RequiredFiles) == 0 {
			found = append(found, Problem{path, "a lens needs required_files", "name the files that it shows"})
		}
	}
	if len(d.AdditionalAllowedBuckets) > 0 && d.SkipStoragePathValidation != nil && *d.SkipStoragePathValidation {
		found = append(found, Problem{"deck.additional_allowed_buckets", "additional_allowed_buckets means nothing while skip_storage_path_validation is true", "remove one of them"})
	}
	return found
}
