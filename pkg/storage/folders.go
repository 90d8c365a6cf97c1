package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// errFolder is what Level answers for a folder that cannot be one.
var errFolder = errors.New(`a folder is empty or ends with "/"`)

func checkFolder(folder string) error {
	if folder == "" {
		return nil
	}
	name, ok := strings.CutSuffix(folder, "/")
	if !ok {
		return fmt.Errorf("%w %q: %w", ErrBadKey, folder, errFolder)
	}
	return CheckKey(name)
}

// Level reads one folder of the tree.
func (s *FileStore) Level(ctx context.Context, folder string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := errors.Join(checkFolder(folder), ctx.Err()); err != nil {
			yield(Entry{}, fmt.Errorf("list folder: %w", err))
			return
		}
		items, err := fs.ReadDir(s.root.FS(), path.Clean("./"+folder))
		if errors.Is(notExist(err), fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(Entry{}, fmt.Errorf("list folder %s: %w", folder, err))
			return
		}
		slices.SortFunc(items, func(a, b fs.DirEntry) int { return strings.Compare(sortName(a), sortName(b)) })
		for _, item := range items {
			entry, ok, err := levelEntry(folder, item)
			if err != nil {
				yield(Entry{}, fmt.Errorf("list folder %s: %w", folder, err))
				return
			}
			if ok && !yield(entry, nil) {
				return
			}
		}
	}
}

// levelEntry is false for what is no object: links, devices, what vanished, and the store's own folder.
func levelEntry(folder string, item fs.DirEntry) (Entry, bool, error) {
	if item.IsDir() {
		key := folder + item.Name()
		return Entry{Key: key + "/"}, key != tempDir, nil
	}
	info, err := item.Info()
	if errors.Is(err, fs.ErrNotExist) || err == nil && !item.Type().IsRegular() {
		return Entry{}, false, nil
	}
	if err != nil {
		return Entry{}, false, err
	}
	return Entry{Key: folder + item.Name(), Size: info.Size(), ModTime: info.ModTime()}, true, nil
}

// Level pages through ListObjectsV2 with a delimiter: a folder costs one place on a page however much is in it.
func (s *S3Store) Level(ctx context.Context, folder string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := checkFolder(folder); err != nil {
			yield(Entry{}, fmt.Errorf("list folder: %w", err))
			return
		}
		pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{
			Bucket: &s.bucket, Prefix: aws.String(s.prefix + folder), Delimiter: aws.String("/"),
		})
		for pages.HasMorePages() {
			page, err := s.nextPage(ctx, pages)
			if err != nil {
				yield(Entry{}, fmt.Errorf("list folder %s: %w", folder, s.explain(err)))
				return
			}
			for _, entry := range s.level(page) {
				if !yield(entry, nil) {
					return
				}
			}
		}
	}
}

// level merges the folders and the objects of a page, which the server sorts each for itself.
func (s *S3Store) level(page *s3.ListObjectsV2Output) []Entry {
	entries := make([]Entry, 0, len(page.CommonPrefixes)+len(page.Contents))
	for _, common := range page.CommonPrefixes {
		key := strings.TrimPrefix(aws.ToString(common.Prefix), s.prefix)
		if CheckKey(strings.TrimSuffix(key, "/")) == nil {
			entries = append(entries, Entry{Key: key})
		}
	}
	for _, object := range page.Contents {
		key := strings.TrimPrefix(aws.ToString(object.Key), s.prefix)
		if CheckKey(key) == nil { // neither folder markers nor other people's odd keys
			entries = append(entries, Entry{Key: key, Size: aws.ToInt64(object.Size), ModTime: aws.ToTime(object.LastModified)})
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	return entries
}
