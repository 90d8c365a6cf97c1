package gate

import (
	"context"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/logs/read"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Logs reads the steps and lines of a run; what its methods promise is said by [read.Reader], which is one.
type Logs interface {
	Steps(ctx context.Context, pj *v1alpha1.PipelineJob) ([]logs.StepInfo, error)
	Follow(ctx context.Context, pj *v1alpha1.PipelineJob, from map[string]int, emit func(logs.Line) error) error
	Lines(ctx context.Context, pj *v1alpha1.PipelineJob, task, step string, from, to int) (read.Page, error)
	LineAt(ctx context.Context, pj *v1alpha1.PipelineJob, task, step string, t time.Time) (int, error)
	Search(ctx context.Context, pj *v1alpha1.PipelineJob, task, step string, o logfile.SearchOptions) (read.SearchPage, error)
	OpenRange(ctx context.Context, pj *v1alpha1.PipelineJob, task, step string, rng storage.Range) (*storage.Object, error)
	OpenStored(ctx context.Context, pj *v1alpha1.PipelineJob, task, step string) (*storage.Object, error)
}

var _ Logs = (*read.Reader)(nil)
