package logs

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

// liveLog is what the store has of a step whose log is not complete, as it was when it was listed. The step goes on: an
// object that is not there any more makes reading fail with ErrNotExist, and openLive finds what replaced it, or the log is
// complete by then.
type liveLog struct {
	store  storage.Store
	folder string
	chain  liveChain
	last   liveRecord // of the chain; zero without one
	chunks []liveChunk
	// reach is the highest offset that any object tells of, also one that does not join.
	reach int64
}

// liveSegment is one object of the stored form.
type liveSegment struct {
	name                string
	offset, end, stored int64
}

// liveChain are segments from the log's beginning, each behind the one before.
type liveChain []liveSegment

// end is the offset behind the chain.
func (c liveChain) end() int64 {
	if len(c) == 0 {
		return 0
	}
	return c[len(c)-1].end
}

// lastName is that of the last segment; empty when there is none.
func (c liveChain) lastName() string {
	if len(c) == 0 {
		return ""
	}
	return c[len(c)-1].name
}

// liveChunk is one chunk. Its size is more than that of its text.
type liveChunk struct {
	key          string
	offset, size int64
}

// openLive lists a step's live folder and reads the record of the longest chain whose segments are all there.
func openLive(ctx context.Context, store storage.Store, folder string) (*liveLog, error) {
	l := &liveLog{store: store, folder: folder}
	segments := make(map[string]liveSegment)
	var records []liveName
	for entry, err := range store.List(ctx, folder) {
		if err != nil {
			return nil, err
		}
		name, ok := parseLiveName(entry.Key)
		if !ok {
			continue
		}
		l.reach = max(l.reach, name.offset, name.end)
		switch name.suffix {
		case chunkSuffix:
			l.chunks = append(l.chunks, liveChunk{entry.Key, name.offset, entry.Size})
		case segmentSuffix:
			segments[name.String()] = liveSegment{name.String(), name.offset, name.end, entry.Size}
		case recordSuffix:
			records = append(records, name)
		}
	}
	slices.SortFunc(records, func(a, b liveName) int { return cmp.Compare(b.end, a.end) })
	for _, name := range records {
		if err := l.take(ctx, name, segments); err != nil {
			return nil, err
		}
		if len(l.chain) > 0 {
			break
		}
	}
	l.chunks = slices.DeleteFunc(l.chunks, func(c liveChunk) bool {
		return c.offset+c.size <= l.chain.end() // an object is larger than its text
	})
	return l, nil
}

// take makes a record's chain the log's, unless a segment is missing.
func (l *liveLog) take(ctx context.Context, name liveName, segments map[string]liveSegment) error {
	if _, ok := segments[name.segment()]; !ok {
		return nil
	}
	r, err := loadRecord(ctx, l.store, l.folder+name.String())
	if err != nil {
		return err
	}
	var chain liveChain
	for _, part := range r.Chain {
		s, ok := segments[part]
		if !ok || s.offset != chain.end() {
			return nil
		}
		chain = append(chain, s)
	}
	if chain.end() == name.end {
		l.chain, l.last = chain, r
	}
	return nil
}

// get reads a range of the chain's stored form, for logfile.Open with the state in the last record as its index.
func (l *liveLog) get(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	i := 0
	for i < len(l.chain) && offset >= l.chain[i].stored {
		offset -= l.chain[i].stored
		i++
	}
	r := &chainReader{get: func(i int, rng storage.Range) (io.ReadCloser, error) {
		object, err := l.store.Get(ctx, l.folder+l.chain[i].name, rng)
		if err != nil {
			return nil, err
		}
		return object.Body, nil
	}, chain: l.chain, next: i, offset: offset, left: length}
	return r, nil
}

// chainReader reads several segments as one.
type chainReader struct {
	get    func(i int, rng storage.Range) (io.ReadCloser, error)
	chain  liveChain
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
		rng := storage.Range{Offset: r.offset, Length: min(r.left, r.chain[r.next].stored-r.offset)}
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

// tailer takes the text behind the chain.
type tailer interface {
	// begin is told the key of a chunk, and its size, which is more than that of its text.
	begin(key string, size int64) error
	// text is valid during the call. Its lines began at stamp, in Unix nanoseconds.
	text(text []byte, stamp int64) error
	// end is told the header of the chunk, when all of its text was given.
	end(header) error
}

// tail gives the text behind the chain, each byte once. Where a chunk is missing, it ends. It holds 64 KiB.
func (l *liveLog) tail(ctx context.Context, to tailer) error {
	pos := l.chain.end()
	for _, chunk := range l.chunks {
		if chunk.offset > pos {
			return nil
		}
		end, err := l.readChunk(ctx, chunk, pos, to)
		if err != nil {
			return err
		}
		pos = max(pos, end)
	}
	return nil
}

// readChunk gives the text of one chunk from pos on, and returns where it ends: 0 when there is none.
func (l *liveLog) readChunk(ctx context.Context, chunk liveChunk, pos int64, to tailer) (end int64, err error) {
	object, err := l.store.Get(ctx, chunk.key, storage.Range{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, object.Body.Close()) }()
	r := bufio.NewReaderSize(object.Body, longestHeader)
	h, err := decodeHeader(r)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", chunk.key, err)
	}
	if h.End <= pos || h.Offset > pos {
		return 0, nil
	}
	if err := to.begin(chunk.key, object.Size); err != nil {
		return 0, err
	}
	if err := (&frames{r: r}).copyText(pos-h.Offset, to.text); err != nil {
		return 0, fmt.Errorf("read %s: %w", chunk.key, err)
	}
	return h.End, to.end(h)
}
