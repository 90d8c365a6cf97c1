package storage

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// uploadFile describes an upload within its folder; the parts beside it are named by their numbers.
const uploadFile = "upload.json"

// fileUpload is a folder of parts in tempDir, named by its ID.
type fileUpload struct {
	store *FileStore
	id    string
	uploadInfo
}

type uploadInfo struct {
	Key     string
	Options PutOptions
}

var _ Upload = (*fileUpload)(nil)

// Begin makes the folder of the parts.
func (s *FileStore) Begin(ctx context.Context, key string, opts PutOptions) (Upload, error) {
	if err := errors.Join(s.check(key), opts.check()); err != nil {
		return nil, fmt.Errorf("begin upload: %w", err)
	}
	u := &fileUpload{store: s, id: rand.Text(), uploadInfo: uploadInfo{Key: key, Options: opts}}
	if err := u.create(ctx); err != nil {
		return nil, fmt.Errorf("begin upload of %s: %w", key, err)
	}
	return u, nil
}

func (u *fileUpload) create(ctx context.Context) error {
	text, err := json.Marshal(u.uploadInfo)
	if err != nil {
		return err
	}
	if err := u.store.root.Mkdir(u.folder(), 0o755); err != nil {
		return err
	}
	if err := u.keep(ctx, uploadFile, text); err != nil {
		return errors.Join(err, u.store.root.RemoveAll(u.folder()))
	}
	return u.store.syncDir(tempDir)
}

// keep makes a file of the upload's folder durable, replacing what had its name.
func (u *fileUpload) keep(ctx context.Context, name string, text []byte) error {
	temp := path.Join(u.folder(), rand.Text())
	err := u.store.write(ctx, temp, bytes.NewReader(text), nil)
	if err == nil {
		err = u.store.root.Rename(temp, path.Join(u.folder(), name))
	}
	if err != nil {
		return errors.Join(err, ignoreAbsent(u.store.root.Remove(temp)))
	}
	return u.store.syncDir(u.folder())
}

// Resume reads the folder of the parts.
func (s *FileStore) Resume(ctx context.Context, key, id string) (Upload, error) {
	if err := errors.Join(s.check(key), ctx.Err()); err != nil {
		return nil, fmt.Errorf("resume upload: %w", err)
	}
	info, err := s.uploadInfo(id)
	if err == nil && info.Key != key {
		err = fmt.Errorf("it is one of %s: %w", info.Key, ErrNotExist)
	}
	if errors.Is(err, ErrNotExist) && s.madeBy(key, id) {
		err = fmt.Errorf("it is complete: %w", ErrExists)
	}
	if err != nil {
		return nil, fmt.Errorf("resume upload of %s: %w", key, err)
	}
	return &fileUpload{store: s, id: id, uploadInfo: info}, nil
}

func (s *FileStore) uploadInfo(id string) (uploadInfo, error) {
	if CheckKey(id) != nil || strings.Contains(id, "/") {
		return uploadInfo{}, fmt.Errorf("no upload has the ID %q: %w", id, ErrNotExist)
	}
	text, err := s.root.ReadFile(path.Join(tempDir, id, uploadFile))
	if err != nil {
		return uploadInfo{}, notExist(err)
	}
	var info uploadInfo
	if err := json.Unmarshal(text, &info); err != nil {
		return uploadInfo{}, fmt.Errorf("read %s: %w", path.Join(tempDir, id, uploadFile), err)
	}
	return info, nil
}

// madeBy tells whether the upload with this ID made the object.
func (s *FileStore) madeBy(key, id string) bool {
	f, err := s.root.Open(key)
	if err != nil {
		return false
	}
	defer f.Close()
	made, err := attribute(f, uploadAttribute)
	return err == nil && made == id
}

func (u *fileUpload) folder() string { return path.Join(tempDir, u.id) }

// ID is the name of the folder.
func (u *fileUpload) ID() string { return u.id }

// Put makes a file of the part.
func (u *fileUpload) Put(ctx context.Context, number int, part []byte) error {
	err := checkPart(number)
	if err == nil {
		err = u.keep(ctx, strconv.Itoa(number), part)
	}
	if err != nil {
		return fmt.Errorf("put part %d of %s: %w", number, u.Key, err)
	}
	return nil
}

// Parts lists the folder.
func (u *fileUpload) Parts(ctx context.Context) ([]Part, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list parts of %s: %w", u.Key, err)
	}
	items, err := fs.ReadDir(u.store.root.FS(), u.folder())
	if err != nil {
		return nil, fmt.Errorf("list parts of %s: %w", u.Key, err)
	}
	var parts []Part
	for _, item := range items {
		number, err := strconv.Atoi(item.Name())
		if err != nil {
			continue // the description, or a part being written
		}
		stat, err := item.Info()
		if err != nil {
			return nil, fmt.Errorf("list parts of %s: %w", u.Key, err)
		}
		parts = append(parts, Part{Number: number, Size: stat.Size()})
	}
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Compare(a.Number, b.Number) })
	return parts, nil
}

// Complete copies the parts into one file.
func (u *fileUpload) Complete(ctx context.Context) error {
	err := u.complete(ctx)
	lost := errors.Is(err, ErrNotExist) || errors.Is(err, ErrExists) || errors.Is(err, ErrChanged)
	if lost && u.store.madeBy(u.Key, u.id) {
		err = nil
	}
	if err == nil {
		err = u.store.root.RemoveAll(u.folder())
	}
	if err != nil {
		return fmt.Errorf("complete upload of %s: %w", u.Key, err)
	}
	return nil
}

func (u *fileUpload) complete(ctx context.Context) error {
	parts, err := u.Parts(ctx)
	if err != nil {
		return err
	}
	if err := checkParts(parts); err != nil {
		return err
	}
	temp := path.Join(u.folder(), rand.Text())
	err = u.join(ctx, temp, parts)
	if err == nil {
		err = u.store.publish(temp, u.Key, u.Options)
	}
	return errors.Join(err, ignoreAbsent(u.store.root.Remove(temp)))
}

// join writes the parts one after the other; the kernel copies them where the file system lets it.
func (u *fileUpload) join(ctx context.Context, name string, parts []Part) error {
	f, err := u.store.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err = errors.Join(ctx.Err(), u.appendPart(f, part)); err != nil {
			break
		}
	}
	attrs := attributes{
		typeAttribute: u.Options.ContentType, encodingAttribute: u.Options.ContentEncoding, uploadAttribute: u.id,
	}
	return errors.Join(u.store.finish(f, name, attrs, err), f.Close())
}

func (u *fileUpload) appendPart(to *os.File, part Part) error {
	from, err := u.store.root.Open(path.Join(u.folder(), strconv.Itoa(part.Number)))
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, from.Close())
}

// Abort removes the folder.
func (u *fileUpload) Abort(context.Context) error {
	if err := u.store.root.RemoveAll(u.folder()); err != nil {
		return fmt.Errorf("abort upload of %s: %w", u.Key, err)
	}
	return nil
}

// AbortStale also removes what puts that crashed left behind, whatever their key.
func (s *FileStore) AbortStale(ctx context.Context, prefix string, age time.Duration) (int, error) {
	before := time.Now().Add(-age)
	items, err := fs.ReadDir(s.root.FS(), tempDir)
	if err != nil {
		return 0, fmt.Errorf("abort stale uploads: %w", err)
	}
	aborted := 0
	for _, item := range items {
		if err := ctx.Err(); err != nil {
			return aborted, fmt.Errorf("abort stale uploads: %w", err)
		}
		upload, err := s.stale(item, prefix, before)
		if err != nil {
			return aborted, fmt.Errorf("abort stale upload %s: %w", item.Name(), err)
		}
		if upload {
			aborted++
		}
	}
	return aborted, nil
}

// stale removes an item of tempDir that is old enough and tells whether it was an upload to prefix.
func (s *FileStore) stale(item fs.DirEntry, prefix string, before time.Time) (bool, error) {
	name := path.Join(tempDir, item.Name())
	info, err := s.uploadInfo(item.Name())
	known := err == nil
	began := name
	if known {
		began = path.Join(name, uploadFile)
	}
	stat, err := s.root.Stat(began)
	if err != nil {
		return false, ignoreAbsent(err)
	}
	if stat.ModTime().After(before) || known && !strings.HasPrefix(info.Key, prefix) {
		return false, nil
	}
	return known, s.root.RemoveAll(name)
}
