package sse

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// writeTimeout bounds one piece of an answer, so that a reader that takes nothing for so long is let go.
const writeTimeout = 30 * time.Second

// Patient writes an answer that may take hours: each piece has its own deadline, and the request's has no end.
type Patient struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// NewPatient lifts the server's read deadline, which would otherwise count as the client's leaving.
func NewPatient(w http.ResponseWriter) *Patient {
	p := &Patient{w: w, control: http.NewResponseController(w)}
	_ = p.control.SetReadDeadline(time.Time{}) // writers without deadlines need no lifting
	return p
}

// Header implements http.ResponseWriter.
func (p *Patient) Header() http.Header { return p.w.Header() }

// WriteHeader implements http.ResponseWriter.
func (p *Patient) WriteHeader(code int) { p.w.WriteHeader(code) }

// Write fails once the client has taken nothing for 30 s.
func (p *Patient) Write(b []byte) (int, error) {
	if err := p.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, fmt.Errorf("set write deadline: %w", err)
	}
	return p.w.Write(b)
}

// FlushError sends what was written; http.ResponseController finds it.
func (p *Patient) FlushError() error { return p.control.Flush() }
