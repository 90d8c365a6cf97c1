package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/job"
)

// Storage says where logs and artifacts are kept. It comes from Pharos's own storage stanza; what that leaves open is taken
// from the default decoration's gcs_configuration.
type Storage struct {
	// URL is s3://bucket[/prefix], gs://bucket[/prefix] or file:///folder. Empty means that nothing is configured.
	URL string `json:"url,omitempty"`
	// Endpoint of an S3-compatible server; empty means Amazon's.
	Endpoint string `json:"endpoint,omitempty"`
	Region   string `json:"region,omitempty"`
	// PathStyle puts the bucket into the path instead of the host name, as most servers beside Amazon's want it.
	PathStyle bool `json:"path_style,omitempty"`
	// CredentialsFile is an AWS credentials file; AccessKeyFile and SecretKeyFile hold one value each. Without any, the SDK's
	// own search applies.
	CredentialsFile string `json:"credentials_file,omitempty"`
	AccessKeyFile   string `json:"access_key_file,omitempty"`
	SecretKeyFile   string `json:"secret_key_file,omitempty"`
	// Layout of the bucket, from gcs_configuration.
	Layout Layout `json:"-"`
}

// Layout is how Prow names the folders of a bucket.
type Layout struct {
	PathPrefix string
	// PathStrategy is explicit (the default), legacy or single.
	PathStrategy            string
	DefaultOrg, DefaultRepo string
}

var strategies = []string{"explicit", "legacy", "single"}

// merge takes from the default decoration what the stanza leaves open.
func (s *Storage) merge(decoration *job.DecorationConfig) {
	s.Layout.PathStrategy = "explicit"
	if decoration == nil || decoration.GCSConfiguration == nil {
		return
	}
	gcs := decoration.GCSConfiguration
	s.Layout = Layout{PathPrefix: gcs.PathPrefix, PathStrategy: gcs.PathStrategy, DefaultOrg: gcs.DefaultOrg, DefaultRepo: gcs.DefaultRepo}
	if s.Layout.PathStrategy == "" {
		s.Layout.PathStrategy = "explicit"
	}
	if s.URL == "" && gcs.Bucket != "" {
		s.URL = gcs.Bucket
		if !strings.Contains(s.URL, "://") { // a bare name has always meant Google's
			s.URL = "gs://" + s.URL
		}
	}
}

func (s *Storage) check(at place) {
	if s.URL != "" && !validStore(s.URL) {
		at(SeverityError, "storage.url", fmt.Sprintf("storage url %q is not a place that Pharos can keep logs in", redact(s.URL)),
			"write s3://bucket/prefix or file:///folder")
	}
	if (s.AccessKeyFile == "") != (s.SecretKeyFile == "") {
		at(SeverityError, "storage", "access_key_file and secret_key_file belong together", "give both or neither")
	}
	if s.CredentialsFile != "" && s.AccessKeyFile != "" {
		at(SeverityError, "storage.credentials_file", "credentials_file and access_key_file exclude each other", "keep one of them")
	}
	if s.Endpoint != "" {
		if u, err := url.Parse(s.Endpoint); err != nil || u.Host == "" {
			at(SeverityError, "storage.endpoint", fmt.Sprintf("storage endpoint %q is not a URL", redact(s.Endpoint)), "write one like https://s3.example.com")
		}
	}
	if !slices.Contains(strategies, s.Layout.PathStrategy) {
		at(SeverityError, "plank", fmt.Sprintf("path_strategy %q is not known", s.Layout.PathStrategy), "use explicit, legacy or single")
	}
	if s.Layout.PathStrategy != "explicit" && (s.Layout.DefaultOrg == "" || s.Layout.DefaultRepo == "") {
		at(SeverityError, "plank", fmt.Sprintf("path_strategy %s needs default_org and default_repo", s.Layout.PathStrategy), "add them beside it")
	}
}

func validStore(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "s3", "gs":
		return u.Host != "" && u.User == nil
	case "file":
		return u.Host == "" && strings.HasPrefix(u.Path, "/")
	}
	return false
}
