package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

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
	// PathStyle puts the bucket into the path instead of the host name. If nothing is said, it does so for a server of one's own.
	PathStyle *bool `json:"path_style,omitempty"`
	// CAFile holds the certificates (PEM) that the server's is checked against, beside those of the system.
	CAFile string `json:"ca_file,omitempty"`
	// CredentialsFile is an AWS credentials file; AccessKeyFile and SecretKeyFile hold one value each. Without any, the SDK's
	// own search applies.
	CredentialsFile string `json:"credentials_file,omitempty"`
	AccessKeyFile   string `json:"access_key_file,omitempty"`
	SecretKeyFile   string `json:"secret_key_file,omitempty"`
	// RoleARN is a role that the token in WebIdentityTokenFile stands for. STSEndpoint exchanges it; empty means Amazon's.
	RoleARN              string `json:"role_arn,omitempty"`
	WebIdentityTokenFile string `json:"web_identity_token_file,omitempty"`
	STSEndpoint          string `json:"sts_endpoint,omitempty"`
	// ServerSideEncryption is AES256 or aws:kms, with KMSKeyID if not the bucket's own key; empty leaves it to the bucket.
	ServerSideEncryption string `json:"server_side_encryption,omitempty"`
	KMSKeyID             string `json:"kms_key_id,omitempty"`
	// Compression of logs at rest: none (the default) or gzip. Readers notice nothing of it.
	Compression string `json:"compression,omitempty"`
	// SpoolSize bounds what is kept on this machine's disk of logs that the store has not taken yet; 4Gi if nothing is said.
	SpoolSize *resource.Quantity `json:"spool_size,omitempty"`
	// Retention is how long runs stay; nothing is deleted if nothing is said.
	Retention Retention `json:"retention,omitzero"`
	// Layout of the bucket, from gcs_configuration.
	Layout Layout `json:"-"`
}

// Retention bounds what the store keeps of each job.
type Retention struct {
	Bounds
	// Jobs has bounds by job name instead; "*" stands for any part of a name. The longest name that fits decides.
	Jobs map[string]Bounds `json:"jobs,omitempty"`
}

// Bounds say how long the runs of a job stay. A run is deleted when one of them says so; zero is no bound.
type Bounds struct {
	// MaxAge since the run's end.
	MaxAge job.Duration `json:"max_age,omitzero"`
	// MaxRuns is how many of the newest runs stay.
	MaxRuns int `json:"max_runs,omitempty"`
}

// Compressions of logs at rest.
const (
	CompressionNone = "none"
	CompressionGzip = "gzip"
)

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
	if s.Compression == "" && slices.ContainsFunc(gcs.CompressFileTypes, func(t string) bool { return t == "*" || t == "txt" }) {
		s.Compression = CompressionGzip
	}
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
	s.checkIdentity(at)
	s.checkForm(at)
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

func (s *Storage) checkIdentity(at place) {
	if (s.RoleARN == "") != (s.WebIdentityTokenFile == "") {
		at(SeverityError, "storage", "role_arn and web_identity_token_file belong together", "give both or neither")
	}
	if s.RoleARN != "" && (s.AccessKeyFile != "" || s.CredentialsFile != "") {
		at(SeverityError, "storage.role_arn", "role_arn excludes access_key_file and credentials_file", "keep one way to log in")
	}
	if s.STSEndpoint != "" && s.RoleARN == "" {
		at(SeverityError, "storage.sts_endpoint", "sts_endpoint means nothing without role_arn", "give role_arn and web_identity_token_file, or remove it")
	}
}

func (s *Storage) checkForm(at place) {
	if !slices.Contains([]string{"", "AES256", "aws:kms"}, s.ServerSideEncryption) {
		at(SeverityError, "storage.server_side_encryption", fmt.Sprintf("server_side_encryption %q is not known", s.ServerSideEncryption), "use AES256 or aws:kms")
	}
	if s.KMSKeyID != "" && s.ServerSideEncryption != "aws:kms" {
		at(SeverityError, "storage.kms_key_id", "kms_key_id means nothing without server_side_encryption aws:kms", "add server_side_encryption: aws:kms")
	}
	if !slices.Contains([]string{"", CompressionNone, CompressionGzip}, s.Compression) {
		at(SeverityError, "storage.compression", fmt.Sprintf("compression %q is not known", s.Compression), "use none or gzip")
	}
	if s.SpoolSize != nil && s.SpoolSize.Value() < minSpool {
		at(SeverityError, "storage.spool_size", fmt.Sprintf("spool_size %s is too small", s.SpoolSize), "give at least 64Mi")
	}
	s.Retention.check("storage.retention", at)
}

// minSpool holds some parts of uploads.
const minSpool = 64 << 20

func (r *Retention) check(path string, at place) {
	r.Bounds.check(path, at)
	for _, name := range slices.Sorted(maps.Keys(r.Jobs)) {
		r.Jobs[name].check(path+".jobs."+name, at)
	}
}

func (b Bounds) check(path string, at place) {
	if b.MaxAge.Duration < 0 {
		at(SeverityError, path+".max_age", "max_age must not be negative", "")
	}
	if b.MaxRuns < 0 {
		at(SeverityError, path+".max_runs", "max_runs must not be negative", "")
	}
}

// SpoolBytes is SpoolSize with its default.
func (s *Storage) SpoolBytes() int64 {
	if s.SpoolSize == nil {
		return defaultSpool
	}
	return s.SpoolSize.Value()
}

const defaultSpool = 4 << 30

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
