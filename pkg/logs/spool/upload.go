package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/live"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/retry"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// flush makes everything durable that is spooled when it is called; text that the disk does not take, it leaves.
func (s *Spool) flush(ctx context.Context) error {
	spilled := s.trySpill()
	s.mu.Lock()
	pieces := slices.Clone(s.pieces)
	s.mu.Unlock()
	for _, p := range pieces {
		if p.taken {
			continue
		}
		if err := s.putChunk(ctx, p); err != nil {
			return err
		}
	}
	if spilled == nil {
		return nil
	}
	s.o.Failed(DiskOperation)
	return retry.Wait(ctx, diskPause, nil)
}

// putChunk makes a piece durable. The chunk is sealed when it is large enough, and when its write was tried twice: a lost
// first try may still arrive and must not take away what was added later.
func (s *Spool) putChunk(ctx context.Context, p *piece) error {
	s.mu.Lock()
	h := live.Header{Offset: p.base, End: p.end, Cursor: p.after, Lost: s.lost}
	path, from, to, done, stamp, now := p.path, p.sealed, p.size, p.durable, p.stamp, time.Now()
	s.mu.Unlock()
	if to == done {
		return nil
	}
	buf, give, err := s.o.Room.chunk(ctx, to-from)
	if err != nil {
		return err
	}
	tries := 1
	defer func() { give(tries) }()
	head, err := h.Encode()
	if err != nil {
		return err
	}
	if buf, err = appendFile(append(buf, head...), path, from, to); err != nil {
		return err
	}
	key := s.o.Folder + live.ChunkName(h.Offset, s.o.Writer)
	tries, err = s.o.Persist(ctx, "put chunk", func(ctx context.Context) error {
		return putBytes(ctx, s.o.Store, key, buf, liveOptions)
	})
	if err != nil {
		return err
	}
	metricChunks.Inc()
	s.count(h.End, stamp)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(p.chunks); n == 0 || p.chunks[n-1] != key {
		p.chunks = append(p.chunks, key)
	}
	p.durable, p.since = to, time.Time{}
	if p.size > to || !p.cut && len(s.buf) > 0 {
		p.since = now // or later
	}
	if tries > 1 || to-from >= smallChunk {
		p.sealed, p.base = to, h.End
	}
	return nil
}

// count notes that text is durable up to an offset.
func (s *Spool) count(end, stamp int64) {
	if end > s.counted {
		metricBytes.Add(float64(end - s.counted))
		metricLag.Observe(time.Since(time.Unix(0, stamp)).Seconds())
		s.counted = end
	}
}

// appendFile appends a range of a spool file.
func appendFile(buf []byte, path string, from, to int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return buf, fmt.Errorf("%w: %w", ErrAgain, err)
	}
	n := len(buf)
	buf = slices.Grow(buf, int(to-from))[:n+int(to-from)]
	_, err = f.ReadAt(buf[n:], from)
	if err = errors.Join(err, f.Close()); err != nil {
		return buf, fmt.Errorf("%w: %w", ErrAgain, err)
	}
	return buf, nil
}

// flight is a segment on its way to the store.
type flight struct {
	pieces []*piece
	done   bool
	err    error
}

// segment sends pieces that are full as one segment; where there is none, it cuts the one that grows. It returns when the
// segment is on its way.
func (s *Spool) segment(ctx context.Context) error {
	t, err := s.o.Room.slot(ctx)
	if err != nil {
		return err
	}
	pieces := s.cutPieces()
	if len(pieces) == 0 {
		s.mu.Lock()
		s.cutOpen()
		s.mu.Unlock()
		pieces = s.cutPieces()
	}
	n, err := s.encode(t, pieces)
	var own, record object
	if err == nil && n > 0 {
		own, record, err = s.extend(t, pieces[:n])
	}
	if err != nil || n == 0 {
		s.o.Room.give(t, 1)
		return err
	}
	f := &flight{pieces: pieces[:n]}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range f.pieces {
		p.taken = true
	}
	s.flights = append(s.flights, f)
	s.work.Go(func() {
		tries, err := s.send(ctx, own, record)
		s.o.Room.give(t, tries)
		s.mu.Lock()
		f.done, f.err = true, err
		s.mu.Unlock()
		s.kick()
	})
	return nil
}

// land settles the segments that arrived, in their order.
func (s *Spool) land(ctx context.Context) error {
	for {
		s.mu.Lock()
		if len(s.flights) == 0 || !s.flights[0].done {
			s.mu.Unlock()
			return nil
		}
		f := s.flights[0]
		s.flights = s.flights[1:]
		s.mu.Unlock()
		if f.err != nil {
			return f.err
		}
		s.landed(ctx, f.pieces)
	}
}

// landed is called for each segment that is in the store.
func (s *Spool) landed(ctx context.Context, pieces []*piece) {
	metricSegments.Inc()
	s.sent++
	s.covered(ctx, pieces)
	s.joinAhead(ctx)
}

// cutPieces are those that are full and in no segment.
func (s *Spool) cutPieces() []*piece {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pieces []*piece
	for _, p := range s.pieces {
		if p.cut && !p.taken {
			pieces = append(pieces, p)
		}
	}
	return pieces
}

// encode fills the slot with the stored form of as many pieces as fit.
func (s *Spool) encode(t *slot, pieces []*piece) (n int, err error) {
	if s.enc == nil {
		s.enc = logfile.NewEncoder(s.o.Compress)
	}
	if s.Loss() != "" {
		s.enc.MarkIncomplete()
	}
	for n < len(pieces) && (n == 0 || len(t.buf)+pieceStored <= segmentSize) {
		if err := s.encodePiece(t, pieces[n]); err != nil {
			return n, fmt.Errorf("%w: %w", ErrAgain, err)
		}
		n++
	}
	s.enc.Release()
	return n, nil
}

func (s *Spool) encodePiece(t *slot, p *piece) error {
	if p.path == "" {
		return nil
	}
	f, err := os.Open(p.path)
	if err != nil {
		return err
	}
	defer f.Close()
	t.piece.Reset(io.NewSectionReader(f, 0, p.size))
	before := s.enc.Info().Bytes
	err = t.piece.Copy(0, func(text []byte, stamp int64) error {
		s.enc.Add(text, stamp)
		return nil
	})
	if err != nil {
		return err
	}
	if got := s.enc.Info().Bytes; got != p.end {
		return fmt.Errorf("%s has %d bytes of text, want %d", p.path, got-before, p.end-before)
	}
	t.buf = append(t.buf, s.enc.Cut()...)
	return nil
}

// object is what is to be stored.
type object struct {
	key  string
	text []byte
}

// extend makes what is in the slot the next segment of the chain, and its record.
func (s *Spool) extend(t *slot, pieces []*piece) (own, record object, err error) {
	last := pieces[len(pieces)-1]
	begin := s.chain.End()
	name, recordName := live.SegmentNames(begin, last.end, s.o.Writer)
	s.chain = append(s.chain, live.Segment{Name: name, Offset: begin, End: last.end, Stored: int64(len(t.buf))})
	text, err := s.record(last.after)
	return object{s.o.Folder + name, t.buf}, object{s.o.Folder + recordName, text}, err
}

// send stores a segment and its record. Both count only when they are there.
func (s *Spool) send(ctx context.Context, own, record object) (tries int, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		_, err := s.o.Persist(ctx, "put record", func(ctx context.Context) error {
			return putBytes(ctx, s.o.Store, record.key, record.text, storage.PutOptions{ContentType: logs.JSONType})
		})
		return err
	})
	group.Go(func() (err error) {
		tries, err = s.o.Persist(ctx, "put segment", func(ctx context.Context) error {
			return putBytes(ctx, s.o.Store, own.key, own.text, liveOptions)
		})
		return err
	})
	if err := group.Wait(); err != nil {
		return 2, err
	}
	return tries, nil
}

// covered forgets pieces that are in a segment, and their chunks.
func (s *Spool) covered(ctx context.Context, pieces []*piece) {
	if n := len(pieces); n > 0 {
		s.count(pieces[n-1].end, pieces[n-1].stamp)
	}
	s.drop(pieces)
	for _, p := range pieces {
		for _, key := range p.chunks {
			_ = s.o.Store.Delete(ctx, key) // what stays is deleted with the folder
		}
	}
}

func (s *Spool) record(after logs.Cursor) ([]byte, error) {
	state, err := s.enc.State()
	if err != nil {
		return nil, err
	}
	return live.NewRecord(s.chain, state, after, s.Loss()).Encode()
}

// liveOptions are those of what only Pharos reads.
var liveOptions = storage.PutOptions{ContentType: "application/octet-stream"}

// putBytes stores what is in memory.
func putBytes(ctx context.Context, store storage.Store, key string, text []byte, opts storage.PutOptions) error {
	return store.Put(ctx, key, bytes.NewReader(text), opts)
}
