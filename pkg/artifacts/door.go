package artifacts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// RecordsFile is the only file beside the artifacts that a run hands in, from its clone step.
const RecordsFile = "clone-records.json"

// Options of the door.
type Options struct {
	Reviewer *Reviewer
	Runs     *Runs
	Store    storage.Store
	Layout   logs.Layout
}

// door is the HTTP handler.
type door struct {
	Options
	usages usages
	turns  chan struct{}
}

// NewHandler answers 201 for a file that is in the store, and says in plain text why one is not.
func NewHandler(o Options) http.Handler {
	d := &door{Options: o, usages: usages{runs: map[string]*usage{}}, turns: make(chan struct{}, maxUploads)}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v1/artifacts/{path...}", d.handle(d.artifact))
	mux.HandleFunc("PUT /v1/"+RecordsFile, d.handle(d.records))
	return mux
}

// request is one file of a proven run.
type request struct {
	*http.Request
	folder string
	body   *body
}

func (d *door) handle(store func(*request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got := &body{from: r.Body, control: http.NewResponseController(w)}
		err := d.serve(r.Context(), &request{Request: r, body: got}, store)
		status := statusOf(err)
		count(status, got.n)
		if err == nil {
			w.WriteHeader(status)
			return
		}
		message := err.Error()
		if status >= http.StatusInternalServerError && status != http.StatusInsufficientStorage {
			log.FromContext(r.Context()).Error(err, "store artifact", "path", r.URL.Path)
			message = "the file could not be stored now, try again" // what went wrong inside is not the sender's business
			w.Header().Set("Retry-After", "5")
		}
		w.Header().Set("Connection", "close") // the rest of the body is not worth reading
		http.Error(w, message, status)
	}
}

func (d *door) serve(ctx context.Context, r *request, store func(*request) error) error {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return errIdentity
	}
	pod, err := d.Reviewer.identify(ctx, token)
	if err != nil {
		return err
	}
	run, err := d.Runs.of(ctx, pod)
	if err != nil {
		return err
	}
	r.folder = d.Layout.Run(run)
	leave, err := d.turn(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return store(r)
}

// errBusy asks to come again.
var errBusy = errors.New("too many files at once")

// turn waits for a place among the files being stored.
func (d *door) turn(ctx context.Context) (leave func(), err error) {
	timer := time.NewTimer(queueTime)
	defer timer.Stop()
	select {
	case d.turns <- struct{}{}:
		return func() { <-d.turns }, nil
	case <-timer.C:
		return nil, errBusy
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// artifact stores a file of the run's artifacts; one of the same name is replaced.
func (d *door) artifact(r *request) error {
	name := r.PathValue("path")
	if len(name) > maxPath {
		return fmt.Errorf("%w: a path may have %d bytes", storage.ErrBadKey, maxPath)
	}
	if err := storage.CheckKey(name); err != nil {
		return err
	}
	use, err := d.usages.of(r.Context(), d.Store, r.folder)
	if err != nil {
		return err
	}
	if err := use.admit(name); err != nil {
		return err
	}
	r.body.limit, r.body.take = maxFile, use.take
	err = d.put(r, path.Join(r.folder, logs.ArtifactsDir, name))
	use.settle(name, r.body.n, err == nil)
	return err
}

// errExists protects what a run may say once.
var errExists = errors.New("the file exists")

func (d *door) records(r *request) error {
	key := path.Join(r.folder, RecordsFile)
	object, err := d.Store.Get(r.Context(), key, storage.Range{Length: 1})
	if err == nil {
		return errors.Join(errExists, object.Body.Close())
	}
	if !errors.Is(err, storage.ErrNotExist) {
		return err
	}
	r.body.limit, r.body.take = maxRecords, func(int64) error { return nil }
	return d.put(r, key)
}

func (d *door) put(r *request, key string) error {
	if r.ContentLength > r.body.limit {
		return r.body.tooLarge()
	}
	err := d.Store.Put(r.Context(), key, r.body, storage.PutOptions{
		ContentType: r.Header.Get("Content-Type"), ContentEncoding: r.Header.Get("Content-Encoding"),
	})
	if r.body.err != nil { // a store may not pass it on as it is
		return r.body.err
	}
	return err
}

// body reads a file within its limits.
type body struct {
	from    io.Reader
	control *http.ResponseController
	limit   int64
	take    func(int64) error
	n       int64
	err     error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	_ = b.control.SetReadDeadline(time.Now().Add(idleTime)) // a connection that knows no deadlines is a test's
	n, err := b.from.Read(p)
	if n > 0 {
		if b.n+int64(n) > b.limit {
			b.err = b.tooLarge()
		} else if b.err = b.take(int64(n)); b.err == nil {
			b.n += int64(n)
		}
	}
	if b.err != nil {
		return 0, b.err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", errCut, err)
		b.err = err
	}
	return n, err
}

func (b *body) tooLarge() error { return fmt.Errorf("%w: it may have %d bytes", errTooLarge, b.limit) }

// errCut means that the sender went away within a file.
var errCut = errors.New("the file ended early")

func statusOf(err error) int {
	switch {
	case err == nil:
		return http.StatusCreated
	case errors.Is(err, errIdentity):
		return http.StatusUnauthorized
	case errors.Is(err, errNoRun):
		return http.StatusForbidden
	case errors.Is(err, storage.ErrBadKey), errors.Is(err, errCut):
		return http.StatusBadRequest
	case errors.Is(err, errExists):
		return http.StatusConflict
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errFull):
		return http.StatusInsufficientStorage
	}
	return http.StatusServiceUnavailable
}
