package follow

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/retry"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const (
	// lateLimit is how long after a run's end a container that still runs is followed.
	lateLimit = 15 * time.Minute
	// sourcePatience is how long the log of a container that has ended may refuse to be read before it is given up.
	sourcePatience = 5 * time.Minute
	// stallTime is how long a stream may be silent although its container has ended; then its connection is dead.
	stallTime = 30 * time.Second
	// staleTries may find a log without the place that was reached; it may be a restarting kubelet.
	staleTries = 5
	// newsTime is how long the end of a container usually takes to be known after the end of its stream.
	newsTime = time.Second
)

var (
	metricErrors = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_logs_source_errors_total", Help: "Log streams from the cluster that failed or broke.",
	})
	metricGaps = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pharos_logs_gaps_total", Help: "Times that lines may be missing, because the kubelet rotated them away or a pod's log could not be read.",
	})
)

// Collectors are the metrics of following, for registration at start-up.
func Collectors() []prometheus.Collector { return []prometheus.Collector{metricErrors, metricGaps} }

// Watch tells of the container that is followed, and of its run.
type Watch interface {
	// Look returns the container as it is known now, whether its pod is there, and a channel that is closed at the next news.
	Look() (c pods.Container, exists bool, changed <-chan struct{})
	// LastSeen is the container as it was when its pod was there.
	LastSeen() pods.Container
	// OverSince is when the run was first seen to be over; zero before.
	OverSince() time.Time
}

// Options are what a [Follower] works with; all are required.
type Options struct {
	Source    kubelet.Source
	Container logs.ContainerRef
	Watch     Watch
	// Cursor is the place to go on from.
	Cursor logs.Cursor
	// Give takes new text. An error ends Run.
	Give func(kubelet.Fragment) error
	// Missing is told that lines may be missing, and why.
	Missing func(why string)
}

// Follower follows one container.
type Follower struct {
	o       Options
	history kubelet.History // of the source; nil for none
	dec     kubelet.Decoder
	end     error // that Give returned

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

// New returns a follower that does nothing until Run.
func New(o Options) *Follower {
	f := &Follower{o: o}
	f.history, _ = o.Source.(kubelet.History)
	f.dec.Cursor = o.Cursor
	f.dec.Gap = func() bool { return f.search == given }
	return f
}

// Run reads until the container has ended and its log holds nothing new, or no more can be had. An error is ctx's or Give's.
func (f *Follower) Run(ctx context.Context) error {
	var failing time.Time // since when the log of an ended container cannot be read
	clean := false        // the last answer had all there was then
	for try := 0; ; try++ {
		c, exists, changed := f.o.Watch.Look()
		over := f.o.Watch.OverSince()
		late := !over.IsZero() && time.Since(over) > lateLimit
		if !exists {
			f.vanished(ctx, clean)
			return ctx.Err()
		}
		f.now = c
		f.begin()
		before := f.dec.Cursor.Bytes
		err := f.once(ctx)
		progress := f.dec.Cursor.Bytes > before
		next := wait
		if ctx.Err() == nil && f.end == nil {
			next, err = f.settle(ctx, progress, err)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case f.end != nil:
			return f.end
		case errors.Is(err, storage.ErrNotExist):
			f.vanished(ctx, clean)
			return nil // the pod is gone, although the news has not arrived
		}
		clean = err == nil && f.dec.CaughtUp()
		switch {
		case next == done:
			return nil
		case next == again && err == nil:
			try--
			continue
		case late:
			f.gap(ctx, "the container did not end with the run")
			return nil
		case err == nil && c.Ended && !progress && try > staleTries:
			f.gap(ctx, "the kubelet has a log that does not hold what it gave before")
			return nil
		case progress:
			try, failing = 0, time.Time{}
		}
		pause := retry.Delay(try)
		if err != nil {
			metricErrors.Inc()
			log.FromContext(ctx).V(1).Info("log stream broke", "error", err.Error())
			if failing.IsZero() {
				failing = time.Now()
			}
			if c.Ended && time.Since(failing) > sourcePatience {
				f.gap(ctx, "the log could not be read: "+logs.Cause(err).Error())
				return nil
			}
		} else if c.Ended && progress {
			continue // the text came after the end; look again whether it was all
		} else if !c.Ended {
			pause = max(pause, newsTime)
		}
		if err := retry.Wait(ctx, pause, changed); err != nil {
			return err
		}
	}
}

// once reads one answer of the source. It ends by itself when the container has ended and the stream is silent.
func (f *Follower) once(ctx context.Context) error {
	answer, cancel := context.WithCancel(ctx)
	defer cancel()
	body, err := f.open(answer)
	if err != nil {
		return err
	}
	skips := f.skips()
	watch := newWatchdog(answer, cancel, f.o.Watch, skips)
	defer watch.stop()
	watch.reach(f.dec.Cursor)
	f.dec.Step = nil
	if skips != nil {
		f.dec.Step = func(step kubelet.Step) (bool, error) { return skips.step(answer, step) }
	}
	err = f.dec.Read(watch.reader(body), func(text kubelet.Fragment) error {
		watch.hold()
		defer watch.free()
		watch.reach(text.After)
		return f.give(text)
	})
	return errors.Join(err, body.Close())
}

func (f *Follower) give(text kubelet.Fragment) error {
	f.end = f.o.Give(text)
	return f.end
}

func (f *Follower) gap(ctx context.Context, why string) {
	metricGaps.Inc()
	f.o.Missing(why)
	log.FromContext(ctx).Error(errors.New(why), "lines may be missing", "shipped", f.dec.Cursor.Bytes)
}
