package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"
)

// Put writes beside the tree, syncs and renames; when it returns, the object survives a power cut.
func (s *FileStore) Put(ctx context.Context, key string, body io.Reader, opts PutOptions) error {
	if err := errors.Join(s.check(key), opts.check()); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	temp := path.Join(tempDir, rand.Text())
	err := s.write(ctx, temp, body, attributes{typeAttribute: opts.ContentType, encodingAttribute: opts.ContentEncoding})
	if err == nil {
		err = s.publish(temp, key, opts)
	}
	if err = errors.Join(err, ignoreAbsent(s.root.Remove(temp))); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

// Copy gives the file a second name, or copies it where the file system has no hard links. Files are never written to after
// they got their name, so the two are independent; the copy keeps time and ETag.
func (s *FileStore) Copy(ctx context.Context, from, to string) error {
	if err := errors.Join(s.check(from), s.check(to), ctx.Err()); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	temp := path.Join(tempDir, rand.Text())
	err := s.duplicate(ctx, from, temp)
	if err == nil {
		err = s.publish(temp, to, PutOptions{})
	}
	// Renaming to another name of the same file leaves both names.
	if err = errors.Join(err, ignoreAbsent(s.root.Remove(temp))); err != nil {
		return fmt.Errorf("copy %s to %s: %w", from, to, err)
	}
	return nil
}

func (s *FileStore) duplicate(ctx context.Context, from, temp string) error {
	if stat, err := s.root.Lstat(from); err == nil && stat.Mode().IsRegular() && s.root.Link(from, temp) == nil {
		return nil
	}
	f, info, err := s.open(from)
	if err != nil {
		return err
	}
	err = s.write(ctx, temp, f, attributes{typeAttribute: info.ContentType, encodingAttribute: info.ContentEncoding})
	return errors.Join(err, f.Close())
}

// write makes a new file durable, but not yet its name.
func (s *FileStore) write(ctx context.Context, name string, body io.Reader, attrs attributes) error {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, contextReader{ctx, body})
	return errors.Join(s.finish(f, name, attrs, err), f.Close())
}

// finish gives a written file its attributes and time and syncs it, unless writing failed.
func (s *FileStore) finish(f *os.File, name string, attrs attributes, err error) error {
	if err != nil {
		return err
	}
	if err := attrs.set(f); err != nil {
		return err
	}
	now := s.now()
	if err := s.root.Chtimes(name, now, now); err != nil {
		return err
	}
	return f.Sync()
}

// now never returns the same time twice.
func (s *FileStore) now() time.Time {
	for {
		last := s.written.Load()
		next := max(time.Now().UnixNano(), last+1)
		if s.written.CompareAndSwap(last, next) {
			return time.Unix(0, next)
		}
	}
}

// publish moves temp to key when the conditions of opts hold; after IfAbsent, temp is still there.
func (s *FileStore) publish(temp, key string, opts PutOptions) error {
	if opts.IfMatch != "" {
		s.folders.Lock()
		defer s.folders.Unlock()
		if err := s.matches(key, opts.IfMatch); err != nil {
			return err
		}
	} else {
		s.folders.RLock()
		defer s.folders.RUnlock()
	}
	dir := path.Dir(key)
	if err := s.root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := s.root.Rename
	if opts.IfAbsent {
		name = s.root.Link // fails with ErrExists, also between processes
	}
	if err := name(temp, key); err != nil {
		return err
	}
	return s.syncDir(dir)
}

func (s *FileStore) matches(key, etag string) error {
	stat, err := s.root.Stat(key)
	switch {
	case errors.Is(notExist(err), fs.ErrNotExist):
		return fmt.Errorf("%w: it is gone", ErrChanged)
	case err != nil:
		return err
	case fileTag(stat) != etag:
		return fmt.Errorf("%w: its ETag is %s instead of %s", ErrChanged, fileTag(stat), etag)
	}
	return nil
}

// syncDir makes the names in a folder durable.
func (s *FileStore) syncDir(name string) error {
	dir, err := s.root.Open(name)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) {
		err = nil // file systems without this call keep names durable by themselves, or not at all
	}
	return errors.Join(err, dir.Close())
}
