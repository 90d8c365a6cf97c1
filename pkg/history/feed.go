package history

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Bounds of filling.
const (
	// putBatch is the number of runs of one transaction.
	putBatch = 200
	// retryAfter is the pause after the index could not be written.
	retryAfter = 5 * time.Second
)

// Cluster is what the feed needs of an informer's cache, which [cache.Cache] has.
type Cluster interface {
	client.Reader
	GetInformer(ctx context.Context, obj client.Object, opts ...cache.InformerGetOption) (cache.Informer, error)
}

// Feed fills a store: from the cluster's objects as they change, and in the background from the bucket. Every process that
// has a store runs one.
type Feed struct {
	Store *Store
	// Cluster is the informer's cache; runs of other namespaces than Namespace are left aside.
	Cluster   Cluster
	Namespace string
	// Objects is the bucket. Without one there is nothing behind the cluster's objects, and a run goes when its object does.
	Objects storage.Store
	Layout  logs.Layout
	// Every is the pause between two passes over the bucket. A pass notices what other processes archived or removed.
	Every time.Duration

	progress progress
	queue    queue
}

// NeedLeaderElection is false: each process fills its own file.
func (*Feed) NeedLeaderElection() bool { return false }

// Start fills until ctx ends. An index that cannot be written, or a bucket that cannot be read, is tried again.
func (f *Feed) Start(ctx context.Context) error {
	informer, err := f.Cluster.GetInformer(ctx, &v1alpha1.PipelineJob{})
	if err != nil {
		return fmt.Errorf("follow runs: %w", err)
	}
	f.queue.init()
	handle, err := informer.AddEventHandler(f.handler())
	if err != nil {
		return fmt.Errorf("follow runs: %w", err)
	}
	defer func() {
		// The informer may have ended before us.
		_ = informer.RemoveEventHandler(handle)
	}()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { f.drain(ctx); return nil })
	group.Go(func() error {
		if toolscache.WaitForCacheSync(ctx.Done(), handle.HasSynced) {
			f.passes(ctx)
		}
		return nil
	})
	return group.Wait()
}

// passes goes over the bucket again and again.
func (f *Feed) passes(ctx context.Context) {
	for {
		if err := f.Rebuild(ctx); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "the history of runs stays incomplete until the next pass")
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(f.Every):
		}
	}
}

func (f *Feed) handler() toolscache.ResourceEventHandlerFuncs {
	note := func(obj any, gone bool) {
		if last, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
			obj = last.Obj
		}
		if job, ok := obj.(*v1alpha1.PipelineJob); ok && job.Namespace == f.Namespace {
			f.queue.add(job, gone)
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { note(obj, false) },
		UpdateFunc: func(_, obj any) { note(obj, false) },
		DeleteFunc: func(obj any) { note(obj, true) },
	}
}

// drain writes what the informer told until ctx ends. What could not be written is written later.
func (f *Feed) drain(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.queue.ready:
		}
		for {
			news := f.queue.take(putBatch)
			if len(news) == 0 {
				break
			}
			if err := f.write(ctx, news); err != nil && ctx.Err() == nil {
				log.FromContext(ctx).Error(err, "news of runs wait for the history")
				f.queue.back(news)
				select {
				case <-ctx.Done():
				case <-time.After(retryAfter):
				}
			}
			if ctx.Err() != nil {
				return
			}
		}
	}
}

func (f *Feed) write(ctx context.Context, all []news) error {
	var jobs []*v1alpha1.PipelineJob
	var gone []string
	for _, n := range all {
		switch {
		case n.gone && f.Objects == nil:
			gone = append(gone, n.job.Name)
		case n.gone && !n.job.Status.State.Terminal():
			job := ended(f.placed(n.job), v1alpha1.StateAborted, "its object was deleted while it ran")
			now := metav1.Now()
			job.Status.CompletionTime = &now
			jobs = append(jobs, job)
		default:
			jobs = append(jobs, f.placed(n.job))
		}
	}
	err := f.Store.Put(ctx, jobs...)
	if err == nil && len(gone) > 0 {
		err = f.Store.Delete(ctx, gone...)
	}
	return err
}

// placed fills in where the run's folder is or will be.
func (f *Feed) placed(job *v1alpha1.PipelineJob) *v1alpha1.PipelineJob {
	if job.Status.Log.Path != "" || f.Objects == nil {
		return job
	}
	copied := *job
	copied.Status.Log.Path = f.Layout.Run(job)
	return &copied
}

// ended is a run whose end nobody recorded.
func ended(job *v1alpha1.PipelineJob, state v1alpha1.JobState, why string) *v1alpha1.PipelineJob {
	job = job.DeepCopy()
	job.Status.State, job.Status.Description = state, why
	return job
}

// inCluster says that a run's object is there.
func (f *Feed) inCluster(ctx context.Context, name string) (bool, error) {
	err := f.Cluster.Get(ctx, client.ObjectKey{Namespace: f.Namespace, Name: name}, &v1alpha1.PipelineJob{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// Rebuilding says how far the pass over the bucket is: total grows while the bucket is being listed. Running is false
// between passes.
func (f *Feed) Rebuilding() (done, total int, running bool) { return f.progress.get() }

type progress struct {
	mu          sync.Mutex
	done, total int
	running     bool
}

func (p *progress) get() (done, total int, running bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done, p.total, p.running
}

func (p *progress) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total, p.running = 0, 0, true
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = false
}

func (p *progress) add(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = p.done+done, p.total+total
	loadedRuns.Add(float64(done))
}
