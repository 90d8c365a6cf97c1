package ship

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/censor"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/retry"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// run ships one PipelineJob.
type run struct {
	s      *Shipper
	name   types.NamespacedName
	uid    types.UID
	path   string
	cancel context.CancelFunc

	mu       sync.Mutex
	job      *v1alpha1.PipelineJob
	seen     []pods.Container
	last     map[logs.ContainerRef]pods.Container // also of pods that are gone
	over     time.Time                            // when the run was first seen to be over; zero before
	changed  chan struct{}                        // closed at the next observation
	steps    []logs.StepInfo
	streams  map[string]bool // by name: whether it is done
	archived bool
	troubles int // operations that the store refuses
	message  string
	waits    int // streams that wait for room on local disk

	known atomic.Pointer[censor.Secrets]
	vault vault                 // of the run's goroutine alone
	pods  map[string]*podRecord // by UID; of the run's goroutine alone
}

// observe takes over what is known of the run now.
func (r *run) observe(job *v1alpha1.PipelineJob, seen []pods.Container) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.job, r.seen = job, seen
	for _, c := range seen {
		r.last[c.Ref] = c
	}
	if r.over.IsZero() && (job.Status.State.Terminal() || !job.DeletionTimestamp.IsZero()) {
		r.over = time.Now()
	}
	r.wake()
}

func (r *run) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *run) status() v1alpha1.LogStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	status := v1alpha1.LogStatus{Path: r.path, Archived: r.archived, Message: r.message}
	if r.waits > 0 {
		status.Message = "The local disk is full of logs that the store has not taken yet, so this one waits in the cluster. " +
			"The node drops what it printed after some MiB. " + r.message
	}
	return status
}

// full counts the streams that wait for room on local disk.
func (r *run) full(waiting bool) {
	r.mu.Lock()
	before := r.waits
	if waiting {
		r.waits++
	} else {
		r.waits--
	}
	tell := before == 0 || r.waits == 0
	r.mu.Unlock()
	if tell {
		r.s.o.Changed(r.name)
	}
}

// trouble counts operations in trouble; the message stays until there are none.
func (r *run) trouble(n int, message string) {
	r.mu.Lock()
	r.troubles += n
	before := r.message
	switch {
	case r.troubles == 0:
		r.message = ""
	case r.message == "":
		r.message = message
	}
	tell := before != r.message
	r.mu.Unlock()
	if tell {
		r.s.o.Changed(r.name)
	}
}

// main ships the run from where an earlier process left it to its end. It returns early only when ctx ends.
func (r *run) main(ctx context.Context) {
	defer r.cancel()
	var streams sync.WaitGroup
	defer streams.Wait()
	files, err := r.load(ctx)
	if err == nil && !files[logs.FinishedFile] {
		err = r.ship(ctx, files, &streams)
	}
	if err == nil {
		_, err = r.persist(ctx, "delete chunks", func(ctx context.Context) error {
			return deleteAll(ctx, r.s.o.Store, logs.LiveFolder(r.path, ""))
		})
	}
	if err != nil {
		if ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "archive log")
		}
		return
	}
	r.mu.Lock()
	r.archived = true
	r.mu.Unlock()
	log.FromContext(ctx).Info("log archived", "path", r.path)
	r.s.o.Changed(r.name)
}

// load reads what an earlier process left: the steps, and the names of the files in the run's folder.
func (r *run) load(ctx context.Context) (map[string]bool, error) {
	files := make(map[string]bool)
	_, err := r.persist(ctx, "list run", func(ctx context.Context) error {
		clear(files)
		for entry, err := range r.s.o.Store.Level(ctx, r.path+"/") {
			if err != nil {
				return err
			}
			files[strings.TrimPrefix(entry.Key, r.path+"/")] = true
		}
		return nil
	})
	if err != nil || !files[logs.StepsFile] {
		return files, err
	}
	_, err = r.persist(ctx, "read steps", func(ctx context.Context) error {
		steps, err := logs.LoadSteps(ctx, r.s.o.Store, r.path)
		r.mu.Lock()
		r.steps = steps
		r.mu.Unlock()
		return err
	})
	return files, err
}

// ship follows every container until the run is over and then completes the folder.
func (r *run) ship(ctx context.Context, files map[string]bool, streams *sync.WaitGroup) error {
	if !files[logs.StartedFile] {
		if _, err := r.persist(ctx, "put start", func(ctx context.Context) error {
			return putStart(ctx, r.s.o.Store, r.s.o.Layout, r.current())
		}); err != nil {
			return err
		}
	}
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		begin, err := r.adopt(ctx)
		if err != nil {
			return err
		}
		for _, step := range begin {
			streams.Go(func() { r.stream(ctx, step, files) })
		}
		wait, done := r.pending()
		if done {
			return r.finish(ctx)
		}
		r.refreshPods(ctx)
		if err := retry.Wait(ctx, min(wait, eventsEvery), changed); err != nil {
			return err
		}
	}
}

func (r *run) current() *v1alpha1.PipelineJob {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.job
}

// adopt merges new pods into the steps, makes their names durable, and returns the steps whose stream is to begin.
func (r *run) adopt(ctx context.Context) ([]logs.StepInfo, error) {
	r.learn(ctx)
	r.mu.Lock()
	steps, added := pods.Merge(r.name.Name, r.steps, r.seen)
	r.steps = steps
	r.tidy(r.steps)
	r.mu.Unlock()
	if added {
		if err := r.save(ctx); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var begin []logs.StepInfo
	for _, step := range r.steps {
		if _, known := r.streams[step.Name]; known || !r.hasLog(step) {
			continue
		}
		r.streams[step.Name] = false
		begin = append(begin, step)
	}
	return begin, nil
}

func (r *run) save(ctx context.Context) error {
	_, err := r.persist(ctx, "put steps", func(ctx context.Context) error {
		r.mu.Lock()
		steps := slices.Clone(r.steps)
		r.mu.Unlock()
		return logs.SaveSteps(ctx, r.s.o.Store, r.path, steps)
	})
	return err
}

// hasLog says whether there may be text of a step: not before its container starts, but also when its pod is gone and
// an earlier process saw it.
func (r *run) hasLog(step logs.StepInfo) bool {
	for _, c := range r.seen {
		if c.Ref == step.Container {
			return c.Started
		}
	}
	return true
}

// pending says whether nothing can come any more, or else how long to wait at most for the next look.
func (r *run) pending() (wait time.Duration, done bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, done := range r.streams {
		if !done {
			return time.Hour, false
		}
	}
	if r.over.IsZero() {
		return time.Hour, false
	}
	// All containers ended: whatever is yet to come would have shown. Otherwise give the cluster's news time to arrive.
	settled := len(r.seen) > 0
	for _, c := range r.seen {
		settled = settled && c.Ended
	}
	if left := pods.SettleTime - time.Since(r.over); left > 0 && !settled {
		return left, false
	}
	return 0, true
}

// look returns what is known of a container; ok is false when its pod is gone.
func (r *run) look(ref logs.ContainerRef) (c pods.Container, ok bool, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.seen {
		if c.Ref == ref {
			return c, true, r.changed
		}
	}
	return pods.Container{}, false, r.changed
}

// lastSeen is what was known of a container when its pod was there.
func (r *run) lastSeen(ref logs.ContainerRef) pods.Container {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[ref]
}

// overSince is when the run was first seen to be over; zero before.
func (r *run) overSince() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// streamDone notes a stored step log.
func (r *run) streamDone(name string, edit func(*logs.StepInfo)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.streams[name] = true
	for i := range r.steps {
		if r.steps[i].Name == name {
			edit(&r.steps[i])
		}
	}
	r.wake()
}

// finish composes the run's own files. finished.json comes last: its presence means complete.
func (r *run) finish(ctx context.Context) error {
	r.mu.Lock()
	for i := range r.steps {
		if s := &r.steps[i]; s.State == logs.StepRunning || s.State == logs.StepWaiting {
			s.State = logs.StepUnknown
		}
	}
	steps, job := slices.Clone(r.steps), hideJob(r.job, r.secrets())
	r.mu.Unlock()
	if err := r.save(ctx); err != nil {
		return err
	}
	if err := r.putPods(ctx); err != nil {
		return err
	}
	isClone := logs.Checkouts(job, steps)
	logged := slices.DeleteFunc(slices.Clone(steps), func(s logs.StepInfo) bool { return !s.IsStep() || s.Log == "" })
	clones := slices.DeleteFunc(slices.Clone(logged), func(s logs.StepInfo) bool { return !isClone(s) })
	builds := slices.DeleteFunc(slices.Clone(logged), isClone)
	if err := r.compose(ctx, logs.BuildLogFile, builds); err != nil {
		return err
	}
	if len(clones) > 0 {
		if err := r.compose(ctx, logs.CloneLogFile, clones); err != nil {
			return err
		}
	}
	store := r.s.o.Store
	_, err := r.persist(ctx, "put finish", func(ctx context.Context) error {
		if err := logs.PutJSON(ctx, store, path.Join(r.path, logs.JobFile), logs.ProwJob(job, steps)); err != nil {
			return err
		}
		if err := logs.PutJSON(ctx, store, path.Join(r.path, logs.PipelineJobFile), pipelineJobRecord(hideJob(job, r.secrets()))); err != nil {
			return err
		}
		return logs.PutJSON(ctx, store, path.Join(r.path, logs.FinishedFile), logs.NewFinished(job, steps))
	})
	return err
}

// deletesAtOnce are the objects of one folder that are deleted side by side.
const deletesAtOnce = 8

// deleteAll removes every object below a folder.
func deleteAll(ctx context.Context, store storage.Store, folder string) error {
	group, deleting := errgroup.WithContext(ctx)
	group.SetLimit(deletesAtOnce)
	for entry, err := range store.List(ctx, folder) {
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error { return store.Delete(deleting, entry.Key) })
	}
	return group.Wait()
}
