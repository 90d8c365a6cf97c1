package logfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/flate"
)

// compression is the level: the highest of the fast ones, as text of logs gains little from more.
const compression = 3

var (
	// zippers and buffers are shared by all encoders, since only few of many streams encode at one time.
	zippers = sync.Pool{New: func() any {
		w, _ := flate.NewWriter(nil, compression) // fails for an unknown level only
		return w
	}}
	buffers = sync.Pool{New: func() any { return new([]byte) }}
)

// gzipHeader has no name and no time: equal texts are stored as equal bytes. gzipEnd is an empty final block.
var (
	gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}
	gzipEnd    = []byte{1, 0, 0, 0xff, 0xff}
)

// Encoder makes the stored form of a log and its index from its text. It holds the stored bytes that are not cut yet, the
// index so far, and while a block is open about 1 MiB for compressing. It is not safe for concurrent use.
type Encoder struct {
	index  table
	out    *[]byte       // since the last cut; nil when empty
	zip    *flate.Writer // of the open block; nil between blocks
	cut    bool          // out is the caller's until the next change
	closed bool
}

// NewEncoder begins a log.
func NewEncoder(compress bool) *Encoder {
	e := &Encoder{}
	if compress {
		e.index.flags = flagCompressed
	}
	return e
}

// ResumeEncoder goes on behind the Cut that state was made at.
func ResumeEncoder(state []byte) (*Encoder, error) {
	c, err := decodeTable(state)
	if err != nil {
		return nil, fmt.Errorf("resume log: %w", err)
	}
	if c.flags&flagUnfinished == 0 {
		return nil, errors.New("resume log: it is the index of a finished log")
	}
	c.flags &^= flagUnfinished
	return &Encoder{index: c.table}, nil
}

// Add appends text, which may begin and end within a line. Every line that begins in it was printed at stamp, in Unix
// nanoseconds; 0 is unknown and counts as the time of the line before.
func (e *Encoder) Add(text []byte, stamp int64) {
	e.begin()
	for len(text) > 0 {
		piece := text[:min(len(text), e.room())]
		e.index.add(piece, stamp)
		if e.zip != nil {
			_, _ = e.zip.Write(piece) // it writes to memory
		} else {
			*e.out = append(*e.out, piece...)
		}
		text = text[len(piece):]
	}
}

// begin takes back what the caller had.
func (e *Encoder) begin() {
	if e.cut {
		*e.out, e.cut = (*e.out)[:0], false
	}
	if e.out == nil {
		e.out = buffers.Get().(*[]byte)
		*e.out = (*e.out)[:0]
	}
}

// room starts a block where needed and says how much text it takes.
func (e *Encoder) room() int {
	if !e.compressed() {
		if e.index.text == 0 || e.index.sinceBlock() >= plainText {
			e.index.startBlock(e.index.text)
		}
		return plainText - int(e.index.sinceBlock())
	}
	if e.zip != nil && e.index.sinceBlock() >= blockText {
		e.endBlock()
	}
	if e.zip == nil {
		e.header()
		e.index.startBlock(e.index.stored + int64(len(*e.out)))
		e.zip = zippers.Get().(*flate.Writer)
		e.zip.Reset((*appender)(e.out))
	}
	return blockText - int(e.index.sinceBlock())
}

func (e *Encoder) compressed() bool { return e.index.flags&flagCompressed != 0 }

func (e *Encoder) header() {
	if e.index.stored == 0 && len(*e.out) == 0 {
		*e.out = append(*e.out, gzipHeader...)
	}
}

func (e *Encoder) endBlock() {
	if e.zip == nil {
		return
	}
	_ = e.zip.Flush() // it writes to memory
	zippers.Put(e.zip)
	e.zip = nil
}

// MarkIncomplete notes that lines may be missing.
func (e *Encoder) MarkIncomplete() { e.index.flags |= flagIncomplete }

// Stored is how many bytes the next Cut gives at least.
func (e *Encoder) Stored() int {
	if e.out == nil || e.cut {
		return 0
	}
	return len(*e.out)
}

// Info is about all text so far; its Stored counts what is cut.
func (e *Encoder) Info() Info { return e.index.info() }

// Cut ends the block and returns the stored bytes since the last Cut. They are valid until the next call of a method
// other than State, Stored and Info.
func (e *Encoder) Cut() []byte {
	e.begin()
	e.endBlock()
	e.cut = true
	e.index.stored += int64(len(*e.out))
	return *e.out
}

// Release lets other encoders have the memory of what the last Cut returned. An encoder that waits should not keep it.
func (e *Encoder) Release() {
	if e.cut {
		buffers.Put(e.out)
		e.out, e.cut = nil, false
	}
}

// State is what ResumeEncoder needs, and is the index of all that is cut: Open reads it. It fails when there is text
// behind the last Cut.
func (e *Encoder) State() ([]byte, error) {
	if e.Stored() > 0 || e.zip != nil || e.closed {
		return nil, errors.New("save state of log: it is not cut")
	}
	t := e.index
	t.flags |= flagUnfinished
	return t.encode(), nil
}

// Finish ends the log: tail is what a Cut would give and the end of the form, and may be empty.
func (e *Encoder) Finish() (tail []byte, index []byte, err error) {
	if e.closed {
		return nil, nil, errors.New("finish log: it is finished")
	}
	e.begin()
	e.endBlock()
	if e.compressed() {
		e.header()
		*e.out = append(*e.out, gzipEnd...)
		*e.out = binary.LittleEndian.AppendUint32(*e.out, e.index.sum)
		*e.out = binary.LittleEndian.AppendUint32(*e.out, uint32(e.index.text))
	}
	e.closed = true
	return e.Cut(), e.index.encode(), nil
}

// appender is a byte slice to write to.
type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}
