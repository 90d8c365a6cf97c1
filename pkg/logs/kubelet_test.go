package logs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// kubelet is a Source that answers as the real one does: see its fault and container types for what it can do wrong.
type kubelet struct {
	mu         sync.Mutex
	changed    chan struct{}
	containers map[logs.ContainerRef]*fakeContainer
	// fault is asked at every Follow, with its number.
	fault func(n int) fault
	calls int
	open  int
	// files says why the files of the node cannot be read; nil is that it is not allowed.
	files  func() error
	broken int // how often all answers were broken off
}

// fakeContainer is a container's log file.
type fakeContainer struct {
	entries []entry
	rotated int // entries before it are in a file that is not served any more
	ended   bool
	gone    bool
	before  *fakeContainer // the instance before the last restart, unless that is gone too
}

// entry is one record of the runtime's log format.
type entry struct {
	at      time.Time
	text    string
	partial bool // the line goes on in the next entry
}

// fault is what happens to one answer.
type fault struct {
	refuse error
	// after that many bytes the answer breaks, with err or else with a clean end; 0 is never.
	after int
	err   error
}

func newKubelet() *kubelet {
	return &kubelet{changed: make(chan struct{}), containers: make(map[logs.ContainerRef]*fakeContainer)}
}

// change edits a container and wakes its followers.
func (k *kubelet) change(ref logs.ContainerRef, edit func(*fakeContainer)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.containers[ref]
	if c == nil {
		c = &fakeContainer{}
		k.containers[ref] = c
	}
	edit(c)
	close(k.changed)
	k.changed = make(chan struct{})
}

func (k *kubelet) print(ref logs.ContainerRef, entries ...entry) {
	k.change(ref, func(c *fakeContainer) { c.entries = append(c.entries, entries...) })
}

// printed is what the container wrote.
func (k *kubelet) printed(ref logs.ContainerRef) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var b strings.Builder
	for _, e := range k.containers[ref].entries {
		b.WriteString(e.content())
	}
	return b.String()
}

func (e entry) content() string {
	if e.partial {
		return e.text
	}
	return e.text + "\n"
}

func (k *kubelet) Follow(ctx context.Context, ref logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
	var f fault
	if k.fault != nil {
		f = k.fault(k.calls)
	}
	c := k.containers[ref]
	switch {
	case f.refuse != nil:
		return nil, f.refuse
	case c == nil:
		return nil, errors.New("container is waiting to start")
	case c.gone:
		return nil, fmt.Errorf("pod %s: %w", ref.Pod, storage.ErrNotExist)
	}
	r, w := io.Pipe()
	k.open++
	start := c.rotated
	go func() {
		stop := context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
		defer stop()
		w.CloseWithError(k.serve(ctx, &faulty{w: w, fault: f}, c, start, since.Second))
		k.mu.Lock()
		defer k.mu.Unlock()
		k.open--
	}()
	return r, nil
}

// breakStreams ends every answer.
func (k *kubelet) breakStreams() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken++
	close(k.changed)
	k.changed = make(chan struct{})
}

// restart ends the container's instance and begins the next.
func (k *kubelet) restart(ref logs.ContainerRef) {
	k.change(ref, func(c *fakeContainer) { c.ended = true })
	k.mu.Lock()
	defer k.mu.Unlock()
	k.containers[ref] = &fakeContainer{before: k.containers[ref]}
}

func (k *kubelet) Previous(ctx context.Context, ref logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.containers[ref]
	if c == nil || c.before == nil || c.before.gone {
		return nil, fmt.Errorf("previous instance in pod %s: %w", ref.Pod, storage.ErrNotExist)
	}
	return k.snapshot(ctx, c.before, c.before.rotated, since), nil
}

func (k *kubelet) Rotated(ctx context.Context, ref logs.ContainerRef, node string, since logs.Cursor) (io.ReadCloser, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.files == nil || node == "" {
		return nil, logs.ErrForbidden
	}
	if err := k.files(); err != nil {
		return nil, err
	}
	c := k.containers[ref]
	if c.before != nil && since.Instance == 0 {
		c = c.before
	}
	return k.snapshot(ctx, c, 0, since), nil
}

// snapshot gives what a container has printed by now.
func (k *kubelet) snapshot(ctx context.Context, c *fakeContainer, start int, since logs.Cursor) io.ReadCloser {
	still := &fakeContainer{entries: c.entries, ended: true}
	r, w := io.Pipe()
	go func() {
		stop := context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
		defer stop()
		w.CloseWithError(k.serve(ctx, w, still, start, since.Second))
	}()
	return r
}

// serve follows the rules of the kubelet's reader: entries before since are left out one by one, and only what starts
// a line gets a stamp.
func (k *kubelet) serve(ctx context.Context, w io.Writer, c *fakeContainer, next int, since int64) error {
	newLine := true
	broken := -1
	for {
		k.mu.Lock()
		if broken < 0 {
			broken = k.broken
		}
		entries, ended, changed := c.entries, c.ended || c.gone || k.broken != broken, k.changed
		k.mu.Unlock()
		for ; next < len(entries); next++ {
			e := entries[next]
			if since == 0 || !e.at.Before(time.Unix(since, 0)) {
				text := e.content()
				if newLine {
					text = e.at.Format("2006-01-02T15:04:05.000000000Z07:00") + " " + text
				}
				if _, err := io.WriteString(w, text); errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return err
				}
			}
			newLine = !e.partial || e.text == ""
		}
		if ended {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// faulty breaks an answer.
type faulty struct {
	w     io.Writer
	fault fault
	n     int
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.fault.after == 0 || f.n+len(p) < f.fault.after {
		f.n += len(p)
		return f.w.Write(p)
	}
	if _, err := f.w.Write(p[:f.fault.after-f.n]); err != nil {
		return 0, err
	}
	if f.fault.err != nil {
		return 0, f.fault.err
	}
	return 0, io.EOF
}
