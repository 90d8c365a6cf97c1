package webhook

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"runtime/debug"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Connection is what the door needs to know of one connection.
type Connection struct {
	Name   string
	Driver scm.Driver
	// Secrets are the active webhook secrets, asked for at every delivery so that rotation needs no restart.
	Secrets func() [][]byte
}

// Connections finds connections by name; the empty name is the default connection. It is asked at every delivery, by
// many goroutines at once.
type Connections interface {
	Lookup(name string) (Connection, bool)
}

// Inbox stores events durably. Putting an event twice is a success, so that redeliveries are harmless.
type Inbox interface {
	Put(ctx context.Context, event scm.Event) error
}

// Options are what a handler works with.
type Options struct {
	Connections Connections
	Inbox       Inbox
	// Wants says whether anything would act on an event; nil wants all. Ignored events are never wanted.
	Wants func(scm.Event) bool
}

// NewHandler serves /hook and /hook/{connection}; any other path is not found.
func NewHandler(o Options) http.Handler {
	d := &door{Options: o, bodies: newBodies(maxBuffered), places: make(chan struct{}, maxStoring)}
	mux := http.NewServeMux()
	mux.Handle("/hook", d)
	mux.Handle("/hook/{$}", d)
	mux.Handle("/hook/{connection}", d)
	return mux
}

type door struct {
	Options
	bodies *bodies
	places chan struct{}
}

// ServeHTTP answers one delivery. Whatever happens to it, it is counted once, logged once and answered once.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := visit{connection: unknown, event: unknown, start: time.Now()}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // the sentinel of net/http is compared, never wrapped
				panic(p)
			}
			v.err = fmt.Errorf("panic: %v", p)
			v.stack = string(debug.Stack())
		}
		v.finish(w, r)
	}()
	v.err = d.admit(w, r, &v)
}

// admit takes a delivery as far as it gets; each step refuses with an error that [answerTo] knows.
func (d *door) admit(w http.ResponseWriter, r *http.Request, v *visit) error {
	if r.Method != http.MethodPost {
		return errMethod
	}
	conn, ok := d.Connections.Lookup(r.PathValue("connection"))
	if !ok {
		return errConnection
	}
	v.connection = conn.Name
	if err := checkMediaType(r.Header.Get("Content-Type")); err != nil {
		return err
	}
	event, err := d.receive(w, r, v, conn)
	if err != nil {
		return err
	}
	v.learn(event)
	if event.Kind() == scm.KindIgnored || (d.Wants != nil && !d.Wants(event)) {
		return errUnwanted
	}
	return d.store(r.Context(), event)
}

// receive reads the body and has it authenticated and decoded. The buffer is given back before the event is stored.
func (d *door) receive(w http.ResponseWriter, r *http.Request, v *visit, conn Connection) (scm.Event, error) {
	body, err := d.bodies.read(http.MaxBytesReader(w, r.Body, maxBody), r.ContentLength)
	defer d.bodies.release(body)
	v.bytes = len(body.data)
	if err != nil {
		return nil, err
	}
	event, err := conn.Driver.Parse(r.Header, body.data, scm.Verification{Connection: conn.Name, Secrets: conn.Secrets()})
	if err != nil {
		return nil, fmt.Errorf("parse delivery: %w", err)
	}
	return event, nil
}

// store outlives the sender's connection: whoever hangs up early has still delivered.
func (d *door) store(ctx context.Context, event scm.Event) error {
	select {
	case d.places <- struct{}{}:
		defer func() { <-d.places }()
	default:
		return errBusy
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putTimeout)
	defer cancel()
	if err := d.Inbox.Put(ctx, event); err != nil {
		return fmt.Errorf("%w: %w", errUnavailable, err)
	}
	return nil
}

func checkMediaType(value string) error {
	mediaType, _, err := mime.ParseMediaType(value)
	if err != nil || mediaType != "application/json" {
		return errMediaType
	}
	return nil
}

// visit is what is known of a delivery when it is answered.
type visit struct {
	connection, event string
	native, delivery  string
	bytes             int
	start             time.Time
	err               error
	stack             string
}

func (v *visit) learn(event scm.Event) {
	meta := event.Envelope()
	v.event, v.native, v.delivery = string(event.Kind()), meta.Native, meta.ID
}

// finish answers, counts and logs. Neither body nor header values reach the log: nothing of them is known to be harmless.
func (v *visit) finish(w http.ResponseWriter, r *http.Request) {
	a := answerTo(v.err)
	a.write(w)
	v.count(a.result)
	logger := log.FromContext(r.Context())
	switch {
	case a.status >= 500:
		logger.Error(v.err, "webhook delivery failed", "connection", v.connection, "event", v.event, "delivery", v.delivery,
			"result", a.result, "bytes", v.bytes, "stack", v.stack)
	case a.status >= 400:
		logger.Info("webhook delivery refused", "connection", v.connection, "result", a.result, "status", a.status,
			"remote", r.RemoteAddr, "bytes", v.bytes, "reason", v.err.Error())
	default:
		if debug := logger.V(1); debug.Enabled() {
			debug.Info("webhook delivery", "connection", v.connection, "event", v.event, "native", v.native,
				"delivery", v.delivery, "result", a.result, "bytes", v.bytes, "duration", time.Since(v.start))
		}
	}
}
