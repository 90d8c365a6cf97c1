package storage

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// tempDir holds objects being written; no key may start with it.
const tempDir = ".incoming"

// FileStore keeps objects as files below one folder.
type FileStore struct {
	root *os.Root
	dir  string
	// folders is held while a folder is made and used, and alone while empty ones are removed.
	folders sync.RWMutex
}

var _ Store = (*FileStore)(nil)

// OpenFile opens the store in dir and creates the folder when needed. Nothing outside dir is ever touched, not even
// through symbolic links.
func OpenFile(dir string) (*FileStore, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	if err := os.MkdirAll(abs, 0o755); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := root.MkdirAll(tempDir, 0o755); err != nil {
		return nil, fmt.Errorf("open store %s: %w", abs, errors.Join(err, root.Close()))
	}
	return &FileStore{root: root, dir: abs}, nil
}

// Close releases the folder; open objects stay readable.
func (s *FileStore) Close() error { return s.root.Close() }

// URL is "file://" and the absolute folder.
func (s *FileStore) URL() string { return (&url.URL{Scheme: "file", Path: s.dir}).String() }

func (s *FileStore) check(key string) error {
	if first, _, _ := strings.Cut(key, "/"); first == tempDir {
		return fmt.Errorf("%w %q: %s is reserved", ErrBadKey, key, tempDir)
	}
	return CheckKey(key)
}

// Put writes beside the tree, syncs and renames.
func (s *FileStore) Put(ctx context.Context, key string, body io.Reader, _ PutOptions) error {
	if err := s.check(key); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	temp := path.Join(tempDir, rand.Text())
	if err := s.write(ctx, temp, body); err != nil {
		return fmt.Errorf("put %s: %w", key, errors.Join(err, ignoreAbsent(s.root.Remove(temp))))
	}
	if err := s.move(temp, key); err != nil {
		return fmt.Errorf("put %s: %w", key, errors.Join(err, ignoreAbsent(s.root.Remove(temp))))
	}
	return nil
}

func (s *FileStore) write(ctx context.Context, name string, body io.Reader) error {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, contextReader{ctx, body})
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (s *FileStore) move(temp, key string) error {
	s.folders.RLock()
	defer s.folders.RUnlock()
	if err := s.root.MkdirAll(path.Dir(key), 0o755); err != nil {
		return err
	}
	return s.root.Rename(temp, key)
}

// Get opens the file.
func (s *FileStore) Get(ctx context.Context, key string, rng Range) (*Object, error) {
	if err := errors.Join(s.check(key), checkRange(rng), ctx.Err()); err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	f, err := s.root.Open(key)
	if err != nil {
		return nil, fmt.Errorf("get: %w", notExist(err))
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder: %w", key, ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("get: %w", errors.Join(err, f.Close()))
	}
	length := rng.Length
	if length == 0 {
		length = max(info.Size()-rng.Offset, 0)
	}
	body := struct {
		io.Reader
		io.Closer
	}{contextReader{ctx, io.NewSectionReader(f, rng.Offset, length)}, f}
	return &Object{Body: body, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// List walks the folders in key order, holding one folder of names per level.
func (s *FileStore) List(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		dir := "."
		if i := strings.LastIndexByte(prefix, '/'); i > 0 {
			dir = prefix[:i]
		}
		if prefix != "" && CheckKey(dir) != nil && dir != "." {
			return // no key can start with it
		}
		s.walk(ctx, dir, prefix, yield)
	}
}

func (s *FileStore) walk(ctx context.Context, dir, prefix string, yield func(Entry, error) bool) bool {
	if err := ctx.Err(); err != nil {
		return yield(Entry{}, fmt.Errorf("list %s: %w", prefix, err))
	}
	items, err := fs.ReadDir(s.root.FS(), dir)
	if errors.Is(notExist(err), fs.ErrNotExist) {
		return true // a folder that vanished holds nothing
	}
	if err != nil {
		return yield(Entry{}, fmt.Errorf("list %s: %w", prefix, err))
	}
	slices.SortFunc(items, func(a, b fs.DirEntry) int { return cmp.Compare(sortName(a), sortName(b)) })
	for _, item := range items {
		key := path.Join(dir, item.Name())
		if key == tempDir {
			continue
		}
		if item.IsDir() {
			if strings.HasPrefix(key+"/", prefix) || strings.HasPrefix(prefix, key+"/") {
				if !s.walk(ctx, key, prefix, yield) {
					return false
				}
			}
			continue
		}
		if !strings.HasPrefix(key, prefix) || !item.Type().IsRegular() {
			continue
		}
		info, err := item.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return yield(Entry{}, fmt.Errorf("list %s: %w", prefix, err))
		}
		if !yield(Entry{Key: key, Size: info.Size(), ModTime: info.ModTime()}, nil) {
			return false
		}
	}
	return true
}

// sortName orders a folder where the keys inside it belong: "a-b" before "a/b".
func sortName(item fs.DirEntry) string {
	if item.IsDir() {
		return item.Name() + "/"
	}
	return item.Name()
}

// Delete removes the file and the folders that it leaves empty.
func (s *FileStore) Delete(ctx context.Context, key string) error {
	if err := errors.Join(s.check(key), ctx.Err()); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if info, err := s.root.Lstat(key); err == nil && info.IsDir() {
		return nil // a folder is not an object
	}
	if err := ignoreAbsent(notExist(s.root.Remove(key))); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	s.folders.Lock()
	defer s.folders.Unlock()
	for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
		if s.root.Remove(dir) != nil {
			break // not empty, or already gone
		}
	}
	return nil
}

// notExist maps "a parent is a file" to "no such key".
func notExist(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w (%w)", ErrNotExist, err)
	}
	return err
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// contextReader ends a copy when its context does.
type contextReader struct {
	ctx context.Context //nolint:containedctx // lives for one call, as long as the reader
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
