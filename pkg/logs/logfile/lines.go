package logfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
)

// skipText is how much of a long line is read to its end rather than jumped over with another request.
const skipText = 4 << 20

var lineBuffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 64<<10) }}

// lineReader reads lines one by one.
type lineReader struct {
	f      *File
	number int64 // of the next line
	pos    int64 // in the text
	end    int64
	body   io.Closer
	buf    *bufio.Reader
	kept   []byte
}

// lines begins at a line and reads no further than to the block behind another.
func (f *File) lines(ctx context.Context, from, to int64) (*lineReader, error) {
	start := f.index.byPlace[f.before(from)]
	r := &lineReader{f: f, number: start.line, end: f.behind(to)}
	if err := r.open(ctx, start.text); err != nil {
		return nil, err
	}
	for r.number < from {
		if err := r.skip(ctx); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	return r, nil
}

func (r *lineReader) open(ctx context.Context, pos int64) error {
	body, err := r.f.open(ctx, pos, r.end)
	if err != nil {
		return err
	}
	if r.buf == nil {
		r.buf = lineBuffers.Get().(*bufio.Reader)
	}
	r.buf.Reset(body)
	r.pos, r.body = pos, body
	return nil
}

// Close may be called once.
func (r *lineReader) Close() error {
	if r.buf != nil {
		r.buf.Reset(nil)
		lineBuffers.Put(r.buf)
	}
	if r.body == nil {
		return nil
	}
	return r.body.Close()
}

// piece reads up to the end of the line, of the buffer or of the log.
func (r *lineReader) piece() (piece []byte, complete bool, err error) {
	piece, err = r.buf.ReadSlice('\n')
	r.pos += int64(len(piece))
	switch {
	case err == nil:
		return piece, true, nil
	case errors.Is(err, bufio.ErrBufferFull):
		return piece, false, nil
	case errors.Is(err, io.EOF) && r.pos == r.f.index.text && len(piece) > 0:
		return piece, true, nil
	default:
		return nil, false, noEOF(err)
	}
}

// skip reads over a line.
func (r *lineReader) skip(ctx context.Context) error {
	for {
		_, complete, err := r.piece()
		if err != nil {
			return err
		}
		if complete {
			r.number++
			return nil
		}
		if _, err := r.jump(ctx); err != nil {
			return err
		}
	}
}

// next reads a line.
func (r *lineReader) next(ctx context.Context) (Line, error) {
	r.kept = r.kept[:0]
	var cut int64
	for {
		piece, complete, err := r.piece()
		if err != nil {
			return Line{}, err
		}
		text := bytes.TrimSuffix(piece, []byte{'\n'})
		keep := min(len(text), LongestLine-len(r.kept))
		r.kept = append(r.kept, text[:keep]...)
		cut += int64(len(text) - keep)
		if complete {
			line := Line{Number: int(r.number), Time: r.f.timeOf(r.number), Text: trimEnd(r.kept), Cut: cut}
			r.number++
			return line, nil
		}
		if len(r.kept) == LongestLine {
			jumped, err := r.jump(ctx)
			if err != nil {
				return Line{}, err
			}
			cut += jumped
		}
	}
}

// jump goes to the last place in the line that is being read, when it is far ahead, and says how far it was.
func (r *lineReader) jump(ctx context.Context) (int64, error) {
	last := r.f.index.byPlace[r.f.before(r.number+1)]
	far := last.text - r.pos
	if far < skipText || last.line != r.number || last.text >= r.end {
		return 0, nil
	}
	if err := r.body.Close(); err != nil {
		return 0, err
	}
	r.body = nil
	return far, r.open(ctx, last.text)
}
