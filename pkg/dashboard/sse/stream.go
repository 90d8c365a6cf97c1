package sse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// ErrBusy is a replica that has no room for another stream.
var ErrBusy = errors.New("too many open streams; try again in a few seconds")

// Limits of a server.
const (
	maxStreams = 256
	// heartbeat is shorter than the 30 s after which some proxies cut a silent connection.
	heartbeat = 15 * time.Second
	// retryHint and drainHint are how long a browser waits before it connects again: after a fault, and when this
	// replica ends and another one is there already.
	retryHint = 3 * time.Second
	drainHint = 500 * time.Millisecond
)

// FlushBytes is what a batch of events should not exceed by much.
const FlushBytes = 32 << 10

// Reasons why a stream ended.
const (
	EndComplete = "complete" // everything was sent
	EndGone     = "gone"     // the client left, or took nothing for too long
	EndDrain    = "drain"    // this replica shuts down
)

// Server gives out streams, at most 256 at once.
type Server struct {
	slots    chan struct{}
	draining chan struct{}
	// Drain ends every stream; browsers connect again elsewhere. It may be called more than once.
	Drain func()
	beat  time.Duration
}

// Options of a server; the zero value is what production wants.
type Options struct {
	Streams   int
	Heartbeat time.Duration
}

// NewServer makes a server without streams.
func NewServer(o Options) *Server {
	if o.Streams == 0 {
		o.Streams = maxStreams
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = heartbeat
	}
	s := &Server{slots: make(chan struct{}, o.Streams), draining: make(chan struct{}), beat: o.Heartbeat}
	s.Drain = sync.OnceFunc(func() { close(s.draining) })
	return s
}

// Open begins a stream. ErrBusy is the answer when there is no room, before anything was written. The caller closes the
// stream.
func (s *Server) Open(w http.ResponseWriter) (*Stream, error) {
	select {
	case s.slots <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	Headers(w)
	streams.Inc()
	out := &Stream{server: s, client: NewPatient(w), ticker: time.NewTicker(s.beat), end: EndGone}
	out.json = json.NewEncoder(&out.buf)
	out.retry(retryHint)
	return out, nil
}

// Headers are those of every stream.
func Headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would collect events otherwise
}

// Stream collects events in a buffer and sends the buffer. It belongs to one goroutine.
type Stream struct {
	server *Server
	client *Patient
	ticker *time.Ticker
	buf    bytes.Buffer
	json   *json.Encoder
	end    string
}

// Beats ticks when the client should hear something; call Beat then.
func (s *Stream) Beats() <-chan time.Time { return s.ticker.C }

// Draining is closed when the server ends; call Leave then.
func (s *Stream) Draining() <-chan struct{} { return s.server.draining }

// Event adds one event; an empty id sends none. JSON has no line breaks of its own, so one data line holds it.
func (s *Stream) Event(id, name string, data any) {
	if id != "" {
		fmt.Fprintf(&s.buf, "id: %s\n", id)
	}
	fmt.Fprintf(&s.buf, "event: %s\ndata: ", name)
	_ = s.json.Encode(data) // plain structs always encode
	s.buf.WriteByte('\n')
	events.WithLabelValues(name).Inc()
}

// Beat adds a comment that keeps the connection alive.
func (s *Stream) Beat() { s.comment("still here") }

// Leave tells the client to connect again soon, sends it, and notes why the stream ends.
func (s *Stream) Leave() {
	s.retry(drainHint)
	s.comment("this server ends; another goes on")
	_ = s.Flush() // the stream ends anyway
	s.end = EndDrain
}

// Complete sends what is left and notes that this was all.
func (s *Stream) Complete() {
	if s.Flush() == nil {
		s.end = EndComplete
	}
}

// Size is the number of bytes that wait.
func (s *Stream) Size() int { return s.buf.Len() }

// Flush sends what waits; nothing is no call. Its error means that the client is gone.
func (s *Stream) Flush() error {
	if s.buf.Len() == 0 {
		return nil
	}
	defer s.buf.Reset()
	if _, err := s.client.Write(s.buf.Bytes()); err != nil {
		return fmt.Errorf("send events: %w", err)
	}
	return s.client.FlushError()
}

// Close gives the stream's place to another.
func (s *Stream) Close() {
	s.ticker.Stop()
	streams.Dec()
	ends.WithLabelValues(s.end).Inc()
	<-s.server.slots
}

func (s *Stream) comment(text string) { fmt.Fprintf(&s.buf, ": %s\n\n", text) }

func (s *Stream) retry(d time.Duration) { fmt.Fprintf(&s.buf, "retry: %d\n\n", d.Milliseconds()) }
