package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// maxAnswers bounds one memory, to some 50 MiB. What was used longest ago goes first.
const maxAnswers = 1 << 18

// memory keeps answers of forges to one kind of question.
type memory[V any] struct {
	fresh  time.Duration
	kept   *lru.Cache[string, answer[V]]
	flight singleflight.Group
}

type answer[V any] struct {
	value V
	at    time.Time
}

func newMemory[V any](fresh time.Duration) *memory[V] {
	kept, err := lru.New[string, answer[V]](maxAnswers)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &memory[V]{fresh: fresh, kept: kept}
}

// age of an answer.
type age int

const (
	unknown age = iota
	old
	fresh
)

// recall is the answer that is known, and how old it is. One older than believeOld is unknown.
func (m *memory[V]) recall(key string) (V, age) {
	known, ok := m.kept.Get(key)
	since := time.Since(known.at)
	switch {
	case !ok || since >= believeOld:
		var none V
		return none, unknown
	case since >= m.fresh:
		return known.value, old
	}
	return known.value, fresh
}

func (m *memory[V]) learn(key string, value V) { m.kept.Add(key, answer[V]{value, time.Now()}) }

// get is a fresh answer. Whoever asks for the same at the same time shares one call, which goes on when he leaves.
func (m *memory[V]) get(ctx context.Context, key string, ask func(context.Context) (V, error)) (V, error) {
	var none V
	if value, a := m.recall(key); a == fresh {
		return value, nil
	}
	call := m.flight.DoChan(key, func() (any, error) {
		if value, a := m.recall(key); a == fresh { // somebody's call has ended since
			return value, nil
		}
		value, err := ask(context.WithoutCancel(ctx))
		if err == nil {
			m.learn(key, value)
		}
		return value, err
	})
	select {
	case <-ctx.Done():
		return none, fmt.Errorf("%w: %w", scm.ErrTransient, context.Cause(ctx))
	case result := <-call:
		if result.Err != nil {
			return none, result.Err
		}
		return result.Val.(V), nil
	}
}

// getOld is get, with an older answer where the forge is down.
func (m *memory[V]) getOld(ctx context.Context, key string, ask func(context.Context) (V, error)) (V, error) {
	value, err := m.get(ctx, key, ask)
	if err == nil || !down(err) {
		return value, err
	}
	if was, a := m.recall(key); a != unknown {
		return was, nil
	}
	return value, err
}

// down says that a forge did not answer, whereas another error is one of its answers.
func down(err error) bool {
	return errors.Is(err, scm.ErrTransient) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
