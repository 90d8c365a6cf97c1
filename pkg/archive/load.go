package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// maxRecord bounds the records of a run; an object of the cluster has at most 1.5 MiB.
const maxRecord = 8 << 20

var (
	// ErrNoRecord is returned for a folder whose files do not say which run of which repository it is.
	ErrNoRecord = errors.New("no record of the run")
	// ErrUnreadable is returned for a record that is not what it should be.
	ErrUnreadable = errors.New("unreadable record")
)

// Load makes the PipelineJob of a run from its folder: from pipelinejob.json, else from what Prow writes too, prowjob.json or
// started.json with finished.json. Its log path is the folder, and it counts as archived when finished.json is there, which
// also says how it ended if the other files do not. A folder that is being removed, or without any of these files, is
// ErrNoRecord, and so is one that does not tell its repositories.
func Load(ctx context.Context, store storage.Store, layout logs.Layout, run Run) (*v1alpha1.PipelineJob, error) {
	r := reader{ctx: ctx, store: store, run: run}
	job, err := r.load(layout)
	if err != nil {
		return nil, fmt.Errorf("load run %s: %w", run.Path, err)
	}
	return job, nil
}

type reader struct {
	ctx   context.Context //nolint:containedctx // lives for one call
	store storage.Store
	run   Run
}

func (r reader) load(layout logs.Layout) (*v1alpha1.PipelineJob, error) {
	var finished logs.Finished
	ended, err := r.read(logs.FinishedFile, &finished)
	if err != nil {
		return nil, err
	}
	if !ended {
		// Whoever removes a run removes finished.json first.
		if removed, err := r.has(deletingFile); err != nil || removed {
			return nil, errors.Join(err, ErrNoRecord)
		}
	}
	job, err := r.record(layout, ended)
	if err != nil {
		return nil, err
	}
	r.complete(job)
	if r.run.Type != "" && job.Spec.Refs == nil {
		return nil, ErrNoRecord // who may see it cannot be told
	}
	if ended {
		finish(job, finished)
	}
	return job, nil
}

// record reads the best description there is.
func (r reader) record(layout logs.Layout, ended bool) (*v1alpha1.PipelineJob, error) {
	job := &v1alpha1.PipelineJob{}
	if ok, err := r.read(logs.PipelineJobFile, job); err != nil || ok {
		job.ManagedFields = nil
		return job, err
	}
	var prow prowJob
	if ok, err := r.read(logs.JobFile, &prow); err != nil {
		return nil, err
	} else if ok {
		return prow.pipelineJob(), nil
	}
	var started logs.Started
	ok, err := r.read(logs.StartedFile, &started)
	if err != nil {
		return nil, err
	}
	if !ok && (!ended || r.run.Type != v1alpha1.Presubmit) {
		return nil, ErrNoRecord
	}
	return r.fromStarted(layout, started)
}

// complete fills what old records leave out.
func (r reader) complete(job *v1alpha1.PipelineJob) {
	job.TypeMeta = metav1.TypeMeta{Kind: "PipelineJob", APIVersion: v1alpha1.GroupVersion.String()}
	if job.Name == "" {
		job.Name = path.Base(r.run.JobFolder()) + "-" + path.Base(r.run.Path)
	}
	if job.Spec.Job == "" {
		job.Spec.Job = r.run.Job
	}
	if job.Spec.BuildID == "" {
		job.Spec.BuildID = r.run.BuildID
	}
	if job.Spec.Connection == "" {
		job.Spec.Connection = r.run.Connection
	}
	if job.Spec.Type == "" {
		job.Spec.Type = r.run.Type
	}
	job.Status.Log = v1alpha1.LogStatus{Path: r.run.Path}
}

// finish notes that the archive is complete, and the end where the record does not know it.
func finish(job *v1alpha1.PipelineJob, f logs.Finished) {
	job.Status.Log.Archived = true
	if !job.Status.State.Terminal() {
		switch {
		case f.Passed || f.Result == "SUCCESS":
			job.Status.State = v1alpha1.StateSuccess
		case f.Result == "ABORTED":
			job.Status.State = v1alpha1.StateAborted
		default:
			job.Status.State = v1alpha1.StateFailure
		}
	}
	if job.Status.CompletionTime == nil && f.Timestamp > 0 {
		job.Status.CompletionTime = &metav1.Time{Time: time.Unix(f.Timestamp, 0).UTC()}
	}
}

func (r reader) has(name string) (bool, error) {
	_, err := r.store.Head(r.ctx, path.Join(r.run.Path, name))
	if errors.Is(err, storage.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// read is false when there is no such file.
func (r reader) read(name string, into any) (bool, error) {
	text, err := readAll(r.ctx, r.store, path.Join(r.run.Path, name), maxRecord)
	if errors.Is(err, storage.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("%w %s: %w", ErrUnreadable, name, err)
	}
	return true, nil
}

// readAll refuses objects larger than limit bytes as unreadable.
func readAll(ctx context.Context, store storage.Store, key string, limit int64) ([]byte, error) {
	text, _, err := readObject(ctx, store, key, limit)
	return text, err
}

func readObject(ctx context.Context, store storage.Store, key string, limit int64) ([]byte, storage.Info, error) {
	object, err := store.Get(ctx, key, storage.Range{})
	if err != nil {
		return nil, storage.Info{}, err
	}
	text, err := io.ReadAll(io.LimitReader(object.Body, limit+1))
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return nil, storage.Info{}, fmt.Errorf("read %s: %w", key, err)
	}
	if int64(len(text)) > limit {
		return nil, object.Info, fmt.Errorf("%w %s: more than %d bytes", ErrUnreadable, key, limit)
	}
	return text, object.Info, nil
}
