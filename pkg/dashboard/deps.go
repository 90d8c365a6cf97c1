package dashboard

import (
	"context"
	"errors"
	"io"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// ErrNotFound is what [Runs] answers for a run that does not exist.
var ErrNotFound = errors.New("run not found")

// Filter selects runs. Empty fields select all.
type Filter struct {
	// Repo is "org/name", or "connection:org/name".
	Repo    string
	Job     string
	State   v1alpha1.JobState
	Pull    int
	BuildID string
	// Before keeps runs older than this build id.
	Before string
	// Limit is the largest number of runs; 0 means no limit.
	Limit int
}

// Runs reads runs. What it returns may be shared with others and must not be changed.
type Runs interface {
	// List returns runs newest first.
	List(ctx context.Context, f Filter) ([]v1alpha1.PipelineJob, error)
	// Get answers ErrNotFound for a run that does not exist.
	Get(ctx context.Context, name string) (*v1alpha1.PipelineJob, error)
}

// Logs reads the steps and lines of a run. [logs.Reader] is one.
type Logs interface {
	// Steps lists the steps that are known so far.
	Steps(ctx context.Context, pj *v1alpha1.PipelineJob) ([]logs.StepInfo, error)
	// Follow emits each line behind the position from, which maps "task/step" to the last number seen, and returns when
	// there will be no more.
	Follow(ctx context.Context, pj *v1alpha1.PipelineJob, from map[string]int, emit func(logs.Line) error) error
	// Open is the whole stored log of a step, or of the run when task and step are empty. What is not there, or not yet,
	// is storage.ErrNotExist.
	Open(ctx context.Context, pj *v1alpha1.PipelineJob, task, step string) (io.ReadCloser, error)
}

var _ Logs = (*logs.Reader)(nil)

// Deps are what the dashboard works with.
type Deps struct {
	Runs Runs
	Logs Logs
	// Config says what is loaded, and what is wrong with it.
	Config func() Configuration
	// StoreURL is where logs are kept, for people: "s3://bucket". Empty hides it.
	StoreURL string
	// BrowseURL, when set, is the address that a run's path is appended to for a link into the bucket.
	BrowseURL string
	// Version of Pharos, shown on each page.
	Version string
}
