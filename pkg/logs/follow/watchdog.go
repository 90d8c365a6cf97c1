package follow

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/retry"
)

// watchdog cancels a stream that is silent although its container has ended: its connection is dead, and no error may
// come for hours. Neither does one for an answer that hangs at the end of an older file.
type watchdog struct {
	skips *skip        // nil is that the answer cannot hang
	beats atomic.Int64 // grows with every read
	last  atomic.Int64 // stamp of the last line
	held  atomic.Bool  // the reader waits for the store, not for the stream
	quit  context.CancelFunc
	done  sync.WaitGroup
}

func newWatchdog(ctx context.Context, cancel context.CancelFunc, container Watch, skips *skip) *watchdog {
	ctx, quit := context.WithCancel(ctx)
	w := &watchdog{skips: skips, quit: quit}
	w.done.Go(func() {
		defer cancel()
		w.watch(ctx, container)
	})
	return w
}

// watch returns when the stream is to be cancelled.
func (w *watchdog) watch(ctx context.Context, container Watch) {
	beats, since := int64(0), time.Now()
	for {
		if now := w.beats.Load(); now != beats || w.held.Load() {
			beats, since = now, time.Now()
		}
		c, exists, changed := container.Look()
		over := container.OverSince()
		wait := time.Hour
		switch {
		case !over.IsZero() && time.Since(over) > lateLimit:
			return
		case !exists || c.Ended:
			if retry.Wait(ctx, stallTime, nil) != nil || beats == w.beats.Load() && !w.held.Load() {
				return
			}
			continue
		case w.skips != nil && time.Since(since) >= calmTime:
			hangs, sure := w.skips.hangs(ctx, w.last.Load())
			if hangs {
				return
			}
			if sure {
				w.skips = nil
			}
			since = time.Now()
			continue
		case w.skips != nil:
			wait = calmTime
		case !over.IsZero():
			wait = lateLimit - time.Since(over) + time.Second
		}
		if retry.Wait(ctx, wait, changed) != nil {
			return
		}
	}
}

func (w *watchdog) stop() {
	w.quit()
	w.done.Wait()
}

// reach notes how far the answer is read.
func (w *watchdog) reach(c logs.Cursor) { w.last.Store(max(c.Last, c.Open)) }

func (w *watchdog) hold() { w.held.Store(true) }

func (w *watchdog) free() {
	w.held.Store(false)
	w.beats.Add(1)
}

// reader counts what arrives.
func (w *watchdog) reader(r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		w.beats.Add(1)
		return n, err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
