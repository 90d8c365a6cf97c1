package ship

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/klauspost/compress/gzip"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// compose makes one file of the logs of steps. That of one step is copied by the store; several have a header line each.
func (r *run) compose(ctx context.Context, file string, steps []logs.StepInfo) error {
	_, err := r.persist(ctx, "put "+file, func(ctx context.Context) error {
		key := path.Join(r.path, file)
		if len(steps) == 1 {
			return r.s.o.Store.Copy(ctx, path.Join(r.path, steps[0].Log), key)
		}
		return putStream(ctx, r.s.o.Store, key, logs.LogOptions(r.s.o.Compress), func(ctx context.Context, w io.Writer) error {
			if !r.s.o.Compress {
				return r.copySteps(ctx, w, steps)
			}
			zip := gzip.NewWriter(w)
			return errors.Join(r.copySteps(ctx, zip, steps), zip.Close())
		})
	})
	return err
}

func (r *run) copySteps(ctx context.Context, w io.Writer, steps []logs.StepInfo) error {
	for i, step := range steps {
		if _, err := io.WriteString(w, logs.StepTitle(i, step)); err != nil {
			return err
		}
		if err := r.copyStep(ctx, w, step); err != nil {
			return err
		}
	}
	return nil
}

// copyStep writes the text of a step's log.
func (r *run) copyStep(ctx context.Context, w io.Writer, step logs.StepInfo) (err error) {
	key := path.Join(r.path, step.Log)
	object, err := r.s.o.Store.Get(ctx, key, storage.Range{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, object.Body.Close()) }()
	text := io.Reader(object.Body)
	if object.ContentEncoding == "gzip" {
		if text, err = gzip.NewReader(text); err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
	}
	_, err = io.Copy(w, text)
	return err
}

// putStream stores what write produces. It is Put turned inside out: write runs beside it and ends with it.
func putStream(ctx context.Context, store storage.Store, key string, opts storage.PutOptions, write func(context.Context, io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.CloseWithError(write(ctx, w)) // nil is EOF
	}()
	err := store.Put(ctx, key, r, opts)
	cancel()
	err = errors.Join(err, r.Close())
	<-done
	return err
}
