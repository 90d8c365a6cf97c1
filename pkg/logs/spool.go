package logs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/pharos-ci/pharos/pkg/storage"
)

const (
	// chunkSize is the most text of one chunk, for a stream that got one of the large buffers.
	chunkSize = 1 << 20
	// smallChunk is the text that every stream may hold. A chunk smaller than this is written again with more text
	// instead of leaving many tiny objects.
	smallChunk = 64 << 10
	// flushAfter is how long text may wait to become durable.
	flushAfter = 2 * time.Second
	// partingTime is for the last flush of a process that shuts down.
	partingTime = 3 * time.Second
	// largeBuffers bounds the memory of all streams of a shipper together, beyond smallChunk each.
	largeBuffers = 24
)

// persister tries a store operation until it succeeds or ctx ends, and returns how many tries it took.
type persister func(ctx context.Context, operation string, do func(context.Context) error) (tries int, err error)

// spool collects one container's text into chunks and in the end into its log. Methods are safe for concurrent use;
// all of them wait while the store is down, which is the back-pressure on the stream.
type spool struct {
	store   storage.Store
	persist persister
	folder  string // of the chunks
	writer  string // this process
	large   chan []byte

	lock    chan struct{} // of one; held while the store is waited for, which may take hours
	buf     []byte        // headerSize bytes of room, then text
	isLarge bool
	base    int64  // offset of the text in buf
	cursor  Cursor // behind the text
	stamp   int64  // of the newest line
	durable int    // how much of buf is in the store
	chunks  bool   // something is
	failed  bool   // a try to write buf failed
	timer   *time.Timer
	closed  bool
}

func newSpool(store storage.Store, persist persister, folder, writer string, large chan []byte) *spool {
	return &spool{store: store, persist: persist, folder: folder, writer: writer, large: large, lock: make(chan struct{}, 1)}
}

// add takes a fragment, of at most smallChunk bytes. What does not fit makes it flush first. Ctx is that of the stream:
// text that is added is flushed later with it.
func (s *spool) add(ctx context.Context, f fragment) error {
	s.lock <- struct{}{}
	defer func() { <-s.lock }()
	s.reserve()
	if !s.fits(len(f.text)) {
		if err := s.seal(ctx); err != nil {
			return err
		}
		s.reserve()
	}
	s.buf = append(s.buf, f.text...)
	s.cursor, s.stamp = f.after, f.stamp
	if s.timer == nil {
		s.timer = time.AfterFunc(flushAfter, func() { s.onTimer(ctx) })
	}
	return nil
}

func (s *spool) reserve() {
	if s.buf == nil {
		s.buf = make([]byte, headerSize)
	}
}

// fits tries to get a large buffer when the small one is full.
func (s *spool) fits(n int) bool {
	have := len(s.buf) - headerSize
	if s.isLarge {
		return have+n <= chunkSize
	}
	if have+n <= smallChunk {
		return true
	}
	select {
	case large := <-s.large:
		if large == nil {
			large = make([]byte, 0, headerSize+chunkSize)
		}
		s.buf, s.isLarge = append(large[:0], s.buf...), true
		return true
	default:
		return false
	}
}

func (s *spool) onTimer(ctx context.Context) {
	s.lock <- struct{}{}
	defer func() { <-s.lock }()
	s.timer = nil
	if !s.closed {
		_ = s.flush(ctx) // it only fails when ctx has ended, and then the reader of the stream ends too
	}
}

// flush makes everything durable. A chunk that is large enough is sealed, and one whose write was tried twice: a lost
// first try may still arrive and must not take away what was added later.
func (s *spool) flush(ctx context.Context) error {
	if err := s.write(ctx); err != nil {
		return err
	}
	if s.failed || len(s.buf)-headerSize >= smallChunk {
		return s.seal(ctx)
	}
	return nil
}

// seal makes everything durable and starts the next chunk behind it.
func (s *spool) seal(ctx context.Context) error {
	if err := s.write(ctx); err != nil {
		return err
	}
	s.base = s.cursor.Bytes
	s.release()
	return nil
}

// write puts what is in buf, unless it is in the store.
func (s *spool) write(ctx context.Context) error {
	end := len(s.buf)
	if end <= headerSize || end == s.durable {
		return nil
	}
	if err := (header{Offset: s.base, Cursor: s.cursor}).encode(s.buf); err != nil {
		return err
	}
	key := chunkKey(s.folder, s.base, s.writer)
	tries, err := s.persist(ctx, "put chunk", func(ctx context.Context) error {
		return s.store.Put(ctx, key, bytes.NewReader(s.buf), storage.PutOptions{ContentType: "application/octet-stream"})
	})
	if err != nil {
		return err
	}
	metricChunks.Inc()
	metricBytes.Add(float64(end - max(s.durable, headerSize)))
	metricLag.Observe(time.Since(time.Unix(0, s.stamp)).Seconds())
	s.durable, s.chunks, s.failed = end, true, tries > 1
	return nil
}

// release empties the buffer and gives a large one back. After a failed try the transport may still read it, so it
// is then left to the garbage collector.
func (s *spool) release() {
	var large, small []byte
	switch {
	case s.failed:
	case s.isLarge:
		large = s.buf
	case len(s.buf) >= headerSize:
		small = s.buf[:headerSize]
	}
	if s.isLarge {
		s.large <- large
	}
	s.buf, s.isLarge, s.durable, s.failed = small, false, 0, false
}

// finish stores the whole log under key and removes the chunks. lost says that chunks were missing.
func (s *spool) finish(ctx context.Context, key string) (lost bool, err error) {
	s.lock <- struct{}{}
	defer func() { <-s.lock }()
	s.stopTimer()
	if !s.chunks {
		text := s.buf[min(len(s.buf), headerSize):]
		_, err := s.persist(ctx, "put log", func(ctx context.Context) error {
			return s.store.Put(ctx, key, bytes.NewReader(text), textOptions)
		})
		metricBytes.Add(float64(len(text)))
		s.close()
		return false, err
	}
	if err := s.seal(ctx); err != nil {
		return false, err
	}
	s.close()
	_, err = s.persist(ctx, "put log", func(ctx context.Context) error {
		lost = false
		return putStream(ctx, s.store, key, textOptions, func(ctx context.Context, w io.Writer) error {
			_, err := copyChunks(ctx, s.store, s.folder, s.cursor.Bytes, w)
			if lost = errors.Is(err, errGap); lost {
				return nil // keep what there is: it will not get more by waiting
			}
			return err
		})
	})
	if err != nil {
		return lost, err
	}
	_, err = s.persist(ctx, "delete chunks", func(ctx context.Context) error { return deleteAll(ctx, s.store, s.folder) })
	return lost, err
}

// part is for a stream that ends before its log does: it tries once to make the rest durable.
func (s *spool) part(ctx context.Context) {
	s.lock <- struct{}{}
	defer func() { <-s.lock }()
	s.stopTimer()
	if s.closed {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTime)
	defer cancel()
	_ = s.seal(ctx) // the next process reads it from the cluster again
	s.close()
}

func (s *spool) stopTimer() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

func (s *spool) close() {
	s.closed = true
	s.release()
	s.buf = nil
}
