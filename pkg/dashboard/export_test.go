package dashboard

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"testing/fstest"
	"time"

	"github.com/pharos-ci/pharos/pkg/dashboard/api"
	"github.com/pharos-ci/pharos/pkg/dashboard/prow"
	"github.com/pharos-ci/pharos/pkg/dashboard/sse"
)

// FewStreams is how many streams a Fast handler has room for.
const FewStreams = 8

// Fast is a handler whose streams look for news all the time, with the function that drains it.
func Fast(d Deps) (http.Handler, func()) {
	d.pace = api.Pace{Poll: time.Millisecond, Steps: time.Millisecond, Retry: time.Millisecond}
	s := newSite(d, sse.Options{Streams: FewStreams, Heartbeat: 5 * time.Millisecond})
	return s, s.streams.Drain
}

// Built is d with an application of a few words.
func Built(d Deps) Deps {
	d.dist = func() (fs.FS, bool) {
		return fstest.MapFS{
			"index.html":         {Data: []byte("<!doctype html><title>app</title>")},
			"assets/app-1234.js": {Data: []byte("export {}")},
			"static/icon.svg":    {Data: []byte("<svg/>")},
		}, true
	}
	return d
}

// Unbuilt is d without an application.
func Unbuilt(d Deps) Deps {
	d.dist = func() (fs.FS, bool) { return nil, false }
	return d
}

// ServeOn runs a server on a listener of the test's.
func ServeOn(ctx context.Context, d Deps, l net.Listener) error {
	return NewServer("", d).serve(ctx, l)
}

// Patterns are those of every page and address that no OpenAPI document lists.
func Patterns() []string {
	all := []string{"GET /config", "GET /assets/", "GET /static/", "/"}
	all = append(all, pagePatterns...)
	for pattern := range prow.Routes(prow.Options{}) {
		all = append(all, pattern)
	}
	return all
}
