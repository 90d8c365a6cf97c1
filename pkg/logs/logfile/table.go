package logfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// The index is, with all numbers as varints where no width is given:
//
//	"plx" version(1 byte) flags(1 byte) text stored lines sum(4 bytes) first last
//	size of the places, places: each text, stored (compressed logs only) and line, as differences to the place before
//	size of the times, times: each a number of lines and the difference of their tick to the one before
//	CRC-32C of all of that (4 bytes)
const (
	magic   = "plx"
	version = 1
)

const (
	flagCompressed byte = 1 << iota
	// flagIncomplete: lines may be missing.
	flagIncomplete
	// flagUnfinished: the state of an encoder.
	flagUnfinished
	// flagOpen: the text does not end with a newline.
	flagOpen
	// flagOpaque: a gzip file of another writer, which is inflated from its beginning.
	flagOpaque
	flagsKnown = flagCompressed | flagIncomplete | flagUnfinished | flagOpen | flagOpaque
)

const (
	// slackTicks is how far a line's time may lie behind the line before and is then taken for the same. Both output
	// streams of a container are stamped before they are merged, so neighbours swap; a larger step back is a clock set back.
	slackTicks = 20
	// maxNumber bounds every number in an index, so that sums cannot overflow.
	maxNumber = 1 << 48
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// place is where reading can begin: offsets of one byte, and the line it belongs to.
type place struct{ text, stored, line int64 }

// run is a number of lines printed within one tick; tick 0 is unknown.
type run struct{ lines, tick int64 }

// table is an index that grows.
type table struct {
	flags               byte
	text, stored, lines int64
	sum                 uint32
	first, last         int64 // Unix nanoseconds; 0 unknown
	places              []byte
	place               place // the last one
	times               []byte
	timed               int64 // the tick of the last run in times
	run                 run   // not in times yet
}

// startBlock notes a place for the next byte of the text.
func (t *table) startBlock(stored int64) {
	next := place{t.text, stored, t.lines}
	if t.flags&flagOpen == 0 {
		next.line++
	}
	t.places = binary.AppendUvarint(t.places, uint64(next.text-t.place.text))
	if t.flags&flagCompressed != 0 {
		t.places = binary.AppendUvarint(t.places, uint64(next.stored-t.place.stored))
	}
	t.places = binary.AppendUvarint(t.places, uint64(next.line-t.place.line))
	t.place = next
}

// sinceBlock is how much text there is behind the last place.
func (t *table) sinceBlock() int64 { return t.text - t.place.text }

// add counts text.
func (t *table) add(text []byte, stamp int64) {
	n := len(text)
	begun := int64(bytes.Count(text[:n-1], []byte{'\n'}))
	if t.flags&flagOpen == 0 {
		begun++
	}
	t.flags |= flagOpen
	if text[n-1] == '\n' {
		t.flags &^= flagOpen
	}
	t.text += int64(n)
	t.sum = crc32.Update(t.sum, crc32.IEEETable, text)
	if begun > 0 {
		t.addLines(begun, stamp)
	}
}

func (t *table) addLines(n, stamp int64) {
	tick := t.tick()
	if stamp != 0 {
		if next := floorTick(stamp); next > tick || next < tick-slackTicks {
			tick = next
		}
		if t.first == 0 {
			t.first = stamp
		}
		t.last = stamp
	}
	if tick != t.tick() {
		t.times, t.timed, t.run.lines = t.allTimes(), t.tick(), 0
	}
	t.run.lines += n
	t.run.tick = tick
	t.lines += n
}

// tick is that of the last line.
func (t *table) tick() int64 {
	if t.run.lines == 0 {
		return t.timed
	}
	return t.run.tick
}

// allTimes is times with the run behind it.
func (t *table) allTimes() []byte {
	if t.run.lines == 0 {
		return t.times
	}
	times := binary.AppendUvarint(t.times, uint64(t.run.lines))
	return binary.AppendVarint(times, t.run.tick-t.timed)
}

func floorTick(stamp int64) int64 {
	tick := stamp / int64(tickTime)
	if stamp%int64(tickTime) < 0 {
		tick--
	}
	return tick
}

func (t *table) info() Info {
	return Info{
		Bytes: t.text, Lines: t.lines, Stored: t.stored, First: unixTime(t.first), Last: unixTime(t.last), Sum: t.sum,
		Compressed: t.flags&flagCompressed != 0, Open: t.flags&flagOpen != 0, Incomplete: t.flags&flagIncomplete != 0,
	}
}

func unixTime(stamp int64) time.Time {
	if stamp == 0 {
		return time.Time{}
	}
	return time.Unix(0, stamp).UTC()
}

func (t *table) encode() []byte {
	times := t.allTimes()
	out := make([]byte, 0, len(magic)+64+len(t.places)+len(times))
	out = append(out, magic...)
	out = append(out, version, t.flags)
	for _, n := range []int64{t.text, t.stored, t.lines} {
		out = binary.AppendUvarint(out, uint64(n))
	}
	out = binary.LittleEndian.AppendUint32(out, t.sum)
	out = binary.AppendVarint(out, t.first)
	out = binary.AppendVarint(out, t.last)
	for _, section := range [][]byte{t.places, times} {
		out = binary.AppendUvarint(out, uint64(len(section)))
		out = append(out, section...)
	}
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli))
}

var errCorrupt = errors.New("index is corrupt")

// decodeTable reads and checks an index; what it returns does not share memory with data.
func decodeTable(data []byte) (*contents, error) {
	body := len(data) - 4
	switch {
	case body < len(magic)+2 || string(data[:len(magic)]) != magic:
		return nil, fmt.Errorf("%w: it is no index", errCorrupt)
	case crc32.Checksum(data[:body], castagnoli) != binary.LittleEndian.Uint32(data[body:]):
		return nil, fmt.Errorf("%w: wrong checksum", errCorrupt)
	case data[len(magic)] != version:
		return nil, fmt.Errorf("index has version %d, known is %d", data[len(magic)], version)
	}
	t := table{flags: data[len(magic)+1]}
	r := decoder{data: data[len(magic)+2 : body]}
	t.text, t.stored, t.lines = r.number(), r.number(), r.number()
	if sum := r.take(4); sum != nil {
		t.sum = binary.LittleEndian.Uint32(sum)
	}
	t.first, t.last = r.signed(), r.signed()
	t.places = bytes.Clone(r.take(r.number()))
	t.times = bytes.Clone(r.take(r.number()))
	if r.bad || len(r.data) > 0 || t.flags&^flagsKnown != 0 {
		return nil, fmt.Errorf("%w: wrong length", errCorrupt)
	}
	c := &contents{table: t}
	if !c.readPlaces() || !c.readTimes() || !c.sound() {
		return nil, fmt.Errorf("%w: numbers contradict each other", errCorrupt)
	}
	return c, nil
}

// contents is an index to look up in.
type contents struct {
	table
	byPlace []place
	byTime  []moment
}

// moment is the first line of a tick; tick 0 is unknown.
type moment struct{ line, tick int64 }

func (c *contents) readPlaces() bool {
	r, last, numbers := decoder{data: c.places}, place{}, 2
	if c.flags&flagCompressed != 0 {
		numbers = 3
	}
	c.byPlace = make([]place, 0, r.count()/numbers)
	for len(r.data) > 0 && !r.bad {
		text, stored := r.number(), int64(0)
		if c.flags&flagCompressed != 0 {
			stored = r.number()
		}
		lines := r.number()
		first := len(c.byPlace) == 0
		switch {
		case first && (text != 0 || lines != 1), !first && (text == 0 || lines > text):
			return false
		case !first && stored == 0 && c.flags&flagCompressed != 0:
			return false
		case c.flags&flagCompressed == 0:
			stored = text
		}
		last = place{last.text + text, last.stored + stored, last.line + lines}
		if last.text >= c.text || last.stored >= c.stored || last.line > c.lines {
			return false
		}
		c.byPlace = append(c.byPlace, last)
	}
	c.place = last
	return !r.bad && (len(c.byPlace) > 0) == (c.text > 0)
}

func (c *contents) readTimes() bool {
	r, line, tick := decoder{data: c.times}, int64(1), int64(0)
	c.byTime = make([]moment, 0, r.count()/2)
	for len(r.data) > 0 && !r.bad {
		lines := r.number()
		step := r.signed()
		if lines == 0 || step > maxNumber || step < -maxNumber {
			return false
		}
		tick += step
		if tick > maxNumber || tick < -maxNumber || lines > c.lines-line+1 {
			return false
		}
		if step != 0 || len(c.byTime) == 0 {
			c.byTime = append(c.byTime, moment{line, tick})
		}
		line += lines
	}
	c.timed = tick
	return !r.bad && line == c.lines+1
}

func (c *contents) sound() bool {
	next := c.lines // the line that the end of the text belongs to
	if c.flags&flagOpen == 0 {
		next++
	}
	switch opaque := c.flags&flagOpaque != 0; {
	case c.text == 0:
		return c.lines == 0 && c.flags&flagOpen == 0
	case c.lines == 0 || next-c.place.line > c.text-c.place.text:
		return false
	case c.flags&flagCompressed == 0:
		return c.stored == c.text && !opaque
	case opaque:
		return len(c.byPlace) == 1 && c.flags&flagUnfinished == 0
	}
	return true
}

// size is about how much memory it takes.
func (c *contents) size() int64 {
	return int64(cap(c.places)+cap(c.times)+24*cap(c.byPlace)+16*cap(c.byTime)) + 256
}

// decoder reads numbers; after the first mistake it is bad and gives zeros.
type decoder struct {
	data []byte
	bad  bool
}

// count is how many numbers there are: each ends with a byte below 0x80.
func (d *decoder) count() int {
	n := 0
	for _, b := range d.data {
		n += int(^b >> 7)
	}
	return n
}

func (d *decoder) number() int64 {
	n, size := binary.Uvarint(d.data)
	if size <= 0 || n > maxNumber {
		d.fail()
		return 0
	}
	d.data = d.data[size:]
	return int64(n)
}

func (d *decoder) signed() int64 {
	n, size := binary.Varint(d.data)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.data = d.data[size:]
	return n
}

func (d *decoder) take(n int64) []byte {
	if n > int64(len(d.data)) {
		d.fail()
		return nil
	}
	taken := d.data[:n]
	d.data = d.data[n:]
	return taken
}

func (d *decoder) fail() { d.bad, d.data = true, nil }
