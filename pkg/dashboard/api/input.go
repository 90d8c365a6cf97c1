package api

import (
	"time"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
)

// RunFilter selects runs; empty fields select all.
type RunFilter struct {
	Connection string    `query:"connection" maxLength:"128" doc:"Name of a connection."`
	Repo       string    `query:"repo" maxLength:"256" doc:"org/name."`
	Pull       int       `query:"pull" minimum:"0" maximum:"2147483647" doc:"Number of a pull request."`
	Author     string    `query:"author" maxLength:"256" doc:"Author of a pull request."`
	Job        string    `query:"job" maxLength:"256" doc:"Name of a job; * stands for any text."`
	Type       []string  `query:"type,explode" maxItems:"8" enum:"presubmit,postsubmit,periodic,batch"`
	State      []string  `query:"state,explode" maxItems:"8" enum:"scheduling,triggered,pending,success,failure,aborted,error"`
	SHA        string    `query:"sha" pattern:"^[0-9a-fA-F]{0,64}$" doc:"Whole id of a commit under test."`
	Since      time.Time `query:"since" doc:"Created at that time or later."`
	Until      time.Time `query:"until" doc:"Created before that time."`
}

type listInput struct {
	RunFilter
	Before string `query:"before" maxLength:"256" doc:"Keeps what is older than this cursor, which is next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Largest number of runs."`
}

type histogramInput struct {
	RunFilter
	Buckets int `query:"buckets" minimum:"1" maximum:"500" default:"60" doc:"About how many columns."`
}

type valuesInput struct {
	Field      string `query:"field" required:"true" enum:"connection,repo,job,author"`
	Prefix     string `query:"prefix" maxLength:"256"`
	Connection string `query:"connection" maxLength:"128" doc:"Suggests what occurs in runs of that connection."`
	Repo       string `query:"repo" maxLength:"256" doc:"Suggests what occurs in runs of that repository."`
	Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

// RunInput names a run.
type RunInput struct {
	Name string `path:"name" maxLength:"253" doc:"Name of the run."`
}

type rerunInput struct {
	RunInput
	Mode gate.RerunMode `query:"mode" enum:"original,latest" default:"original" doc:"Whether the job is as it was when it ran, or as it is configured now."`
}

type yamlInput struct {
	RunInput
	Of string `query:"of" enum:"pipelinejob,pipelinerun,prowjob" default:"pipelinejob"`
}

// StepInput names a step of a run.
type StepInput struct {
	RunInput
	Step string `query:"step" required:"true" maxLength:"512" pattern:"^[^/]+/[^/]+$" doc:"task/step."`
}

type followInput struct {
	RunInput
	LastEventID string `header:"Last-Event-ID" doc:"Resumes behind that event."`
	After       string `query:"after" maxLength:"16384" doc:"The same for clients that cannot set the header."`
	Tail        int    `query:"tail" minimum:"0" maximum:"100000" doc:"Begins so many lines before the present end of each step; 0 begins at the start."`
}

type linesInput struct {
	StepInput
	From int `query:"from" default:"1" doc:"Number of the first line; 0 is the last one, and -99 the one 99 before it."`
	To   int `query:"to" default:"1000000000" doc:"Number of the last line, counted likewise. At most 5000 lines and 4 MiB are given."`
}

type lineAtInput struct {
	StepInput
	Time time.Time `query:"time" required:"true"`
}

type searchInput struct {
	StepInput
	Q     string `query:"q" required:"true" minLength:"1" maxLength:"1000" doc:"Regular expression (RE2)."`
	From  int    `query:"from" minimum:"1" default:"1" doc:"Number of the first line to search."`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Largest number of matches."`
}

type rawInput struct {
	RunInput
	Step     string `query:"step" maxLength:"512" pattern:"^([^/]+/[^/]+)?$" doc:"task/step; empty for the log of all steps."`
	Download bool   `query:"download" doc:"Asks browsers to save instead of show."`
}

type artifactsInput struct {
	RunInput
	Prefix string `query:"prefix" maxLength:"1024" doc:"Folder, with a slash at the end, below the run's artifacts; empty for all."`
	After  string `query:"after" maxLength:"1024" doc:"Next of the page before."`
	Deep   bool   `query:"deep" doc:"Lists files of folders below prefix too, and no folders."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

type artifactInput struct {
	RunInput
	Path string `path:"path" maxLength:"1024" doc:"Path below the run's artifacts; may contain slashes."`
}

type abortInput struct {
	RunInput
	Body AbortRequest
}

// AbortRequest says why a run is aborted.
type AbortRequest struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Shown to people; who asked is added."`
}

type pullInput struct {
	Connection string `query:"connection" required:"true" minLength:"1" maxLength:"128"`
	Repo       string `query:"repo" required:"true" minLength:"3" maxLength:"256" doc:"org/name."`
	Number     int    `query:"number" required:"true" minimum:"1" maximum:"2147483647"`
}

type jobHistoryInput struct {
	Connection string    `query:"connection" maxLength:"128"`
	Repo       string    `query:"repo" maxLength:"256" doc:"org/name; empty for a job without a repository, or of all."`
	Job        string    `query:"job" required:"true" minLength:"1" maxLength:"256"`
	Since      time.Time `query:"since" doc:"Start of the window; 30 days ago unless given."`
}

type jobsInput struct {
	Connection string `query:"connection" maxLength:"128"`
	Repo       string `query:"repo" maxLength:"256" doc:"org/name, or org; empty for all."`
}

type deliveriesInput struct {
	Connection string `query:"connection" maxLength:"128"`
	Repo       string `query:"repo" maxLength:"256" doc:"org/name."`
	Phase      string `query:"phase" enum:"Pending,Retrying,Processed,Dead"`
	Before     string `query:"before" maxLength:"256" doc:"Next of the page before."`
	Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type deliveryInput struct {
	Name string `path:"name" maxLength:"253" doc:"Name of the delivery."`
}
