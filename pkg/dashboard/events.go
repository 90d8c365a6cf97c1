package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// events writes server-sent events into a buffer, and the buffer to a client.
type events struct {
	client *patient
	buf    bytes.Buffer
	json   *json.Encoder
	// sent is the position behind the last line written, which is the id of the next line's event.
	sent position
}

func newEvents(client *patient, from position) *events {
	e := &events{client: client, sent: position{}}
	for step, n := range from {
		e.sent[step] = n
	}
	e.json = json.NewEncoder(&e.buf)
	return e
}

func (e *events) line(l logLine) {
	e.sent[l.Task+"/"+l.Step] = l.Number
	e.buf.WriteString("id: ")
	e.buf.WriteString(e.sent.String())
	e.buf.WriteByte('\n')
	e.event("line", l)
	streamLines.Inc()
}

// event writes one event. JSON has no line breaks of its own, so one data line holds it; the encoder ends it.
func (e *events) event(name string, data any) {
	e.buf.WriteString("event: ")
	e.buf.WriteString(name)
	e.buf.WriteString("\ndata: ")
	_ = e.json.Encode(data) // plain structs of this package always encode
	e.buf.WriteByte('\n')
}

func (e *events) comment(text string) { fmt.Fprintf(&e.buf, ": %s\n\n", text) }

func (e *events) retry(d time.Duration) { fmt.Fprintf(&e.buf, "retry: %d\n\n", d.Milliseconds()) }

func (e *events) size() int { return e.buf.Len() }

// flush sends what was written; nothing is no call.
func (e *events) flush() error {
	if e.buf.Len() == 0 {
		return nil
	}
	defer e.buf.Reset()
	if _, err := e.client.Write(e.buf.Bytes()); err != nil {
		return fmt.Errorf("send events: %w", err)
	}
	return e.client.Flush()
}
