package ship

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/logs/spool"
	"github.com/pharos-ci/pharos/pkg/retry"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Options are what a shipper works with; the first four are required.
type Options struct {
	Store  storage.Store
	Source kubelet.Source
	Layout logs.Layout
	// Spool is the folder on local disk for text that is on its way to the store; files of an earlier process in it are
	// removed, so no two processes may share it. Empty: a temporary folder.
	Spool string
	// SpoolLimit is how many bytes of text may be there. Beyond it, logs wait in the cluster. 0 is 4 GiB.
	SpoolLimit int64
	// Uploads is how many segments of 8 MiB are in memory and sent at once. 0 is 4.
	Uploads int
	// Compress stores logs as gzip.
	Compress bool
	// Changed is called, from any goroutine, when Status has something new about a run. It must not block.
	Changed func(types.NamespacedName)
	// API reads pods, their secrets and their events past any cache. Nil: no secret is known, and podinfo.json is not
	// written.
	API client.Reader
}

// Shipper follows runs and archives them, each in goroutines of its own: two for each container that runs, some more while
// its text is on the way to the store, and one for the run. It is a Runnable of a manager; when that ends, so does all
// shipping, with one last try to make text durable. Whatever it has not finished, the next process goes on with.
type Shipper struct {
	o      Options
	writer string
	disk   *spool.Disk
	room   *spool.Room

	mu      sync.Mutex
	stopped bool
	runs    map[types.NamespacedName]*run
	all     sync.WaitGroup
}

// New returns a shipper that does nothing until Observe.
func New(o Options) *Shipper {
	uploads := o.Uploads
	if uploads <= 0 {
		uploads = defaultUploads
	}
	return &Shipper{
		o: o, writer: rand.Text()[:8], disk: spool.NewDisk(o.Spool, o.SpoolLimit), room: spool.NewRoom(uploads),
		runs: make(map[types.NamespacedName]*run),
	}
}

// Start waits for ctx to end and then for every goroutine.
func (s *Shipper) Start(ctx context.Context) error {
	<-ctx.Done()
	s.mu.Lock()
	s.stopped = true
	for _, r := range s.runs {
		r.cancel()
	}
	s.mu.Unlock()
	s.all.Wait()
	return s.disk.Close()
}

// NeedLeaderElection keeps two processes from shipping the same run.
func (*Shipper) NeedLeaderElection() bool { return true }

// Observe tells the present state of a run and of all its pods, and starts shipping it at the first call, with ctx's
// logger but not for its lifetime. The job must not be changed afterwards.
func (s *Shipper) Observe(ctx context.Context, job *v1alpha1.PipelineJob, list []corev1.Pod) {
	name := types.NamespacedName{Namespace: job.Namespace, Name: job.Name}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	r := s.runs[name]
	if r == nil || r.uid != job.UID {
		if r != nil {
			r.cancel() // an earlier object of the same name
		}
		s.begin(ctx, name, job, pods.Containers(list))
		return
	}
	r.observe(job, pods.Containers(list))
}

func (s *Shipper) begin(ctx context.Context, name types.NamespacedName, job *v1alpha1.PipelineJob, seen []pods.Container) {
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &run{
		s: s, name: name, uid: job.UID, path: s.o.Layout.Run(job), cancel: cancel, changed: make(chan struct{}),
		streams: make(map[string]bool), last: make(map[logs.ContainerRef]pods.Container),
	}
	s.runs[name] = r
	r.observe(job, seen)
	s.all.Go(func() { r.main(runCtx) })
}

// Status says how far a run is; false when it is not being shipped.
func (s *Shipper) Status(name types.NamespacedName) (v1alpha1.LogStatus, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.runs[name]
	if r == nil {
		return v1alpha1.LogStatus{}, false
	}
	return r.status(), true
}

// Forget drops a run that is archived, or stops one whose object is gone.
func (s *Shipper) Forget(name types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.runs[name]; r != nil {
		r.cancel()
		delete(s.runs, name)
	}
}

// defaultUploads are the segments sent at once.
const defaultUploads = 4

// quietTries may fail before the run's status tells.
const quietTries = 3

// persist is the persister of a run: it shows in the run's status that the store does not answer.
func (r *run) persist(ctx context.Context, operation string, do func(context.Context) error) (int, error) {
	told := false
	for try := 1; ; try++ {
		err := do(ctx)
		if err == nil || ctx.Err() != nil {
			if try > 1 {
				failing.end()
			}
			if told {
				r.trouble(-1, "")
			}
			if err != nil {
				err = ctx.Err()
			}
			return try, err
		}
		if try == 1 {
			failing.begin()
		}
		countFailure(operation)
		if try == quietTries {
			told = true
			r.trouble(1, troubleMessage(operation, err))
			log.FromContext(ctx).Error(err, "store log", "operation", operation)
		}
		_ = retry.Wait(ctx, retry.Delay(try), nil) // the next try sees that ctx has ended
	}
}

func troubleMessage(operation string, err error) string {
	if operation == spool.DiskOperation {
		return fmt.Sprintf("The log cannot be spooled to local disk (%v). What is not read yet waits in the cluster.", logs.Cause(err))
	}
	return fmt.Sprintf("The store does not accept the log (%s: %v). Nothing is lost, it is tried again.", operation, logs.Cause(err))
}
