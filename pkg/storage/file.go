package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// tempDir holds objects being written; no key may start with it.
const tempDir = ".incoming"

// FileStore keeps objects as files below one folder, and their types and encodings in extended attributes of the files.
//
// One process at a time may write to the folder; for IfAbsent alone that does not matter.
type FileStore struct {
	root *os.Root
	dir  string
	// folders is held while a folder is made and used, and alone while empty ones are removed.
	folders sync.RWMutex
	// written is the time in nanoseconds that the last write got.
	written atomic.Int64
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

// Get opens the file.
func (s *FileStore) Get(ctx context.Context, key string, rng Range) (*Object, error) {
	if err := errors.Join(s.check(key), checkRange(rng), ctx.Err()); err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	f, info, err := s.open(key)
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	length := rng.Length
	if length == 0 {
		length = max(info.Size-rng.Offset, 0)
	}
	body := struct {
		io.Reader
		io.Closer
	}{contextReader{ctx, io.NewSectionReader(f, rng.Offset, length)}, f}
	return &Object{Body: body, Info: info}, nil
}

// Head reads what the file system keeps beside the bytes.
func (s *FileStore) Head(ctx context.Context, key string) (Info, error) {
	if err := errors.Join(s.check(key), ctx.Err()); err != nil {
		return Info{}, fmt.Errorf("head: %w", err)
	}
	f, info, err := s.open(key)
	if err != nil {
		return Info{}, fmt.Errorf("head: %w", err)
	}
	if err := f.Close(); err != nil {
		return Info{}, fmt.Errorf("head %s: %w", key, err)
	}
	return info, nil
}

// open returns ErrNotExist for folders too.
func (s *FileStore) open(key string) (*os.File, Info, error) {
	f, err := s.root.Open(key)
	if err != nil {
		return nil, Info{}, notExist(err)
	}
	info, err := describe(f)
	if err != nil {
		return nil, Info{}, fmt.Errorf("%s: %w", key, errors.Join(err, f.Close()))
	}
	return f, info, nil
}

func describe(f *os.File) (Info, error) {
	stat, err := f.Stat()
	if err != nil {
		return Info{}, err
	}
	if stat.IsDir() {
		return Info{}, fmt.Errorf("a folder: %w", ErrNotExist)
	}
	contentType, errType := attribute(f, typeAttribute)
	encoding, errEncoding := attribute(f, encodingAttribute)
	if err := errors.Join(errType, errEncoding); err != nil {
		return Info{}, err
	}
	return Info{
		Size: stat.Size(), ModTime: stat.ModTime(), ETag: fileTag(stat), ContentType: contentType, ContentEncoding: encoding,
	}, nil
}

// fileTag relies on the times that writes set, which never repeat within a process.
func fileTag(stat fs.FileInfo) string {
	return fmt.Sprintf(`"%x-%x"`, stat.ModTime().UnixNano(), stat.Size())
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
