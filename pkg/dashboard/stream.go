package dashboard

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// logLine is a line event.
type logLine struct {
	Task   string    `json:"task"`
	Step   string    `json:"step"`
	Number int       `json:"number"`
	Time   time.Time `json:"time,omitzero"`
	Text   string    `json:"text"`
}

// live is one client's log stream. Three goroutines share it: tail reads lines, watch looks at the run and its steps, and
// the request's own writes. The first two end with the stream's context.
type live struct {
	*site
	name string
	seen position // the tail's
	// lines is closed by the tail at the log's end.
	lines chan logLine
	// news are events of the watch and the tail: Run, []Step, trouble.
	news chan any
	// look asks the watch for the steps now.
	look chan struct{}
	out  *events
}

// trouble is a fault that a reader should know about; the stream goes on.
type trouble struct {
	Message string `json:"message"`
}

// stream sends a run's log and states as server-sent events. Last-Event-ID, or ?after= where a client cannot set it,
// resumes behind that event.
func (s *site) stream(w http.ResponseWriter, r *http.Request) error {
	pj, err := s.Runs.Get(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return errBusy
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would collect events otherwise
	if r.Method == http.MethodHead {
		return nil
	}
	from := parsePosition(cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("after")))
	l := &live{
		site: s, name: pj.Name, seen: from, lines: make(chan logLine, queuedLines), news: make(chan any), look: make(chan struct{}, 1),
		out: newEvents(newPatient(w), from),
	}
	streams.Inc()
	defer streams.Dec()
	streamEnds.WithLabelValues(l.run(r.Context(), pj)).Inc()
	return nil
}

// run starts the readers, writes until the end and waits for them. It returns why it ended.
func (l *live) run(ctx context.Context, pj *v1alpha1.PipelineJob) string {
	ctx, cancel := context.WithCancel(ctx)
	var readers sync.WaitGroup
	readers.Go(func() { l.tail(ctx, pj) })
	readers.Go(func() { l.watch(ctx, pj) })
	defer readers.Wait()
	defer cancel()
	return l.write(ctx)
}

// write sends what the readers bring, in batches, until the log ends.
func (l *live) write(ctx context.Context) string {
	l.out.retry(retryHint)
	beat := time.NewTicker(l.pace.heartbeat)
	defer beat.Stop()
	for {
		if err := l.out.flush(); err != nil {
			return endGone
		}
		select {
		case line, more := <-l.lines:
			if !more || !l.batch(line) {
				return l.finish(ctx)
			}
		case e := <-l.news:
			l.tell(e)
		case <-beat.C:
			l.out.comment("still here")
		case <-l.draining:
			l.out.retry(drainHint)
			l.out.comment("this server ends; another goes on")
			_ = l.out.flush() // the stream ends anyway
			return endDrain
		case <-ctx.Done():
			return endGone
		}
	}
}

// batch adds the line and those that wait behind it, up to one flush. It is false at the log's end.
func (l *live) batch(line logLine) bool {
	l.out.line(line)
	for l.out.size() < flushBytes {
		select {
		case next, more := <-l.lines:
			if !more {
				return false
			}
			l.out.line(next)
		default:
			return true
		}
	}
	return true
}

func (l *live) tell(e any) {
	switch e := e.(type) {
	case Run:
		l.out.event("state", e)
	case []Step:
		l.out.event("step", e)
	case trouble:
		l.out.event("trouble", e)
	}
}

// finish tells the final state and steps, and that there is no more to come.
func (l *live) finish(ctx context.Context) string {
	if ctx.Err() != nil {
		return endGone
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if pj, err := l.Runs.Get(ctx, l.name); err == nil {
		run := l.runOf(pj)
		l.tell(run)
		if infos, err := l.Logs.Steps(ctx, pj); err == nil {
			l.tell(run.stepsOf(infos))
		}
	}
	l.out.event("end", struct{}{})
	if err := l.out.flush(); err != nil {
		return endGone
	}
	return endComplete
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
	event := logLine{Task: line.Task, Step: line.Step, Number: line.Number, Time: line.Time, Text: cutLine(cleanLine(line.Text))}
	select {
	case l.lines <- event:
		l.seen[key] = line.Number
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
