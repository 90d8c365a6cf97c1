package logs

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/logs/logfile"
)

const (
	// segmentSize bounds the stored bytes of a segment, and so the memory of an upload.
	segmentSize = 8 << 20
	// pieceStored is the most that a piece becomes in its stored form.
	pieceStored = pieceSize + 4<<10
	// smallChunk is the size below which a chunk is written again with more text instead of leaving many tiny objects. So
	// much can always be sent; what is larger takes a slot.
	smallChunk = 64 << 10
	// smallChunks are sent at once by all streams together.
	smallChunks = 64
)

// room bounds the memory of what all streams send.
type room struct {
	slots chan *slot
	small chan []byte
}

// slot is the memory of one upload: a segment, and what a piece is read with. Where small segments have to be joined to a
// large one, it grows to 13 MiB for that time.
type slot struct {
	buf   []byte
	piece frames
}

func newRoom(slots int) *room {
	r := &room{slots: make(chan *slot, slots), small: make(chan []byte, smallChunks)}
	for range slots {
		r.slots <- &slot{piece: frames{r: bufio.NewReaderSize(nil, lineBuffer)}} // buf comes when it is needed
	}
	for range smallChunks {
		r.small <- nil
	}
	return r
}

// slot waits for one; give must be called.
func (r *room) slot(ctx context.Context) (*slot, error) {
	select {
	case t := <-r.slots:
		if t.buf == nil {
			t.buf = make([]byte, 0, segmentSize)
		}
		t.buf = t.buf[:0]
		return t, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// give returns the slot. After a failed try the transport may still read the buffer, so it is left to the garbage
// collector then.
func (r *room) give(t *slot, tries int) {
	if tries > 1 || cap(t.buf) > segmentSize {
		t.buf = nil
	}
	r.slots <- t
}

// chunk waits for a buffer of n bytes; give must be called, with the number of tries.
func (r *room) chunk(ctx context.Context, n int64) (buf []byte, give func(tries int), err error) {
	if n > smallChunk {
		t, err := r.slot(ctx)
		if err != nil {
			return nil, nil, err
		}
		return t.buf, func(tries int) { r.give(t, tries) }, nil
	}
	select {
	case buf := <-r.small:
		if buf == nil {
			buf = make([]byte, 0, smallChunk+1<<10)
		}
		return buf[:0], func(tries int) {
			if tries > 1 {
				buf = nil
			}
			r.small <- buf
		}, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// flush makes everything durable that is spooled when it is called; text that the disk does not take, it leaves.
func (s *spool) flush(ctx context.Context) error {
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
	if spilled != nil {
		metricStoreErrors.WithLabelValues(opSpool).Inc()
		return sleep(ctx, lastDelay, nil)
	}
	return nil
}

// putChunk makes a piece durable. The chunk is sealed when it is large enough, and when its write was tried twice: a lost
// first try may still arrive and must not take away what was added later.
func (s *spool) putChunk(ctx context.Context, p *piece) error {
	s.mu.Lock()
	h := header{Offset: p.base, End: p.end, Cursor: p.after, Lost: s.lost}
	path, from, to, fresh, stamp, now := p.path, p.sealed, p.size, p.size-p.durable, p.stamp, time.Now()
	s.mu.Unlock()
	if fresh == 0 {
		return nil
	}
	buf, give, err := s.room.chunk(ctx, to-from)
	if err != nil {
		return err
	}
	tries := 1
	defer func() { give(tries) }()
	head, err := h.encode()
	if err != nil {
		return err
	}
	if buf, err = appendFile(append(buf, head...), path, from, to); err != nil {
		return err
	}
	key := s.folder + liveName{offset: h.Offset, writer: s.writer, suffix: chunkSuffix}.String()
	tries, err = s.persist(ctx, "put chunk", func(ctx context.Context) error {
		return putBytes(ctx, s.store, key, buf, liveOptions)
	})
	if err != nil {
		return err
	}
	metricChunks.Inc()
	durable(fresh, stamp)
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

// durable counts what came into the store.
func durable(n, stamp int64) {
	metricBytes.Add(float64(n))
	metricLag.Observe(time.Since(time.Unix(0, stamp)).Seconds())
}

// appendFile appends a range of a spool file.
func appendFile(buf []byte, path string, from, to int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return buf, fmt.Errorf("%w: %w", errAgain, err)
	}
	n := len(buf)
	buf = slices.Grow(buf, int(to-from))[:n+int(to-from)]
	_, err = f.ReadAt(buf[n:], from)
	if err = errors.Join(err, f.Close()); err != nil {
		return buf, fmt.Errorf("%w: %w", errAgain, err)
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
func (s *spool) segment(ctx context.Context) error {
	t, err := s.room.slot(ctx)
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
	if err == nil {
		own, record, err = s.extend(t, pieces[:n])
	}
	if err != nil {
		s.room.give(t, 1)
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
		s.room.give(t, tries)
		s.mu.Lock()
		f.done, f.err = true, err
		s.mu.Unlock()
		s.kick()
	})
	return nil
}

// land settles the segments that arrived, in their order.
func (s *spool) land(ctx context.Context) error {
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
func (s *spool) landed(ctx context.Context, pieces []*piece) {
	metricSegments.Inc()
	s.sent++
	s.covered(ctx, pieces)
	s.joinAhead(ctx)
}

// cutPieces are those that are full and in no segment.
func (s *spool) cutPieces() []*piece {
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
func (s *spool) encode(t *slot, pieces []*piece) (n int, err error) {
	if s.enc == nil {
		s.enc = logfile.NewEncoder(s.compress)
	}
	if s.loss() != "" {
		s.enc.MarkIncomplete()
	}
	for n < len(pieces) && (n == 0 || len(t.buf)+pieceStored <= segmentSize) {
		if err := s.encodePiece(t, pieces[n]); err != nil {
			return n, fmt.Errorf("%w: %w", errAgain, err)
		}
		n++
	}
	s.enc.Release()
	return n, nil
}

func (s *spool) encodePiece(t *slot, p *piece) error {
	if p.path == "" {
		return nil
	}
	f, err := os.Open(p.path)
	if err != nil {
		return err
	}
	defer f.Close()
	t.piece.r.Reset(io.NewSectionReader(f, 0, p.size))
	before := s.enc.Info().Bytes
	err = copyFrames(&t.piece, 0, func(text []byte, stamp int64) error {
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
func (s *spool) extend(t *slot, pieces []*piece) (own, record object, err error) {
	last := pieces[len(pieces)-1]
	name := liveName{offset: s.sealed(), end: last.end, writer: s.writer, suffix: segmentSuffix}
	s.chain = append(s.chain, liveSegment{name: name.String(), offset: name.offset, end: name.end, stored: int64(len(t.buf))})
	own = object{s.folder + name.String(), t.buf}
	text, err := s.record(last.after)
	name.suffix = recordSuffix
	return own, object{s.folder + name.String(), text}, err
}

// send stores a segment and its record. Both count only when they are there.
func (s *spool) send(ctx context.Context, own, record object) (tries int, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		_, err := s.persist(ctx, "put record", func(ctx context.Context) error {
			return putBytes(ctx, s.store, record.key, record.text, jsonOptions)
		})
		return err
	})
	group.Go(func() (err error) {
		tries, err = s.persist(ctx, "put segment", func(ctx context.Context) error {
			return putBytes(ctx, s.store, own.key, own.text, liveOptions)
		})
		return err
	})
	if err := group.Wait(); err != nil {
		return 2, err
	}
	return tries, nil
}

// covered forgets pieces that are in a segment, and their chunks.
func (s *spool) covered(ctx context.Context, pieces []*piece) {
	var fresh int64
	for _, p := range pieces {
		fresh += p.size - p.durable
	}
	if fresh > 0 {
		durable(fresh, pieces[len(pieces)-1].stamp)
	}
	s.drop(pieces)
	for _, p := range pieces {
		for _, key := range p.chunks {
			_ = s.store.Delete(ctx, key) // what stays is deleted with the folder
		}
	}
}

func (s *spool) record(after Cursor) ([]byte, error) {
	state, err := s.enc.State()
	if err != nil {
		return nil, err
	}
	r := liveRecord{State: state, Cursor: after, Lost: s.loss()}
	for _, c := range s.chain {
		r.Chain = append(r.Chain, c.name)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return text, nil
}

// sealed is the offset behind the chain.
func (s *spool) sealed() int64 {
	if len(s.chain) == 0 {
		return 0
	}
	return s.chain[len(s.chain)-1].end
}
