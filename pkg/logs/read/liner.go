package read

import (
	"bytes"
	"fmt"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
)

// liner cuts a step's text into numbered lines and emits those not seen before.
type liner struct {
	task, step string
	emit       func(logs.Line) error
	emitted    int   // the last number given out
	failed     error // of emit

	number int // of complete lines since the step's start
	open   bytes.Buffer
	cut    int64     // bytes of the open line that are not kept
	begun  bool      // there is an open line
	at     time.Time // of the open line
	last   time.Time // of the last line
}

func newLiner(step logs.StepInfo, seen int, emit func(logs.Line) error) *liner {
	return &liner{task: step.Task, step: step.Step, emitted: seen, emit: emit}
}

// begin expects the step's text from the beginning of a line.
func (l *liner) begin(number int) {
	l.number, l.cut, l.begun = number-1, 0, false
	l.open.Reset()
}

// add takes text, all of it printed at one time.
func (l *liner) add(text []byte, at time.Time) error {
	for len(text) > 0 {
		line, rest, complete := bytes.Cut(text, []byte{'\n'})
		l.begun, l.at = true, at
		keep := min(len(line), logfile.LongestLine-l.open.Len())
		if l.number < l.emitted {
			keep = 0 // seen already
		}
		l.open.Write(line[:keep])
		l.cut += int64(len(line) - keep)
		if complete {
			if err := l.flush(); err != nil {
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
	return l.flush()
}

func (l *liner) flush() error {
	l.number++
	at := l.time()
	var err error
	if l.number > l.emitted {
		l.emitted = l.number
		text := bytes.TrimSuffix(l.open.Bytes(), []byte{'\r'})
		err = l.emit(logs.Line{Task: l.task, Step: l.step, Number: l.number, Time: at, Text: shown(text, l.cut)})
		l.failed = err
	}
	l.open.Reset()
	l.cut, l.begun = 0, false
	return err
}

// time is that of the open line as the index will have it.
func (l *liner) time() time.Time {
	if l.at.IsZero() {
		return l.last
	}
	if at := l.at.Truncate(logs.Tick).UTC(); at.After(l.last) || l.last.Sub(at) > lineSlack {
		l.last = at
	}
	return l.last
}

// lineSlack is how far a line may be older than the one before and still gets its time.
const lineSlack = 2 * time.Second

// shown is a line as readers get it.
func shown(text []byte, cut int64) string {
	if cut > 0 {
		return fmt.Sprintf("%s … (%d more bytes)", text, cut)
	}
	return string(text)
}
