package censor

import (
	"io"
	"slices"
)

// Stream hides secrets in a text that comes in pieces: Add, Take what is wanted, Keep, and again. It holds back the end of
// what came, at most 1 KiB, while a secret may have begun there. The zero value hides nothing until Use.
type Stream struct {
	secrets *Secrets
	buf     []byte // what was added and not taken
	own     []byte // what buf is in, unless that is the caller's
	spans   []span // of buf to hide; they may begin before it and go on behind it
	sure    int    // no secret begins before it that buf does not hold whole
}

// Use sets the secrets, also for what is held.
func (c *Stream) Use(s *Secrets) {
	if c.secrets != s {
		c.secrets, c.sure = s, 0
	}
}

// Resume says that the first n bytes to come are part of a secret that began before them.
func (c *Stream) Resume(n int) {
	if n > 0 {
		c.spans = append(c.spans[:0], span{-1, n})
	}
}

// Add takes text, which the stream may write to until Keep, and returns how many bytes are ready.
func (c *Stream) Add(text []byte) int {
	if len(c.buf) == 0 {
		c.buf = text
	} else {
		c.own = append(c.own[:copy(c.own, c.buf)], text...)
		c.buf = c.own
	}
	if c.secrets == nil {
		c.sure = len(c.buf)
	} else {
		c.spans = slices.DeleteFunc(c.spans, func(s span) bool { return s.start >= c.sure }) // they are found again
		c.spans, c.sure = c.secrets.scan(c.buf, c.sure, c.spans)
	}
	return c.sure
}

// Held is how many bytes were added and not taken. At the end of the text all of them can be.
func (c *Stream) Held() int { return len(c.buf) }

// Take removes the first n bytes and returns them with secrets hidden; they are valid until the next Add.
func (c *Stream) Take(n int) []byte {
	out := c.buf[:n]
	for _, s := range c.spans {
		if s.start < n {
			stars(out[max(s.start, 0):min(s.end, n)])
		}
	}
	c.spans = slices.DeleteFunc(c.spans, func(s span) bool { return s.end <= n })
	for i, s := range c.spans {
		c.spans[i] = span{s.start - n, s.end - n}
	}
	c.buf, c.sure = c.buf[n:], max(c.sure-n, 0)
	return out
}

// Keep makes the stream independent of the text given to Add.
func (c *Stream) Keep() {
	if len(c.buf) == 0 {
		c.buf, c.own = nil, nil // most streams never hold anything
		return
	}
	c.own = append(c.own[:0], c.buf...)
	c.buf = c.own
}

// Open is how many bytes from the n-th on are part of a secret that begins before it: what Resume is to be told by
// somebody who goes on behind n bytes that were taken.
func (c *Stream) Open(n int) int {
	open := 0
	for _, s := range c.spans {
		if s.start < n {
			open = max(open, s.end-n)
		}
	}
	return open
}

// readSize is what a reader takes at a time.
const readSize = 32 << 10

// Reader hides the secrets in what it reads. It gives text as soon as it is known to be no part of one.
func (s *Secrets) Reader(from io.Reader) io.Reader {
	if s == nil {
		return from
	}
	return &reader{from: from, stream: Stream{secrets: s}}
}

type reader struct {
	from   io.Reader
	stream Stream
	buf    []byte
	ready  []byte
	err    error
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

func (r *reader) fill() {
	if r.buf == nil {
		r.buf = make([]byte, readSize)
	}
	r.stream.Keep() // what it holds is in buf
	n, err := r.from.Read(r.buf)
	ready := r.stream.Add(r.buf[:n])
	if r.err = err; err != nil {
		ready = r.stream.Held()
	}
	r.ready = r.stream.Take(ready)
}
