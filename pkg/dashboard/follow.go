package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// tail reads the log to its end and closes lines then. Faults are retried: without end while the run goes on, and a few
// times when it is over.
func (l *live) tail(ctx context.Context, pj *v1alpha1.PipelineJob) {
	defer close(l.lines)
	for failed := 0; ctx.Err() == nil; {
		err := l.Logs.Follow(ctx, pj, maps.Clone(l.seen), func(line logs.Line) error {
			failed = 0
			return l.emit(ctx, line)
		})
		if ctx.Err() != nil {
			return
		}
		pj = l.refresh(ctx, pj)
		over := stateOf(pj).Terminal()
		switch {
		case over && (err == nil || errors.Is(err, storage.ErrNotExist)):
			return
		case err != nil:
			failed++
			log.FromContext(ctx).Info("log cannot be read", "run", l.name, "failures", failed, "error", err.Error())
			l.send(ctx, trouble{Message: "The log cannot be read at the moment. What is missing appears when it can be."})
			if over && failed >= followTries {
				return
			}
		}
		pause(ctx, l.pace.retry*time.Duration(min(max(failed, 1), 10)))
	}
}

// refresh is the run as it is now; a run that is gone stays as it was, but over.
func (l *live) refresh(ctx context.Context, pj *v1alpha1.PipelineJob) *v1alpha1.PipelineJob {
	now, err := l.Runs.Get(ctx, l.name)
	if err == nil {
		return now
	}
	if errors.Is(err, ErrNotFound) && !stateOf(pj).Terminal() {
		pj = pj.DeepCopy()
		pj.Status.State = v1alpha1.StateAborted
	}
	return pj
}

// watch tells the run's state and steps whenever they change, until the stream ends.
func (l *live) watch(ctx context.Context, pj *v1alpha1.PipelineJob) {
	var toldRun, toldSteps []byte
	tick := time.NewTicker(l.pace.poll)
	defer tick.Stop()
	var lastSteps time.Time
	for due := true; ctx.Err() == nil; {
		run := l.runOf(pj)
		if l.tellChange(ctx, &toldRun, run) || due || time.Since(lastSteps) > l.pace.steps && !run.Finished {
			l.watchSteps(ctx, pj, run, &toldSteps)
			due, lastSteps = false, time.Now()
		}
		select {
		case <-tick.C:
		case <-l.look:
			due = true
		case <-ctx.Done():
			return
		}
		if now, err := l.Runs.Get(ctx, l.name); err == nil {
			pj = now
		}
	}
}

// watchSteps leaves the steps as they are shown when they cannot be read, because the tail tells of trouble already.
func (l *live) watchSteps(ctx context.Context, pj *v1alpha1.PipelineJob, run Run, told *[]byte) {
	limited, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	infos, err := l.Logs.Steps(limited, pj)
	if err != nil || len(infos) == 0 {
		return
	}
	l.tellChange(ctx, told, run.stepsOf(infos))
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

// pause waits, but not beyond the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
