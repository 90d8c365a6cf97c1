package logstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Kubelet is a Source that answers as the real one does: see Fault and Container for what it can do wrong.
type Kubelet struct {
	Mu         sync.Mutex // of Containers
	Containers map[logs.ContainerRef]*Container
	// Fault is asked at every Follow, with its number.
	Fault func(n int) Fault
	// Files says why the files of the node cannot be read; nil is that it is not allowed.
	Files func() error
	// Heads counts the questions for the head of the newest file.
	Heads int
	// Open counts the answers that have not ended.
	Open int

	changed chan struct{}
	calls   int
	broken  int // how often all answers were broken off
}

// Container is a container's log file.
type Container struct {
	Cut    int // entries before it are in a file that is not served any more
	Late   Late
	From   int // entries from it to Cut are what answers that began before it come late for
	Ended  bool
	Gone   bool
	Before *Container // the instance before the last restart, unless that is gone too

	entries []Entry
}

// Late is what an answer does that comes late for entries of a file that is not the newest.
type Late int

// What a late answer does.
const (
	LateReads Late = iota // it gives them all the same
	LateSkips             // it goes on behind them
	LateHangs             // it gives no more
)

// Entry is one record of the runtime's log format.
type Entry struct {
	At      time.Time
	Text    string
	Partial bool // the line goes on in the next entry
}

// Fault is what happens to one answer.
type Fault struct {
	Refuse error
	// After that many bytes the answer breaks, with Err or else with a clean end; 0 is never.
	After int
	Err   error
}

// NewKubelet has no containers.
func NewKubelet() *Kubelet {
	return &Kubelet{changed: make(chan struct{}), Containers: make(map[logs.ContainerRef]*Container)}
}

// Change edits a container and wakes its followers.
func (k *Kubelet) Change(ref logs.ContainerRef, edit func(*Container)) {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	c := k.Containers[ref]
	if c == nil {
		c = &Container{}
		k.Containers[ref] = c
	}
	edit(c)
	close(k.changed)
	k.changed = make(chan struct{})
}

// Print appends to a container's log.
func (k *Kubelet) Print(ref logs.ContainerRef, entries ...Entry) {
	k.Change(ref, func(c *Container) { c.Append(entries...) })
}

// Append prints.
func (c *Container) Append(entries ...Entry) { c.entries = append(c.entries, entries...) }

// Printed is what the container wrote.
func (k *Kubelet) Printed(ref logs.ContainerRef) string {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	var b strings.Builder
	for _, e := range k.Containers[ref].entries {
		b.WriteString(e.content())
	}
	return b.String()
}

func (e Entry) content() string {
	if e.Partial {
		return e.Text
	}
	return e.Text + "\n"
}

// Follow is as kubelet.Source has it.
func (k *Kubelet) Follow(ctx context.Context, ref logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error) {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	k.calls++
	var f Fault
	if k.Fault != nil {
		f = k.Fault(k.calls)
	}
	c := k.Containers[ref]
	switch {
	case f.Refuse != nil:
		return nil, f.Refuse
	case c == nil:
		return nil, errors.New("container is waiting to start")
	case c.Gone:
		return nil, fmt.Errorf("pod %s: %w", ref.Pod, storage.ErrNotExist)
	}
	r, w := io.Pipe()
	k.Open++
	start := c.Cut
	go func() {
		stop := context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
		defer stop()
		w.CloseWithError(k.serve(ctx, &faulty{w: w, fault: f}, c, start, since.Second))
		k.Mu.Lock()
		defer k.Mu.Unlock()
		k.Open--
	}()
	return r, nil
}

// SetFault changes Fault while answers are asked for.
func (k *Kubelet) SetFault(fault func(n int) Fault) {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	k.Fault = fault
}

// BreakStreams ends every answer.
func (k *Kubelet) BreakStreams() {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	k.broken++
	close(k.changed)
	k.changed = make(chan struct{})
}

// Restart ends the container's instance and begins the next.
func (k *Kubelet) Restart(ref logs.ContainerRef) {
	k.Change(ref, func(c *Container) { c.Ended = true })
	k.Mu.Lock()
	defer k.Mu.Unlock()
	k.Containers[ref] = &Container{Before: k.Containers[ref]}
}

// Head is as kubelet.History has it.
func (k *Kubelet) Head(_ context.Context, ref logs.ContainerRef) (int64, error) {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	k.Heads++
	c := k.Containers[ref]
	switch {
	case c == nil || c.Gone:
		return 0, fmt.Errorf("pod %s: %w", ref.Pod, storage.ErrNotExist)
	case c.Cut == len(c.entries):
		return 0, nil
	}
	return c.entries[c.Cut].At.UnixNano(), nil
}

// HasFiles is as kubelet.History has it.
func (k *Kubelet) HasFiles() bool { return k.Files != nil }

// Previous is as kubelet.History has it.
func (k *Kubelet) Previous(ctx context.Context, ref logs.ContainerRef, since logs.Cursor) (io.ReadCloser, error) {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	c := k.Containers[ref]
	if c == nil || c.Before == nil || c.Before.Gone {
		return nil, fmt.Errorf("previous instance in pod %s: %w", ref.Pod, storage.ErrNotExist)
	}
	return k.snapshot(ctx, c.Before, c.Before.Cut, since), nil
}

// Rotated is as kubelet.History has it.
func (k *Kubelet) Rotated(ctx context.Context, ref logs.ContainerRef, node string, since logs.Cursor) (io.ReadCloser, error) {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	if k.Files == nil || node == "" {
		return nil, kubelet.ErrForbidden
	}
	if err := k.Files(); err != nil {
		return nil, err
	}
	c := k.Containers[ref]
	if c.Before != nil && since.Instance == 0 {
		c = c.Before
	}
	return k.snapshot(ctx, c, 0, since), nil
}

// snapshot gives what a container has printed by now.
func (k *Kubelet) snapshot(ctx context.Context, c *Container, start int, since logs.Cursor) io.ReadCloser {
	still := &Container{entries: c.entries, Ended: true}
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
func (k *Kubelet) serve(ctx context.Context, w io.Writer, c *Container, next int, since int64) error {
	newLine := true
	broken := -1
	for {
		k.Mu.Lock()
		if broken < 0 {
			broken = k.broken
		}
		entries, ended, changed := c.entries, c.Ended || c.Gone || k.broken != broken, k.changed
		late, from, cut := c.Late, c.From, c.Cut
		k.Mu.Unlock()
		if late == LateHangs && next < cut {
			entries = entries[:max(next, from)]
		}
		for ; next < len(entries); next++ {
			if late == LateSkips && next >= from {
				next = max(next, cut)
			}
			e := entries[next]
			if since == 0 || !e.At.Before(time.Unix(since, 0)) {
				text := e.content()
				if newLine {
					text = e.At.Format("2006-01-02T15:04:05.000000000Z07:00") + " " + text
				}
				if _, err := io.WriteString(w, text); errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return err
				}
			}
			newLine = !e.Partial || e.Text == ""
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
	fault Fault
	n     int
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.fault.After == 0 || f.n+len(p) < f.fault.After {
		f.n += len(p)
		return f.w.Write(p)
	}
	if _, err := f.w.Write(p[:f.fault.After-f.n]); err != nil {
		return 0, err
	}
	if f.fault.Err != nil {
		return 0, f.fault.Err
	}
	return 0, io.EOF
}
