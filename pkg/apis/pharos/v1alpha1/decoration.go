package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Decoration is what surrounds a decorated job: job, repository and cluster have been merged, every default is set. The JSON
// names are those of Prow's decoration_config, which programs find in JOB_SPEC.
type Decoration struct {
	// Timeout of the test process itself; the time to get a pod and a checkout is not part of it.
	// +optional
	Timeout metav1.Duration `json:"timeout,omitzero"`
	// GracePeriod is the time between the interrupt and the kill of a process that ran out of time.
	// +optional
	GracePeriod metav1.Duration `json:"grace_period,omitzero"`
	// PodUnscheduledTimeout, PodPendingTimeout and PodRunningTimeout bound the life of the pod around the process.
	// +optional
	PodUnscheduledTimeout *metav1.Duration `json:"pod_unscheduled_timeout,omitempty"`
	// +optional
	PodPendingTimeout *metav1.Duration `json:"pod_pending_timeout,omitempty"`
	// +optional
	PodRunningTimeout *metav1.Duration `json:"pod_running_timeout,omitempty"`

	// Resources of the steps that decoration adds.
	// +optional
	Resources DecorationResources `json:"resources,omitzero"`
	// DefaultServiceAccountName is for pods that name none.
	// +optional
	DefaultServiceAccountName string `json:"default_service_account_name,omitempty"`

	// SSHKeySecrets are Secrets whose keys are private SSH keys; like the other secrets here, only the clone step has them.
	// +optional
	// +listType=atomic
	SSHKeySecrets []string `json:"ssh_key_secrets,omitempty"`
	// SSHHostFingerprints are lines of known_hosts; with any of them, no other host is trusted.
	// +optional
	// +listType=atomic
	SSHHostFingerprints []string `json:"ssh_host_fingerprints,omitempty"`
	// CookiefileSecret is "secret" or "secret/key"; without a key it is called as the Secret is.
	// +optional
	CookiefileSecret string `json:"cookiefile_secret,omitempty"`
	// OauthTokenSecret holds a token for the server of the repository under test.
	// +optional
	OauthTokenSecret *SecretKey `json:"oauth_token_secret,omitempty"`

	// SkipCloning leaves out the checkout and nothing else.
	// +optional
	SkipCloning bool `json:"skip_cloning,omitempty"`

	// CensorSecrets hides the content of the pod's secret volumes in logs and artifacts.
	// +optional
	CensorSecrets bool `json:"censor_secrets,omitempty"`
	// +optional
	CensoringOptions CensoringOptions `json:"censoring_options,omitzero"`
	// GCSConfiguration says how artifacts are stored; where is a matter of the install.
	// +optional
	GCSConfiguration ArtifactForm `json:"gcs_configuration,omitzero"`

	// DefaultMemoryRequest is for containers that ask for none; SetLimitEqualsMemoryRequest makes every request a limit too.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	DefaultMemoryRequest *resource.Quantity `json:"default_memory_request,omitempty"`
	// +optional
	SetLimitEqualsMemoryRequest bool `json:"set_limit_equals_memory_request,omitempty"`
	// +optional
	SchedulingOptions PodScheduling `json:"scheduling_options,omitzero"`
	// RunAsUser, RunAsGroup and FsGroup are for pods that do not say.
	// +optional
	RunAsUser *int64 `json:"run_as_user,omitempty"`
	// +optional
	RunAsGroup *int64 `json:"run_as_group,omitempty"`
	// +optional
	FsGroup *int64 `json:"fs_group,omitempty"`
}

// DecorationResources are by Prow's name of the container that does the step's work there.
type DecorationResources struct {
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	CloneRefs *corev1.ResourceRequirements `json:"clonerefs,omitempty"`
	// PlaceEntrypoint is for the same step when there is nothing to clone.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	PlaceEntrypoint *corev1.ResourceRequirements `json:"place_entrypoint,omitempty"`
}

// SecretKey names one key of a Secret.
type SecretKey struct {
	// +optional
	Name string `json:"name,omitempty"`
	// +optional
	Key string `json:"key,omitempty"`
}

// CensoringOptions bound the search for secrets.
type CensoringOptions struct {
	// MinimumSecretLength in bytes: shorter secrets are left alone, because hiding every "a" makes a log unreadable.
	// +optional
	MinimumSecretLength int `json:"minimum_secret_length,omitempty"`
}

// ArtifactForm says how artifacts are stored, by file extension without its dot.
type ArtifactForm struct {
	// +optional
	MediaTypes map[string]string `json:"mediaTypes,omitempty"`
	// CompressFileTypes are stored compressed; "*" means all.
	// +optional
	// +listType=atomic
	CompressFileTypes []string `json:"compress_file_types,omitempty"`
}

// PodScheduling places the pod: the affinity where the pod has none, the tolerations in addition.
type PodScheduling struct {
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	Affinity *corev1.Affinity `json:"affinity,omitempty"`
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`
}
