package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/live"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const (
	// spoolBuffer is the text that a stream holds in memory, beside what it reads with.
	spoolBuffer = 32 << 10
	// pieceSize is the most of one file. Eight of them, compressed or not, are a segment that one request takes.
	pieceSize = 1<<20 - 4<<10
	// segmentPieces are spooled before they become a segment, unless the disk is full.
	segmentPieces = 8
	// mostFlights are the segments that one stream sends at once.
	mostFlights = 2
	// flushAfter is how long text may wait to become durable while the store answers.
	flushAfter = 2 * time.Second
	// partingTime is for the last flush of a process that shuts down.
	partingTime = 3 * time.Second
	// diskPause is between two tries to write to local disk for which nobody waits.
	diskPause = 5 * time.Second
	// tick is how exact times are kept, in nanoseconds.
	tick = int64(logs.Tick)
	// longestLog bounds the text of one step, so that the parts of its object suffice.
	longestLog = 48 << 30
)

// ErrAgain says that what is spooled cannot be used: the stream has to begin again with what the store has.
var ErrAgain = errors.New("spool is lost")

// Persister tries a store operation until it succeeds or ctx ends, and returns how many tries it took.
type Persister func(ctx context.Context, operation string, do func(context.Context) error) (tries int, err error)

// DiskOperation is the name of the operation that brings text to local disk; all others are the store's.
const DiskOperation = "write spool"

// Options say what is spooled and where it goes; all are required.
type Options struct {
	Store   storage.Store
	Persist Persister
	// Failed is told of an operation that failed and is tried again later, not by Persist.
	Failed func(operation string)
	// Full is told when the stream begins and ends to wait for room on local disk.
	Full func(waiting bool)
	// Key is that of the log, and Folder where its live objects are, with a slash at its end.
	Key, Folder string
	// Writer is this process, in the names of live objects.
	Writer string
	// Compress the log, unless another process began it otherwise.
	Compress bool
	// Disk and Room are shared by all spools of a process.
	Disk *Disk
	Room *Room
}

// Spool takes one container's text to local disk, and from there into chunks, segments and in the end the log. Text is
// added by one goroutine; another one, while there is something to do, brings it into the store. So a store that is slow
// or down stops no stream before the disk is full.
type Spool struct {
	o     Options
	start func() // works off what is spooled; nil before Begin

	mu      sync.Mutex
	buf     []byte // frames that are not on disk
	frame   int    // where the open one begins in buf; -1 for none
	stamp   int64  // of the open frame
	pieces  []*piece
	held    int64 // bytes of all pieces
	spilled int64 // offset behind the text on disk
	end     int64 // offset behind all text
	cursor  logs.Cursor
	lost    string // why lines may be missing
	flights []*flight
	busy    bool
	stopped bool
	err     error // why the work ended
	timer   *time.Timer
	work    sync.WaitGroup
	idle    sync.Cond // nobody works

	// Only for the goroutine that works.
	chain live.Chain // also those in flight
	enc   *logfile.Encoder
	sent  int      // segments of the chain that are in the store
	join  *joining // nil before the first large segment
	// How far any process had come, and how far text is counted as durable.
	known, counted int64
}

// New does no I/O. Resume comes first, then Begin, Add and in the end Finish or Part; Close must be called.
func New(o Options) *Spool { return &Spool{o: o} }

// Begin lets the spool work, with ctx, until Finish or Part.
func (s *Spool) Begin(ctx context.Context) {
	s.mu.Lock()
	s.idle.L = &s.mu
	s.start = func() { s.run(ctx) }
	s.mu.Unlock()
	s.o.Disk.join(s)
	waiting.add(s)
}

// Add takes a fragment. It waits while the disk is full, and returns ErrAgain when the spool is lost.
func (s *Spool) Add(ctx context.Context, f kubelet.Fragment) error {
	for {
		done, err := s.tryAdd(f)
		if done || err != nil {
			return err
		}
		if err := s.o.Disk.wait(ctx, s.holds, s.o.Full); err != nil {
			return err
		}
		if err := s.spill(ctx); err != nil {
			return err
		}
		s.kick()
	}
}

// tryAdd fails when buf has to be spilled first.
func (s *Spool) tryAdd(f kubelet.Fragment) (done bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || len(s.buf) > 0 && len(s.buf)+live.FrameHeader+len(f.Text) > spoolBuffer {
		return false, s.err
	}
	s.cursor = f.After
	if s.end+int64(len(f.Text)) > longestLog {
		s.lost = fmt.Sprintf("the log is longer than %d GiB", longestLog>>30)
		return true, nil
	}
	s.put(f.Text, f.Stamp)
	if p := s.open(); p.since.IsZero() {
		p.since = time.Now()
		s.arm(flushAfter)
	}
	return true, nil
}

// put appends to buf.
func (s *Spool) put(text []byte, stamp int64) {
	if s.frame < 0 || s.stamp/tick != stamp/tick {
		s.closeFrame()
		s.frame, s.stamp = len(s.buf), stamp
		s.buf = live.AppendFrame(s.buf, stamp, 0)
	}
	s.open() // begins at s.end
	s.buf = append(s.buf, text...)
	s.end += int64(len(text))
}

// closeFrame notes the length of the open frame.
func (s *Spool) closeFrame() {
	if s.frame >= 0 {
		live.AppendFrame(s.buf[:s.frame], s.stamp, len(s.buf)-s.frame-live.FrameHeader)
		s.frame = -1
	}
}

// open is the piece that grows; its file may not be there yet.
func (s *Spool) open() *piece {
	if n := len(s.pieces); n > 0 && !s.pieces[n-1].cut {
		return s.pieces[n-1]
	}
	p := &piece{base: s.spilled, end: s.spilled}
	s.pieces = append(s.pieces, p)
	return p
}

func (s *Spool) holds() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// spill brings buf to disk, however often it takes.
func (s *Spool) spill(ctx context.Context) error {
	_, err := s.o.Persist(ctx, DiskOperation, func(context.Context) error { return s.trySpill() })
	return err
}

func (s *Spool) trySpill() error {
	s.mu.Lock()
	err := s.write()
	if n := len(s.pieces); err == nil && n > 0 && s.pieces[n-1].size > pieceSize-spoolBuffer {
		s.pieces[n-1].seal()
	}
	s.mu.Unlock()
	s.o.Disk.wrote(err)
	return err
}

// write is one try of it, which cuts no piece.
func (s *Spool) write() error {
	if len(s.buf) == 0 {
		return nil
	}
	s.closeFrame()
	p := s.open()
	if p.file == nil {
		file, err := s.o.Disk.create()
		if err != nil {
			return err
		}
		p.file, p.path = file, file.Name()
	}
	if _, err := p.file.WriteAt(s.buf, p.size); err != nil {
		return err
	}
	n := int64(len(s.buf))
	p.size += n
	p.end, p.after, p.stamp = s.end, s.cursor, s.stamp
	s.spilled = s.end
	s.held += n
	s.o.Disk.use(n)
	s.buf = s.buf[:0]
	return nil
}

// arm has the spool look for work after d.
func (s *Spool) arm(d time.Duration) {
	if s.timer == nil {
		s.timer = time.AfterFunc(d, func() {
			s.mu.Lock()
			s.timer = nil
			s.mu.Unlock()
			s.kick()
		})
	}
}

// kick begins to work when there is something to do and nobody does.
func (s *Spool) kick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.start == nil || s.busy || s.next() == nil {
		return
	}
	s.busy = true
	s.work.Go(s.start)
}

// run works until there is nothing to do.
func (s *Spool) run(ctx context.Context) {
	for {
		s.mu.Lock()
		do := s.next()
		if do == nil {
			s.busy = false
			s.idle.Broadcast()
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		if err := do(ctx); err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
		}
	}
}

// next is what is to be done now; nil for nothing.
func (s *Spool) next() func(context.Context) error {
	if s.stopped || s.err != nil {
		return nil
	}
	if len(s.flights) > 0 && s.flights[0].done {
		return s.land
	}
	full, held, since := 0, int64(0), time.Time{}
	for _, p := range s.pieces {
		if p.taken {
			continue
		}
		if held += p.size; p.cut {
			full++
		}
		if since.IsZero() {
			since = p.since
		}
	}
	if len(s.flights) < mostFlights && (full >= segmentPieces || s.o.Disk.pressed(held)) {
		return s.segment
	}
	if since.IsZero() || full >= segmentPieces {
		return nil // what flies is looked at when it lands
	}
	if left := flushAfter - time.Since(since); left > 0 {
		s.arm(left)
		return nil
	}
	return s.flush
}

// settle waits until less than a segment is left, unless the work has ended.
func (s *Spool) settle() {
	s.kick()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && (s.busy || len(s.flights) > 0 || s.next() != nil) {
		s.idle.Wait()
	}
}

// oldest is when the first text came that is not durable; zero when all is.
func (s *Spool) oldest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pieces {
		if !p.since.IsZero() {
			return p.since
		}
	}
	return time.Time{}
}

// Note says why lines before here may be missing.
func (s *Spool) Note(lost string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.lost == "":
		s.lost = lost
	case !strings.Contains(s.lost, lost):
		s.lost += "; " + lost
	}
}

// Loss is what was noted.
func (s *Spool) Loss() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// drop forgets pieces and removes their files.
func (s *Spool) drop(pieces []*piece) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int64
	for _, p := range pieces {
		p.seal()
		n += p.size
		if p.path != "" {
			_ = os.Remove(p.path) // at worst it stays until the next start
		}
	}
	s.held -= n
	s.pieces = s.pieces[len(pieces):]
	s.o.Disk.use(-n)
}

// stop waits until nobody works on the spool.
func (s *Spool) stop() {
	s.mu.Lock()
	s.stopped = true
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	s.mu.Unlock()
	s.work.Wait()
}

// Close removes what is on disk, and an upload that was not completed.
func (s *Spool) Close(ctx context.Context) {
	s.stop()
	if s.join != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTime)
		defer cancel()
		s.join.abandon(ctx)
	}
	s.mu.Lock()
	pieces := s.pieces
	s.buf = nil
	s.mu.Unlock()
	s.drop(pieces)
	s.o.Disk.leave(s)
	waiting.remove(s)
}
