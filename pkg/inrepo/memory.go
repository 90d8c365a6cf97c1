package inrepo

import (
	"container/list"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// memory keeps the newest results of slow readings, up to a number of bytes, and lets one reading answer everybody who asks
// for the same at the same time.
type memory[T any] struct {
	limit int
	now   func() time.Time

	flight singleflight.Group
	mu     sync.Mutex
	size   int
	byKey  map[string]*list.Element
	order  list.List // newest first
}

type remembered[T any] struct {
	key   string
	value T
	size  int
	at    time.Time
}

func newMemory[T any](limit int, now func() time.Time) *memory[T] {
	return &memory[T]{limit: limit, now: now, byKey: map[string]*list.Element{}}
}

// patience is how long a reading may take. It goes on when those who asked have given up, because they will ask again.
const patience = 10 * time.Minute

// get answers from memory what is younger than fresh, else reads. When reading fails, what is remembered at all answers if
// stale allows it. Zero means any age, and none.
func (m *memory[T]) get(ctx context.Context, key string, fresh, stale time.Duration, read func(context.Context) (T, int, error)) (T, error) {
	known, ok := m.find(key)
	if ok && (fresh == 0 || m.now().Sub(known.at) < fresh) {
		return known.value, nil
	}
	answer := m.flight.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		value, size, err := read(ctx)
		if err == nil {
			m.add(remembered[T]{key: key, value: value, size: size, at: m.now()})
		}
		return value, err
	})
	select {
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	case result := <-answer:
		if result.Err != nil && ok && m.now().Sub(known.at) < stale {
			return known.value, nil
		}
		return result.Val.(T), result.Err
	}
}

func (m *memory[T]) find(key string) (remembered[T], bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byKey[key]
	if e == nil {
		return remembered[T]{}, false
	}
	m.order.MoveToFront(e)
	return e.Value.(remembered[T]), true
}

func (m *memory[T]) add(r remembered[T]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(m.byKey[r.key])
	m.byKey[r.key] = m.order.PushFront(r)
	m.size += r.size
	for m.size > m.limit && m.order.Len() > 1 {
		m.remove(m.order.Back())
	}
}

func (m *memory[T]) remove(e *list.Element) {
	if e == nil {
		return
	}
	r := m.order.Remove(e).(remembered[T])
	delete(m.byKey, r.key)
	m.size -= r.size
}
