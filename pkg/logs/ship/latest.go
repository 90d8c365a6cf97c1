package ship

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const (
	// maxBuildID is more than any build id has.
	maxBuildID = 256
	// latestTries bounds how often others may be faster in noting a run; after that it counts as the store's failure.
	latestTries = 20
)

// putLatest notes the run as the newest of its job, unless a newer one is noted, now or by another process meanwhile.
func putLatest(ctx context.Context, store storage.Store, key, build string) error {
	for try := 1; ; try++ {
		noted, opts, err := readLatest(ctx, store, key)
		if err != nil || noted != "" && !newer(build, noted) {
			return err
		}
		err = store.Put(ctx, key, bytes.NewReader([]byte(build)), opts)
		raced := errors.Is(err, storage.ErrExists) || errors.Is(err, storage.ErrChanged)
		if !raced || try == latestTries {
			return err
		}
	}
}

// readLatest returns what is noted, empty for nothing, and how to replace just that.
func readLatest(ctx context.Context, store storage.Store, key string) (string, storage.PutOptions, error) {
	opts := logs.LogOptions(false)
	object, err := store.Get(ctx, key, storage.Range{Length: maxBuildID})
	if errors.Is(err, storage.ErrNotExist) {
		opts.IfAbsent = true
		return "", opts, nil
	}
	if err != nil {
		return "", opts, err
	}
	text, err := io.ReadAll(object.Body)
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return "", opts, fmt.Errorf("read %s: %w", key, err)
	}
	opts.IfMatch = object.ETag
	return strings.TrimSpace(string(text)), opts, nil
}

// newer compares build ids, which are numbers of any length.
func newer(a, b string) bool {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) > 0
}
