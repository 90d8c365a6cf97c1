package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/logs/read"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Run is a run that its reader may see. All that belongs to it is read through it.
type Run struct {
	gate *Gate
	pj   *v1alpha1.PipelineJob
}

// Job is the run itself; it may be shared and must not be changed.
func (r *Run) Job() *v1alpha1.PipelineJob { return r.pj }

// Again reads the run anew, and whether it may still be seen.
func (r *Run) Again(ctx context.Context) (*Run, error) { return r.gate.Run(ctx, r.pj.Name) }

// Folder is where the run is in the store.
func (r *Run) Folder() string { return r.gate.d.Layout.Run(r.pj) }

// Steps lists the steps that are known so far.
func (r *Run) Steps(ctx context.Context) ([]logs.StepInfo, error) {
	return r.gate.d.Logs.Steps(ctx, r.pj)
}

// Follow emits each line behind the position from, which maps "task/step" to the last number seen, and returns when there
// will be no more.
func (r *Run) Follow(ctx context.Context, from map[string]int, emit func(logs.Line) error) error {
	return r.gate.d.Logs.Follow(ctx, r.pj, from, emit)
}

// Lines reads the lines from one number to another, at most one page.
func (r *Run) Lines(ctx context.Context, step StepName, from, to int) (read.Page, error) {
	page, err := r.gate.d.Logs.Lines(ctx, r.pj, step.Task, step.Step, from, to)
	return page, r.missing("read log", err)
}

// LineAt is the number of the first line printed at a time or later; 0 when no line has a time.
func (r *Run) LineAt(ctx context.Context, step StepName, t time.Time) (int, error) {
	line, err := r.gate.d.Logs.LineAt(ctx, r.pj, step.Task, step.Step, t)
	return line, r.missing("find line", err)
}

// Search finds lines of a step.
func (r *Run) Search(ctx context.Context, step StepName, o logfile.SearchOptions) (read.SearchPage, error) {
	page, err := r.gate.d.Logs.Search(ctx, r.pj, step.Task, step.Step, o)
	return page, r.missing("search log", err)
}

// OpenLog opens the text of a step, or of all when step is the zero value, as far as it is stored; what is not is ErrNotFound.
// Size is that of the whole text, ETag is empty while it grows. The caller closes it.
func (r *Run) OpenLog(ctx context.Context, step StepName, rng storage.Range) (*storage.Object, error) {
	object, err := r.gate.d.Logs.OpenRange(ctx, r.pj, step.Task, step.Step, rng)
	return object, r.missing("open log", err)
}

// OpenStoredLog opens a complete log as it is stored, which ContentEncoding describes; another is ErrNotFound. The caller closes
// it.
func (r *Run) OpenStoredLog(ctx context.Context, step StepName) (*storage.Object, error) {
	object, err := r.gate.d.Logs.OpenStored(ctx, r.pj, step.Task, step.Step)
	return object, r.missing("open log", err)
}

// StepName names a step of a run; the zero value is all of them.
type StepName struct{ Task, Step string }

// File opens a file of the run's folder; what is not there is ErrNotFound. The caller closes its body.
func (r *Run) File(ctx context.Context, name string, rng storage.Range) (*storage.Object, error) {
	key := path.Join(r.Folder(), name)
	if !strings.HasPrefix(key, r.Folder()+"/") || storage.CheckKey(key) != nil {
		return nil, fmt.Errorf("open %s of %s: %w", name, r.pj.Name, ErrNotFound)
	}
	object, err := r.gate.d.Store.Get(ctx, key, rng)
	return object, r.missing("open "+name, err)
}

// Artifact opens a file of the run's artifacts; what is not there is ErrNotFound.
func (r *Run) Artifact(ctx context.Context, name string, rng storage.Range) (*storage.Object, error) {
	if strings.Contains("/"+name+"/", "/../") {
		return nil, fmt.Errorf("open artifact of %s: %w", r.pj.Name, ErrNotFound)
	}
	return r.File(ctx, logs.ArtifactsDir+"/"+name, rng)
}

// ArtifactInfo describes a file of the run's artifacts.
func (r *Run) ArtifactInfo(ctx context.Context, name string) (storage.Info, error) {
	key := path.Join(r.Folder(), logs.ArtifactsDir, name)
	if strings.Contains("/"+name+"/", "/../") || storage.CheckKey(key) != nil {
		return storage.Info{}, fmt.Errorf("describe artifact of %s: %w", r.pj.Name, ErrNotFound)
	}
	info, err := r.gate.d.Store.Head(ctx, key)
	return info, r.missing("describe "+name, err)
}

func (r *Run) missing(what string, err error) error {
	if errors.Is(err, storage.ErrNotExist) {
		return fmt.Errorf("%s of %s: %w", what, r.pj.Name, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("%s of %s: %w", what, r.pj.Name, err)
	}
	return nil
}

// JSON reads a small file of the run's folder; what is larger than 16 MiB is an error.
func (r *Run) JSON(ctx context.Context, name string, into any) error {
	object, err := r.File(ctx, name, storage.Range{})
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(object.Body, maxRecord+1))
	if err = errors.Join(err, object.Body.Close()); err == nil && len(text) > maxRecord {
		err = fmt.Errorf("it is larger than %d bytes", maxRecord)
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("read %s of %s: %w", name, r.pj.Name, err)
	}
	return nil
}

// maxRecord is far more than a record of a run has.
const maxRecord = 16 << 20

// PipelineRun is what runs in the cluster; nil when there is none, or none any more.
func (r *Run) PipelineRun(ctx context.Context) (*pipelinev1.PipelineRun, error) {
	if r.pj.Status.PipelineRun == "" {
		return nil, nil
	}
	run := &pipelinev1.PipelineRun{}
	err := r.gate.d.Live.Get(ctx, client.ObjectKey{Namespace: logs.RunNamespace(r.pj), Name: r.pj.Status.PipelineRun}, run)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get PipelineRun of %s: %w", r.pj.Name, err)
	}
	return run, nil
}

// TaskRuns are those of the run that the cluster still has.
func (r *Run) TaskRuns(ctx context.Context) ([]pipelinev1.TaskRun, error) {
	if r.pj.Status.PipelineRun == "" {
		return nil, nil
	}
	var list pipelinev1.TaskRunList
	err := r.gate.d.Live.List(ctx, &list, client.InNamespace(logs.RunNamespace(r.pj)),
		client.MatchingLabels{logs.LabelPipelineRun: r.pj.Status.PipelineRun})
	if err != nil {
		return nil, fmt.Errorf("list TaskRuns of %s: %w", r.pj.Name, err)
	}
	return list.Items, nil
}
