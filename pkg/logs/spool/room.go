package spool

import (
	"context"

	"github.com/pharos-ci/pharos/pkg/logs/live"
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

// Room bounds the memory of what all streams send.
type Room struct {
	slots chan *slot
	small chan []byte
}

// slot is the memory of one upload: a segment, and what a piece is read with. Where small segments have to be joined to a
// large one, it grows to 13 MiB for that time.
type slot struct {
	buf   []byte
	piece *live.Frames
}

// NewRoom has as many slots of 8 MiB, each made when it is first used.
func NewRoom(slots int) *Room {
	r := &Room{slots: make(chan *slot, slots), small: make(chan []byte, smallChunks)}
	for range slots {
		r.slots <- &slot{piece: live.NewFrames()} // buf comes when it is needed
	}
	for range smallChunks {
		r.small <- nil
	}
	return r
}

// slot waits for one; give must be called.
func (r *Room) slot(ctx context.Context) (*slot, error) {
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
func (r *Room) give(t *slot, tries int) {
	if tries > 1 || cap(t.buf) > segmentSize {
		t.buf = nil
	}
	r.slots <- t
}

// chunk waits for a buffer of n bytes; give must be called, with the number of tries.
func (r *Room) chunk(ctx context.Context, n int64) (buf []byte, give func(tries int), err error) {
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
