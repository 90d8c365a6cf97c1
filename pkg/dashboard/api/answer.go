package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/dashboard/sse"
	"github.com/pharos-ci/pharos/pkg/history"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// errBadQuery is a request that cannot be understood.
var errBadQuery = errors.New("bad request")

// Status maps an error to HTTP; no other function does.
func Status(err error) int {
	_, refused := gate.IsRefusal(err)
	_, undecided := errors.AsType[*access.UndecidedError](err)
	switch {
	case refused:
		return http.StatusForbidden
	case errors.Is(err, errBadQuery), errors.Is(err, history.ErrPosition), errors.Is(err, logfile.ErrPattern):
		return http.StatusBadRequest
	case errors.Is(err, gate.ErrNotFound), errors.Is(err, storage.ErrNotExist):
		return http.StatusNotFound
	case errors.Is(err, gate.ErrOver), errors.Is(err, gate.ErrForgotten), errors.Is(err, job.ErrNotConfigured):
		return http.StatusConflict
	case undecided, errors.Is(err, sse.ErrBusy), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Explain is what a reader is told of an error: nothing of faults that are not theirs.
func Explain(err error) string {
	refusal, refused := gate.IsRefusal(err)
	_, undecided := errors.AsType[*access.UndecidedError](err)
	switch {
	case refused:
		return refusal.Error()
	case undecided: // its own text names repositories
		return "The forge does not say at the moment what you may read. Try again soon."
	case Status(err) == http.StatusInternalServerError:
		return "The dashboard could not answer. Its own log says why."
	}
	return err.Error()
}

// LogFailure tells the operator about faults that are not the reader's.
func LogFailure(r *http.Request, err error) {
	if Status(err) >= http.StatusInternalServerError && r.Context().Err() == nil {
		log.FromContext(r.Context()).Error(err, "request failed", "path", r.URL.Path)
	}
}

// problem answers an operation that failed.
func (a *API) problem(c huma.Context, err error) {
	r, w := humago.Unwrap(c)
	LogFailure(r, err)
	code := Status(err)
	h := w.Header()
	for _, name := range []string{"Content-Disposition", "Content-Encoding", "Content-Length", "ETag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if code == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	_ = huma.WriteErr(a.huma, c, code, Explain(err)) // the client is gone, which nobody needs to know
}

// writeJSON answers a value, with a tag by which browsers ask whether it has changed.
func writeJSON(w http.ResponseWriter, r *http.Request, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	sum := fnv.New64a()
	_, _ = sum.Write(text) // a hash takes everything
	w.Header().Set("ETag", fmt.Sprintf(`W/"%x"`, sum.Sum64()))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(append(text, '\n')))
	return nil
}
