package read

import (
	"context"
	"fmt"
	"path"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Options are what a reader works with; all are required but API.
type Options struct {
	Store  storage.Store
	Source kubelet.Source
	Layout logs.Layout
	// Cluster reads pods and PipelineJobs; use a cached client, it is asked every half second by each live reader.
	Cluster client.Reader
	// API reads pods and their secrets past any cache, so that what is read from pods is censored as the shipper does it.
	// Nil: no secret is known.
	API client.Reader
}

// Reader gives the log of runs. It is safe for concurrent use. Between calls it holds at most 64 MiB of the indexes that
// were used last.
type Reader struct {
	o     Options
	cache *cache
}

// New does no I/O.
func New(o Options) *Reader { return &Reader{o, newCache()} }

// Steps lists the steps of a run in the order they start; a run without pods yet has none.
func (r *Reader) Steps(ctx context.Context, job *v1alpha1.PipelineJob) ([]logs.StepInfo, error) {
	steps, _, err := r.steps(ctx, job)
	return steps, err
}

// steps returns also what the cluster says, by container; it is not asked for an archived run.
func (r *Reader) steps(ctx context.Context, job *v1alpha1.PipelineJob) ([]logs.StepInfo, map[logs.ContainerRef]pods.Container, error) {
	known, err := r.manifest(ctx, job)
	if err != nil {
		return nil, nil, fmt.Errorf("list steps of %s: %w", job.Name, err)
	}
	if job.Status.Log.Archived {
		return known, nil, nil
	}
	list, err := pods.List(ctx, r.o.Cluster, job)
	if err != nil {
		return nil, nil, fmt.Errorf("list steps of %s: %w", job.Name, err)
	}
	seen := pods.Containers(list)
	live := make(map[logs.ContainerRef]pods.Container, len(seen))
	for _, c := range seen {
		live[c.Ref] = c
	}
	steps, _ := pods.Merge(job.Name, known, seen)
	for i := range steps {
		if steps[i].State != logs.StepWaiting {
			// What a container says of its end may hold secrets; the shipper's words do not.
			steps[i].Message = ""
			if i < len(known) {
				steps[i].Message = known[i].Message
			}
		}
		if _, ok := live[steps[i].Container]; !ok && steps[i].End == nil {
			steps[i].State = logs.StepUnknown
		}
	}
	return steps, live, nil
}

// manifest reads the steps from the store; those of an archived run are kept.
func (r *Reader) manifest(ctx context.Context, job *v1alpha1.PipelineJob) ([]logs.StepInfo, error) {
	run := r.o.Layout.Run(job)
	if !job.Status.Log.Archived {
		return logs.LoadSteps(ctx, r.o.Store, run)
	}
	value, err := r.cache.get(ctx, path.Join(run, logs.StepsFile), func(ctx context.Context) (cached, error) {
		steps, err := logs.LoadSteps(ctx, r.o.Store, run)
		return cached{steps, int64(len(steps)+1) * stepMemory}, err
	})
	if err != nil {
		return nil, err
	}
	return slices.Clone(value.([]logs.StepInfo)), nil
}

// stepMemory is about what a StepInfo takes.
const stepMemory = 1 << 10

// Follow emits every line of a run behind the position from, which maps "task/step" to the last number seen, and
// returns when there will be no more. While the run is live it reads from its pods, afterwards from the store; where it
// changes over cannot be seen. Lines of one step come in order, and so do the steps of one pod; what runs at the same
// time is mixed. Calls of emit do not overlap; its error ends Follow and is returned.
func (r *Reader) Follow(ctx context.Context, job *v1alpha1.PipelineJob, from map[string]int, emit func(logs.Line) error) error {
	if job.Status.Log.Archived {
		return r.replay(ctx, job, from, emit)
	}
	err := newFollower(r, job, from, emit).run(ctx)
	if err != nil {
		return fmt.Errorf("follow log of %s: %w", job.Name, err)
	}
	return nil
}

// replay emits an archived run.
func (r *Reader) replay(ctx context.Context, job *v1alpha1.PipelineJob, from map[string]int, emit func(logs.Line) error) error {
	steps, err := r.Steps(ctx, job)
	if err != nil {
		return err
	}
	for _, step := range steps {
		text, err := r.text(ctx, r.o.Layout.Run(job), step, true)
		if err == nil {
			err = text.copy(ctx, newLiner(step, from[stepKey(step)], emit))
		}
		if err != nil {
			return fmt.Errorf("read log of %s: %w", job.Name, err)
		}
	}
	return nil
}

// stepKey is how a position names a step.
func stepKey(s logs.StepInfo) string { return s.Task + "/" + s.Step }
