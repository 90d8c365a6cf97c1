package logstest

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// Mortal is a store whose process dies at an operation: none after it has an effect.
type Mortal struct {
	*Memory
	Left  int           // operations until then
	After bool          // the last operation takes effect all the same
	Dead  chan struct{} // is closed then

	mu sync.Mutex
}

var errDead = errors.New("killed")

// IsDead says that the process has died.
func (m *Mortal) IsDead() bool {
	select {
	case <-m.Dead:
		return true
	default:
		return false
	}
}

// operate counts one operation and says whether it takes effect and whether it is answered.
func (m *Mortal) operate() (effect, answer bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Left <= 0 {
		return false, false
	}
	if m.Left--; m.Left > 0 {
		return true, true
	}
	close(m.Dead)
	return m.After, false
}

func (m *Mortal) do(operation func() error) error {
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

// Put is as storage.Store has it.
func (m *Mortal) Put(ctx context.Context, key string, body io.Reader, opts storage.PutOptions) error {
	return m.do(func() error { return m.Memory.Put(ctx, key, body, opts) })
}

// Delete is as storage.Store has it.
func (m *Mortal) Delete(ctx context.Context, key string) error {
	return m.do(func() error { return m.Memory.Delete(ctx, key) })
}

// Copy is as storage.Store has it.
func (m *Mortal) Copy(ctx context.Context, from, to string) error {
	return m.do(func() error { return m.Memory.Copy(ctx, from, to) })
}

// Get is as storage.Store has it.
func (m *Mortal) Get(ctx context.Context, key string, rng storage.Range) (object *storage.Object, err error) {
	err = m.do(func() (err error) { object, err = m.Memory.Get(ctx, key, rng); return err })
	return object, err
}

// List is as storage.Store has it.
func (m *Mortal) List(ctx context.Context, prefix string) iter.Seq2[storage.Entry, error] {
	return m.list(m.Memory.List(ctx, prefix))
}

// Level is as storage.Store has it.
func (m *Mortal) Level(ctx context.Context, folder string) iter.Seq2[storage.Entry, error] {
	return m.list(m.Memory.Level(ctx, folder))
}

func (m *Mortal) list(entries iter.Seq2[storage.Entry, error]) iter.Seq2[storage.Entry, error] {
	if m.do(func() error { return nil }) != nil {
		return func(yield func(storage.Entry, error) bool) { yield(storage.Entry{}, errDead) }
	}
	return entries
}

// AbortStale is as storage.Store has it.
func (m *Mortal) AbortStale(ctx context.Context, prefix string, age time.Duration) (n int, err error) {
	err = m.do(func() (err error) { n, err = m.Memory.AbortStale(ctx, prefix, age); return err })
	return n, err
}

// Begin is as storage.Store has it.
func (m *Mortal) Begin(ctx context.Context, key string, opts storage.PutOptions) (storage.Upload, error) {
	var u storage.Upload
	err := m.do(func() (err error) { u, err = m.Memory.Begin(ctx, key, opts); return err })
	if err != nil {
		return nil, err
	}
	return &mortalUpload{u.(*memoryUpload), m}, nil
}

type mortalUpload struct {
	*memoryUpload
	m *Mortal
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
