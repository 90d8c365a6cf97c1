package read

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/retry"
)

// pollTime is how often a reader of a live run asks the cluster's cache, or the store, for news.
const pollTime = 500 * time.Millisecond

// follower is one call of Reader.Follow for a live run: one goroutine per pod, which takes its steps one by one, and one
// for each other container.
type follower struct {
	r    *Reader
	path string
	from map[string]int
	emit func(logs.Line) error // one call at a time

	mu      sync.Mutex
	job     *v1alpha1.PipelineJob
	steps   []logs.StepInfo
	seen    map[logs.ContainerRef]pods.Container
	changed chan struct{} // closed at the next look at the cluster
	begun   map[logs.ContainerRef]bool
	active  int             // goroutines that are not done
	covered map[string]bool // pods whose secrets are known, by UID

	hidden *hidden
}

func newFollower(r *Reader, job *v1alpha1.PipelineJob, from map[string]int, emit func(logs.Line) error) *follower {
	var mu sync.Mutex
	return &follower{
		r: r, path: r.o.Layout.Run(job), from: from, job: job, begun: make(map[logs.ContainerRef]bool), changed: make(chan struct{}),
		covered: make(map[string]bool), hidden: newHidden(r.o.API),
		emit: func(line logs.Line) error {
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
			fresh, done, err := f.refresh(ctx)
			if err != nil || done {
				return err
			}
			if f.archived() {
				cancelLive() // everything is in the store, whatever the streams do
			}
			for _, steps := range fresh {
				group.Go(func() error { return f.follow(ctx, live, steps) })
			}
			if err := retry.Wait(ctx, pollTime, nil); err != nil {
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

// refresh looks at the run and returns what is new, grouped into what comes one after the other; or that the run is over
// and all is emitted.
func (f *follower) refresh(ctx context.Context) (fresh [][]logs.StepInfo, done bool, err error) {
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
	learned := f.learn(ctx, seen)
	f.mu.Lock()
	defer f.mu.Unlock()
	for uid := range learned {
		f.covered[uid] = true
	}
	f.job, f.steps, f.seen = job, steps, seen
	close(f.changed)
	f.changed = make(chan struct{})
	fresh = f.fresh()
	f.active += len(fresh)
	over := job.Status.Log.Archived || job.Status.State.Terminal() && settled(job)
	return fresh, over && f.active == 0, nil
}

// learn gets to know the secrets of pods that have started since, and returns the UIDs of those it did.
func (f *follower) learn(ctx context.Context, seen map[logs.ContainerRef]pods.Container) map[string]bool {
	learned := make(map[string]bool)
	for ref, c := range seen {
		if c.Started && !f.covered[ref.UID] && !learned[ref.UID] && f.hidden.learn(ctx, ref) {
			learned[ref.UID] = true
		}
	}
	return learned
}

// settled says that the end of the run is so long ago that its pods are known.
func settled(job *v1alpha1.PipelineJob) bool {
	return job.Status.CompletionTime == nil || time.Since(job.Status.CompletionTime.Time) > pods.SettleTime
}

// look lists the pods; the names of steps are read from the store only when there are new ones, or in the end.
func (f *follower) look(ctx context.Context, job *v1alpha1.PipelineJob) (map[logs.ContainerRef]pods.Container, []logs.StepInfo, error) {
	if job.Status.Log.Archived {
		steps, err := logs.LoadSteps(ctx, f.r.o.Store, f.path)
		return nil, steps, err
	}
	known, err := pods.List(ctx, f.r.o.Cluster, job)
	if err != nil {
		return nil, nil, err
	}
	list := pods.Containers(known)
	seen := make(map[logs.ContainerRef]pods.Container, len(list))
	for _, c := range list {
		seen[c.Ref] = c
	}
	steps, added := pods.Merge(job.Name, f.steps, list)
	if added || f.seen == nil {
		known, err := logs.LoadSteps(ctx, f.r.o.Store, f.path)
		if err == nil { // a store that is down must not hide a live log
			steps, _ = pods.Merge(job.Name, known, list)
		}
	}
	return seen, steps, nil
}

// fresh are the steps not begun yet: those of a pod together.
func (f *follower) fresh() [][]logs.StepInfo {
	var groups [][]logs.StepInfo
	places := make(map[string]int) // in groups, by pod
	for _, s := range f.steps {
		if f.begun[s.Container] {
			continue
		}
		f.begun[s.Container] = true
		i, ok := places[s.Container.UID]
		switch {
		case !s.IsStep():
			groups = append(groups, []logs.StepInfo{s})
		case ok:
			groups[i] = append(groups[i], s)
		default:
			places[s.Container.UID] = len(groups)
			groups = append(groups, []logs.StepInfo{s})
		}
	}
	return groups
}

func (f *follower) follow(ctx, live context.Context, steps []logs.StepInfo) error {
	for _, step := range steps {
		s := stepFollower{f: f, step: step, out: newLiner(step, f.from[stepKey(step)], f.emit)}
		s.veil = kubelet.Veil{Secrets: f.hidden.known, Give: s.give}
		if err := s.run(ctx, live); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active--
	return nil
}
