package logs

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// pollTime is how often a reader of a live run asks the cluster's cache, or the store, for news.
const pollTime = 500 * time.Millisecond

// follower is one call of Reader.Follow for a live run: one goroutine per pod, which takes its steps one by one.
type follower struct {
	r    *Reader
	path string
	from map[string]int
	emit func(Line) error // one call at a time

	mu      sync.Mutex
	job     *v1alpha1.PipelineJob
	steps   []StepInfo
	seen    map[ContainerRef]container
	changed chan struct{} // closed at the next look at the cluster
	begun   map[string]bool
	active  int // pods whose steps are not all emitted
}

func newFollower(r *Reader, job *v1alpha1.PipelineJob, from map[string]int, emit func(Line) error) *follower {
	var mu sync.Mutex
	return &follower{
		r: r, path: r.o.Layout.Run(job), from: from, job: job, begun: make(map[string]bool), changed: make(chan struct{}),
		emit: func(line Line) error {
			mu.Lock()
			defer mu.Unlock()
			return emit(line)
		},
	}
}

func (f *follower) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	live, cancelLive := context.WithCancel(ctx)
	defer cancelLive()
	group.Go(func() error {
		for {
			pods, done, err := f.refresh(ctx)
			if err != nil || done {
				return err
			}
			if f.archived() {
				cancelLive() // everything is in the store, whatever the streams do
			}
			for _, steps := range pods {
				group.Go(func() error { return f.pod(ctx, live, steps) })
			}
			if err := sleep(ctx, pollTime, nil); err != nil {
				return err
			}
		}
	})
	return group.Wait()
}

func (f *follower) archived() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.job.Status.Log.Archived
}

// refresh looks at the run and returns the steps of pods that are new, or that the run is over and all is emitted.
func (f *follower) refresh(ctx context.Context) (pods [][]StepInfo, done bool, err error) {
	job := &v1alpha1.PipelineJob{}
	switch err := f.r.o.Cluster.Get(ctx, client.ObjectKeyFromObject(f.job), job); {
	case apierrors.IsNotFound(err):
		job = f.job.DeepCopy()
		job.Status.Log.Archived = true // its finalizer waited for that
	case err != nil:
		return nil, false, err
	}
	seen, steps, err := f.look(ctx, job)
	if err != nil {
		return nil, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.job, f.steps, f.seen = job, steps, seen
	close(f.changed)
	f.changed = make(chan struct{})
	for _, s := range steps {
		if uid := s.Container.UID; f.begun[uid] {
			continue
		}
		f.begun[s.Container.UID] = true
		pods = append(pods, podOf(steps, s.Container.UID))
	}
	f.active += len(pods)
	over := job.Status.Log.Archived || job.Status.State.Terminal() && settled(job)
	return pods, over && f.active == 0, nil
}

// settled says that the end of the run is so long ago that its pods are known.
func settled(job *v1alpha1.PipelineJob) bool {
	return job.Status.CompletionTime == nil || time.Since(job.Status.CompletionTime.Time) > settleTime
}

// look lists the pods; the names of steps are read from the store only when there are new ones, or in the end.
func (f *follower) look(ctx context.Context, job *v1alpha1.PipelineJob) (map[ContainerRef]container, []StepInfo, error) {
	if job.Status.Log.Archived {
		steps, err := loadManifest(ctx, f.r.o.Store, f.path)
		return nil, steps, err
	}
	pods, err := listPods(ctx, f.r.o.Cluster, job)
	if err != nil {
		return nil, nil, err
	}
	list := containers(pods)
	seen := make(map[ContainerRef]container, len(list))
	for _, c := range list {
		seen[c.ref] = c
	}
	steps, added := mergeSteps(job.Name, f.steps, list)
	if added || f.seen == nil {
		known, err := loadManifest(ctx, f.r.o.Store, f.path)
		if err == nil { // a store that is down must not hide a live log
			steps, _ = mergeSteps(job.Name, known, list)
		}
	}
	return seen, steps, nil
}

func podOf(steps []StepInfo, uid string) []StepInfo {
	var out []StepInfo
	for _, s := range steps {
		if s.Container.UID == uid {
			out = append(out, s)
		}
	}
	return out
}

func (f *follower) pod(ctx, live context.Context, steps []StepInfo) error {
	for _, step := range steps {
		s := stepFollower{f: f, step: step, out: newLiner(step, f.from[stepKey(step)], f.emit)}
		if err := s.run(ctx, live); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active--
	return nil
}

// stepFollower emits one step of a live run.
type stepFollower struct {
	f    *follower
	step StepInfo
	out  *liner
	dec  *decoder // nil until the pod is read
	// chunks is where the shipper's chunks end, when the pod began to be read.
	chunks Cursor
}

// run reads the store when the step's log is there, else the pod when it has started, else waits.
func (s *stepFollower) run(ctx, live context.Context) error {
	for {
		s.f.mu.Lock()
		job, changed := s.f.job, s.f.changed
		c, exists := s.f.seen[s.step.Container]
		s.f.mu.Unlock()
		inPod := exists && c.started && live.Err() == nil
		if !exists || job.Status.Log.Archived || inPod && s.dec == nil {
			done, err := s.f.r.stored(ctx, s.f.path, s.step, s.out)
			if s.out.failed != nil {
				return s.out.failed
			}
			if done && err == nil {
				return nil
			}
		}
		switch {
		case inPod:
			done, err := s.follow(live, c)
			if done || err != nil {
				return err
			}
		case job.Status.Log.Archived:
			return nil // a step that never started has no log
		case exists && (c.ended || job.Status.State.Terminal() && settled(job)):
			return nil
		}
		if err := sleep(ctx, pollTime, changed); err != nil {
			return err
		}
	}
}

// errRotated says that the pod's log does not start with the step's first line any more.
var errRotated = errors.New("log is rotated")

// follow reads one answer of the pod; done says that there will be no more. Only emit's failure is an error.
func (s *stepFollower) follow(ctx context.Context, c container) (done bool, err error) {
	folder := liveFolder(s.f.path, s.step.Name)
	if s.dec == nil {
		// A store that is down gives no cursor, and need not: the pod has it all, unless it is rotated.
		s.chunks, _, _ = lastCursor(ctx, s.f.r.o.Store, folder)
		s.dec = &decoder{}
		s.out.restart()
	}
	before := s.dec.cursor.Bytes
	err = s.read(ctx)
	if errors.Is(err, errRotated) {
		// The start is in the chunks only. Their lines have no times.
		s.out.restart()
		s.dec = nil
		if _, err := copyChunks(ctx, s.f.r.o.Store, folder, s.chunks.Bytes, s.out); err == nil {
			s.dec = &decoder{cursor: s.chunks}
		}
		return false, s.out.failed
	}
	if s.out.failed != nil {
		return false, s.out.failed
	}
	if err == nil && c.ended && s.dec.cursor.Bytes == before && s.dec.caughtUp() {
		return true, s.out.end()
	}
	return false, nil
}

func (s *stepFollower) read(ctx context.Context) error {
	origin := s.chunks.Origin
	body, err := s.f.r.o.Source.Follow(ctx, s.step.Container, s.dec.cursor)
	if err != nil {
		return err
	}
	err = s.dec.read(body, func(fr fragment) error {
		if origin != 0 && fr.after.Origin != origin {
			return errRotated
		}
		return s.out.add(fr.text, time.Unix(0, fr.stamp))
	})
	return errors.Join(err, body.Close())
}
