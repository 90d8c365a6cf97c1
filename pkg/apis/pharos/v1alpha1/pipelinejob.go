package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// PipelineJob is one run of one job: what to test, how, and how it went.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=pj,categories=pharos
// +kubebuilder:printcolumn:name="Job",type=string,JSONPath=`.spec.job`
// +kubebuilder:printcolumn:name="Build",type=string,JSONPath=`.spec.buildID`,priority=1
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Org",type=string,JSONPath=`.spec.refs.org`
// +kubebuilder:printcolumn:name="Repo",type=string,JSONPath=`.spec.refs.repo`
// +kubebuilder:printcolumn:name="Pulls",type=string,JSONPath=`.spec.refs.pulls[*].number`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="Started",type=date,JSONPath=`.status.startTime`
// +kubebuilder:printcolumn:name="Completed",type=date,JSONPath=`.status.completionTime`
// +kubebuilder:printcolumn:name="Description",type=string,JSONPath=`.status.description`,priority=1
type PipelineJob struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec PipelineJobSpec `json:"spec"`
	// +optional
	Status PipelineJobStatus `json:"status,omitzero"`
}

// JobType says what caused a run.
// +kubebuilder:validation:Enum=presubmit;postsubmit;periodic;batch
type JobType string

// Job types, as Prow names them.
const (
	Presubmit  JobType = "presubmit"
	Postsubmit JobType = "postsubmit"
	Periodic   JobType = "periodic"
	Batch      JobType = "batch"
)

// Agent says how a job is written.
// +kubebuilder:validation:Enum=kubernetes;tekton-pipeline
type Agent string

// Agents that Pharos runs.
const (
	// AgentKubernetes is a PodSpec that becomes one embedded task.
	AgentKubernetes Agent = "kubernetes"
	// AgentTekton is a PipelineRun spec.
	AgentTekton Agent = "tekton-pipeline"
)

// PipelineJobSpec is resolved once, when the job is created, and never changes but for Abort.
type PipelineJobSpec struct {
	// +required
	Type JobType `json:"type"`
	// Job is the name in the configuration.
	// +required
	// +kubebuilder:validation:MinLength=1
	Job string `json:"job"`
	// BuildID is unique and sorts by time; it is the last element of the bucket path.
	// +required
	// +kubebuilder:validation:MinLength=1
	BuildID string `json:"buildID"`
	// Connection that the refs live on.
	// +required
	// +kubebuilder:validation:MinLength=1
	Connection string `json:"connection"`
	// Delivery is the name of the Delivery that caused this run; empty for other causes.
	// +optional
	Delivery string `json:"delivery,omitempty"`
	// +required
	Agent Agent `json:"agent"`
	// Refs is the repository under test: the base with every pull merged onto it.
	// +optional
	Refs *Refs `json:"refs,omitempty"`
	// ExtraRefs are further repositories checked out beside it.
	// +optional
	// +listType=atomic
	ExtraRefs []Refs `json:"extraRefs,omitempty"`
	// Context of the commit status.
	// +optional
	Context string `json:"context,omitempty"`
	// RerunCommand is what a person comments to run this job again.
	// +optional
	RerunCommand string `json:"rerunCommand,omitempty"`
	// Optional runs never block a merge.
	// +optional
	Optional bool `json:"optional,omitempty"`
	// Report says whether status and comments go to the forge (not skip_report).
	// +optional
	Report bool `json:"report,omitempty"`
	// MaxConcurrency is the number of runs of this job at once; 0 means no limit.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MaxConcurrency int32 `json:"maxConcurrency,omitempty"`
	// Timeout of the whole run; the default is 24 h. Of a decorated PodSpec it is the test's alone.
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// Decorate adds the checkout, with the working directory set to it, and the supervision of a PodSpec's processes, which
	// bounds their time and keeps their artifacts.
	// +optional
	Decorate bool `json:"decorate,omitempty"`
	// DecorationConfig is how; nil means the defaults.
	// +optional
	DecorationConfig *Decoration `json:"decorationConfig,omitempty"`
	// Namespace that the PipelineRun runs in; empty means this object's.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// PipelineRunSpec is a Tekton v1 PipelineRunSpec, for agent tekton-pipeline.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Schemaless
	PipelineRunSpec *runtime.RawExtension `json:"pipelineRunSpec,omitempty"`
	// PodSpec is a core v1 PodSpec, for agent kubernetes.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Schemaless
	PodSpec *corev1.PodSpec `json:"podSpec,omitempty"`
	// Abort asks for the run to be cancelled, with the reason people will read; set once, never cleared.
	// +optional
	Abort string `json:"abort,omitempty"`
}

// Refs is one repository at a base commit with pull requests to merge onto it. The JSON names are those of Prow's JOB_SPEC.
type Refs struct {
	// +required
	Org string `json:"org"`
	// +required
	Repo string `json:"repo"`
	// +optional
	RepoLink string `json:"repo_link,omitempty"`
	// +optional
	BaseRef string `json:"base_ref,omitempty"`
	// +optional
	BaseSHA string `json:"base_sha,omitempty"`
	// +optional
	BaseLink string `json:"base_link,omitempty"`
	// +optional
	// +listType=atomic
	Pulls []Pull `json:"pulls,omitempty"`
	// +optional
	PathAlias string `json:"path_alias,omitempty"`
	// +optional
	WorkDir bool `json:"workdir,omitempty"`
	// +optional
	CloneURI string `json:"clone_uri,omitempty"`
	// +optional
	SkipSubmodules bool `json:"skip_submodules,omitempty"`
	// CloneDepth limits history; 0 means all of it.
	// +optional
	CloneDepth int `json:"clone_depth,omitempty"`
	// +optional
	SkipFetchHead bool `json:"skip_fetch_head,omitempty"`
	// BloblessFetch leaves file contents on the server until the checkout needs them.
	// +optional
	BloblessFetch *bool `json:"blobless_fetch,omitempty"`
	// SparseCheckoutFiles are the patterns of the only files in the working tree; none means all.
	// +optional
	// +listType=atomic
	SparseCheckoutFiles []string `json:"sparse_checkout_files,omitempty"`
}

// Pull is one pull request at one commit.
type Pull struct {
	// +required
	Number int `json:"number"`
	// +required
	Author string `json:"author"`
	// +required
	SHA string `json:"sha"`
	// +optional
	Title string `json:"title,omitempty"`
	// Ref is what git fetches, for example refs/pull/7/head.
	// +optional
	Ref string `json:"ref,omitempty"`
	// CloneURI is where git fetches Ref from: a fork, on forges that keep no ref for its pull requests; empty for the
	// repository itself.
	// +optional
	CloneURI string `json:"clone_uri,omitempty"`
	// +optional
	HeadRef string `json:"head_ref,omitempty"`
	// +optional
	Link string `json:"link,omitempty"`
	// +optional
	CommitLink string `json:"commit_link,omitempty"`
	// +optional
	AuthorLink string `json:"author_link,omitempty"`
}

// JobState is where a run stands.
// +kubebuilder:validation:Enum=scheduling;triggered;pending;success;failure;aborted;error
type JobState string

// States of a run, as Prow names them. An empty state is triggered.
const (
	StateScheduling JobState = "scheduling"
	// StateTriggered waits for a slot or for its PipelineRun to be created.
	StateTriggered JobState = "triggered"
	// StatePending has a PipelineRun.
	StatePending JobState = "pending"
	StateSuccess JobState = "success"
	// StateFailure is the test's fault, StateError the infrastructure's.
	StateFailure JobState = "failure"
	StateAborted JobState = "aborted"
	StateError   JobState = "error"
)

// Known spells out that a run without a state is triggered.
func (s JobState) Known() JobState {
	if s == "" {
		return StateTriggered
	}
	return s
}

// Terminal says that the run is over; its completion time is set then.
func (s JobState) Terminal() bool {
	return s == StateSuccess || s == StateFailure || s == StateAborted || s == StateError
}

// PipelineJobStatus is how the run went. Each part has one owner among the controllers, which patches only that part.
type PipelineJobStatus struct {
	// +optional
	State JobState `json:"state,omitempty"`
	// Description says in one line why the run is in this state.
	// +optional
	Description string `json:"description,omitempty"`
	// URL is the run's page on the dashboard.
	// +optional
	URL string `json:"url,omitempty"`
	// StartTime is when the job was triggered.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`
	// PendingTime is when its PipelineRun was created.
	// +optional
	PendingTime *metav1.Time `json:"pendingTime,omitempty"`
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`
	// PipelineRun is the run's name in the job's namespace.
	// +optional
	PipelineRun string `json:"pipelineRun,omitempty"`
	// Log is owned by the log shipper.
	// +optional
	Log LogStatus `json:"log,omitzero"`
	// Reports is owned by the reporter: what each reporter last told the world, keyed by reporter name.
	// +optional
	Reports map[string]ReportStatus `json:"reports,omitempty"`
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
}

// Conditions of a PipelineJob.
const (
	// ConditionComplete mirrors a terminal state for tools that wait on conditions.
	ConditionComplete = "Complete"
	// ConditionArchived is True once the log and finished.json are in the store.
	ConditionArchived = "LogArchived"
)

// LogStatus says where the log is.
type LogStatus struct {
	// Path is the run's folder in the store, without bucket, without a trailing slash.
	// +optional
	Path string `json:"path,omitempty"`
	// Archived is set once everything is in the store; readers need the cluster no more.
	// +optional
	Archived bool `json:"archived,omitempty"`
	// Message is why archiving is late, for example that the store is down.
	// +optional
	Message string `json:"message,omitempty"`
}

// ReportStatus is what a reporter last told.
type ReportStatus struct {
	// State that was reported.
	// +required
	State JobState `json:"state"`
	// Status is the commit status that the forge was given: pending, success, failure or error. Empty when it was
	// given none, which Message explains.
	// +optional
	Status string `json:"status,omitempty"`
	// TargetURL is the address that went with it.
	// +optional
	TargetURL string `json:"targetURL,omitempty"`
	// Message says why nothing was sent: a refusal of the forge, or a newer run. Empty when the report arrived.
	// +optional
	Message string `json:"message,omitempty"`
}

// PipelineJobList is a list of runs.
//
// +kubebuilder:object:root=true
type PipelineJobList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PipelineJob `json:"items"`
}
