package job

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Agents as configuration writes them. An empty agent is AgentKubernetes.
const (
	AgentKubernetes = "kubernetes"
	AgentTekton     = "tekton-pipeline"
	// AgentJenkins jobs are read, and refused when one is started.
	AgentJenkins = "jenkins"
)

// Source is where a job was written.
type Source struct {
	File string
	// Path leads to it inside the file: "presubmits[acme/app][2]".
	Path         string
	Line, Column int
}

// Locate is called by the reader of the file.
func (s *Source) Locate(file, path string, line, column int) {
	*s = Source{File: file, Path: path, Line: line, Column: column}
}

// Place is "file:line".
func (s *Source) Place() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// Base is what jobs of every kind share.
type Base struct {
	Name           string            `json:"name"`
	Labels         map[string]string `json:"labels,omitempty"`
	Annotations    map[string]string `json:"annotations,omitempty"`
	MaxConcurrency int32             `json:"max_concurrency,omitempty"`
	JobQueueName   string            `json:"job_queue_name,omitempty"`
	Agent          string            `json:"agent,omitempty"`
	// Cluster is the alias of a build cluster; empty means "default".
	Cluster string `json:"cluster,omitempty"`
	// Namespace that the PipelineRun runs in; empty means pod_namespace.
	Namespace       string          `json:"namespace,omitempty"`
	ErrorOnEviction bool            `json:"error_on_eviction,omitempty"`
	Hidden          bool            `json:"hidden,omitempty"`
	Decorate        *bool           `json:"decorate,omitempty"`
	Spec            *corev1.PodSpec `json:"spec,omitempty"`
	// PipelineRunSpec and TektonPipelineRunSpec are two spellings of the same; one at most is given.
	PipelineRunSpec       *pipelinev1.PipelineRunSpec `json:"pipeline_run_spec,omitempty"`
	TektonPipelineRunSpec *TektonPipelineRunSpec      `json:"tekton_pipeline_run_spec,omitempty"`
	// PipelineSource and PipelineRunParams are Lighthouse's: where the spec is, and what to add to it.
	PipelineSource    string             `json:"source,omitempty"`
	PipelineRunParams []PipelineRunParam `json:"pipeline_run_params,omitempty"`
	ReporterConfig    *ReporterConfig    `json:"reporter_config,omitempty"`
	RerunAuthConfig   *RerunAuthConfig   `json:"rerun_auth_config,omitempty"`
	ProwJobDefaults   *ProwJobDefaults   `json:"prowjob_defaults,omitempty"`
	Checkout
	ExtraRefs        []ExtraRef        `json:"extra_refs,omitempty"`
	DecorationConfig *DecorationConfig `json:"decoration_config,omitempty"`
	// RunAfterSuccess and BuildSpec are of versions of Prow before 2020; they are read and dropped.
	RunAfterSuccess any `json:"run_after_success,omitempty"`
	BuildSpec       any `json:"build_spec,omitempty"`

	// Source is where the job was written.
	Source `json:"-"`
	resolved
}

// resolved is what Compile works out once per job.
type resolved struct {
	decorate bool
	timeout  time.Duration
	// runSpec is the Tekton spec as JSON, nil for other agents.
	runSpec []byte
}

// TektonPipelineRunSpec holds a Tekton v1 spec under the key that Prow named after an older version.
type TektonPipelineRunSpec struct {
	V1beta1 *pipelinev1.PipelineRunSpec `json:"v1beta1,omitempty"`
}

// PipelineRunParam is a parameter whose value is a template.
type PipelineRunParam struct {
	Name          string `json:"name"`
	ValueTemplate string `json:"value_template"`
}

// Checkout says how the repository under test is cloned.
type Checkout struct {
	PathAlias      string `json:"path_alias,omitempty"`
	CloneURI       string `json:"clone_uri,omitempty"`
	CloneDepth     int    `json:"clone_depth,omitempty"`
	SkipSubmodules bool   `json:"skip_submodules,omitempty"`
	SkipFetchHead  bool   `json:"skip_fetch_head,omitempty"`
}

// ExtraRef is a further repository checked out beside the one under test.
type ExtraRef struct {
	v1alpha1.Refs
	Auxiliary bool `json:"auxiliary,omitempty"`
}

// ReporterConfig overrides where results are told.
type ReporterConfig struct {
	Slack *SlackReporter `json:"slack,omitempty"`
}

// SlackReporter overrides the Slack reporter for one job.
type SlackReporter struct {
	Host              string              `json:"host,omitempty"`
	Channel           string              `json:"channel,omitempty"`
	JobStatesToReport []v1alpha1.JobState `json:"job_states_to_report,omitempty"`
	Report            *bool               `json:"report,omitempty"`
	ReportTemplate    string              `json:"report_template,omitempty"`
}

// RerunAuthConfig says who may start a job again from the dashboard.
type RerunAuthConfig struct {
	AllowAnyone     bool             `json:"allow_anyone,omitempty"`
	GitHubOrgs      []string         `json:"github_orgs,omitempty"`
	GitHubUsers     []string         `json:"github_users,omitempty"`
	GitHubTeamIDs   []int            `json:"github_team_ids,omitempty"`
	GitHubTeamSlugs []GitHubTeamSlug `json:"github_team_slugs,omitempty"`
}

// GitHubTeamSlug names a team.
type GitHubTeamSlug struct {
	Org  string `json:"org"`
	Slug string `json:"slug"`
}

// ProwJobDefaults are read and kept.
type ProwJobDefaults struct {
	TenantID          string             `json:"tenant_id,omitempty"`
	ResultStoreConfig *ResultStoreConfig `json:"resultstore_config,omitempty"`
}

// ResultStoreConfig is read and kept.
type ResultStoreConfig struct {
	ProjectID string `json:"project_id,omitempty"`
}

// JenkinsSpec is read and kept.
type JenkinsSpec struct {
	GitHubBranchSourceJob bool `json:"github_branch_source_job,omitempty"`
}

// Brancher says for which branches a job is meant, by expressions that match anywhere in the name. SkipBranches win.
type Brancher struct {
	Branches     []string `json:"branches,omitempty"`
	SkipBranches []string `json:"skip_branches,omitempty"`

	only, skip matcher
}

// ChangeMatcher says for which changed files a job is meant; one of the two at most is given.
type ChangeMatcher struct {
	RunIfChanged      string `json:"run_if_changed,omitempty"`
	SkipIfOnlyChanged string `json:"skip_if_only_changed,omitempty"`
	// IgnoreChanges is Lighthouse's name of SkipIfOnlyChanged.
	IgnoreChanges string `json:"ignore_changes,omitempty"`
	// When replaces the two where a job was written in a form with conditions of its own.
	When Condition `json:"-"`

	files matcher
}

// Condition says whether a job runs, and why or why not as a fragment of a sentence. It asks for the changed files only if it
// needs them, and passes their error on.
type Condition func(changed func() ([]string, error)) (ok bool, why string, err error)

// Reporting says how a job shows on the commit.
type Reporting struct {
	// Context of the commit status; empty means the job's name.
	Context    string `json:"context,omitempty"`
	SkipReport bool   `json:"skip_report,omitempty"`
}

// Presubmit is a job of pull requests.
type Presubmit struct {
	Base
	Brancher
	ChangeMatcher
	Reporting
	AlwaysRun bool `json:"always_run,omitempty"`
	// Optional jobs never block a merge.
	Optional bool `json:"optional,omitempty"`
	// RunBeforeMerge forces one run before the merge.
	RunBeforeMerge bool `json:"run_before_merge,omitempty"`
	// RequireRun is Lighthouse's name of RunBeforeMerge.
	RequireRun bool `json:"require_run,omitempty"`
	// Trigger is the expression that a comment must match to start the job; RerunCommand is a comment that matches it.
	Trigger      string       `json:"trigger,omitempty"`
	RerunCommand string       `json:"rerun_command,omitempty"`
	JenkinsSpec  *JenkinsSpec `json:"jenkins_spec,omitempty"`

	trigger matcher // zero: the default trigger
}

// Postsubmit is a job of pushes.
type Postsubmit struct {
	Base
	Brancher
	ChangeMatcher
	Reporting
	// AlwaysRun is true when absent.
	AlwaysRun   *bool        `json:"always_run,omitempty"`
	JenkinsSpec *JenkinsSpec `json:"jenkins_spec,omitempty"`
}

// Periodic is a job of the clock: exactly one of Interval, MinimumInterval and Cron is given.
type Periodic struct {
	Base
	Interval        Duration `json:"interval,omitempty"`
	MinimumInterval Duration `json:"minimum_interval,omitempty"`
	Cron            string   `json:"cron,omitempty"`
	Tags            []string `json:"tags,omitempty"`
	Retry           *Retry   `json:"retry,omitempty"`
	// AlwaysRun means nothing here; people write it all the same.
	AlwaysRun *bool `json:"always_run,omitempty"`
	// Branch is Lighthouse's: the branch that the job tests.
	Branch string `json:"branch,omitempty"`

	schedule cron.Schedule
}

// Retry runs a failed periodic again.
type Retry struct {
	Attempts int      `json:"attempts,omitempty"`
	Interval Duration `json:"interval,omitempty"`
	RunAll   bool     `json:"run_all,omitempty"`
}

// Decorated says that the job is surrounded by a checkout and what else decoration adds, by itself or by default.
func (b *Base) Decorated() bool { return b.decorate }

// RunSpec is the Tekton spec under whichever key it was written; nil without one.
func (b *Base) RunSpec() *pipelinev1.PipelineRunSpec {
	if b.TektonPipelineRunSpec != nil {
		return b.TektonPipelineRunSpec.V1beta1
	}
	return b.PipelineRunSpec
}

// Preset is environment and volumes that jobs take over by carrying its labels.
type Preset struct {
	Labels       map[string]string    `json:"labels,omitempty"`
	Env          []corev1.EnvVar      `json:"env,omitempty"`
	Volumes      []corev1.Volume      `json:"volumes,omitempty"`
	VolumeMounts []corev1.VolumeMount `json:"volumeMounts,omitempty"`
	Tolerations  []corev1.Toleration  `json:"tolerations,omitempty"`

	Source `json:"-"`
}
