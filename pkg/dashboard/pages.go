package dashboard

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
)

// pagePatterns are the addresses of the application's pages, which it tells apart itself.
var pagePatterns = []string{
	"GET /{$}", "GET /runs/{name}", "GET /runs/{name}/{tab}", "GET /pull", "GET /job", "GET /deliveries", "GET /deliveries/{name}",
	"GET /help", "GET /login",
}

// pages serve the web application.
type pages struct {
	gate *gate.Gate
	// dist holds the built application; nil when the binary has none.
	dist fs.FS
	html []byte
}

// unbuilt is the page of a binary without the application.
const unbuilt = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pharos</title></head><body>
<h1>This binary was built without its pages</h1>
<p>Run <code>npm ci</code> and <code>npm run build</code> in <code>pkg/dashboard/web</code>, then build it again.
The data is there all the same: <a href="/api/v1/runs">/api/v1/runs</a>, described by <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
</body></html>
`

func newPages(g *gate.Gate, find func() (fs.FS, bool)) *pages {
	dist, built := find()
	if !built {
		return &pages{gate: g, html: []byte(unbuilt)}
	}
	html, err := fs.ReadFile(dist, "index.html")
	if err != nil {
		panic(fmt.Sprintf("embedded pages: %v", err)) // Dist said that it is there
	}
	return &pages{gate: g, dist: dist, html: html}
}

func (p *pages) index(w http.ResponseWriter, r *http.Request) error {
	code := http.StatusOK
	if p.dist == nil {
		code = http.StatusServiceUnavailable
	}
	p.write(w, r, code)
	return nil
}

// write answers with the application. Its policy admits the picture of the reader, which is on their forge.
func (p *pages) write(w http.ResponseWriter, r *http.Request, code int) {
	h := w.Header()
	if user := p.gate.Viewer(r.Context()); user != nil {
		h.Set("Content-Security-Policy", strings.Replace(policy, "img-src 'self'", "img-src 'self'"+originOf(user.Avatar), 1))
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_, _ = w.Write(p.html) // the client is gone, which nobody needs to know
	}
}

// originOf is the server of an address, with a space before it; empty for what is none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(u.Host, "; ,'\"") {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host
}

// asset serves a file of the application. Names below /assets/ change with their content, so browsers may keep them forever.
func (p *pages) asset(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if p.dist == nil || !fs.ValidPath(name) {
		return fmt.Errorf("asset %s: %w", r.URL.Path, gate.ErrNotFound)
	}
	data, err := fs.ReadFile(p.dist, name)
	if err != nil {
		return fmt.Errorf("asset %s: %w", r.URL.Path, gate.ErrNotFound)
	}
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
	return nil
}
