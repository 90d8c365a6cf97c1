package kubelet

import (
	"bytes"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
)

// slack is how many seconds a line may be younger in the file than one printed before it. Both output streams of a
// container are stamped before they are merged, so neighbours swap by microseconds; seconds are a margin for a starved node.
const slack = 2

// whole makes the cursor ask for everything of its instance.
func whole(c *logs.Cursor) {
	c.Second, c.Count, c.First = 0, c.Lines-c.Base, c.Origin
	if c.Instance > 0 {
		c.First = c.Head
	}
}

// tracker knows the lines of the newest seconds, to tell Second, Count and First after each line.
type tracker struct {
	seconds []bucket // ascending, within slack of the newest
	late    bool     // a line came from before the window: only the whole log is exact
}

// bucket counts the lines stamped within one second.
type bucket struct {
	second, count, first int64
	order                int64 // of the first line, over all buckets
}

func (t *tracker) reset() { t.seconds, t.late = t.seconds[:0], false }

// add notes a complete line; order is a number that grows with every line.
func (t *tracker) add(stamp, order int64) {
	second := floorSecond(stamp)
	newest := int64(-1 << 62)
	if n := len(t.seconds); n > 0 {
		newest = t.seconds[n-1].second
	}
	if second > newest {
		t.seconds = append(t.seconds, bucket{second, 1, stamp, order})
		t.late = false
		for t.seconds[0].second < second-slack {
			t.seconds = append(t.seconds[:0], t.seconds[1:]...)
		}
		return
	}
	if second < newest-slack {
		t.late = true // the node's clock was set back
		return
	}
	for i := range t.seconds {
		switch b := &t.seconds[i]; {
		case b.second == second:
			b.count++
			return
		case b.second > second:
			t.seconds = append(t.seconds, bucket{})
			copy(t.seconds[i+1:], t.seconds[i:])
			t.seconds[i] = bucket{second, 1, stamp, order}
			return
		}
	}
}

// fill sets the part of the cursor that the source is asked with.
func (t *tracker) fill(c *logs.Cursor) {
	if t.late || len(t.seconds) == 0 {
		whole(c)
		return
	}
	first := t.seconds[0]
	// A line may still come up to slack seconds before the newest, so the window starts there, not at its oldest line.
	c.Second, c.Count = t.seconds[len(t.seconds)-1].second-slack, 0
	for _, b := range t.seconds {
		c.Count += b.count
		if b.order < first.order {
			first = b
		}
	}
	c.First = first.first
}

func floorSecond(stamp int64) int64 {
	second := stamp / int64(time.Second)
	if stamp%int64(time.Second) < 0 {
		second--
	}
	return second
}

// clock reads the stamps of lines. Most are of the same second as the one before, whose text it remembers.
type clock struct {
	text []byte
	unix int64
}

// Lengths of a stamp: to its second, in whole, and in whole with a zone.
const (
	wholeSecond = len("2006-01-02T15:04:05")
	utcStamp    = len("2006-01-02T15:04:05.000000000Z")
	zonedStamp  = len("2006-01-02T15:04:05.000000000-07:00")
)

// cut splits a line into its stamp and its text. The kubelet always writes nine digits of fraction, and a zone other than
// Z where the node has one.
func (c *clock) cut(line []byte) (stamp int64, text []byte, ok bool) {
	if len(line) > utcStamp && line[utcStamp] == ' ' && line[utcStamp-1] == 'Z' && string(line[:wholeSecond]) == string(c.text) {
		if nanos, ok := fraction(line[wholeSecond : utcStamp-1]); ok {
			return c.unix*int64(time.Second) + nanos, line[utcStamp+1:], true
		}
	}
	i := bytes.IndexByte(line[:min(len(line), zonedStamp+1)], ' ')
	if i != utcStamp && i != zonedStamp || line[wholeSecond] != '.' {
		return 0, nil, false
	}
	var at time.Time
	if at.UnmarshalText(line[:i]) != nil { // unlike time.Parse it takes bytes, so a line costs no allocation
		return 0, nil, false
	}
	if i == utcStamp {
		c.text, c.unix = append(c.text[:0], line[:wholeSecond]...), at.Unix()
	}
	return at.UnixNano(), line[i+1:], true
}

// fraction reads a dot and nine digits.
func fraction(text []byte) (nanos int64, ok bool) {
	for _, digit := range text[1:] {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		nanos = 10*nanos + int64(digit-'0')
	}
	return nanos, text[0] == '.'
}
