package dashboard

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/storage"
)

//go:embed assets
var assets embed.FS

// errBadQuery is a request that cannot be understood.
var errBadQuery = errors.New("bad query")

// errBusy is a replica that has no room for another stream.
var errBusy = errors.New("too many open log streams")

// site is the dashboard's handler.
type site struct {
	Deps
	mux      *http.ServeMux
	pages    map[string]*template.Template
	slots    chan struct{}
	draining chan struct{}
	drain    func()
	pace     pace
}

// pace is how often streams do things; tests make it faster.
type pace struct {
	poll, steps, heartbeat, retry time.Duration
}

// Handler serves the dashboard. It panics when the embedded pages do not parse, which a test rules out.
func Handler(d Deps) http.Handler { return newSite(d) }

func newSite(d Deps) *site {
	s := &site{
		Deps: d, mux: http.NewServeMux(), pages: parsePages(), slots: make(chan struct{}, maxStreams), draining: make(chan struct{}),
		pace: pace{poll: pollTime, steps: stepsTime, heartbeat: heartbeat, retry: time.Second},
	}
	s.drain = sync.OnceFunc(func() { close(s.draining) })
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /{$}":                         s.listPage,
		"GET /runs/{name}":                 s.runPage,
		"GET /view/s3/{bucket}/{path...}":  s.view,
		"GET /config":                      s.configPage,
		"GET /api/config":                  s.configJSON,
		"GET /api/runs":                    s.listJSON,
		"GET /api/runs/{name}":             s.runJSON,
		"GET /api/runs/{name}/log":         s.stream,
		"GET /api/runs/{name}/log/raw":     s.raw,
		"GET /static/{version}/{asset...}": s.static,
		"/":                                s.nothing,
	} {
		s.mux.Handle(pattern, s.route(handle))
	}
	return s
}

// ServeHTTP answers with the headers that every answer carries.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	counted := &counter{ResponseWriter: w, code: http.StatusOK}
	start := time.Now()
	s.mux.ServeHTTP(counted, r)
	counted.observe(r.Pattern, time.Since(start))
}

// route turns a handler's error into an answer, which is the only place that does.
func (s *site) route(handle func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			s.problem(w, r, err)
		}
	})
}

// statusOf maps errors to HTTP.
func statusOf(err error) int {
	switch {
	case errors.Is(err, errBadQuery):
		return http.StatusBadRequest
	case errors.Is(err, ErrNotFound), errors.Is(err, storage.ErrNotExist):
		return http.StatusNotFound
	case errors.Is(err, errBusy), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// counter remembers the status code of an answer.
type counter struct {
	http.ResponseWriter
	code int
}

func (c *counter) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach deadlines and flushing.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *counter) observe(route string, took time.Duration) {
	if route == "" {
		route = "none"
	}
	requests.WithLabelValues(route, fmt.Sprint(c.code)).Inc()
	if route != "GET /api/runs/{name}/log" && route != "GET /api/runs/{name}/log/raw" {
		duration.WithLabelValues(route).Observe(took.Seconds())
	}
}

// assetVersion changes with the assets, so that browsers may keep them forever.
var assetVersion = sync.OnceValue(func() string {
	sum := fnv.New64a()
	err := fs.WalkDir(assets, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := assets.ReadFile(path)
		sum.Write(data)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("read embedded assets: %v", err))
	}
	return fmt.Sprintf("%x", sum.Sum64())
})

// static serves an asset; an asset of another version comes as it is now, but is not kept.
func (s *site) static(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("asset")
	switch name {
	case "app.js", "style.css", "logo.svg":
	default:
		return fmt.Errorf("asset %q: %w", name, ErrNotFound)
	}
	if r.PathValue("version") == assetVersion() {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeFileFS(w, r, assets, "assets/"+name)
	return nil
}

func (s *site) nothing(_ http.ResponseWriter, r *http.Request) error {
	return fmt.Errorf("page %s: %w", r.URL.Path, ErrNotFound)
}

func writeJSON(w http.ResponseWriter, code int, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(append(data, '\n')) // the client is gone, which nobody needs to know
	return nil
}

func writePage(w http.ResponseWriter, code int, page *template.Template, data any) error {
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // the client is gone, which nobody needs to know
	return nil
}

// logFailure tells the operator about faults that are not the client's.
func logFailure(r *http.Request, code int, err error) {
	if code >= http.StatusInternalServerError && r.Context().Err() == nil {
		log.FromContext(r.Context()).Error(err, "request failed", "path", r.URL.Path)
	}
}
