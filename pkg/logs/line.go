package logs

import "time"

// Tick is how exact the times of lines are.
const Tick = 100 * time.Millisecond

// Line is one line of a step.
type Line struct {
	Task, Step string
	// Number counts from 1 within the step and is the same for a live and for an archived run.
	Number int
	// Time is when it was printed, to 0.1 s; zero when that is not known, as of logs that Prow stored.
	Time time.Time
	// Text has no line end. Of a line longer than 64 KiB it is the start and a note.
	Text string
}
