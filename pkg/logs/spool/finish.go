package spool

import (
	"context"
	"slices"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/live"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
)

// Resume takes up what the store has of the log: its segments stay, and the text of its chunks is spooled again, whatever
// the limit of the disk. It returns the cursor behind all of that.
func (s *Spool) Resume(ctx context.Context) (logs.Cursor, error) {
	_, err := s.o.Persist(ctx, "read chunks", func(ctx context.Context) error {
		s.mu.Lock()
		pieces := s.pieces
		s.buf, s.frame = s.buf[:0], -1
		s.mu.Unlock()
		s.drop(pieces)
		l, err := live.Open(ctx, s.o.Store, s.o.Folder)
		if err != nil {
			return err
		}
		s.enc = nil
		if len(l.Chain) > 0 {
			if s.enc, err = logfile.ResumeEncoder(l.Last.State); err != nil {
				return err
			}
		}
		s.chain, s.sent, s.known = l.Chain, len(l.Chain), l.Reach
		s.spilled, s.end = l.Chain.End(), l.Chain.End()
		s.cursor, s.lost = l.Last.Cursor, l.Last.Lost
		return l.Tail(ctx, spoolTailer{s})
	})
	if err == nil {
		s.known, s.counted = max(s.known, s.end), s.end
	}
	return s.cursor, err
}

// spoolTailer spools what is durable already. It runs before Begin.
type spoolTailer struct{ s *Spool }

// Begin has each chunk in one piece, since only behind it the cursor is known.
func (t spoolTailer) Begin(key string, size int64) error {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	if p := t.s.open(); p.size+size > pieceSize {
		p.seal()
	}
	p := t.s.open()
	p.chunks = append(p.chunks, key)
	return nil
}

func (t spoolTailer) Text(text []byte, stamp int64) error {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	t.s.put(text, stamp)
	if len(t.s.buf) < spoolBuffer {
		return nil
	}
	return t.s.write()
}

func (t spoolTailer) End(h live.Header) error {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	t.s.cursor, t.s.lost = h.Cursor, h.Lost
	if err := t.s.write(); err != nil {
		return err
	}
	p := t.s.open()
	p.after, p.durable, p.sealed, p.base = h.Cursor, p.size, p.size, p.end
	return nil
}

// Finish stores the log, and its index under the key index. It returns ErrAgain when text that the store or the disk had is
// not there any more.
func (s *Spool) Finish(ctx context.Context, index string) (logfile.Info, error) {
	if err := s.spill(ctx); err != nil { // as long as others work on it, which makes room
		return logfile.Info{}, err
	}
	s.settle()
	s.stop()
	if s.err != nil {
		return logfile.Info{}, s.err
	}
	s.cutOpen()
	if s.known > s.end {
		s.Note("a part of the log was missing in the store")
	}
	for {
		done, err := s.finishSome(ctx, index)
		if err != nil {
			return logfile.Info{}, err
		}
		if done {
			break
		}
	}
	return s.enc.Info(), nil
}

// finishSome stores one more segment, or the log when nothing is left: at once when no segment was needed.
func (s *Spool) finishSome(ctx context.Context, index string) (done bool, err error) {
	t, err := s.o.Room.slot(ctx)
	if err != nil {
		return false, err
	}
	tries := 1
	defer func() { s.o.Room.give(t, tries) }()
	pieces := s.cutPieces()
	n, err := s.encode(t, pieces)
	if err != nil {
		return false, err
	}
	switch {
	case n == len(pieces) && len(s.chain) == 0:
		tries, err = s.putWhole(ctx, t, index)
		if err == nil {
			s.covered(ctx, pieces)
		}
		return err == nil, err
	case n > 0:
		own, record, err := s.extend(t, pieces[:n])
		if err != nil {
			return false, err
		}
		if tries, err = s.send(ctx, own, record); err == nil {
			s.landed(ctx, pieces[:n])
		}
		return false, err
	default:
		tries, err = s.putJoined(ctx, t, index)
		return err == nil, err
	}
}

// putWhole stores a log that is all in the slot.
func (s *Spool) putWhole(ctx context.Context, t *slot, index string) (tries int, err error) {
	tail, err := s.closing(ctx, index)
	if err != nil {
		return 2, err
	}
	t.buf = append(t.buf, tail...)
	return s.o.Persist(ctx, "put log", func(ctx context.Context) error {
		return putBytes(ctx, s.o.Store, s.o.Key, t.buf, logs.LogOptions(s.enc.Info().Compressed))
	})
}

// closing ends the stored form and stores the index. That comes before the log, so that no log is without.
func (s *Spool) closing(ctx context.Context, key string) (tail []byte, err error) {
	tail, index, err := s.enc.Finish()
	if err != nil {
		return nil, err
	}
	tail = slices.Clone(tail)
	s.enc.Release()
	_, err = s.o.Persist(ctx, "put index", func(ctx context.Context) error {
		return putBytes(ctx, s.o.Store, key, index, liveOptions)
	})
	return tail, err
}

// Part is for a stream that ends before its log does: it tries for some seconds to make the rest durable.
func (s *Spool) Part(ctx context.Context) {
	s.stop()
	for _, p := range s.pieces {
		p.taken = false // what was in flight has failed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTime)
	defer cancel()
	_ = s.flush(ctx) // the next process reads it from the cluster again
}
