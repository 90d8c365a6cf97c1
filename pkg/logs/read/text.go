package read

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const (
	// readTries may find that a live log has moved on, or a stored one is another.
	readTries = 4
	// maxIndex bounds the memory for a damaged one.
	maxIndex = 64 << 20
)

// stepText is what can be read of a step's log at one time.
type stepText struct {
	file *logfile.File
	// final says that the log is complete; else cursor is the position behind the text.
	final  bool
	cursor logs.Cursor
	lost   string
}

// lines is how many lines can be shown: the open line of a log that goes on is not yet one.
func (t stepText) lines() int {
	info := t.file.Info()
	if info.Open && !t.final {
		return int(info.Lines) - 1
	}
	return int(info.Lines)
}

// copy gives the text from the first line on that was not seen, or from the line before which it goes on.
func (t stepText) copy(ctx context.Context, out *liner) error {
	info := t.file.Info()
	next := int(info.Lines) + 1
	if info.Open {
		next--
	}
	first := min(out.emitted+1, next)
	out.begin(first)
	if err := t.file.Tail(ctx, first, out.add); err != nil {
		return err
	}
	if t.final {
		return out.end()
	}
	return nil
}

// with calls do with the log of a step, or with build-log.txt when task and step are empty. It does so again when the log
// turned out to be another than a moment before, so do begins anew each time.
func (r *Reader) with(ctx context.Context, job *v1alpha1.PipelineJob, task, step string, do func(stepText) error) error {
	for try := 1; ; try++ {
		text, err := r.find(ctx, job, task, step)
		if err == nil {
			err = do(text)
		}
		moved := errors.Is(err, errStale) || errors.Is(err, storage.ErrNotExist) && text.file != nil && !text.final
		if !moved || try == readTries {
			return err
		}
	}
}

// find opens a log by the names of task and step.
func (r *Reader) find(ctx context.Context, job *v1alpha1.PipelineJob, task, step string) (stepText, error) {
	run := r.o.Layout.Run(job)
	if task == "" && step == "" {
		file, err := r.stored(ctx, path.Join(run, logs.BuildLogFile))
		return stepText{file: file, final: true}, err
	}
	steps, err := r.Steps(ctx, job)
	if err != nil {
		return stepText{}, err
	}
	i := slices.IndexFunc(steps, func(s logs.StepInfo) bool { return s.Task == task && s.Step == step })
	if i < 0 {
		return stepText{}, fmt.Errorf("step %s/%s: %w", task, step, storage.ErrNotExist)
	}
	return r.text(ctx, run, steps[i], job.Status.Log.Archived)
}

// text opens the log of a step. What nothing is stored of is empty.
func (r *Reader) text(ctx context.Context, run string, step logs.StepInfo, archived bool) (stepText, error) {
	switch {
	case step.Log != "":
		file, err := r.stored(ctx, path.Join(run, step.Log))
		return stepText{file: file, final: true, lost: step.Incomplete}, err
	case archived:
		file, err := emptyLog()
		return stepText{file: file, final: true, lost: step.Incomplete}, err
	}
	text, found, err := r.live(ctx, logs.LiveFolder(run, step.Name))
	if err != nil || found {
		return text, err
	}
	file, err := r.stored(ctx, path.Join(run, logs.StepLog(step.Name)))
	if errors.Is(err, storage.ErrNotExist) {
		return text, nil
	}
	return stepText{file: file, final: true}, err
}

func emptyLog() (*logfile.File, error) {
	index, err := logfile.Scan(bytes.NewReader(nil), false)
	if err != nil {
		return nil, err
	}
	return logfile.Open(index, nil)
}

// errStale says that a log is another than its index tells of.
var errStale = errors.New("log and index differ")

// stored opens a complete log. Its index is kept; where there is none, the log is read once.
func (r *Reader) stored(ctx context.Context, key string) (*logfile.File, error) {
	value, err := r.cache.get(ctx, key, func(ctx context.Context) (cached, error) {
		file, err := r.load(ctx, key)
		if err != nil {
			return cached{}, err
		}
		return cached{file, file.Memory()}, nil
	})
	if err != nil {
		return nil, err
	}
	file := value.(*logfile.File)
	size := file.Info().Stored
	return file.With(func(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
		object, err := r.o.Store.Get(ctx, key, storage.Range{Offset: offset, Length: length})
		if err != nil {
			r.cache.drop(key)
			return nil, err
		}
		if object.Size != size {
			r.cache.drop(key)
			return nil, errors.Join(fmt.Errorf("%w: %s has %d bytes, want %d", errStale, key, object.Size, size), object.Body.Close())
		}
		return object.Body, nil
	}), nil
}

// load reads the index of a log. One that is absent, or damaged, or of another log is made from the log.
func (r *Reader) load(ctx context.Context, key string) (*logfile.File, error) {
	info, err := r.o.Store.Head(ctx, key)
	if err != nil {
		return nil, err
	}
	if name, ok := logs.IndexOf(key); ok {
		index, err := r.index(ctx, name)
		if err != nil {
			return nil, err
		}
		if file, err := logfile.Open(index, nil); err == nil && file.Info().Stored == info.Size {
			return file, nil
		}
	}
	object, err := r.o.Store.Get(ctx, key, storage.Range{})
	if err != nil {
		return nil, err
	}
	index, err := logfile.Scan(object.Body, object.ContentEncoding == "gzip")
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return logfile.Open(index, nil)
}

// index reads one; what is no index is empty.
func (r *Reader) index(ctx context.Context, key string) ([]byte, error) {
	object, err := r.o.Store.Get(ctx, key, storage.Range{})
	switch {
	case errors.Is(err, storage.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case object.Size > maxIndex:
		return nil, object.Body.Close()
	}
	data := make([]byte, object.Size)
	_, err = io.ReadFull(object.Body, data)
	return data, errors.Join(err, object.Body.Close())
}
