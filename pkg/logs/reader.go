package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Line is one line of a step.
type Line struct {
	Task, Step string
	// Number counts from 1 within the step and is the same for a live and for an archived run.
	Number int
	// Time is when it was printed; zero when it was read from the store.
	Time time.Time
	// Text has no line end. Of a line longer than 64 KiB it is the start and a note.
	Text string
}

// ReaderOptions are what a reader works with; all are required.
type ReaderOptions struct {
	Store  storage.Store
	Source Source
	Layout Layout
	// Cluster reads pods and PipelineJobs; use a cached client, it is asked every half second by each live reader.
	Cluster client.Reader
}

// Reader gives the log of runs. It is safe for concurrent use and holds nothing between calls.
type Reader struct{ o ReaderOptions }

// NewReader does no I/O.
func NewReader(o ReaderOptions) *Reader { return &Reader{o} }

// Steps lists the steps of a run in the order they start; a run without pods yet has none.
func (r *Reader) Steps(ctx context.Context, job *v1alpha1.PipelineJob) ([]StepInfo, error) {
	steps, _, err := r.steps(ctx, job)
	return steps, err
}

// steps returns also what the cluster says, by container; it is not asked for an archived run.
func (r *Reader) steps(ctx context.Context, job *v1alpha1.PipelineJob) ([]StepInfo, map[ContainerRef]container, error) {
	run := r.o.Layout.Run(job)
	known, err := loadManifest(ctx, r.o.Store, run)
	if err != nil {
		return nil, nil, fmt.Errorf("list steps of %s: %w", job.Name, err)
	}
	if job.Status.Log.Archived {
		return known, nil, nil
	}
	pods, err := listPods(ctx, r.o.Cluster, job)
	if err != nil {
		return nil, nil, fmt.Errorf("list steps of %s: %w", job.Name, err)
	}
	seen := containers(pods)
	live := make(map[ContainerRef]container, len(seen))
	for _, c := range seen {
		live[c.ref] = c
	}
	steps, _ := mergeSteps(job.Name, known, seen)
	for i := range steps {
		if _, ok := live[steps[i].Container]; !ok && steps[i].End == nil {
			steps[i].State = StepUnknown
		}
	}
	return steps, live, nil
}

// RunNamespace is where the pods of a run are.
func RunNamespace(job *v1alpha1.PipelineJob) string {
	if job.Spec.Namespace != "" {
		return job.Spec.Namespace
	}
	return job.Namespace
}

// listPods finds the pods of a run: its PipelineRun has the name of the job.
func listPods(ctx context.Context, cluster client.Reader, job *v1alpha1.PipelineJob) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := cluster.List(ctx, &pods, client.InNamespace(RunNamespace(job)), client.MatchingLabels{LabelPipelineRun: job.Name})
	return pods.Items, err
}

// Open returns the whole text of a step from the store, or of build-log.txt when task and step are empty. What is not
// archived yet is ErrNotExist. The caller closes it.
func (r *Reader) Open(ctx context.Context, job *v1alpha1.PipelineJob, task, step string) (io.ReadCloser, error) {
	run, file := r.o.Layout.Run(job), BuildLogFile
	if task != "" || step != "" {
		steps, err := loadManifest(ctx, r.o.Store, run)
		if err != nil {
			return nil, fmt.Errorf("open log of %s: %w", job.Name, err)
		}
		i := slices.IndexFunc(steps, func(s StepInfo) bool { return s.Task == task && s.Step == step })
		if i < 0 {
			return nil, fmt.Errorf("open log of %s: step %s/%s: %w", job.Name, task, step, storage.ErrNotExist)
		}
		file = stepLog(steps[i].Name)
	}
	object, err := r.o.Store.Get(ctx, path.Join(run, file), storage.Range{})
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", job.Name, err)
	}
	return object.Body, nil
}

// Follow emits every line of a run behind the position from, which maps "task/step" to the last number seen, and
// returns when there will be no more. While the run is live it reads from its pods, afterwards from the store; where it
// changes over cannot be seen. Lines of one step come in order, and so do the steps of one pod; pods that run at the
// same time are mixed. Calls of emit do not overlap; its error ends Follow and is returned.
func (r *Reader) Follow(ctx context.Context, job *v1alpha1.PipelineJob, from map[string]int, emit func(Line) error) error {
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
func (r *Reader) replay(ctx context.Context, job *v1alpha1.PipelineJob, from map[string]int, emit func(Line) error) error {
	steps, err := r.Steps(ctx, job)
	if err != nil {
		return err
	}
	for _, step := range steps {
		out := newLiner(step, from[stepKey(step)], emit)
		if _, err := r.stored(ctx, r.o.Layout.Run(job), step, out); err != nil {
			return fmt.Errorf("read log of %s: %w", job.Name, err)
		}
	}
	return nil
}

// stepKey is how a position names a step.
func stepKey(s StepInfo) string { return s.Task + "/" + s.Step }

// stored emits a step from its file; false when there is none yet.
func (r *Reader) stored(ctx context.Context, run string, step StepInfo, out *liner) (bool, error) {
	object, err := r.o.Store.Get(ctx, path.Join(run, stepLog(step.Name)), storage.Range{})
	if errors.Is(err, storage.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	out.restart()
	_, err = io.Copy(out, object.Body)
	if err == nil {
		err = out.end()
	}
	return true, errors.Join(err, object.Body.Close())
}
