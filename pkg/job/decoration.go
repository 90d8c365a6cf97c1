package job

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// DecorationConfig says what surrounds a decorated job. A nil or empty field leaves the default in place.
type DecorationConfig struct {
	Timeout               *Duration `json:"timeout,omitempty"`
	GracePeriod           *Duration `json:"grace_period,omitempty"`
	PodPendingTimeout     *Duration `json:"pod_pending_timeout,omitempty"`
	PodRunningTimeout     *Duration `json:"pod_running_timeout,omitempty"`
	PodUnscheduledTimeout *Duration `json:"pod_unscheduled_timeout,omitempty"`

	UtilityImages *UtilityImages `json:"utility_images,omitempty"`
	Resources     *Resources     `json:"resources,omitempty"`

	GCSConfiguration          *GCSConfiguration `json:"gcs_configuration,omitempty"`
	GCSCredentialsSecret      *string           `json:"gcs_credentials_secret,omitempty"`
	S3CredentialsSecret       *string           `json:"s3_credentials_secret,omitempty"`
	DefaultServiceAccountName *string           `json:"default_service_account_name,omitempty"`

	SSHKeySecrets             []string     `json:"ssh_key_secrets,omitempty"`
	SSHHostFingerprints       []string     `json:"ssh_host_fingerprints,omitempty"`
	CookiefileSecret          *string      `json:"cookiefile_secret,omitempty"`
	OauthTokenSecret          *TokenSecret `json:"oauth_token_secret,omitempty"`
	GitHubAPIEndpoints        []string     `json:"github_api_endpoints,omitempty"`
	GitHubAppID               string       `json:"github_app_id,omitempty"`
	GitHubAppPrivateKeySecret *TokenSecret `json:"github_app_private_key_secret,omitempty"`

	SkipCloning         *bool    `json:"skip_cloning,omitempty"`
	BloblessFetch       *bool    `json:"blobless_fetch,omitempty"`
	SparseCheckoutFiles []string `json:"sparse_checkout_files,omitempty"`

	CensorSecrets    *bool             `json:"censor_secrets,omitempty"`
	CensoringOptions *CensoringOptions `json:"censoring_options,omitempty"`

	UploadIgnoresInterrupts     *bool              `json:"upload_ignores_interrupts,omitempty"`
	SetLimitEqualsMemoryRequest *bool              `json:"set_limit_equals_memory_request,omitempty"`
	DefaultMemoryRequest        *resource.Quantity `json:"default_memory_request,omitempty"`
	PodSchedulingOptions        *SchedulingOptions `json:"scheduling_options,omitempty"`
	RunAsUser                   *int64             `json:"run_as_user,omitempty"`
	RunAsGroup                  *int64             `json:"run_as_group,omitempty"`
	FsGroup                     *int64             `json:"fs_group,omitempty"`
}

// UtilityImages are Prow's own containers; Pharos needs none of them and keeps what was written.
type UtilityImages struct {
	CloneRefs  string `json:"clonerefs,omitempty"`
	InitUpload string `json:"initupload,omitempty"`
	Entrypoint string `json:"entrypoint,omitempty"`
	Sidecar    string `json:"sidecar,omitempty"`
}

// Resources of the containers that decoration adds.
type Resources struct {
	CloneRefs       *corev1.ResourceRequirements `json:"clonerefs,omitempty"`
	InitUpload      *corev1.ResourceRequirements `json:"initupload,omitempty"`
	PlaceEntrypoint *corev1.ResourceRequirements `json:"place_entrypoint,omitempty"`
	Sidecar         *corev1.ResourceRequirements `json:"sidecar,omitempty"`
}

// GCSConfiguration says where logs and artifacts go; its name is older than its S3 support.
type GCSConfiguration struct {
	// Bucket is a name (Google Cloud Storage) or begins with gs:// or s3://.
	Bucket            string            `json:"bucket,omitempty"`
	PathPrefix        string            `json:"path_prefix,omitempty"`
	PathStrategy      string            `json:"path_strategy,omitempty"`
	DefaultOrg        string            `json:"default_org,omitempty"`
	DefaultRepo       string            `json:"default_repo,omitempty"`
	MediaTypes        map[string]string `json:"mediaTypes,omitempty"`
	JobURLPrefix      string            `json:"job_url_prefix,omitempty"`
	LocalOutputDir    string            `json:"local_output_dir,omitempty"`
	CompressFileTypes []string          `json:"compress_file_types,omitempty"`
}

// TokenSecret names one key of a Secret.
type TokenSecret struct {
	Name string `json:"name,omitempty"`
	Key  string `json:"key,omitempty"`
}

// CensoringOptions bound the removal of secrets from logs.
type CensoringOptions struct {
	CensoringConcurrency *int64   `json:"censoring_concurrency,omitempty"`
	CensoringBufferSize  *int     `json:"censoring_buffer_size,omitempty"`
	IncludeDirectories   []string `json:"include_directories,omitempty"`
	ExcludeDirectories   []string `json:"exclude_directories,omitempty"`
	MinimumSecretLength  *int     `json:"minimum_secret_length,omitempty"`
}

// SchedulingOptions place the pod.
type SchedulingOptions struct {
	Affinity    *corev1.Affinity    `json:"affinity,omitempty"`
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`
}

// DecorationEntry is a default for the jobs of a repository and a cluster.
type DecorationEntry struct {
	// Repo is "", "*", an org or org/repo; Cluster is "", "*" or a name. Both have to match.
	Repo    string            `json:"repo,omitempty"`
	Cluster string            `json:"cluster,omitempty"`
	Config  *DecorationConfig `json:"config,omitempty"`
}

// Over returns d with what it leaves open taken from defaults. Neither is changed; nested structs merge field by field, lists
// and maps are taken whole.
func (d *DecorationConfig) Over(defaults *DecorationConfig) *DecorationConfig {
	switch {
	case d == nil:
		return defaults
	case defaults == nil:
		return d
	}
	merged := *d
	fill(reflect.ValueOf(&merged).Elem(), reflect.ValueOf(defaults).Elem())
	return &merged
}

// fill sets the zero fields of a struct from another; a struct behind a pointer is copied before it is changed.
func fill(into, from reflect.Value) {
	for i := range into.NumField() {
		field, other := into.Field(i), from.Field(i)
		switch {
		case field.IsZero():
			field.Set(other)
		case mergeable(field) && !other.IsZero():
			copied := reflect.New(field.Type().Elem())
			copied.Elem().Set(field.Elem())
			fill(copied.Elem(), other.Elem())
			field.Set(copied)
		}
	}
}

// mergeable structs are those of this file; Kubernetes' own are taken whole.
func mergeable(field reflect.Value) bool {
	if field.Kind() != reflect.Pointer || field.Type().Elem().Kind() != reflect.Struct {
		return false
	}
	switch field.Interface().(type) {
	case *UtilityImages, *Resources, *GCSConfiguration, *CensoringOptions, *SchedulingOptions:
		return true
	}
	return false
}
