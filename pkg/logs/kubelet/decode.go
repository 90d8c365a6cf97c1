package kubelet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
)

// lineBuffer is what one stream reads at a time; longer lines pass in pieces.
const lineBuffer = 32 << 10

var lineReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, lineBuffer) }}

// Fragment is new text: whole lines with their newlines that were printed within one tick, or a piece of a long one.
type Fragment struct {
	Text  []byte      // valid during the call, and until then to be written to
	Stamp int64       // of its first line
	After logs.Cursor // the position behind it
}

// Decoder turns the source's answers into text without stamps, each byte once, over any number of broken streams.
//
// In an answer the kubelet joins the parts of a line longer than the runtime's limit and stamps only its start. When
// the answer begins between two parts, it gives the rest without a stamp: such text belongs to a line that is shipped
// already, since the position is never behind the start of an unfinished line. Error messages that the kubelet appends
// to a broken stream have no stamp either. So text without a stamp is dropped.
//
// The zero value begins with the first line.
type Decoder struct {
	// Cursor is the position behind what was given. It is set before the first Read to go on behind another decoder.
	Cursor logs.Cursor
	// Gap is called when the place of the cursor is not in an answer any more, which means that the kubelet rotated the
	// file, or that the container was restarted. It says whether to go on with what there is; otherwise nothing of the
	// answer is taken and Read returns ErrMisplaced. Nil goes on.
	Gap func() bool
	// Step is called in front of the first new line that a read of the source brought, and of every line that is younger
	// than the one before by Pause or more, which is what a file that the kubelet left out looks like. All before it is
	// given by then. It says whether to go on; otherwise Read returns ErrMisplaced. Nil goes on.
	Step func(Step) (goOn bool, err error)

	track tracker
	order int64 // of the last line

	// State within one answer.
	skip   skip
	left   int64         // lines to skip, when counting
	middle bool          // the next bytes continue a line
	drop   bool          // of which nothing is wanted
	known  int64         // bytes of it are shipped already
	stamp  int64         // of it
	astray bool          // the answer does not hold the place of the cursor
	told   bool          // the line stands behind a gap that Gap was told of
	first  bool          // nothing was given since the source was read
	waited time.Duration // for the next line
	clock  clock
	// ready is decoded and not yet given: text in the reader's buffer, in front of what is not decoded, and its stamp.
	ready   []byte
	readyAt int64
}

// ErrMisplaced says that an answer does not hold the place of the cursor, or leaves out what follows it.
var ErrMisplaced = errors.New("the answer does not hold what follows the last line that was read")

// Pause is the least time between two lines that a file may be missing between: far below that between two rotations of
// one log, for which the kubelet looks every ten seconds unless it is told otherwise (containerLogMonitorInterval).
const Pause = 2 * time.Second

// Step is from one line to the next, which is not given yet.
type Step struct {
	From, To int64         // their stamps, in nanoseconds since 1970
	Waited   time.Duration // for the source, when the second line is all it brought; else zero
}

// tick is how far apart the lines of one fragment may be.
const tick = int64(logs.Tick)

// skip says how the shipped part at the start of an answer is recognised.
type skip int

const (
	skipNothing skip = iota
	skipUnknown      // until the first stamped line is seen
	skipCount        // the answer starts where it always did: count lines
	skipMatch        // it does not: look for the last line's stamp
)

// Read decodes one answer until its end, nil, or its failure. It also returns sink's error, after which the decoder
// must not be used any more.
func (d *Decoder) Read(r io.Reader, sink func(Fragment) error) error {
	lines := lineReaders.Get().(*bufio.Reader)
	lines.Reset(r)
	defer func() {
		lines.Reset(nil)
		lineReaders.Put(lines)
	}()
	d.begin()
	for {
		empty, asked := lines.Buffered() == 0, time.Now()
		piece, err := lines.ReadSlice('\n')
		if d.first = true; empty {
			d.waited = time.Since(asked)
		}
		if len(piece) > 0 {
			if err := d.pieces(piece, lines, sink); err != nil {
				return err
			}
		}
		switch {
		case err == nil || errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil
		default:
			return err
		}
	}
}

// CaughtUp says that the last answer reached what was not shipped before, so that its end is where the log ends.
func (d *Decoder) CaughtUp() bool { return d.skip == skipNothing }

func (d *Decoder) begin() {
	d.track.reset()
	d.middle, d.astray, d.left = false, false, d.Cursor.Count
	d.skip = skipUnknown
	if d.Cursor.Count == 0 && d.Cursor.Partial == 0 {
		d.skip = skipNothing
	}
}

// pieces decodes a piece and the whole lines that are in the buffer behind it, and gives their text.
func (d *Decoder) pieces(piece []byte, lines *bufio.Reader, sink func(Fragment) error) error {
	rest, _ := lines.Peek(lines.Buffered()) // it has as many
	for {
		if err := d.piece(piece, sink); err != nil {
			return err
		}
		if d.astray {
			return ErrMisplaced
		}
		size := bytes.IndexByte(rest, '\n') + 1
		if size == 0 {
			return d.give(sink)
		}
		piece, rest = rest[:size], rest[size:]
		_, _ = lines.Discard(size) // it has as many
	}
}

// give gives what is ready.
func (d *Decoder) give(sink func(Fragment) error) error {
	if len(d.ready) == 0 {
		return nil
	}
	text := d.ready
	d.ready = nil
	return sink(Fragment{Text: text, Stamp: d.readyAt, After: d.Cursor})
}

func (d *Decoder) piece(piece []byte, sink func(Fragment) error) error {
	complete := piece[len(piece)-1] == '\n'
	if !d.middle {
		piece = d.startLine(piece)
		if err := d.step(sink); err != nil {
			return err
		}
	}
	d.middle = !complete
	if d.drop {
		return nil
	}
	if d.known > 0 {
		n := min(d.known, int64(len(piece)))
		d.known -= n
		piece = piece[n:]
		if d.known == 0 {
			d.skip = skipNothing
		}
	}
	if len(piece) == 0 {
		return nil
	}
	if d.stamp/tick != d.readyAt/tick {
		if err := d.give(sink); err != nil {
			return err
		}
	}
	if d.advance(piece); len(d.ready) == 0 {
		d.ready, d.readyAt = piece, d.stamp
	} else {
		d.ready = append(d.ready, piece...) // within the buffer, over the stamp between the two
	}
	return nil
}

// startLine decides what becomes of a line and returns its text.
func (d *Decoder) startLine(line []byte) []byte {
	stamp, text, ok := d.clock.cut(line)
	d.stamp, d.known = stamp, 0
	d.drop = !ok || d.skipLine(stamp)
	if d.drop && ok {
		d.order++
		d.track.add(stamp, d.order)
	}
	return text
}

// step asks about the line that starts.
func (d *Decoder) step(sink func(Fragment) error) error {
	s := Step{From: d.Cursor.Last, To: d.stamp, Waited: d.waited}
	first, told := d.first, d.told
	d.waited = 0
	if d.drop {
		return nil
	}
	d.first, d.told = false, false
	if told || d.known > 0 || d.Step == nil || s.From == 0 || !first && s.To-s.From < int64(Pause) {
		return nil
	}
	if err := d.give(sink); err != nil {
		return err
	}
	goOn, err := d.Step(s)
	d.astray, d.drop = !goOn, !goOn
	return err
}

// skipLine says whether the line is shipped; for one that is shipped in part it sets known.
func (d *Decoder) skipLine(stamp int64) bool {
	if d.skip == skipUnknown {
		d.skip = skipMatch
		if d.Cursor.First == stamp || d.Cursor.Count == 0 && d.Cursor.Open == stamp {
			d.skip = skipCount
		}
	}
	switch d.skip {
	case skipCount:
		if d.left > 0 {
			d.left--
			if d.left == 0 && d.Cursor.Partial == 0 {
				d.skip = skipNothing
			}
			return true
		}
		d.known = d.Cursor.Partial
		return false
	case skipMatch:
		return d.matchLine(stamp)
	default:
		return false
	}
}

func (d *Decoder) matchLine(stamp int64) bool {
	place := d.Cursor.Last
	if d.Cursor.Partial > 0 {
		place = d.Cursor.Open
	}
	switch {
	case stamp < place:
		return true
	case stamp > place:
		d.astray, d.told = d.Gap != nil && !d.Gap(), true
		if !d.astray {
			d.skip = skipNothing
		}
		return d.astray
	case d.Cursor.Partial > 0:
		d.known = d.Cursor.Partial
		return false
	default:
		d.skip = skipNothing
		return true
	}
}

// advance moves the cursor behind more text of the current line.
func (d *Decoder) advance(text []byte) {
	c, n := &d.Cursor, int64(len(text))
	if c.Origin == 0 {
		c.Origin = d.stamp
	}
	if c.Instance > 0 && c.Head == 0 {
		c.Head = d.stamp
	}
	c.Bytes += n
	if text[n-1] != '\n' {
		c.Partial += n
		c.Open = d.stamp
		if floorSecond(d.stamp) < c.Second { // set-back clock: an answer for Second would miss the start of this line
			whole(c)
		}
		return
	}
	c.Partial, c.Open = 0, 0
	c.Lines++
	c.Last = d.stamp
	d.order++
	d.track.add(d.stamp, d.order)
	d.track.fill(c)
}

// Note is a line of our own in the log, which stands behind what came last; instance is the one whose log comes next. A
// line that was not ended is ended before.
func (d *Decoder) Note(text string, instance, stamp int64) Fragment {
	c := &d.Cursor
	text += "\n"
	if c.Partial > 0 {
		text = "\n" + text
		c.Lines++
		if c.Instance == instance { // the rest of that line is not wanted any more
			c.Last = max(c.Last, c.Open)
		}
	}
	c.Lines, c.Bytes = c.Lines+1, c.Bytes+int64(len(text))
	c.Partial, c.Open = 0, 0
	if c.Instance != instance {
		c.Instance, c.Head, c.Base = instance, 0, c.Lines
		c.Second, c.Count, c.First, c.Last = 0, 0, 0, 0
	}
	return Fragment{Text: []byte(text), Stamp: stamp, After: *c}
}
