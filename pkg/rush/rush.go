// Package rush lets work that can wait give way to work that somebody waits for: while deliveries pour in, accepting them
// and starting their runs come first, and telling everyone how the runs stand comes a moment later.
//
// It only orders work, never drops any; every wait has a limit, so a rush without end delays, and blocks nothing.
package rush

import (
	"context"
	"sync"
	"time"
)

// Linger is how long a rush goes on after its last piece of work: what one piece starts reaches the next through a watch.
const Linger = 50 * time.Millisecond

// Rush knows whether urgent work is under way. The zero value is ready; a nil one is always calm. It is safe for
// concurrent use.
type Rush struct {
	mu    sync.Mutex
	under int
	ended time.Time
	// idle is closed when the last piece under way ends; nil while nothing is under way.
	idle chan struct{}
}

// Begin announces a piece of urgent work, which lasts until end is called.
func (r *Rush) Begin() (end func()) {
	if r == nil {
		return func() {}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.under++; r.under == 1 {
		r.idle = make(chan struct{})
	}
	return sync.OnceFunc(r.end)
}

func (r *Rush) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = time.Now()
	if r.under--; r.under == 0 {
		close(r.idle)
		r.idle = nil
	}
}

// On says that urgent work is under way, or was a moment ago.
func (r *Rush) On() bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.under > 0 || time.Since(r.ended) < Linger
}

// Pass waits until no piece is under way, for limit at most, or until ctx ends.
func (r *Rush) Pass(ctx context.Context, limit time.Duration) {
	if r == nil {
		return
	}
	r.mu.Lock()
	idle := r.idle
	r.mu.Unlock()
	if idle == nil {
		return
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	case <-ctx.Done():
	}
}
