package ship

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/pods"
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
func (s *stream) open(ctx context.Context) (io.ReadCloser, error) {
	c := s.now
	history, ok := s.r.s.o.Source.(kubelet.History)
	switch {
	case ok && s.search == inFiles:
		return history.Rotated(ctx, c.Ref, c.Node, s.dec.Cursor)
	case ok && s.dec.Cursor.Instance < c.Restarts && c.Backoff:
		return nil, fmt.Errorf("previous instance of %s in pod %s: %w", c.Ref.Container, c.Ref.Pod, storage.ErrNotExist)
	case ok && s.dec.Cursor.Instance < c.Restarts:
		return history.Previous(ctx, c.Ref, s.dec.Cursor)
	default:
		return s.r.s.o.Source.Follow(ctx, s.step.Container, s.dec.Cursor)
	}
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
func (s *stream) settle(ctx context.Context, progress bool, err error) (verdict, error) {
	if s.search == inFiles {
		return s.settleFiles(ctx, err)
	}
	c := s.now
	_, history := s.r.s.o.Source.(kubelet.History)
	previous := history && s.dec.Cursor.Instance < c.Restarts
	if !previous {
		s.dry = s.dry && err != nil || err == nil && !progress && s.dec.CaughtUp()
	}
	switch {
	case errors.Is(err, kubelet.ErrMisplaced):
		return again, s.misplaced(ctx, history)
	case previous:
		return s.settlePrevious(ctx, c, progress, err)
	case err != nil:
		return wait, err
	case progress:
		s.search, s.looked, s.waited = inNewest, false, false
	case c.Ended && s.dec.CaughtUp():
		return done, nil
	case c.Ended && history && !s.looked:
		s.search, s.looked, s.astray = inFiles, true, false // the newest file may be new and empty
		return again, nil
	}
	return wait, nil
}

// settlePrevious goes on to the newest instance when all of the one before is read. The kubelet may have removed its log,
// which it tells by an answer without lines: no harm when there was nothing left to read.
func (s *stream) settlePrevious(ctx context.Context, c pods.Container, progress bool, err error) (verdict, error) {
	gone := errors.Is(err, storage.ErrNotExist) || err == nil && !progress && !s.dec.CaughtUp()
	switch {
	case gone && s.dry:
		err = nil
	case gone && !s.looked:
		s.search, s.looked, s.astray = inFiles, true, false
		return again, nil
	case gone:
		err = s.miss(ctx, "the log of the instance before the restart is gone")
	case err != nil:
		return wait, err
	case progress:
		return again, nil
	case c.Restarts > s.dec.Cursor.Instance+1:
		err = s.miss(ctx, "the container was restarted more than once before its log was read")
	}
	if err != nil {
		return wait, err
	}
	if c.Stopped {
		return done, nil
	}
	return again, s.restarted(c)
}

// misplaced looks further for the place of the cursor. A restart may be the reason, whose news are given time to arrive.
func (s *stream) misplaced(ctx context.Context, files bool) error {
	if s.behind {
		s.behind = false
		s.search, s.astray = inFiles, true
		return nil
	}
	if !s.waited {
		s.waited = true
		_, _, changed := s.r.look(s.step.Container)
		return sleep(ctx, newsTime, changed)
	}
	s.waited = false
	if files {
		s.search, s.astray = inFiles, true
		return nil
	}
	return s.giveUp(ctx, "the kubelet rotated the log before it was read")
}

// settleFiles goes back to the kubelet after the files of the node.
func (s *stream) settleFiles(ctx context.Context, err error) (verdict, error) {
	switch {
	case err == nil:
		s.search, s.failures = inNewest, 0
		return again, nil
	case !s.astray: // the kubelet may yet give it
		s.search = inNewest
		return again, nil
	case errors.Is(err, kubelet.ErrMisplaced):
		return again, s.giveUp(ctx, "the kubelet rotated the log and removed the file before it was read")
	case errors.Is(err, kubelet.ErrForbidden):
		return again, s.giveUp(ctx, "the kubelet rotated the log before it was read: "+kubelet.ErrForbidden.Error())
	}
	if s.failures++; s.failures < fileTries {
		return wait, err
	}
	return again, s.giveUp(ctx, "the kubelet rotated the log before it was read, and the node's files cannot be read: "+root(err).Error())
}

// giveUp takes what there is from now on.
func (s *stream) giveUp(ctx context.Context, why string) error {
	s.search, s.failures = given, 0
	return s.miss(ctx, why)
}

// miss notes a gap, also in the text.
func (s *stream) miss(ctx context.Context, why string) error {
	s.gap(ctx, why)
	return s.note("lines may be missing here: "+why, s.dec.Cursor.Instance)
}

// restarted goes on with the log of the newest instance.
func (s *stream) restarted(c pods.Container) error {
	s.search, s.looked, s.waited, s.dry = inNewest, false, false, false
	return s.note("the container was restarted"+c.RestartReason(), c.Restarts)
}

// note writes a line of our own, at the time of the line before.
func (s *stream) note(text string, instance int64) error {
	cursor := s.dec.Cursor
	stamp := max(cursor.Last, cursor.Open)
	if stamp == 0 {
		stamp = time.Now().UnixNano()
	}
	return s.veil.Add(s.dec.Note("pharos: "+text, instance, stamp))
}

// vanished notes that the pod went away, unless everything was read by then. Clean says that the last answer had all.
func (s *stream) vanished(ctx context.Context, clean bool) {
	c := s.r.lastSeen(s.step.Container)
	if c.Ended && clean {
		return
	}
	why := "the pod was deleted before its log was read to the end"
	if c.Fate != "" {
		why += ": " + c.Fate
	}
	s.gap(ctx, why)
}
