package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
	"github.com/pharos-ci/pharos/pkg/retry"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// search is where the place of the cursor is looked for.
type search int

const (
	inNewest search = iota // in what the kubelet gives
	inFiles                // in the files of the node
	given                  // nowhere: what is there is taken
)

// fileTries may fail before a node's files are given up.
const fileTries = 3

// open opens the log that holds what comes after the cursor.
func (f *Follower) open(ctx context.Context) (io.ReadCloser, error) {
	c := f.now
	switch {
	case f.history != nil && f.search == inFiles:
		return f.history.Rotated(ctx, c.Ref, c.Node, f.dec.Cursor)
	case f.previous() && c.Backoff:
		return nil, fmt.Errorf("previous instance of %s in pod %s: %w", c.Ref.Container, c.Ref.Pod, storage.ErrNotExist)
	case f.previous():
		return f.history.Previous(ctx, c.Ref, f.dec.Cursor)
	default:
		return f.o.Source.Follow(ctx, f.o.Container, f.dec.Cursor)
	}
}

// previous says that the cursor is in an instance that ended before the present one.
func (f *Follower) previous() bool {
	return f.history != nil && f.dec.Cursor.Instance < f.now.Restarts
}

// verdict is what follows on an answer.
type verdict int

const (
	wait  verdict = iota // look again after a pause
	again                // look again at once, elsewhere
	done                 // there is no more
)

// settle decides what follows on an answer that gave progress or not and ended with err; it returns the error that is
// left for the caller.
func (f *Follower) settle(ctx context.Context, progress bool, err error) (verdict, error) {
	if f.search == inFiles {
		return f.settleFiles(ctx, err)
	}
	c := f.now
	previous := f.previous()
	if !previous {
		f.dry = f.dry && err != nil || err == nil && !progress && f.dec.CaughtUp()
	}
	switch {
	case errors.Is(err, kubelet.ErrMisplaced):
		return again, f.misplaced(ctx)
	case previous:
		return f.settlePrevious(ctx, c, progress, err)
	case err != nil:
		return wait, err
	case progress:
		f.search, f.looked, f.waited = inNewest, false, false
	case c.Ended && f.dec.CaughtUp():
		return done, nil
	case c.Ended && f.history != nil && !f.looked:
		f.search, f.looked, f.astray = inFiles, true, false // the newest file may be new and empty
		return again, nil
	}
	return wait, nil
}

// settlePrevious goes on to the newest instance when all of the one before is read. The kubelet may have removed its log,
// which it tells by an answer without lines: no harm when there was nothing left to read.
func (f *Follower) settlePrevious(ctx context.Context, c pods.Container, progress bool, err error) (verdict, error) {
	gone := errors.Is(err, storage.ErrNotExist) || err == nil && !progress && !f.dec.CaughtUp()
	switch {
	case gone && f.dry:
		err = nil
	case gone && !f.looked:
		f.search, f.looked, f.astray = inFiles, true, false
		return again, nil
	case gone:
		err = f.miss(ctx, "the log of the instance before the restart is gone")
	case err != nil:
		return wait, err
	case progress:
		return again, nil
	case c.Restarts > f.dec.Cursor.Instance+1:
		err = f.miss(ctx, "the container was restarted more than once before its log was read")
	}
	if err != nil {
		return wait, err
	}
	if c.Stopped {
		return done, nil
	}
	return again, f.restarted(c)
}

// misplaced looks further for the place of the cursor. A restart may be the reason, whose news are given time to arrive.
func (f *Follower) misplaced(ctx context.Context) error {
	if f.behind {
		f.behind = false
		f.search, f.astray = inFiles, true
		return nil
	}
	if !f.waited {
		f.waited = true
		_, _, changed := f.o.Watch.Look()
		return retry.Wait(ctx, newsTime, changed)
	}
	f.waited = false
	if f.history != nil {
		f.search, f.astray = inFiles, true
		return nil
	}
	return f.giveUp(ctx, "the kubelet rotated the log before it was read")
}

// settleFiles goes back to the kubelet after the files of the node.
func (f *Follower) settleFiles(ctx context.Context, err error) (verdict, error) {
	switch {
	case err == nil:
		f.search, f.failures = inNewest, 0
		return again, nil
	case !f.astray: // the kubelet may yet give it
		f.search = inNewest
		return again, nil
	case errors.Is(err, kubelet.ErrMisplaced):
		return again, f.giveUp(ctx, "the kubelet rotated the log and removed the file before it was read")
	case errors.Is(err, kubelet.ErrForbidden):
		return again, f.giveUp(ctx, "the kubelet rotated the log before it was read: "+kubelet.ErrForbidden.Error())
	}
	if f.failures++; f.failures < fileTries {
		return wait, err
	}
	return again, f.giveUp(ctx, "the kubelet rotated the log before it was read, and the node's files cannot be read: "+logs.Cause(err).Error())
}

// giveUp takes what there is from now on.
func (f *Follower) giveUp(ctx context.Context, why string) error {
	f.search, f.failures = given, 0
	return f.miss(ctx, why)
}

// miss notes a gap, also in the text.
func (f *Follower) miss(ctx context.Context, why string) error {
	f.gap(ctx, why)
	return f.note("lines may be missing here: "+why, f.dec.Cursor.Instance)
}

// restarted goes on with the log of the newest instance.
func (f *Follower) restarted(c pods.Container) error {
	f.search, f.looked, f.waited, f.dry = inNewest, false, false, false
	return f.note("the container was restarted"+c.RestartReason(), c.Restarts)
}

// note writes a line of our own, at the time of the line before.
func (f *Follower) note(text string, instance int64) error {
	cursor := f.dec.Cursor
	stamp := max(cursor.Last, cursor.Open)
	if stamp == 0 {
		stamp = time.Now().UnixNano()
	}
	return f.give(f.dec.Note("pharos: "+text, instance, stamp))
}

// vanished notes that the pod went away, unless everything was read by then. Clean says that the last answer had all.
func (f *Follower) vanished(ctx context.Context, clean bool) {
	c := f.o.Watch.LastSeen()
	if c.Ended && clean {
		return
	}
	why := "the pod was deleted before its log was read to the end"
	if c.Fate != "" {
		why += ": " + c.Fate
	}
	f.gap(ctx, why)
}
