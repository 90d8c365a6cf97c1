package archive

import (
	"bytes"
	"context"
	"fmt"
	"path"

	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// deletes is how many objects are removed at once.
const deletes = 16

// remove deletes a run's folder and what leads to it. The order makes it safe to be interrupted at any point: a note of the
// intent comes first and goes last, so that the next pass ends what was begun; finished.json goes before everything else,
// so that nobody takes what is left for a complete run.
func remove(ctx context.Context, store storage.Store, layout logs.Layout, run Run) error {
	intent := path.Join(run.Path, deletingFile)
	err := store.Put(ctx, intent, bytes.NewReader(nil), storage.PutOptions{})
	if err == nil {
		err = store.Delete(ctx, path.Join(run.Path, logs.FinishedFile))
	}
	if err == nil {
		err = removeWays(ctx, store, layout, run)
	}
	if err == nil {
		err = removeBut(ctx, store, run.Path+"/", intent)
	}
	if err == nil {
		err = store.Delete(ctx, intent)
	}
	if err != nil {
		return fmt.Errorf("remove run %s: %w", run.Path, err)
	}
	return nil
}

// removeWays deletes what leads to a run.
func removeWays(ctx context.Context, store storage.Store, layout logs.Layout, run Run) error {
	build := path.Base(run.Path)
	if err := forget(ctx, store, run.JobFolder(), build); err != nil {
		return err
	}
	directory := run.directory(layout)
	if directory == "" {
		return nil
	}
	if err := forget(ctx, store, directory, build); err != nil {
		return err
	}
	return store.Delete(ctx, path.Join(directory, build+".txt"))
}

func removeAll(ctx context.Context, store storage.Store, prefix string) error {
	return removeBut(ctx, store, prefix, "")
}

// removeBut deletes all objects with a prefix but one.
func removeBut(ctx context.Context, store storage.Store, prefix, kept string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(deletes)
	for entry, err := range store.List(ctx, prefix) {
		if err != nil {
			group.Go(func() error { return err })
			break
		}
		if entry.Key == kept {
			continue
		}
		group.Go(func() error {
			if err := store.Delete(ctx, entry.Key); err != nil {
				return err
			}
			removedObjects.Inc()
			removedBytes.Add(float64(entry.Size))
			return nil
		})
	}
	return group.Wait()
}
