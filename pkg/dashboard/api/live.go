package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/dashboard/sse"
	"github.com/pharos-ci/pharos/pkg/dashboard/terminal"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/retry"
)

// Limits of one log stream.
const (
	// queuedLines is how many lines wait for a slow client.
	queuedLines = 64
	// lookTimeout keeps a bucket that hangs from hiding the run's state.
	lookTimeout = 10 * time.Second
	// followTries is how often reading the log of a finished run is tried before the page is told why it cannot be read.
	followTries = 3
)

// live is one client's log stream. Three goroutines share it: tail reads lines, watch looks at the run and its steps, and
// the request's own writes. The first two end with the stream's context.
type live struct {
	*API
	seen position // the tail's
	sent position // the writer's
	// lines is closed by the tail at the log's end.
	lines chan LogLine
	// news are events of the watch and the tail: Run, []Step, Trouble.
	news chan any
	// look asks the watch for the steps now.
	look chan struct{}
	out  *sse.Stream
}

// followLog sends a run's log and states as server-sent events. Last-Event-ID, or ?after= where a client cannot set it,
// resumes behind that event.
func (a *API) followLog(w http.ResponseWriter, r *http.Request, in *followInput) error {
	run, err := a.Gate.Run(r.Context(), in.Name)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		sse.Headers(w)
		return nil
	}
	from := parsePosition(cmp.Or(in.LastEventID, in.After))
	if len(from) == 0 && in.Tail > 0 {
		if from, err = nearEnd(r.Context(), run, in.Tail); err != nil {
			return err
		}
	}
	out, err := a.Streams.Open(w)
	if err != nil {
		return err
	}
	defer out.Close()
	l := &live{
		API: a, seen: from, sent: from.clone(), lines: make(chan LogLine, queuedLines), news: make(chan any),
		look: make(chan struct{}, 1), out: out,
	}
	l.run(r.Context(), run)
	return nil
}

// nearEnd is the position so many lines before the present end of each step.
func nearEnd(ctx context.Context, run *gate.Run, tail int) (position, error) {
	steps, err := run.Steps(ctx)
	if err != nil {
		return nil, err
	}
	from := position{}
	for _, s := range steps {
		lines := int(s.Lines)
		if lines == 0 && s.State != logs.StepWaiting && s.State != logs.StepSkipped {
			page, err := run.Lines(ctx, gate.StepName{Task: s.Task, Step: s.Step}, 1, 1)
			if err != nil {
				continue // the stream reads this step from its start
			}
			lines = page.Total
		}
		if lines > tail {
			from[s.Task+"/"+s.Step] = lines - tail
		}
	}
	return from, nil
}

// run starts the readers, writes until the end and waits for them.
func (l *live) run(ctx context.Context, run *gate.Run) {
	ctx, cancel := context.WithCancel(ctx)
	var readers sync.WaitGroup
	readers.Go(func() { l.tail(ctx, run) })
	readers.Go(func() {
		l.watch(ctx, run)
		cancel() // the run may be seen no more
	})
	defer readers.Wait()
	defer cancel()
	l.write(ctx, run)
}

// write sends what the readers bring, in batches, until the log ends.
func (l *live) write(ctx context.Context, run *gate.Run) {
	for l.out.Flush() == nil {
		select {
		case line, more := <-l.lines:
			if !more || !l.batch(line) {
				l.finish(ctx, run)
				return
			}
		case e := <-l.news:
			l.tell(e)
		case <-l.out.Beats():
			l.out.Beat()
		case <-l.out.Draining():
			l.out.Leave()
			return
		case <-ctx.Done():
			return
		}
	}
}

// batch adds the line and those that wait behind it, up to one flush. It is false at the log's end.
func (l *live) batch(line LogLine) bool {
	l.line(line)
	for l.out.Size() < sse.FlushBytes {
		select {
		case next, more := <-l.lines:
			if !more {
				return false
			}
			l.line(next)
		default:
			return true
		}
	}
	return true
}

func (l *live) line(line LogLine) {
	l.sent[line.Task+"/"+line.Step] = line.Number
	l.out.Event(l.sent.String(), "line", line)
}

func (l *live) tell(e any) {
	switch e := e.(type) {
	case Run:
		l.out.Event("", "state", e)
	case []Step:
		l.out.Event("", "step", e)
	case Trouble:
		l.out.Event("", "trouble", e)
	}
}

// finish tells the final state and steps, and that there is no more to come.
func (l *live) finish(ctx context.Context, run *gate.Run) {
	if ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	l.settle(ctx, run)
	l.out.Event("", "end", End{})
	l.out.Complete()
}

// settle tells the state and the steps once none runs any more: the log's end may be known before the cache of the pods
// knows of theirs. What the archive says is final.
func (l *live) settle(ctx context.Context, run *gate.Run) {
	var infos []logs.StepInfo
	for ctx.Err() == nil {
		now, err := run.Again(ctx)
		if err != nil {
			return
		}
		run = now
		if seen, err := run.Steps(ctx); err == nil {
			infos = seen
		}
		if now.Job().Status.Log.Archived || !slices.ContainsFunc(infos, func(s logs.StepInfo) bool { return s.State == logs.StepRunning }) {
			break
		}
		_ = retry.Wait(ctx, l.Pace.Poll, nil) // the loop sees that ctx has ended
	}
	l.tell(l.runOf(run.Job()))
	if infos != nil {
		l.tell(stepsOf(infos))
	}
}

// send hands an event to the writer, unless the stream is over.
func (l *live) send(ctx context.Context, e any) {
	select {
	case l.news <- e:
	case <-ctx.Done():
	}
}

// emit hands a line to the writer and waits for its room, which is what bounds the memory of a slow client.
func (l *live) emit(ctx context.Context, line logs.Line) error {
	key := line.Task + "/" + line.Step
	if _, known := l.seen[key]; !known {
		select {
		case l.look <- struct{}{}: // a new step began
		default:
		}
	}
	event := LogLine{Task: line.Task, Step: line.Step, Number: line.Number, Time: instant(line.Time), Text: terminal.Line(line.Text)}
	select {
	case l.lines <- event:
		l.seen[key] = line.Number
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
