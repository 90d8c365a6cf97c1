package logfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// Get opens length bytes, at least 1, of the stored object from offset on.
type Get func(ctx context.Context, offset, length int64) (io.ReadCloser, error)

// Line is one line of a log.
type Line struct {
	// Number counts from 1.
	Number int
	// Time is when it was printed, to 0.1 s; zero when that is not known.
	Time time.Time
	// Text has no line end, neither LF nor CR LF, and at most LongestLine bytes. Lines reuses it after emit.
	Text []byte
	// Cut is how many bytes of a longer line are left out at its end.
	Cut int64
}

// File reads a log. It is safe for concurrent use and holds nothing but its index.
type File struct {
	index *contents
	get   Get
}

// Open reads an index, or the state of an encoder for what is cut so far, and checks it. It calls get only for reading.
func Open(index []byte, get Get) (*File, error) {
	c, err := decodeTable(index)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return &File{index: c, get: get}, nil
}

// With is the same log read through another get.
func (f *File) With(get Get) *File { return &File{index: f.index, get: get} }

// Info describes the log.
func (f *File) Info() Info { return f.index.info() }

// Memory is about how many bytes the index takes.
func (f *File) Memory() int64 { return f.index.size() }

// LineAt is the first line printed at t or later, or within the 0.1 s before; the last line when all are earlier, and 0
// when no line has a time. After a clock was set back, it is the first of several answers.
func (f *File) LineAt(t time.Time) int {
	if f.index.first == 0 && f.index.last == 0 {
		return 0
	}
	tick := floorTick(t.UnixNano())
	for _, m := range f.index.byTime {
		if m.tick != 0 && m.tick >= tick {
			return int(m.line)
		}
	}
	return int(f.index.lines)
}

// timeOf is zero for a line without time.
func (f *File) timeOf(line int64) time.Time {
	times := f.index.byTime
	i := sort.Search(len(times), func(i int) bool { return times[i].line > line }) - 1
	if i < 0 || times[i].tick == 0 {
		return time.Time{}
	}
	return time.Unix(0, times[i].tick*int64(tickTime)).UTC()
}

// Lines emits the lines from to to, both included and as far as there are any, with one call of get. Only a line longer
// than skipText takes one more. It returns emit's error.
func (f *File) Lines(ctx context.Context, from, to int, emit func(Line) error) error {
	from, to = max(from, 1), int(min(int64(to), f.index.lines))
	if from > to {
		return nil
	}
	r, err := f.lines(ctx, int64(from), int64(to))
	if err != nil {
		return fmt.Errorf("read lines %d to %d: %w", from, to, err)
	}
	for err == nil && r.number <= int64(to) {
		var line Line
		if line, err = r.next(ctx); err != nil {
			err = fmt.Errorf("read lines %d to %d: %w", from, to, err)
		} else {
			err = emit(line)
		}
	}
	return errors.Join(err, r.Close())
}

// Tail emits the text from the beginning of a line to the end of the log: pieces of at most 64 KiB, each of one line and
// with its time. It returns emit's error.
func (f *File) Tail(ctx context.Context, from int, emit func(text []byte, at time.Time) error) error {
	first := int64(max(from, 1))
	if first > f.index.lines {
		return nil
	}
	r, err := f.lines(ctx, first, f.index.lines)
	if err != nil {
		return fmt.Errorf("read from line %d: %w", from, err)
	}
	at := f.timeOf(first)
	for err == nil && r.pos < f.index.text {
		var text []byte
		var complete bool
		if text, complete, err = r.piece(); err != nil {
			err = fmt.Errorf("read from line %d: %w", from, err)
			break
		}
		if err = emit(text, at); complete {
			r.number++
			at = f.timeOf(r.number)
		}
	}
	return errors.Join(err, r.Close())
}

// Reader opens length bytes of the text from offset on, as far as there are any, with one call of get. The caller closes
// it.
func (f *File) Reader(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 || length < 0 {
		return nil, fmt.Errorf("read text: range %d+%d is negative", offset, length)
	}
	length = min(length, f.index.text-offset)
	if length <= 0 {
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	body, err := f.open(ctx, offset, offset+length)
	if err != nil {
		return nil, fmt.Errorf("read text: %w", err)
	}
	return body, nil
}

// Text writes what Reader opens.
func (f *File) Text(ctx context.Context, offset, length int64, w io.Writer) error {
	body, err := f.Reader(ctx, offset, length)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, body)
	return errors.Join(err, body.Close())
}

// before is the index of the last place whose line is before the given one, or 0: the line begins behind it.
func (f *File) before(line int64) int {
	places := f.index.byPlace
	return max(sort.Search(len(places), func(i int) bool { return places[i].line >= line })-1, 0)
}

// behind is the first offset in the text, of those where reading can begin, that surely lies behind the line.
func (f *File) behind(line int64) int64 {
	places := f.index.byPlace
	i := sort.Search(len(places), func(i int) bool { return places[i].line > line })
	if i == len(places) {
		return f.index.text
	}
	return places[i].text
}

// open reads the text from one offset to another, which is behind it and not behind the end.
func (f *File) open(ctx context.Context, from, to int64) (io.ReadCloser, error) {
	c := f.index
	if c.flags&flagCompressed == 0 {
		body, err := f.get(ctx, from, to-from)
		if err != nil {
			return nil, err
		}
		return &section{Reader: body, body: body, left: to - from}, nil
	}
	first := sort.Search(len(c.byPlace), func(i int) bool { return c.byPlace[i].text > from }) - 1
	end := sort.Search(len(c.byPlace), func(i int) bool { return c.byPlace[i].text >= to })
	start, stop := c.byPlace[first], c.stored
	if end < len(c.byPlace) {
		stop = c.byPlace[end].stored
	}
	body, err := f.get(ctx, start.stored, stop-start.stored)
	if err != nil {
		return nil, err
	}
	text, err := c.inflate(body)
	if err == nil {
		_, err = io.CopyN(io.Discard, text, from-start.text)
	}
	if err != nil {
		return nil, errors.Join(noEOF(err), body.Close())
	}
	return &section{Reader: text, body: body, left: to - from}, nil
}

func (c *contents) inflate(stored io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(stored, 64<<10)
	if c.flags&flagOpaque != 0 {
		return gzip.NewReader(buffered)
	}
	return flate.NewReader(buffered), nil
}

// section is a part of the text; a stored object that ends before it does is an error.
type section struct {
	io.Reader
	body io.Closer
	left int64
}

func (s *section) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n, err := s.Reader.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	if s.left == 0 {
		return n, nil
	}
	return n, noEOF(err)
}

func (s *section) Close() error { return s.body.Close() }

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// trimEnd removes the line end. Terminals end lines with CR LF; a CR inside a line is a progress bar and stays.
func trimEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
}
