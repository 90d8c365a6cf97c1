package live

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// Log is what the store has of a step whose log is not complete, as it was when it was listed. The step goes on: an
// object that is not there any more makes reading fail with ErrNotExist, and Open finds what replaced it, or the log is
// complete by then.
type Log struct {
	store  storage.Store
	folder string
	Chain  Chain
	Last   Record // of the chain; zero without one
	Chunks []Chunk
	// Reach is the highest offset that any object tells of, also one that does not join.
	Reach int64
}

// Segment is one object of the stored form.
type Segment struct {
	Name                string
	Offset, End, Stored int64
}

// Chain are segments from the log's beginning, each behind the one before.
type Chain []Segment

// End is the offset behind the chain.
func (c Chain) End() int64 {
	if len(c) == 0 {
		return 0
	}
	return c[len(c)-1].End
}

// LastName is that of the last segment; empty when there is none.
func (c Chain) LastName() string {
	if len(c) == 0 {
		return ""
	}
	return c[len(c)-1].Name
}

// Chunk is one chunk. Its size is more than that of its text.
type Chunk struct {
	Key          string
	Offset, Size int64
}

// Open lists a step's live folder and reads the record of the longest chain whose segments are all there.
func Open(ctx context.Context, store storage.Store, folder string) (*Log, error) {
	l := &Log{store: store, folder: folder}
	segments := make(map[string]Segment)
	var records []objectName
	for entry, err := range store.List(ctx, folder) {
		if err != nil {
			return nil, err
		}
		name, ok := parseName(entry.Key)
		if !ok {
			continue
		}
		l.Reach = max(l.Reach, name.offset, name.end)
		switch name.suffix {
		case chunkSuffix:
			l.Chunks = append(l.Chunks, Chunk{entry.Key, name.offset, entry.Size})
		case segmentSuffix:
			segments[name.String()] = Segment{name.String(), name.offset, name.end, entry.Size}
		case recordSuffix:
			records = append(records, name)
		}
	}
	slices.SortFunc(records, func(a, b objectName) int { return cmp.Compare(b.end, a.end) })
	for _, name := range records {
		if err := l.take(ctx, name, segments); err != nil {
			return nil, err
		}
		if len(l.Chain) > 0 {
			break
		}
	}
	l.Chunks = slices.DeleteFunc(l.Chunks, func(c Chunk) bool {
		return c.Offset+c.Size <= l.Chain.End() // an object is larger than its text
	})
	return l, nil
}

// take makes a record's chain the log's, unless a segment is missing.
func (l *Log) take(ctx context.Context, name objectName, segments map[string]Segment) error {
	if _, ok := segments[name.segment()]; !ok {
		return nil
	}
	r, err := loadRecord(ctx, l.store, l.folder+name.String())
	if err != nil {
		return err
	}
	var chain Chain
	for _, part := range r.Chain {
		s, ok := segments[part]
		if !ok || s.Offset != chain.End() {
			return nil
		}
		chain = append(chain, s)
	}
	if chain.End() == name.end {
		l.Chain, l.Last = chain, r
	}
	return nil
}

// Get reads a range of the chain's stored form, for logfile.Open with the state in the last record as its index.
func (l *Log) Get(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	i := 0
	for i < len(l.Chain) && offset >= l.Chain[i].Stored {
		offset -= l.Chain[i].Stored
		i++
	}
	r := &chainReader{get: func(i int, rng storage.Range) (io.ReadCloser, error) {
		object, err := l.store.Get(ctx, l.folder+l.Chain[i].Name, rng)
		if err != nil {
			return nil, err
		}
		return object.Body, nil
	}, chain: l.Chain, next: i, offset: offset, left: length}
	return r, nil
}

// chainReader reads several segments as one.
type chainReader struct {
	get    func(i int, rng storage.Range) (io.ReadCloser, error)
	chain  Chain
	next   int
	offset int64 // in the next one
	left   int64
	body   io.ReadCloser
}

func (r *chainReader) Read(p []byte) (int, error) {
	for {
		if r.body != nil {
			n, err := r.body.Read(p)
			if n > 0 || !errors.Is(err, io.EOF) {
				return n, err
			}
			if err := r.Close(); err != nil {
				return 0, err
			}
		}
		if r.left <= 0 || r.next == len(r.chain) {
			return 0, io.EOF
		}
		rng := storage.Range{Offset: r.offset, Length: min(r.left, r.chain[r.next].Stored-r.offset)}
		body, err := r.get(r.next, rng)
		if err != nil {
			return 0, err
		}
		r.body, r.left, r.offset = body, r.left-rng.Length, 0
		r.next++
	}
}

func (r *chainReader) Close() error {
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body = nil
	return body.Close()
}

// Tailer takes the text behind the chain.
type Tailer interface {
	// Begin is told the key of a chunk, and its size, which is more than that of its text.
	Begin(key string, size int64) error
	// Text is valid during the call. Its lines began at stamp, in Unix nanoseconds.
	Text(text []byte, stamp int64) error
	// End is told the header of the chunk, when all of its text was given.
	End(Header) error
}

// Tail gives the text behind the chain, each byte once. Where a chunk is missing, it ends. It holds 64 KiB.
func (l *Log) Tail(ctx context.Context, to Tailer) error {
	pos := l.Chain.End()
	for _, chunk := range l.Chunks {
		if chunk.Offset > pos {
			return nil
		}
		end, err := l.ReadChunk(ctx, chunk, pos, to)
		if err != nil {
			return err
		}
		pos = max(pos, end)
	}
	return nil
}

// ReadChunk gives the text of one chunk from pos on, and returns where it ends: 0 when there is none.
func (l *Log) ReadChunk(ctx context.Context, chunk Chunk, pos int64, to Tailer) (end int64, err error) {
	object, err := l.store.Get(ctx, chunk.Key, storage.Range{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, object.Body.Close()) }()
	r := bufio.NewReaderSize(object.Body, longestHeader)
	h, err := decodeHeader(r)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", chunk.Key, err)
	}
	if h.End <= pos || h.Offset > pos {
		return 0, nil
	}
	if err := to.Begin(chunk.Key, object.Size); err != nil {
		return 0, err
	}
	if err := (&Frames{r: r}).Copy(pos-h.Offset, to.Text); err != nil {
		return 0, fmt.Errorf("read %s: %w", chunk.Key, err)
	}
	return h.End, to.End(h)
}
