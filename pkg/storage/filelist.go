package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
)

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
