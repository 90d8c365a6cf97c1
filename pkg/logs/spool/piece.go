package spool

import (
	"os"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
)

// piece is one file of the spool.
type piece struct {
	path  string
	file  *os.File // while it grows
	cut   bool     // it does not grow any more
	taken bool     // into a segment that is in flight
	size  int64
	end   int64       // offset of the text behind it
	after logs.Cursor // the position behind it
	stamp int64       // of its last text
	// What is in the store: bytes of the file, bytes in chunks that will not change, and the offset behind these.
	durable, sealed, base int64
	chunks                []string
	// since is when the first text that is not durable came; zero when all is.
	since time.Time
}

// cutOpen has the piece that grows, grow no more. What is not on disk comes into the next.
func (s *Spool) cutOpen() {
	n := len(s.pieces)
	if n == 0 || s.pieces[n-1].cut {
		return
	}
	p := s.pieces[n-1]
	if p.seal(); len(s.buf) > 0 {
		s.open().since = p.since // or later
	}
	if p.durable == p.size {
		p.since = time.Time{}
	}
}

// seal has the piece grow no more.
func (p *piece) seal() {
	p.cut = true
	if p.file != nil {
		_ = p.file.Close() // it was only written to, and a failed write is found when it is read
		p.file = nil
	}
}
