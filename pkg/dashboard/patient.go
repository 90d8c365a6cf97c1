package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// patient writes an answer that may take hours: each piece has its own deadline, and the request's has no end.
type patient struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// newPatient lifts the server's read deadline, which would otherwise count as the client's leaving.
func newPatient(w http.ResponseWriter) *patient {
	p := &patient{w: w, control: http.NewResponseController(w)}
	_ = p.control.SetReadDeadline(time.Time{}) // writers without deadlines need no lifting
	return p
}

// Write fails once the client has taken nothing for writeTimeout.
func (p *patient) Write(b []byte) (int, error) {
	if err := p.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, fmt.Errorf("set write deadline: %w", err)
	}
	return p.w.Write(b)
}

// Flush sends what was written.
func (p *patient) Flush() error { return p.control.Flush() }
