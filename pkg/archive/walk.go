package archive

import (
	"context"
	"fmt"
	"iter"
	"path"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Runs yields every run of the bucket with what is in its folder, in the order of [Walk]. Eight folders are looked at at
// once. It stops after the first error.
func Runs(ctx context.Context, store storage.Store, layout logs.Layout) iter.Seq2[Contents, error] {
	return parallel(ctx, Walk(ctx, store, layout), func(ctx context.Context, run Run) (Contents, error) {
		return Inspect(ctx, store, run)
	})
}

// Walk yields every run's folder of every connection, without a look into it: a job's builds cost one listing for each
// thousand. The builds of one job, and for presubmits of one pull request, come together. It stops after the first error.
func Walk(ctx context.Context, store storage.Store, layout logs.Layout) iter.Seq2[Run, error] {
	return func(yield func(Run, error) bool) {
		w := &walker{ctx: ctx, store: store}
		run := func(folder string) bool {
			run, err := Locate(layout, folder)
			if err != nil {
				return true // another's folder that looks like one of ours
			}
			return yield(run, nil)
		}
		w.roots(layout, func(root string) bool { return w.jobs(root, func(job string) bool { return w.each(job, run) }) })
		if w.err != nil {
			yield(Run{}, fmt.Errorf("find runs: %w", w.err))
		}
	}
}

// walker goes down the tree; its functions return false when the walk is over.
type walker struct {
	ctx   context.Context //nolint:containedctx // lives for one walk
	store storage.Store
	err   error
}

// each visits the folders directly below a folder.
func (w *walker) each(folder string, visit func(folder string) bool) bool {
	if folder != "" {
		folder += "/"
	}
	for entry, err := range w.store.Level(w.ctx, folder) {
		if err != nil {
			w.err = err
			return false
		}
		if child, ok := strings.CutSuffix(entry.Key, "/"); ok && !visit(child) {
			return false
		}
	}
	return true
}

// roots visits where connections have their runs.
func (w *walker) roots(layout logs.Layout, visit func(root string) bool) bool {
	prefix := strings.Trim(layout.Prefix, "/")
	return visit(prefix) && w.each(path.Join(prefix, connections), visit)
}

// jobs visits the folders that hold builds.
func (w *walker) jobs(root string, visit func(job string) bool) bool {
	return w.each(path.Join(root, jobPlace), visit) && w.each(path.Join(root, pullPlace), func(folder string) bool {
		name := path.Base(folder)
		if name == "batch" || isNumber(name) {
			return w.each(folder, visit)
		}
		return w.each(folder, func(pull string) bool { return !isNumber(path.Base(pull)) || w.each(pull, visit) })
	})
}

// directories visits the folders that lead from builds of presubmits to their runs.
func (w *walker) directories(root string, visit func(job string) bool) bool {
	return w.each(path.Join(root, directoryPlace), visit)
}

func isNumber(name string) bool {
	_, err := strconv.ParseUint(name, 10, 64)
	return err == nil
}
