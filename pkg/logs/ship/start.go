package ship

import (
	"context"
	"path"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// putStart writes the records of a run that begins; started.json comes last and says that the others are there.
func putStart(ctx context.Context, store storage.Store, layout logs.Layout, job *v1alpha1.PipelineJob) error {
	run := layout.Run(job)
	if err := logs.PutJSON(ctx, store, path.Join(run, logs.JobFile), logs.ProwJob(job, nil)); err != nil {
		return err
	}
	if err := logs.PutJSON(ctx, store, path.Join(run, logs.PipelineJobFile), pipelineJobRecord(job)); err != nil {
		return err
	}
	if key := layout.Directory(job); key != "" {
		text := strings.TrimSuffix(store.URL(), "/") + "/" + run
		if err := store.Put(ctx, key, strings.NewReader(text), logs.LogOptions(false)); err != nil {
			return err
		}
	}
	for _, key := range layout.Latest(job) {
		if err := putLatest(ctx, store, key, job.Spec.BuildID); err != nil {
			return err
		}
	}
	return logs.PutJSON(ctx, store, path.Join(run, logs.StartedFile), logs.NewStarted(job))
}

// pipelineJobRecord is pipelinejob.json.
func pipelineJobRecord(job *v1alpha1.PipelineJob) *v1alpha1.PipelineJob {
	record := job.DeepCopy()
	record.ManagedFields = nil
	record.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("PipelineJob"))
	return record
}
