package history

import (
	"context"
	"sync"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// backlog is how many changes wait for a subscriber that is busy.
const backlog = 256

// Change is news of one run, or with Resync that news were lost.
type Change struct {
	// Run as it is now, or with Gone as it was last. It is shared: do not change it. Its bulky parts are missing, see [Store.List].
	Run *v1alpha1.PipelineJob
	// Gone says that the run was removed.
	Gone bool
	// Resync says that the subscriber was too slow and has to read its list again; Run is nil.
	Resync bool
}

// Subscribe returns news of all runs until ctx ends or the store is closed; then the channel is closed. Whoever shows them
// asks [Filter.Match] and [Visible.Sees] first. A subscriber that falls more than 255 changes behind gets one Resync
// instead of the rest. Read the list after subscribing and nothing is missed.
func (s *Store) Subscribe(ctx context.Context) <-chan Change {
	out := make(chan Change, backlog)
	if !s.watchers.add(out) {
		return out
	}
	context.AfterFunc(ctx, func() { s.watchers.remove(out) })
	return out
}

// watchers are the subscribers.
type watchers struct {
	mu     sync.Mutex
	all    map[chan Change]struct{}
	closed bool
}

// add is false when there will be no news; out is closed then.
func (w *watchers) add(out chan Change) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		close(out)
		return false
	}
	if w.all == nil {
		w.all = map[chan Change]struct{}{}
	}
	w.all[out] = struct{}{}
	return true
}

func (w *watchers) remove(out chan Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.all[out]; ok {
		delete(w.all, out)
		close(out)
	}
}

// tell never waits. The last place of a channel is for the Resync: while that is unread, what comes is covered by it.
func (w *watchers) tell(changes []Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for out := range w.all {
		for _, change := range changes {
			switch cap(out) - len(out) {
			case 0:
			case 1:
				out <- Change{Resync: true}
			default:
				out <- change
			}
		}
	}
}

func (w *watchers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for out := range w.all {
		close(out)
	}
	w.all, w.closed = nil, true
}
