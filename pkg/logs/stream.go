package logs

import (
	"context"
	"errors"
	"path"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

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
	step  StepInfo
	spool *spool
	dec   decoder
	lost  string // why lines may be missing
}

// stream brings one step's log into its file, from where an earlier process left it, unless it is among files.
func (r *run) stream(ctx context.Context, step StepInfo, files map[string]bool) {
	stored := files[stepLog(step.Name)]
	metricStreams.Inc()
	defer metricStreams.Dec()
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("pod", step.Container.Pod, "container", step.Container.Container))
	s := &stream{r: r, step: step}
	s.spool = newSpool(r.s.o.Store, r.persist, liveFolder(r.path, step.Name), r.s.writer, r.s.large)
	s.dec.gap = func() { s.gap(ctx, "the kubelet rotated the log before it was read") }
	key := path.Join(r.path, stepLog(step.Name))
	if !stored {
		if err := s.ship(ctx, key); err != nil {
			s.spool.part(ctx)
			return // ctx has ended
		}
	}
	r.streamDone(step.Name, func(info *StepInfo) {
		info.Log = stepLog(step.Name)
		if !stored {
			c := s.dec.cursor
			info.Bytes, info.Lines, info.Incomplete = c.Bytes, c.Lines, s.lost
			if c.Partial > 0 {
				info.Lines++
			}
		}
	})
}

func (s *stream) gap(ctx context.Context, why string) {
	metricGaps.Inc()
	s.lost = why
	log.FromContext(ctx).Error(errors.New(why), "lines may be missing", "shipped", s.dec.cursor.Bytes)
}

func (s *stream) ship(ctx context.Context, key string) error {
	_, err := s.r.persist(ctx, "list chunks", func(ctx context.Context) error {
		cursor, found, err := lastCursor(ctx, s.spool.store, s.spool.folder)
		s.dec.cursor, s.spool.cursor, s.spool.base, s.spool.chunks = cursor, cursor, cursor.Bytes, found
		return err
	})
	if err != nil {
		return err
	}
	if err := s.follow(ctx); err != nil {
		return err
	}
	lost, err := s.spool.finish(ctx, key)
	if lost {
		s.gap(ctx, "a chunk was missing in the store")
	}
	return err
}

// follow reads until the container has ended and its log holds nothing new. An error means that ctx has ended.
func (s *stream) follow(ctx context.Context) error {
	var failing time.Time // since when the log of an ended container cannot be read
	for try := 0; ; try++ {
		c, exists, changed := s.r.look(s.step.Container)
		over := s.r.overSince()
		late := !over.IsZero() && time.Since(over) > lateLimit
		if !exists {
			return ctx.Err()
		}
		before := s.dec.cursor.Bytes
		err := s.once(ctx)
		progress := s.dec.cursor.Bytes > before
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, storage.ErrNotExist):
			return nil // the pod is gone, although the news has not arrived
		case err == nil && c.ended && !progress && s.dec.caughtUp():
			return nil
		case late:
			s.gap(ctx, "the container did not end with the run")
			return nil
		case err == nil && c.ended && !progress && try > staleTries:
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
			if c.ended && time.Since(failing) > sourcePatience {
				s.gap(ctx, "the log could not be read: "+root(err).Error())
				return nil
			}
		} else if c.ended && progress {
			continue // the text came after the end; look again whether it was all
		} else if !c.ended {
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
	body, err := s.r.s.o.Source.Follow(answer, s.step.Container, s.dec.cursor)
	if err != nil {
		return err
	}
	watch := newWatchdog(answer, cancel, s.r, s.step.Container)
	defer watch.stop()
	err = s.dec.read(watch.reader(body), func(f fragment) error {
		watch.hold()
		defer watch.free()
		return s.spool.add(ctx, f)
	})
	return errors.Join(err, body.Close())
}
