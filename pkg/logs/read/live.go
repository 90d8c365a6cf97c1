package read

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/live"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
)

// tailSize bounds the text of chunks that a reader holds for one log. A shipper that catches up may leave more for a while;
// it is read when it is in segments.
const tailSize = 24 << 20

// live opens what is durable of a log that goes on, as one log: its segments, and the chunks behind them in memory. False
// when there is nothing. Readers of the same log read a chunk once.
func (r *Reader) live(ctx context.Context, folder string) (stepText, bool, error) {
	log, err := live.Open(ctx, r.o.Store, folder)
	if err != nil {
		return stepText{}, false, err
	}
	shot, ok := r.cache.peek(folder).(*snapshot)
	if !ok || shot.after != log.Chain.LastName() {
		if shot, err = newSnapshot(log); err != nil {
			return stepText{}, false, err
		}
	}
	if shot, err = shot.grown(ctx, log); err != nil {
		return stepText{}, false, err
	}
	r.cache.add(folder, cached{shot, shot.memory()})
	file, err := shot.open(log.Get)
	return stepText{file: file, cursor: shot.cursor, lost: shot.lost}, len(log.Chain)+len(log.Chunks) > 0, err
}

// snapshot is the text of the chunks behind a segment, in the stored form. It does not change.
type snapshot struct {
	after  string // the segment
	stored int64  // size of all segments
	index  []byte // of the segments and the text
	rest   []byte
	end    int64 // offset behind the text
	cursor logs.Cursor
	lost   string
	sizes  map[string]int64 // of the chunks that were read, by key
}

// newSnapshot has no text.
func newSnapshot(log *live.Log) (*snapshot, error) {
	enc := logfile.NewEncoder(false)
	if len(log.Chain) > 0 {
		var err error
		if enc, err = logfile.ResumeEncoder(log.Last.State); err != nil {
			return nil, err
		}
	}
	index, err := enc.State()
	return &snapshot{
		after: log.Chain.LastName(), stored: enc.Info().Stored, index: index, end: log.Chain.End(), cursor: log.Last.Cursor, lost: log.Last.Lost,
	}, err
}

// grown is a snapshot with the text of chunks that are new or larger.
func (s *snapshot) grown(ctx context.Context, log *live.Log) (*snapshot, error) {
	enc, err := logfile.ResumeEncoder(s.index)
	if err != nil {
		return nil, err
	}
	t := &tail{enc: enc, size: int64(len(s.rest)), next: *s}
	t.next.sizes = maps.Clone(s.sizes)
	if t.next.sizes == nil {
		t.next.sizes = make(map[string]int64)
	}
	for _, chunk := range log.Chunks {
		if chunk.Offset > t.next.end {
			break
		}
		if s.sizes[chunk.Key] == chunk.Size {
			continue
		}
		end, err := log.ReadChunk(ctx, chunk, t.next.end, t)
		if errors.Is(err, errTail) {
			break
		}
		if err != nil {
			return nil, err
		}
		t.next.end, t.next.sizes[chunk.Key] = max(t.next.end, end), chunk.Size
	}
	if t.next.end == s.end {
		return s, nil
	}
	t.next.rest = append(s.rest[:len(s.rest):len(s.rest)], enc.Cut()...)
	enc.Release()
	t.next.index, err = enc.State()
	return &t.next, err
}

func (s *snapshot) memory() int64 { return int64(len(s.index)+cap(s.rest)+256*len(s.sizes)) + 512 }

// open reads the segments through get.
func (s *snapshot) open(get logfile.Get) (*logfile.File, error) {
	return logfile.Open(s.index, func(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
		end := offset + length
		from, to := max(offset-s.stored, 0), max(end-s.stored, 0)
		rest := bytes.NewReader(s.rest[min(from, int64(len(s.rest))):min(to, int64(len(s.rest)))])
		if offset >= s.stored {
			return io.NopCloser(rest), nil
		}
		body, err := get(ctx, offset, min(end, s.stored)-offset)
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.MultiReader(body, rest), body}, nil
	})
}

// errTail says that the chunks hold more than tailSize.
var errTail = errors.New("too much text in chunks")

// tail collects the text of chunks.
type tail struct {
	enc  *logfile.Encoder
	size int64
	next snapshot
}

var _ live.Tailer = (*tail)(nil)

func (t *tail) Begin(_ string, size int64) error {
	if t.size += size; t.size > tailSize {
		return errTail
	}
	return nil
}

func (t *tail) Text(text []byte, stamp int64) error {
	t.enc.Add(text, stamp)
	return nil
}

func (t *tail) End(h live.Header) error {
	t.next.cursor, t.next.lost = h.Cursor, h.Lost
	return nil
}
