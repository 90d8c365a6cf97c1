package ship

import (
	"context"
	"errors"
	"io"
	"path"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/follow"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/logs/spool"
	"github.com/pharos-ci/pharos/pkg/retry"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// stream ships one container.
type stream struct {
	r     *run
	step  logs.StepInfo
	spool *spool.Spool
	veil  kubelet.Veil // in front of it
}

// stream brings one step's log into its file, from where an earlier process left it, unless it is among files.
func (r *run) stream(ctx context.Context, step logs.StepInfo, files map[string]bool) {
	metricStreams.Inc()
	defer metricStreams.Dec()
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("pod", step.Container.Pod, "container", step.Container.Container))
	ship := r.archive
	if files[logs.StepLog(step.Name)] {
		ship = r.storedLog
	}
	info, lost, err := ship(ctx, step)
	if err != nil {
		return // ctx has ended
	}
	r.streamDone(step.Name, func(to *logs.StepInfo) {
		to.Log, to.Bytes, to.Lines, to.Stored = logs.StepLog(step.Name), info.Bytes, info.Lines, info.Stored
		to.Incomplete = lost
	})
	if r.overSince().IsZero() { // what stays goes with the run's folder, behind its last file
		_ = deleteAll(ctx, r.s.o.Store, logs.LiveFolder(r.path, step.Name))
	}
}

// archive ships a step. It begins again, with what the store has, when what it spooled is lost.
func (r *run) archive(ctx context.Context, step logs.StepInfo) (info logfile.Info, lost string, err error) {
	for try := 0; ; try++ {
		s := r.newStream(ctx, step)
		info, err := s.ship(ctx)
		lost := s.spool.Loss()
		if err != nil && !errors.Is(err, spool.ErrAgain) {
			s.spool.Part(ctx)
		}
		s.spool.Close(ctx)
		if !errors.Is(err, spool.ErrAgain) {
			return info, lost, err
		}
		log.FromContext(ctx).Error(err, "ship again from what is durable")
		if err := retry.Wait(ctx, retry.Delay(try), nil); err != nil {
			return info, lost, err
		}
	}
}

// storedLog describes a log that an earlier process stored, by its index. Without one, its size is not known.
func (r *run) storedLog(ctx context.Context, step logs.StepInfo) (info logfile.Info, lost string, err error) {
	_, err = r.persist(ctx, "read index", func(ctx context.Context) error {
		object, err := r.s.o.Store.Get(ctx, path.Join(r.path, logs.StepIndex(step.Name)), storage.Range{})
		if errors.Is(err, storage.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := io.ReadAll(object.Body)
		if err = errors.Join(err, object.Body.Close()); err != nil {
			return err
		}
		if file, err := logfile.Open(text, nil); err == nil {
			info = file.Info()
		}
		return nil
	})
	if info.Incomplete {
		lost = "lines may be missing, as an earlier process noted"
	}
	return info, lost, err
}

func (r *run) newStream(ctx context.Context, step logs.StepInfo) *stream {
	s := &stream{r: r, step: step}
	s.spool = spool.New(spool.Options{
		Store: r.s.o.Store, Persist: r.persist, Failed: countFailure, Full: r.full,
		Key: path.Join(r.path, logs.StepLog(step.Name)), Folder: logs.LiveFolder(r.path, step.Name),
		Writer: r.s.writer, Compress: r.s.o.Compress, Disk: r.s.disk, Room: r.s.room,
	})
	s.veil = kubelet.Veil{Secrets: r.secrets, Give: func(f kubelet.Fragment) error { return s.spool.Add(ctx, f) }}
	return s
}

// ship brings the log to its end. An error is ctx's, or spool.ErrAgain.
func (s *stream) ship(ctx context.Context) (logfile.Info, error) {
	cursor, err := s.spool.Resume(ctx)
	if err != nil {
		return logfile.Info{}, err
	}
	s.spool.Begin(ctx)
	s.veil.Resume(cursor)
	cursor.Hidden = 0
	follower := follow.New(follow.Options{
		Source: s.r.s.o.Source, Container: s.step.Container, Watch: watch{s.r, s.step.Container},
		Cursor: cursor, Give: s.veil.Add, Missing: s.spool.Note,
	})
	if err := follower.Run(ctx); err != nil {
		return logfile.Info{}, err
	}
	if err := s.veil.End(); err != nil {
		return logfile.Info{}, err
	}
	return s.spool.Finish(ctx, path.Join(s.r.path, logs.StepIndex(s.step.Name)))
}

// watch is a run's view of one of its containers.
type watch struct {
	r   *run
	ref logs.ContainerRef
}

func (w watch) Look() (pods.Container, bool, <-chan struct{}) { return w.r.look(w.ref) }
func (w watch) LastSeen() pods.Container                      { return w.r.lastSeen(w.ref) }
func (w watch) OverSince() time.Time                          { return w.r.overSince() }
