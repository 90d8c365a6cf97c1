package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/pharos-ci/pharos/pkg/dashboard/api"
	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/dashboard/prow"
	"github.com/pharos-ci/pharos/pkg/dashboard/sse"
	"github.com/pharos-ci/pharos/pkg/dashboard/web"
	"github.com/pharos-ci/pharos/pkg/login"
)

// site is the dashboard's handler.
type site struct {
	gate    *gate.Gate
	pages   *pages
	streams *sse.Server
	handler http.Handler
}

// Handler serves the dashboard.
func Handler(d Deps) http.Handler { return newSite(d, sse.Options{}) }

func newSite(d Deps, streams sse.Options) *site {
	choices := func() []login.Choice { return nil }
	d.Read.Who = func(*http.Request) *login.User { return nil }
	if d.Login != nil {
		d.Read.Who, choices = d.Login.Who, d.Login.Choices
	}
	s := &site{gate: gate.New(d.Read), streams: sse.NewServer(streams)}
	if d.dist == nil {
		d.dist = web.Dist
	}
	s.pages = newPages(s.gate, d.dist)
	mux := http.NewServeMux()
	api.New(mux, api.Options{
		Gate: s.gate, Streams: s.streams, Version: d.Version, StoreURL: d.Read.Store.URL(), BrowseURL: d.BrowseURL,
		Logins: choices, Rebuilding: d.Rebuilding, Pace: d.pace,
	})
	for pattern, handle := range prow.Routes(prow.Options{Gate: s.gate, StoreURL: d.Read.Store.URL()}) {
		mux.Handle(pattern, s.route(handle))
	}
	for _, pattern := range pagePatterns {
		mux.Handle(pattern, s.route(s.pages.index))
	}
	mux.Handle("GET /config", s.route(s.config))
	mux.Handle("GET /assets/", s.route(s.pages.asset))
	mux.Handle("GET /static/", s.route(s.pages.asset))
	mux.Handle("/", s.route(s.nothing))
	if d.Login != nil {
		d.Login.Routes(mux)
	}
	s.handler = s.around(mux)
	return s
}

// around is what every request passes on its way to its handler.
func (s *site) around(mux *http.ServeMux) http.Handler {
	var h http.Handler = mux
	h = observed(h)
	h = s.gate.Admit(h)
	h = compressed(h)
	h = bounded(h)
	h = http.NewCrossOriginProtection().Handler(h)
	return hardened(h)
}

// ServeHTTP implements http.Handler.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// policy is that of every answer but the artifacts of jobs: no script and no style but the dashboard's own.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// hardened sets the headers that every answer carries; handlers may set others.
func hardened(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "private, no-cache") // what one may read another may not
		next.ServeHTTP(w, r)
	})
}

// bounded refuses what no honest request is.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > maxQuery {
			http.Error(w, "the address is too long", http.StatusRequestURITooLong)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// compressed packs text; streams and what is packed already pass.
func compressed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(leastCompressed), gzhttp.ContentTypes([]string{
		"application/json", "application/problem+json", "text/html", "text/css", "text/javascript", "text/yaml", "image/svg+xml",
	}))
	if err != nil {
		panic(fmt.Sprintf("compress answers: %v", err)) // the options above are wrong
	}
	return wrap(next)
}

// observed counts requests by route.
func observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counted := &counter{ResponseWriter: w, code: http.StatusOK}
		start := time.Now()
		defer func() { counted.observe(r.Pattern, time.Since(start)) }()
		next.ServeHTTP(counted, r)
	})
}

// route turns a handler's error into an answer.
func (s *site) route(handle prow.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// fail answers a request that failed outside of the API: people get the application, which says so, programs a line of text.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	code := api.Status(err)
	if errors.Is(err, prow.ErrBadQuery) {
		code = http.StatusBadRequest
	}
	api.LogFailure(r, err)
	w.Header().Set("Cache-Control", "no-store")
	if code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	if wantsPage(r) && code == http.StatusNotFound {
		s.pages.write(w, r, code)
		return
	}
	text := api.Explain(err)
	if code == http.StatusBadRequest {
		text = err.Error()
	}
	http.Error(w, text, code)
}

func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html")
}

func (s *site) nothing(_ http.ResponseWriter, r *http.Request) error {
	return fmt.Errorf("page %s: %w", r.URL.Path, gate.ErrNotFound)
}

// config is a page for people and text for programs, as they ask.
func (s *site) config(w http.ResponseWriter, r *http.Request) error {
	if wantsPage(r) {
		return s.pages.index(w, r)
	}
	return prow.Config(s.gate, w, r)
}
