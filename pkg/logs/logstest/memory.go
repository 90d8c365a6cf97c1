package logstest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// Memory is a Store whose state tests look at, and which fails when they say so.
type Memory struct {
	// Order has the key of each put.
	Order []string
	// Wrote is how many bytes were put, and Largest the largest put.
	Wrote, Largest int

	mu      sync.Mutex
	objects map[string]object
	uploads map[string]*memoryUpload
	number  int // of what was written
	err     error
}

type object struct {
	text []byte
	storage.Info
	upload string // that made it
}

// NewMemory is empty.
func NewMemory() *Memory {
	return &Memory{objects: make(map[string]object), uploads: make(map[string]*memoryUpload)}
}

var _ storage.Store = (*Memory)(nil)

// Fail has every operation return err from now on; nil ends that.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *Memory) check(ctx context.Context, keys ...string) error {
	err := errors.Join(m.err, ctx.Err())
	for _, key := range keys {
		err = errors.Join(err, storage.CheckKey(key))
	}
	return err
}

// Put is as storage.Store has it.
func (m *Memory) Put(ctx context.Context, key string, body io.Reader, opts storage.PutOptions) error {
	text, err := io.ReadAll(body)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(m.check(ctx, key), err); err != nil {
		return err
	}
	m.count(text)
	return m.put(key, object{text: text}, opts)
}

func (m *Memory) count(text []byte) {
	m.Wrote += len(text)
	m.Largest = max(m.Largest, len(text))
}

func (m *Memory) put(key string, o object, opts storage.PutOptions) error {
	old, exists := m.objects[key]
	switch {
	case opts.IfAbsent && opts.IfMatch != "", len(opts.ContentType) > 1024:
		return errors.New("bad options")
	case opts.IfAbsent && exists:
		return fmt.Errorf("put %s: %w", key, storage.ErrExists)
	case opts.IfMatch != "" && opts.IfMatch != old.ETag:
		return fmt.Errorf("put %s: %w", key, storage.ErrChanged)
	}
	m.number++
	o.Info = storage.Info{
		Size: int64(len(o.text)), ModTime: time.Now(), ETag: strconv.Quote(strconv.Itoa(m.number)),
		ContentType: opts.ContentType, ContentEncoding: opts.ContentEncoding,
	}
	m.objects[key] = o
	m.Order = append(m.Order, key)
	return nil
}

// Get is as storage.Store has it.
func (m *Memory) Get(ctx context.Context, key string, rng storage.Range) (*storage.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[key]
	switch err := m.check(ctx, key); {
	case err != nil:
		return nil, err
	case rng.Offset < 0 || rng.Length < 0:
		return nil, errors.New("negative range")
	case !ok:
		return nil, fmt.Errorf("get %s: %w", key, storage.ErrNotExist)
	}
	part := o.text[min(rng.Offset, int64(len(o.text))):]
	if rng.Length > 0 {
		part = part[:min(rng.Length, int64(len(part)))]
	}
	return &storage.Object{Body: io.NopCloser(bytes.NewReader(part)), Info: o.Info}, nil
}

// Head is as storage.Store has it.
func (m *Memory) Head(ctx context.Context, key string) (storage.Info, error) {
	o, err := m.Get(ctx, key, storage.Range{})
	if err != nil {
		return storage.Info{}, err
	}
	return o.Info, nil
}

// Copy is as storage.Store has it.
func (m *Memory) Copy(ctx context.Context, from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[from]
	if err := m.check(ctx, from, to); err != nil || !ok {
		return cmp.Or(err, fmt.Errorf("copy %s: %w", from, storage.ErrNotExist))
	}
	return m.put(to, o, storage.PutOptions{ContentType: o.ContentType, ContentEncoding: o.ContentEncoding})
}

// List is as storage.Store has it.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[storage.Entry, error] {
	return func(yield func(storage.Entry, error) bool) {
		m.mu.Lock()
		err := m.check(ctx)
		m.mu.Unlock()
		if err != nil {
			yield(storage.Entry{}, err)
			return
		}
		for _, key := range m.Under(prefix) {
			m.mu.Lock()
			o := m.objects[key]
			m.mu.Unlock()
			if !yield(storage.Entry{Key: key, Size: o.Size, ModTime: o.ModTime}, nil) {
				return
			}
		}
	}
}

// Level is as storage.Store has it.
func (m *Memory) Level(ctx context.Context, folder string) iter.Seq2[storage.Entry, error] {
	return func(yield func(storage.Entry, error) bool) {
		if folder != "" && (!strings.HasSuffix(folder, "/") || storage.CheckKey(strings.TrimSuffix(folder, "/")) != nil) {
			yield(storage.Entry{}, fmt.Errorf("%w %q", storage.ErrBadKey, folder))
			return
		}
		last := ""
		for entry, err := range m.List(ctx, folder) {
			name, _, deeper := strings.Cut(strings.TrimPrefix(entry.Key, folder), "/")
			if deeper {
				entry = storage.Entry{Key: folder + name + "/"}
			}
			if entry.Key == last && err == nil {
				continue
			}
			if last = entry.Key; !yield(entry, err) {
				return
			}
		}
	}
}

// Delete is as storage.Store has it.
func (m *Memory) Delete(ctx context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(ctx, key); err != nil {
		return err
	}
	delete(m.objects, key)
	return nil
}

// URL is as storage.Store has it.
func (*Memory) URL() string { return "memory://test" }

// memoryUpload is an upload to a memory.
type memoryUpload struct {
	m       *Memory
	id, key string
	opts    storage.PutOptions
	began   time.Time
	parts   map[int][]byte
}

// Begin is as storage.Store has it.
func (m *Memory) Begin(ctx context.Context, key string, opts storage.PutOptions) (storage.Upload, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(ctx, key); err != nil {
		return nil, err
	}
	if opts.IfAbsent && opts.IfMatch != "" {
		return nil, errors.New("two conditions")
	}
	m.number++
	u := &memoryUpload{m: m, id: strconv.Itoa(m.number), key: key, opts: opts, began: time.Now(), parts: make(map[int][]byte)}
	m.uploads[u.id] = u
	return u, nil
}

// Resume is as storage.Store has it.
func (m *Memory) Resume(ctx context.Context, key, id string) (storage.Upload, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.uploads[id]
	switch err := m.check(ctx, key); {
	case err != nil:
		return nil, err
	case id != "" && m.objects[key].upload == id:
		return nil, storage.ErrExists
	case u == nil || u.key != key:
		return nil, fmt.Errorf("upload %s: %w", id, storage.ErrNotExist)
	}
	return u, nil
}

// AbortStale is as storage.Store has it.
func (m *Memory) AbortStale(ctx context.Context, prefix string, age time.Duration) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, n := time.Now().Add(-age), 0
	for id, u := range m.uploads {
		if strings.HasPrefix(u.key, prefix) && !u.began.After(before) {
			delete(m.uploads, id)
			n++
		}
	}
	return n, m.check(ctx)
}

func (u *memoryUpload) check(ctx context.Context, number int) error {
	switch {
	case number < 1 || number > storage.MaxParts:
		return fmt.Errorf("part %d", number)
	case u.m.uploads[u.id] == nil:
		return fmt.Errorf("upload %s: %w", u.id, storage.ErrNotExist)
	}
	return u.m.check(ctx)
}

func (u *memoryUpload) ID() string { return u.id }

func (u *memoryUpload) Put(ctx context.Context, number int, part []byte) error {
	u.m.mu.Lock()
	defer u.m.mu.Unlock()
	if err := u.check(ctx, number); err != nil {
		return err
	}
	u.m.count(part)
	u.parts[number] = bytes.Clone(part)
	return nil
}

func (u *memoryUpload) CopyPart(ctx context.Context, number int, from string) error {
	u.m.mu.Lock()
	defer u.m.mu.Unlock()
	o, ok := u.m.objects[from]
	if err := errors.Join(u.check(ctx, number), storage.CheckKey(from)); err != nil || !ok {
		return cmp.Or(err, fmt.Errorf("copy %s: %w", from, storage.ErrNotExist))
	}
	u.parts[number] = o.text
	return nil
}

func (u *memoryUpload) Parts(ctx context.Context) ([]storage.Part, error) {
	u.m.mu.Lock()
	defer u.m.mu.Unlock()
	if err := u.check(ctx, 1); err != nil {
		return nil, err
	}
	return u.list(), nil
}

func (u *memoryUpload) list() []storage.Part {
	var parts []storage.Part
	for _, number := range slices.Sorted(maps.Keys(u.parts)) {
		parts = append(parts, storage.Part{Number: number, Size: int64(len(u.parts[number]))})
	}
	return parts
}

func (u *memoryUpload) Complete(ctx context.Context) error {
	u.m.mu.Lock()
	defer u.m.mu.Unlock()
	if u.m.objects[u.key].upload == u.id {
		return u.m.check(ctx)
	}
	if err := u.check(ctx, 1); err != nil {
		return err
	}
	parts := u.list()
	if len(parts) == 0 {
		return errors.New("no parts")
	}
	var text []byte
	for i, part := range parts {
		if part.Size < storage.MinPart && i < len(parts)-1 {
			return fmt.Errorf("part %d of %d bytes is too small", part.Number, part.Size)
		}
		text = append(text, u.parts[part.Number]...)
	}
	err := u.m.put(u.key, object{text: text, upload: u.id}, u.opts)
	if err == nil {
		delete(u.m.uploads, u.id)
	}
	return err
}

func (u *memoryUpload) Abort(ctx context.Context) error {
	u.m.mu.Lock()
	defer u.m.mu.Unlock()
	delete(u.m.uploads, u.id)
	return u.m.check(ctx)
}

// Keys are all, sorted.
func (m *Memory) Keys() []string { return m.Under("") }

// Under are the keys that begin with prefix, sorted.
func (m *Memory) Under(prefix string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := slices.Sorted(maps.Keys(m.objects))
	return slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) })
}

// Uploads counts those that are open.
func (m *Memory) Uploads() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.uploads)
}

// LastPut is the key of the last object that was put.
func (m *Memory) LastPut() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Order[len(m.Order)-1]
}

// Text of an object; one that is missing fails the test.
func (m *Memory) Text(t *testing.T, key string) string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[key]
	if !ok {
		t.Errorf("%s is not there", key)
	}
	return string(o.text)
}
