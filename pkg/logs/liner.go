package logs

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// longestLine is what a reader is given of one line.
const longestLine = 64 << 10

// liner cuts a step's text into numbered lines and emits those not seen before. It is an io.Writer for stored text.
type liner struct {
	task, step string
	emit       func(Line) error
	emitted    int   // the last number given out
	failed     error // of emit

	number int // of complete lines since the step's start
	open   bytes.Buffer
	cut    int  // bytes of the open line that are not kept
	begun  bool // there is an open line
}

func newLiner(step StepInfo, seen int, emit func(Line) error) *liner {
	return &liner{task: step.Task, step: step.Step, emitted: seen, emit: emit}
}

// restart expects the step's text from its beginning again.
func (l *liner) restart() {
	l.number, l.cut, l.begun = 0, 0, false
	l.open.Reset()
}

// Write takes stored text, whose times are not known.
func (l *liner) Write(text []byte) (int, error) { return len(text), l.add(text, time.Time{}) }

// add takes text, all of it printed at one time.
func (l *liner) add(text []byte, at time.Time) error {
	for len(text) > 0 {
		line, rest, complete := bytes.Cut(text, []byte{'\n'})
		l.begun = true
		keep := min(len(line), longestLine-l.open.Len())
		if l.number < l.emitted {
			keep = 0 // seen already
		}
		l.open.Write(line[:keep])
		l.cut += len(line) - keep
		if complete {
			if err := l.flush(at); err != nil {
				return err
			}
		}
		text = rest
	}
	return nil
}

// end emits a last line that has no line end.
func (l *liner) end() error {
	if !l.begun {
		return nil
	}
	return l.flush(time.Time{})
}

func (l *liner) flush(at time.Time) error {
	l.number++
	var err error
	if l.number > l.emitted {
		// Terminals end lines with CR LF; a CR inside a line is a progress bar and stays for the viewer.
		text := strings.TrimSuffix(l.open.String(), "\r")
		if l.cut > 0 {
			text += fmt.Sprintf(" … (%d more bytes)", l.cut)
		}
		l.emitted = l.number
		err = l.emit(Line{Task: l.task, Step: l.step, Number: l.number, Time: at, Text: text})
		l.failed = err
	}
	l.open.Reset()
	l.cut, l.begun = 0, false
	return err
}
