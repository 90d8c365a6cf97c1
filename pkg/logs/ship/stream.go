package ship

import (
	"context"
	"errors"
	"io"
	"path"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/logs/spool"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const (
	// sourcePatience is how long the log of a container that has ended may refuse to be read before it is given up.
	sourcePatience = 5 * time.Minute
	// stallTime is how long a stream may be silent although its container has ended; then its connection is dead.
	stallTime = 30 * time.Second
	// staleTries may find a log without the place that was reached; it may be a restarting kubelet.
	staleTries = 5
	// newsTime is how long the end of a container usually takes to be known after the end of its stream.
	newsTime = time.Second
)

// stream ships one container.
type stream struct {
	r     *run
	step  logs.StepInfo
	spool *spool.Spool
	dec   kubelet.Decoder
	veil  kubelet.Veil // between dec and spool

	// How the place of the cursor is looked for: see settle. Now is the container before the last answer.
	now      pods.Container
	search   search
	waited   bool // for the news of a restart
	looked   bool // in the files of the node, for what the kubelet did not give
	astray   bool // that was not there either
	begun    bool // it was decided where to read first
	behind   bool // the kubelet may have left out a file
	failures int  // to read those files
	dry      bool // an answer from the beginning had nothing new and ended: the instance had ended too
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
		if err := sleep(ctx, delay(try), nil); err != nil {
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
	s.dec.Gap = func() bool { return s.search == given }
	s.veil = kubelet.Veil{Secrets: r.secrets, Give: func(f kubelet.Fragment) error { return s.spool.Add(ctx, f) }}
	return s
}

func (s *stream) gap(ctx context.Context, why string) {
	metricGaps.Inc()
	s.spool.Note(why)
	log.FromContext(ctx).Error(errors.New(why), "lines may be missing", "shipped", s.dec.Cursor.Bytes)
}

func (s *stream) ship(ctx context.Context) (logfile.Info, error) {
	cursor, err := s.spool.Resume(ctx)
	if err != nil {
		return logfile.Info{}, err
	}
	s.spool.Begin(ctx)
	s.dec.Cursor = cursor
	s.veil.Resume(cursor)
	s.dec.Cursor.Hidden = 0
	if err := s.follow(ctx); err != nil {
		return logfile.Info{}, err
	}
	if err := s.veil.End(); err != nil {
		return logfile.Info{}, err
	}
	return s.spool.Finish(ctx, path.Join(s.r.path, logs.StepIndex(s.step.Name)))
}

// follow reads until the container has ended and its log holds nothing new. An error is ctx's, or spool.ErrAgain.
func (s *stream) follow(ctx context.Context) error {
	var failing time.Time // since when the log of an ended container cannot be read
	clean := false        // the last answer had all there was then
	for try := 0; ; try++ {
		c, exists, changed := s.r.look(s.step.Container)
		over := s.r.overSince()
		late := !over.IsZero() && time.Since(over) > lateLimit
		if !exists {
			s.vanished(ctx, clean)
			return ctx.Err()
		}
		s.now = c
		s.begin()
		before := s.dec.Cursor.Bytes
		err := s.once(ctx)
		progress := s.dec.Cursor.Bytes > before
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, spool.ErrAgain) {
			return err
		}
		next, err := s.settle(ctx, progress, err)
		if errors.Is(err, storage.ErrNotExist) {
			s.vanished(ctx, clean)
			return nil // the pod is gone, although the news has not arrived
		}
		clean = err == nil && s.dec.CaughtUp()
		switch {
		case next == done:
			return nil
		case next == again && err == nil:
			try--
			continue
		case late:
			s.gap(ctx, "the container did not end with the run")
			return nil
		case err == nil && c.Ended && !progress && try > staleTries:
			s.gap(ctx, "the kubelet has a log that does not hold what it gave before")
			return nil
		case progress:
			try, failing = 0, time.Time{}
		}
		wait := delay(try)
		if err != nil {
			metricSourceErrors.Inc()
			log.FromContext(ctx).V(1).Info("log stream broke", "error", err.Error())
			if failing.IsZero() {
				failing = time.Now()
			}
			if c.Ended && time.Since(failing) > sourcePatience {
				s.gap(ctx, "the log could not be read: "+root(err).Error())
				return nil
			}
		} else if c.Ended && progress {
			continue // the text came after the end; look again whether it was all
		} else if !c.Ended {
			wait = max(wait, newsTime)
		}
		if err := sleep(ctx, wait, changed); err != nil {
			return err
		}
	}
}

// once reads one answer of the source. It ends by itself when the container has ended and the stream is silent.
func (s *stream) once(ctx context.Context) error {
	answer, cancel := context.WithCancel(ctx)
	defer cancel()
	body, err := s.open(answer)
	if err != nil {
		return err
	}
	skips := s.skips()
	watch := newWatchdog(answer, cancel, s.r, s.step.Container, skips)
	defer watch.stop()
	watch.reach(s.dec.Cursor)
	s.dec.Step = nil
	if skips != nil {
		s.dec.Step = func(step kubelet.Step) (bool, error) { return skips.step(answer, step) }
	}
	err = s.dec.Read(watch.reader(body), func(f kubelet.Fragment) error {
		watch.hold()
		defer watch.free()
		watch.reach(f.After)
		return s.veil.Add(f)
	})
	return errors.Join(err, body.Close())
}
