package logs_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// mortal is a store whose process dies at an operation: none after it has an effect.
type mortal struct {
	*memory
	mu    sync.Mutex
	left  int
	after bool
	dead  chan struct{}
}

var errDead = errors.New("killed")

func (m *mortal) isDead() bool {
	select {
	case <-m.dead:
		return true
	default:
		return false
	}
}

// operate counts one operation and says whether it takes effect and whether it is answered.
func (m *mortal) operate() (effect, answer bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left <= 0 {
		return false, false
	}
	if m.left--; m.left > 0 {
		return true, true
	}
	close(m.dead)
	return m.after, false
}

func (m *mortal) do(operation func() error) error {
	effect, answer := m.operate()
	var err error
	if effect {
		err = operation()
	}
	if !answer {
		return errDead
	}
	return err
}

func (m *mortal) Put(ctx context.Context, key string, body io.Reader, opts storage.PutOptions) error {
	return m.do(func() error { return m.memory.Put(ctx, key, body, opts) })
}

func (m *mortal) Delete(ctx context.Context, key string) error {
	return m.do(func() error { return m.memory.Delete(ctx, key) })
}

func (m *mortal) Copy(ctx context.Context, from, to string) error {
	return m.do(func() error { return m.memory.Copy(ctx, from, to) })
}

func (m *mortal) Get(ctx context.Context, key string, rng storage.Range) (object *storage.Object, err error) {
	err = m.do(func() (err error) { object, err = m.memory.Get(ctx, key, rng); return err })
	return object, err
}

func (m *mortal) List(ctx context.Context, prefix string) iter.Seq2[storage.Entry, error] {
	return m.list(m.memory.List(ctx, prefix))
}

func (m *mortal) Level(ctx context.Context, folder string) iter.Seq2[storage.Entry, error] {
	return m.list(m.memory.Level(ctx, folder))
}

func (m *mortal) list(entries iter.Seq2[storage.Entry, error]) iter.Seq2[storage.Entry, error] {
	if m.do(func() error { return nil }) != nil {
		return func(yield func(storage.Entry, error) bool) { yield(storage.Entry{}, errDead) }
	}
	return entries
}

func (m *mortal) AbortStale(ctx context.Context, prefix string, age time.Duration) (n int, err error) {
	err = m.do(func() (err error) { n, err = m.memory.AbortStale(ctx, prefix, age); return err })
	return n, err
}

func (m *mortal) Begin(ctx context.Context, key string, opts storage.PutOptions) (storage.Upload, error) {
	var u storage.Upload
	err := m.do(func() (err error) { u, err = m.memory.Begin(ctx, key, opts); return err })
	if err != nil {
		return nil, err
	}
	return &mortalUpload{u.(*memoryUpload), m}, nil
}

type mortalUpload struct {
	*memoryUpload
	m *mortal
}

func (u *mortalUpload) Put(ctx context.Context, number int, part []byte) error {
	return u.m.do(func() error { return u.memoryUpload.Put(ctx, number, part) })
}

func (u *mortalUpload) CopyPart(ctx context.Context, number int, from string) error {
	return u.m.do(func() error { return u.memoryUpload.CopyPart(ctx, number, from) })
}

func (u *mortalUpload) Complete(ctx context.Context) error {
	return u.m.do(func() error { return u.memoryUpload.Complete(ctx) })
}

func (u *mortalUpload) Abort(ctx context.Context) error {
	return u.m.do(func() error { return u.memoryUpload.Abort(ctx) })
}
