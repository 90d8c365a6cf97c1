package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/retry"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// tail reads the log to its end and closes lines then. Faults are retried: without end while the run goes on, and a few
// times when it is over.
func (l *live) tail(ctx context.Context, run *gate.Run) {
	defer close(l.lines)
	for failed := 0; ctx.Err() == nil; {
		err := run.Follow(ctx, maps.Clone(l.seen), func(line logs.Line) error {
			failed = 0
			return l.emit(ctx, line)
		})
		if ctx.Err() != nil {
			return
		}
		if now, err := run.Again(ctx); err == nil {
			run = now
		}
		over := run.Job().Status.State.Terminal()
		switch {
		case over && (err == nil || errors.Is(err, storage.ErrNotExist)):
			return
		case err != nil:
			failed++
			log.FromContext(ctx).Info("log cannot be read", "run", run.Job().Name, "failures", failed, "error", err.Error())
			l.send(ctx, Trouble{Message: "The log cannot be read at the moment. What is missing appears when it can be."})
			if over && failed >= followTries {
				return
			}
		}
		_ = retry.Wait(ctx, l.Pace.Retry*time.Duration(min(max(failed, 1), 10)), nil) // the loop sees that ctx has ended
	}
}

// watch tells the run's state and steps whenever they change, until the stream ends or the run may be seen no more.
func (l *live) watch(ctx context.Context, run *gate.Run) {
	var toldRun, toldSteps []byte
	tick := time.NewTicker(l.Pace.Poll)
	defer tick.Stop()
	var lastSteps time.Time
	for due := true; ctx.Err() == nil; {
		shown := l.runOf(run.Job())
		if l.tellChange(ctx, &toldRun, shown) || due || time.Since(lastSteps) > l.Pace.Steps && !shown.Finished {
			l.watchSteps(ctx, run, &toldSteps)
			due, lastSteps = false, time.Now()
		}
		select {
		case <-tick.C:
		case <-l.look:
			due = true
		case <-ctx.Done():
			return
		}
		now, err := run.Again(ctx)
		switch {
		case err == nil:
			run = now
		case errors.Is(err, gate.ErrNotFound):
			return
		}
	}
}

// watchSteps leaves the steps as they are shown when they cannot be read, because the tail tells of trouble already.
func (l *live) watchSteps(ctx context.Context, run *gate.Run, told *[]byte) {
	limited, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	infos, err := run.Steps(limited)
	if err != nil || len(infos) == 0 {
		return
	}
	l.tellChange(ctx, told, stepsOf(infos))
}

// tellChange sends an event if it differs from the one told before, and says so.
func (l *live) tellChange(ctx context.Context, told *[]byte, e any) bool {
	text, err := json.Marshal(e)
	if err != nil || bytes.Equal(text, *told) {
		return false
	}
	*told = text
	l.send(ctx, e)
	return true
}
