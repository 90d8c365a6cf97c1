package access

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pharos-ci/pharos/pkg/scm"
)

const (
	// maxCalls is how many questions a connection is asked at once.
	maxCalls = 8
	// queueLimit bounds how long a question waits for its turn, callLimit how long one call takes, and listLimit the pages of
	// a list.
	queueLimit = 5 * time.Minute
	callLimit  = 10 * time.Second
	listLimit  = time.Minute
	// maxFailures in a row mean that a forge is down; then it is left alone for a while.
	maxFailures = maxCalls
	pause       = 5 * time.Second
)

// gate bounds what one connection is asked, and asks nothing while it is down.
type gate struct {
	turns *semaphore.Weighted

	mu       sync.Mutex
	failures int
	until    time.Time
	last     error
}

func (a *Access) gate(connection string) *gate {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.gates[connection]
	if g == nil {
		g = &gate{turns: semaphore.NewWeighted(maxCalls)}
		a.gates[connection] = g
	}
	return g
}

// call asks within limits. What f returns besides its error is its own affair.
func (g *gate) call(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	queue, cancel := context.WithTimeout(ctx, queueLimit)
	defer cancel()
	if err := g.turns.Acquire(queue, 1); err != nil {
		return fmt.Errorf("%w: no turn within %v", scm.ErrTransient, queueLimit)
	}
	defer g.turns.Release(1)
	if err := g.closed(); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	err := f(ctx)
	g.note(err)
	return err
}

func (g *gate) closed() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Now().Before(g.until) {
		return fmt.Errorf("the forge has been down a moment ago: %w", g.last)
	}
	return nil
}

func (g *gate) note(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil || !down(err) {
		g.failures = 0
		return
	}
	if g.failures++; g.failures >= maxFailures {
		g.until, g.last = time.Now().Add(pause), err
	}
}

// ask asks the forge of a connection one question, as its endpoint.
func ask[V any](ctx context.Context, a *Access, connection string, q question[V]) (V, error) {
	var value V
	client, err := a.Forges.Client(connection)
	if err != nil {
		return value, err
	}
	limit := callLimit
	if q.list {
		limit = listLimit
	}
	err = a.gate(connection).call(ctx, limit, func(ctx context.Context) error {
		var err error
		value, err = q.ask(ctx, client)
		return err
	})
	calls.WithLabelValues(connection, q.name, resultOf(err)).Inc()
	return value, err
}

// question is one call of a forge, by the name that metrics show; a list has several pages.
type question[V any] struct {
	name string
	list bool
	ask  func(context.Context, *scm.Client) (V, error)
}
