package follow

import (
	"context"
	"errors"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// A kubelet that follows a log reads a file to its end before it looks for the next. When that was rotated too meanwhile,
// because its reader was slow or it had not begun to watch the folder, it goes on with the newest file: the one between is
// left out, and nothing in the answer says so. Where the node's files may be read, an answer is therefore left as soon as it
// lags behind a rotation.
//
// The kubelet looks every ten seconds for files to rotate, unless it is told otherwise.
const (
	// headTime is how long the head of the newest file is taken to be what it was. No file is rotated twice within it.
	headTime = time.Second
	// lagTime and lagBytes are the least between two looks whether an answer that flows lags.
	lagTime  = 3 * time.Second
	lagBytes = 256 << 10
	// calmTime without text, after which it is looked whether an answer hangs at the end of an older file.
	calmTime = 5 * time.Second
	// headLimit is how long the answer to a question for the head may take.
	headLimit = 30 * time.Second
)

// skip looks after files that are left out of one answer that follows a log.
type skip struct {
	f *Follower

	head  int64     // stamp of the first line in the newest file
	asked time.Time // when that was so
	bytes int64     // where the answer was then
	noted bool      // that a file may be missing

	seen   time.Time // the last step, and its line's stamp
	seenAt int64
}

// skips looks after the next answer. Nil is that nothing can be left out of it: it is of one file that is no more rotated, or
// not of a kubelet at all.
func (f *Follower) skips() *skip {
	if f.history == nil || f.search == inFiles || f.now.Ended || f.previous() {
		return nil
	}
	return &skip{f: f, asked: time.Now(), bytes: f.dec.Cursor.Bytes}
}

// begin looks first in the node's files for a log that may have been rotated before it was ever read.
func (f *Follower) begin() {
	if f.begun || f.history == nil || !f.history.HasFiles() || f.dec.Cursor.Bytes > 0 {
		return
	}
	f.begun = f.now.Started
	if f.now.Ran() > calmTime {
		f.search, f.looked, f.astray = inFiles, true, false
	}
}

// step decides whether the answer goes on.
func (k *skip) step(ctx context.Context, step kubelet.Step) (goOn bool, err error) {
	now, printed := time.Now(), time.Duration(step.To-step.From)
	lags, jumps := false, printed >= kubelet.Pause && step.Waited < printed-time.Second // it was not waited for, as if it came late
	if k.f.history.HasFiles() {
		lags = now.Sub(k.asked) > lagTime && k.f.dec.Cursor.Bytes-k.bytes > lagBytes ||
			!k.seen.IsZero() && now.Sub(k.seen) > lagTime+time.Duration(step.To-k.seenAt)
	}
	k.seen, k.seenAt = now, step.To
	if !jumps && !lags {
		return true, nil
	}
	if lags || k.head == 0 || k.head > step.From || now.Sub(k.asked) > headTime {
		k.head, err = k.newest(ctx)
		if errors.Is(err, storage.ErrNotExist) {
			return true, nil // the rest of the answer is all there is of a pod that is gone
		}
		if err != nil {
			return false, err
		}
		k.asked, k.bytes = now, k.f.dec.Cursor.Bytes
	}
	switch {
	case k.head != 0 && k.head <= step.From: // both lines are in the newest file
		return true, nil
	case k.f.history.HasFiles():
		k.f.behind = true
		return false, nil
	case k.noted:
		return true, nil
	}
	k.noted = true
	return true, k.f.miss(ctx, "the kubelet may have left out a file that it rotated: "+kubelet.ErrForbidden.Error())
}

// hangs says whether an answer that is silent after a line with stamp last ends with an older file. Sure is whether that is
// so for all its time.
func (k *skip) hangs(ctx context.Context, last int64) (hangs, sure bool) {
	head, err := k.newest(ctx)
	return err == nil && last != 0 && head > last, err == nil && (head != 0 || last == 0)
}

func (k *skip) newest(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, headLimit)
	defer cancel()
	return k.f.history.Head(ctx, k.f.o.Container)
}
