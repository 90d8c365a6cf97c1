package api

import (
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard/graph"
)

// Run is one run of one job.
type Run struct {
	Name    string            `json:"name" doc:"Unique name of the run, and of its PipelineJob."`
	Job     string            `json:"job"`
	Type    v1alpha1.JobType  `json:"type" enum:"presubmit,postsubmit,periodic,batch"`
	BuildID string            `json:"buildID" doc:"Decimal number of up to 64 bits that grows with time."`
	State   v1alpha1.JobState `json:"state" enum:"scheduling,triggered,pending,success,failure,aborted,error"`
	// Finished says that the state is final.
	Finished    bool   `json:"finished" doc:"The state is final."`
	Description string `json:"description,omitempty" doc:"Why the run is in this state, in one line."`
	Context     string `json:"context,omitempty" doc:"Name of the commit status."`
	Optional    bool   `json:"optional,omitempty" doc:"The run never blocks a merge."`
	Rerun       string `json:"rerunCommand,omitempty" doc:"Comment that runs the job again."`
	Connection  string `json:"connection"`
	Repo        string `json:"repo,omitempty" doc:"org/name; absent for a periodic job without a repository."`
	RepoLink    string `json:"repoLink,omitempty"`
	BaseRef     string `json:"baseRef,omitempty"`
	BaseSHA     string `json:"baseSHA,omitempty"`
	BaseLink    string `json:"baseLink,omitempty"`
	Pulls       []Pull `json:"pulls,omitempty"`
	// Created, Began (its PipelineRun was created) and Completed are absent until they happen.
	Created   *time.Time `json:"created,omitempty"`
	Began     *time.Time `json:"began,omitempty" doc:"When its PipelineRun was created."`
	Completed *time.Time `json:"completed,omitempty"`
	// PipelineRun in Namespace is what ran in the cluster.
	PipelineRun string `json:"pipelineRun,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Delivery    string `json:"delivery,omitempty" doc:"Name of the delivery that caused the run."`
	LogPath     string `json:"logPath,omitempty" doc:"Folder of the run in the store."`
	LogURL      string `json:"logURL,omitempty" doc:"Whole address of that folder, for people."`
	BrowseLink  string `json:"browseLink,omitempty" doc:"Where a browser shows that folder."`
	Archived    bool   `json:"archived" doc:"Everything is in the store."`
	LogMessage  string `json:"logMessage,omitempty" doc:"Why archiving is late."`
}

// Pull is one pull request that a run tests.
type Pull struct {
	Number     int    `json:"number"`
	Author     string `json:"author"`
	Title      string `json:"title,omitempty"`
	SHA        string `json:"sha"`
	Link       string `json:"link,omitempty"`
	CommitLink string `json:"commitLink,omitempty"`
}

// RunDetail is a run with what only its own page shows.
type RunDetail struct {
	Run
	Reason      string         `json:"reason,omitempty" doc:"Why the run never started, was aborted or met an error, in plain words."`
	Permissions RunPermissions `json:"permissions" doc:"What the caller may do."`
	Conditions  []Condition    `json:"conditions"`
	Reports     []Report       `json:"reports"`
	ExtraRefs   []ExtraRef     `json:"extraRefs,omitempty" doc:"Further repositories that were checked out."`
	RerunBy     string         `json:"rerunBy,omitempty" doc:"Who started this run from the dashboard."`
	RerunOf     string         `json:"rerunOf,omitempty" doc:"Name of the run that this one repeats."`
}

// RunPermissions are what the caller may do with a run.
type RunPermissions struct {
	Rerun Permission `json:"rerun"`
	Abort Permission `json:"abort"`
}

// Permission is one thing that the caller may do or not.
type Permission struct {
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason,omitempty" doc:"Why not, in words."`
	Login   bool   `json:"login,omitempty" doc:"Logging in might help."`
}

// Condition is one Kubernetes condition.
type Condition struct {
	Type    string     `json:"type"`
	Status  string     `json:"status" enum:"True,False,Unknown"`
	Reason  string     `json:"reason,omitempty"`
	Message string     `json:"message,omitempty"`
	Since   *time.Time `json:"since,omitempty"`
}

// Report is what one reporter last told the forge.
type Report struct {
	Reporter  string            `json:"reporter"`
	State     v1alpha1.JobState `json:"state" enum:"scheduling,triggered,pending,success,failure,aborted,error"`
	Status    string            `json:"status,omitempty" doc:"Commit status that the forge was given."`
	TargetURL string            `json:"targetURL,omitempty"`
	Message   string            `json:"message,omitempty" doc:"Why nothing was sent."`
}

// ExtraRef is one further repository.
type ExtraRef struct {
	Repo    string `json:"repo"`
	BaseRef string `json:"baseRef,omitempty"`
	BaseSHA string `json:"baseSHA,omitempty"`
	Link    string `json:"link,omitempty"`
}

// Step is one container of a run.
type Step struct {
	Task       string     `json:"task"`
	Step       string     `json:"step"`
	Kind       string     `json:"kind" enum:"step,sidecar,init"`
	State      string     `json:"state" enum:"waiting,running,success,failure,skipped,unknown"`
	Reason     string     `json:"reason,omitempty" doc:"Tekton's or Kubernetes' word."`
	Message    string     `json:"message,omitempty"`
	ExitCode   *int32     `json:"exitCode,omitempty"`
	Started    *time.Time `json:"started,omitempty"`
	Ended      *time.Time `json:"ended,omitempty"`
	Lines      int64      `json:"lines,omitempty" doc:"Number of lines; 0 while it is not known."`
	Bytes      int64      `json:"bytes,omitempty" doc:"Size of the text; 0 while it is not known."`
	Incomplete string     `json:"incomplete,omitempty" doc:"Why lines may be missing."`
}

// Steps are the steps of a run in the order in which they start.
type Steps struct {
	Steps []Step `json:"steps"`
}

// Graph is the pipeline of a run.
type Graph struct {
	Tasks []graph.Task `json:"tasks"`
}

// Event is one Kubernetes event about a run.
type Event struct {
	Type    string     `json:"type,omitempty" doc:"Normal or Warning."`
	Reason  string     `json:"reason"`
	Message string     `json:"message"`
	Object  string     `json:"object" doc:"Kind/name of what it is about."`
	Count   int32      `json:"count,omitempty"`
	First   *time.Time `json:"first,omitempty"`
	Last    *time.Time `json:"last,omitempty"`
}

// Events are what Kubernetes says of a run.
type Events struct {
	Events     []Event     `json:"events"`
	Conditions []Condition `json:"conditions"`
}
