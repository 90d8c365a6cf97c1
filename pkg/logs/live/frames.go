package live

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// FrameHeader is the size of what stands before the text of a frame, in bytes. Text is spooled and stored in chunks as
// frames: the time in Unix nanoseconds and the length, big-endian in 8 and 4 bytes, and text whose lines began then, within
// 100 ms.
const FrameHeader = 12

const (
	// longestFrame bounds the memory for a damaged one.
	longestFrame = 16 << 20
	// framesBuffer is what is read at a time.
	framesBuffer = 32 << 10
)

// AppendFrame appends the head of a frame, which n bytes of text follow.
func AppendFrame(dst []byte, stamp int64, n int) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(stamp))
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

// Frames reads what AppendFrame wrote.
type Frames struct {
	r   *bufio.Reader
	buf []byte
}

// NewFrames reads nothing before Reset.
func NewFrames() *Frames { return &Frames{r: bufio.NewReaderSize(nil, framesBuffer)} }

// Reset begins with another text.
func (f *Frames) Reset(r io.Reader) { f.r.Reset(r) }

// next returns text that is valid until the next call; io.EOF after the last frame.
func (f *Frames) next() (text []byte, stamp int64, err error) {
	var head [FrameHeader]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return nil, 0, err
	}
	stamp = int64(binary.BigEndian.Uint64(head[:8]))
	n := int(binary.BigEndian.Uint32(head[8:]))
	if n > longestFrame {
		return nil, 0, fmt.Errorf("frame of %d bytes", n)
	}
	if cap(f.buf) < n {
		f.buf = make([]byte, n)
	}
	if _, err := io.ReadFull(f.r, f.buf[:n]); err != nil {
		return nil, 0, fmt.Errorf("read frame: %w", noEOF(err))
	}
	return f.buf[:n], stamp, nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Copy gives the text of all frames without the first skip bytes. It is valid during the call.
func (f *Frames) Copy(skip int64, to func(text []byte, stamp int64) error) error {
	for {
		text, stamp, err := f.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		n := min(skip, int64(len(text)))
		skip -= n
		if text = text[n:]; len(text) == 0 {
			continue
		}
		if err := to(text, stamp); err != nil {
			return err
		}
	}
}
