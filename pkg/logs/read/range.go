package read

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Open returns the whole text of a step from the store, or of build-log.txt when task and step are empty. What is not
// complete yet is ErrNotExist. The caller closes it.
func (r *Reader) Open(ctx context.Context, job *v1alpha1.PipelineJob, task, step string) (io.ReadCloser, error) {
	text, err := r.openText(ctx, job, task, step, storage.Range{})
	if err == nil && !text.complete {
		err = errors.Join(storage.ErrNotExist, text.Body.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", job.Name, err)
	}
	return text.Body, nil
}

// OpenRange opens a range of the text of a step, or when task and step are empty of build-log.txt; it does not matter how
// they are stored. Size is that of the whole text. Of a run that is not archived it is the text that is stored now, and
// ETag is empty because it grows. The caller closes Body.
func (r *Reader) OpenRange(ctx context.Context, job *v1alpha1.PipelineJob, task, step string, rng storage.Range) (*storage.Object, error) {
	text, err := r.openText(ctx, job, task, step, rng)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", job.Name, err)
	}
	return &text.Object, nil
}

// OpenStored opens the stored object of a complete log as it is: ContentEncoding says whether it is gzip. What is not
// complete yet is ErrNotExist. The caller closes Body.
func (r *Reader) OpenStored(ctx context.Context, job *v1alpha1.PipelineJob, task, step string) (*storage.Object, error) {
	file := logs.BuildLogFile
	if task != "" || step != "" {
		steps, err := r.manifest(ctx, job)
		if err != nil {
			return nil, fmt.Errorf("open log of %s: %w", job.Name, err)
		}
		i := slices.IndexFunc(steps, func(s logs.StepInfo) bool { return s.Task == task && s.Step == step })
		if i < 0 || steps[i].Log == "" {
			return nil, fmt.Errorf("open log of %s: step %s/%s: %w", job.Name, task, step, storage.ErrNotExist)
		}
		file = steps[i].Log
	}
	object, err := r.o.Store.Get(ctx, path.Join(r.o.Layout.Run(job), file), storage.Range{})
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", job.Name, err)
	}
	return object, nil
}

// openedText is an open range of text.
type openedText struct {
	storage.Object
	complete bool
}

func (r *Reader) openText(ctx context.Context, job *v1alpha1.PipelineJob, task, step string, rng storage.Range) (openedText, error) {
	if rng.Offset < 0 || rng.Length < 0 {
		return openedText{}, fmt.Errorf("range %d+%d is negative", rng.Offset, rng.Length)
	}
	for try := 1; ; try++ {
		parts, complete, err := r.parts(ctx, job, task, step)
		if err != nil {
			return openedText{}, err
		}
		text, err := openParts(ctx, parts, rng)
		if complete {
			text.ETag = etag(parts)
		}
		moved := errors.Is(err, errStale) || errors.Is(err, storage.ErrNotExist) && !complete
		if !moved || try == readTries {
			return openedText{text, complete}, err
		}
	}
}

// part is a title and the log of a step behind it.
type part struct {
	title string
	file  *logfile.File
}

// parts are what a text is joined of, and whether it is complete.
func (r *Reader) parts(ctx context.Context, job *v1alpha1.PipelineJob, task, step string) ([]part, bool, error) {
	if task != "" || step != "" {
		text, err := r.find(ctx, job, task, step)
		return []part{{file: text.file}}, text.final, err
	}
	steps, err := r.Steps(ctx, job)
	if err != nil {
		return nil, false, err
	}
	run, archived := r.o.Layout.Run(job), job.Status.Log.Archived
	if len(steps) == 0 {
		file, err := r.stored(ctx, path.Join(run, logs.BuildLogFile))
		return []part{{file: file}}, archived, err
	}
	isClone := logs.Checkouts(job, steps)
	var parts []part
	for _, s := range steps {
		if !s.IsStep() || isClone(s) || archived && s.Log == "" || s.State == logs.StepWaiting {
			continue
		}
		text, err := r.text(ctx, run, s, archived)
		if err != nil {
			return nil, false, err
		}
		parts = append(parts, part{logs.StepTitle(len(parts), s), text.file})
	}
	if len(parts) == 1 {
		parts[0].title = ""
	}
	return parts, archived, nil
}

func openParts(ctx context.Context, parts []part, rng storage.Range) (storage.Object, error) {
	var size int64
	end := rng.Offset + rng.Length
	if rng.Length == 0 {
		end = 1<<63 - 1
	}
	body := &joinedReader{}
	add := func(n int64, open func(offset, length int64) (io.ReadCloser, error)) {
		from, to := max(rng.Offset-size, 0), min(end-size, n)
		if size += n; from < to {
			body.rest = append(body.rest, func() (io.ReadCloser, error) { return open(from, to-from) })
		}
	}
	for _, p := range parts {
		add(int64(len(p.title)), func(offset, length int64) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(p.title[offset : offset+length])), nil
		})
		add(p.file.Info().Bytes, func(offset, length int64) (io.ReadCloser, error) { return p.file.Reader(ctx, offset, length) })
	}
	info := storage.Info{Size: size, ContentType: logs.TextType}
	return storage.Object{Body: body, Info: info}, body.next()
}

// etag is for text that is complete.
func etag(parts []part) string {
	sum, size := crc32.NewIEEE(), int64(0)
	for _, p := range parts {
		info := p.file.Info()
		size += info.Bytes
		_, _ = io.WriteString(sum, p.title) // a sum takes everything
		_ = binary.Write(sum, binary.BigEndian, []int64{info.Bytes, int64(info.Sum)})
	}
	return fmt.Sprintf(`"%x-%08x"`, size, sum.Sum32())
}

// joinedReader reads one body after the other, each opened when its turn comes.
type joinedReader struct {
	body io.ReadCloser
	rest []func() (io.ReadCloser, error)
}

// next closes the present body and opens the next one, if there is one.
func (j *joinedReader) next() error {
	err := j.Close()
	if err == nil && len(j.rest) > 0 {
		j.body, err = j.rest[0]()
		j.rest = j.rest[1:]
	}
	return err
}

func (j *joinedReader) Read(p []byte) (int, error) {
	for j.body != nil {
		n, err := j.body.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		if err := j.next(); err != nil {
			return 0, err
		}
	}
	return 0, io.EOF
}

// Close leaves nothing to read.
func (j *joinedReader) Close() error {
	body := j.body
	if j.body = nil; body == nil {
		return nil
	}
	return body.Close()
}
