package api

import (
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Session is who asks, and what every page shows.
type Session struct {
	User   *User   `json:"user,omitempty" doc:"Absent for a caller who is not logged in."`
	Logins []Login `json:"logins" doc:"Connections at which one can log in."`
	// Version of Pharos.
	Version       string    `json:"version"`
	StoreURL      string    `json:"storeURL,omitempty" doc:"Where logs are kept, for people."`
	Findings      int       `json:"findings" doc:"Number of findings about the configuration."`
	ErrorPatterns []string  `json:"errorPatterns" doc:"Regular expressions (RE2) that find the first error of a log."`
	Rebuilding    *Progress `json:"rebuilding,omitempty" doc:"Present while old runs are still read from the store."`
}

// User is who is logged in.
type User struct {
	Connection string `json:"connection"`
	Login      string `json:"login"`
	Name       string `json:"name,omitempty"`
	Avatar     string `json:"avatar,omitempty" doc:"Address of a picture."`
}

// Login is one way to log in.
type Login struct {
	Connection string `json:"connection"`
	Kind       string `json:"kind" doc:"Kind of forge: gitea, gitlab, github…"`
	URL        string `json:"url" doc:"Path that starts the login; add ?return=/path to come back."`
}

// Progress of work that has a known end.
type Progress struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

// RunPage is one page of the list.
type RunPage struct {
	Runs []Run  `json:"runs" doc:"Newest first."`
	Next string `json:"next,omitempty" doc:"Value of before for the following page; absent on the last."`
}

// Histogram counts runs over time.
type Histogram struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Seconds int64     `json:"seconds" doc:"Width of one bucket."`
	Buckets []Bucket  `json:"buckets" doc:"In order of time, without gaps."`
}

// Bucket is one column of the histogram.
type Bucket struct {
	Start  time.Time      `json:"start"`
	Counts map[string]int `json:"counts" doc:"Number of runs by state."`
}

// Values are suggestions for one field of the filter.
type Values struct {
	Values []string `json:"values"`
}

// Gone is a run that no longer matches or exists.
type Gone struct {
	Name string `json:"name"`
}

// Resync says that changes were lost: the list has to be read again.
type Resync struct{}

// Created is a run that an action made.
type Created struct {
	Name string `json:"name" doc:"Name of the new run."`
}

// Done says what an action did.
type Done struct {
	Message string `json:"message"`
}

// PullPage is all that is known of one pull request.
type PullPage struct {
	Connection string       `json:"connection"`
	Repo       string       `json:"repo"`
	Number     int          `json:"number"`
	Title      string       `json:"title,omitempty"`
	Author     string       `json:"author,omitempty"`
	Link       string       `json:"link,omitempty"`
	Commits    []PullCommit `json:"commits" doc:"Newest first."`
	Jobs       []string     `json:"jobs" doc:"Sorted by name."`
	Cells      []PullCell   `json:"cells" doc:"One for each commit and job that met, with the newest run."`
	Timeline   []Delivery   `json:"timeline" doc:"Deliveries about the pull request, newest first."`
	Runs       []Run        `json:"runs" doc:"Newest first; at most 1000."`
}

// PullCommit is one head of a pull request.
type PullCommit struct {
	SHA     string     `json:"sha"`
	Link    string     `json:"link,omitempty"`
	Created *time.Time `json:"created,omitempty" doc:"When the oldest known run of it was created."`
}

// PullCell is what became of one job on one commit.
type PullCell struct {
	SHA   string            `json:"sha"`
	Job   string            `json:"job"`
	Run   string            `json:"run" doc:"Name of the newest run."`
	State v1alpha1.JobState `json:"state" enum:"scheduling,triggered,pending,success,failure,aborted,error"`
	Runs  int               `json:"runs" doc:"Number of runs."`
}

// JobHistory is how one job fared.
type JobHistory struct {
	Connection string  `json:"connection"`
	Repo       string  `json:"repo,omitempty"`
	Job        string  `json:"job"`
	Runs       []Run   `json:"runs" doc:"Newest first; at most 200."`
	ByDay      []Day   `json:"byDay" doc:"In order of time; days without runs are left out."`
	Flakes     []Flake `json:"flakes" doc:"Newest first."`
}

// Day sums up the runs of one day.
type Day struct {
	Day     string  `json:"day" format:"date" doc:"In UTC."`
	Runs    int     `json:"runs" doc:"All of that day."`
	Success int     `json:"success"`
	Failure int     `json:"failure" doc:"Faults of the test, not of the infrastructure."`
	P50     float64 `json:"p50" doc:"Median duration in seconds of the runs that succeeded or failed."`
	P95     float64 `json:"p95" doc:"95th percentile in seconds."`
}

// Flake is one commit on which a job both passed and failed.
type Flake struct {
	SHA     string    `json:"sha"`
	Runs    []string  `json:"runs" doc:"Names of the runs, newest first."`
	Success int       `json:"success"`
	Failure int       `json:"failure"`
	Last    time.Time `json:"last" doc:"When the newest of them was created."`
}
