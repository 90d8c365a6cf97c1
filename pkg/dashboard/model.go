package dashboard

import (
	"net/url"
	"path"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// Run is one run as the API and the pages show it.
type Run struct {
	Name    string            `json:"name"`
	Job     string            `json:"job"`
	Type    v1alpha1.JobType  `json:"type"`
	BuildID string            `json:"buildID"`
	State   v1alpha1.JobState `json:"state"`
	// Finished says that the state is final.
	Finished bool `json:"finished"`
	// Description says why the run is in this state.
	Description string `json:"description,omitempty"`
	Context     string `json:"context,omitempty"`
	Optional    bool   `json:"optional,omitempty"`
	Rerun       string `json:"rerunCommand,omitempty"`
	Connection  string `json:"connection"`
	Repo        string `json:"repo,omitempty"`
	RepoLink    string `json:"repoLink,omitempty"`
	BaseRef     string `json:"baseRef,omitempty"`
	BaseSHA     string `json:"baseSHA,omitempty"`
	BaseLink    string `json:"baseLink,omitempty"`
	Pulls       []Pull `json:"pulls,omitempty"`
	// Created, Began (its PipelineRun was created) and Completed are absent until they happen.
	Created   time.Time  `json:"created,omitzero"`
	Began     *time.Time `json:"began,omitempty"`
	Completed *time.Time `json:"completed,omitempty"`
	// PipelineRun in Namespace is what ran in the cluster.
	PipelineRun string `json:"pipelineRun,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Delivery    string `json:"delivery,omitempty"`
	// LogPath is the run's folder in the store and LogURL the whole address, for people. Archived says that all is there.
	LogPath    string `json:"logPath,omitempty"`
	LogURL     string `json:"logURL,omitempty"`
	BrowseLink string `json:"browseLink,omitempty"`
	Archived   bool   `json:"archived"`
	LogMessage string `json:"logMessage,omitempty"`
	// Page, Events and RawLog are paths on this server.
	Page   string `json:"page"`
	Events string `json:"events"`
	RawLog string `json:"rawLog"`
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

// Step is one step of a run.
type Step struct {
	Task     string     `json:"task"`
	Step     string     `json:"step"`
	State    string     `json:"state"`
	Reason   string     `json:"reason,omitempty"`
	ExitCode *int32     `json:"exitCode,omitempty"`
	Started  *time.Time `json:"started,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`
	// Incomplete says why lines may be missing.
	Incomplete string `json:"incomplete,omitempty"`
	RawLog     string `json:"rawLog"`
}

func (d *Deps) runOf(pj *v1alpha1.PipelineJob) Run {
	base := "/api/runs/" + url.PathEscape(pj.Name)
	run := Run{
		Name: pj.Name, Job: pj.Spec.Job, Type: pj.Spec.Type, BuildID: pj.Spec.BuildID, State: stateOf(pj),
		Finished: pj.Status.State.Terminal(), Description: pj.Status.Description, Context: pj.Spec.Context,
		Optional: pj.Spec.Optional, Rerun: pj.Spec.RerunCommand, Connection: pj.Spec.Connection,
		Created: pj.CreationTimestamp.UTC(), Began: moment(pj.Status.PendingTime), Completed: moment(pj.Status.CompletionTime),
		PipelineRun: pj.Status.PipelineRun, Namespace: logs.RunNamespace(pj), Delivery: pj.Spec.Delivery,
		LogPath: pj.Status.Log.Path, Archived: pj.Status.Log.Archived, LogMessage: pj.Status.Log.Message,
		Page: "/runs/" + url.PathEscape(pj.Name), Events: base + "/log", RawLog: base + "/log/raw",
	}
	if refs := pj.Spec.Refs; refs != nil {
		run.Repo, run.RepoLink = refs.Org+"/"+refs.Repo, refs.RepoLink
		run.BaseRef, run.BaseSHA, run.BaseLink = refs.BaseRef, refs.BaseSHA, refs.BaseLink
		for _, p := range refs.Pulls {
			run.Pulls = append(run.Pulls, Pull{Number: p.Number, Author: p.Author, Title: p.Title, SHA: p.SHA, Link: p.Link, CommitLink: p.CommitLink})
		}
	}
	if run.LogPath != "" && d.StoreURL != "" {
		run.LogURL = strings.TrimSuffix(d.StoreURL, "/") + "/" + run.LogPath + "/"
	}
	if run.LogPath != "" && d.BrowseURL != "" {
		run.BrowseLink = strings.TrimSuffix(d.BrowseURL, "/") + (&url.URL{Path: "/" + run.LogPath + "/"}).EscapedPath()
	}
	return run
}

func (r Run) stepsOf(infos []logs.StepInfo) []Step {
	steps := make([]Step, len(infos))
	for i, s := range infos {
		steps[i] = Step{
			Task: s.Task, Step: s.Step, State: s.State, Reason: s.Reason, ExitCode: s.ExitCode,
			Started: moment(s.Start), Ended: moment(s.End), Incomplete: s.Incomplete,
			RawLog: r.RawLog + "?" + url.Values{"step": {path.Join(s.Task, s.Step)}}.Encode(),
		}
	}
	return steps
}

func moment(t *metav1.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
