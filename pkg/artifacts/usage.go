package artifacts

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// errFull and errTooLarge are what a run, and a file, may not exceed.
var (
	errFull     = fmt.Errorf("a run may have %d files and %d bytes of artifacts", maxFiles, int64(maxRun))
	errTooLarge = errors.New("the file is too large")
)

// usage is what one run has stored: counted from the store when the run first sends, so that it holds over replicas and
// restarts, and kept up to date from then on.
type usage struct {
	mu    sync.Mutex
	ready bool
	sizes map[string]int64 // by path below the artifacts
	total int64            // with files that are being stored
	last  uint64
}

// usages remembers the runs that sent last.
type usages struct {
	mu    sync.Mutex
	clock uint64
	runs  map[string]*usage // by folder
}

func (u *usages) of(ctx context.Context, store storage.Store, folder string) (*usage, error) {
	u.mu.Lock()
	u.clock++
	run := u.runs[folder]
	if run == nil {
		u.evict()
		run = &usage{sizes: map[string]int64{}}
		u.runs[folder] = run
	}
	run.last = u.clock
	u.mu.Unlock()
	return run, run.load(ctx, store, path.Join(folder, logs.ArtifactsDir)+"/")
}

// evict makes room by forgetting the run that was silent the longest; it would be counted again.
func (u *usages) evict() {
	if len(u.runs) < maxUsages {
		return
	}
	var oldest string
	for folder, run := range u.runs {
		if oldest == "" || run.last < u.runs[oldest].last {
			oldest = folder
		}
	}
	delete(u.runs, oldest)
}

func (r *usage) load(ctx context.Context, store storage.Store, prefix string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ready {
		return nil
	}
	clear(r.sizes)
	r.total = 0
	for entry, err := range store.List(ctx, prefix) {
		if err != nil {
			return fmt.Errorf("count artifacts: %w", err)
		}
		r.sizes[strings.TrimPrefix(entry.Key, prefix)] = entry.Size
		r.total += entry.Size
	}
	r.ready = true
	return nil
}

// admit says whether one more file may begin.
func (r *usage) admit(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, again := r.sizes[name]; !again && len(r.sizes) >= maxFiles {
		return errFull
	}
	return nil
}

// take counts bytes of a file that is being stored.
func (r *usage) take(n int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.total+n > maxRun {
		return errFull
	}
	r.total += n
	return nil
}

// settle ends a file of which n bytes were taken: stored in place of what had its name before, or not at all.
func (r *usage) settle(name string, n int64, stored bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !stored {
		r.total -= n
		return
	}
	r.total -= r.sizes[name]
	r.sizes[name] = n
}
