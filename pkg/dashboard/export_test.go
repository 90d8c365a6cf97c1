package dashboard

import (
	"context"
	"net"
	"net/http"
	"time"
)

// What tests of one function need.
var (
	CleanLine = cleanLine
	CutLine   = cutLine
)

// PageSize is a limit that tests reach.
const PageSize = pageSize

// FewStreams is how many streams a Fast handler has room for.
const FewStreams = 8

// ParsePosition reads an event id and writes it again.
func ParsePosition(id string) (map[string]int, string) {
	p := parsePosition(id)
	return p, p.String()
}

// Fast is a handler whose streams look for news all the time, with the function that drains it.
func Fast(d Deps) (http.Handler, func()) {
	s := newSite(d)
	s.slots = make(chan struct{}, FewStreams)
	s.pace = pace{poll: time.Millisecond, steps: time.Millisecond, heartbeat: 5 * time.Millisecond, retry: time.Millisecond}
	return s, s.drain
}

// ServeOn runs a server on a listener of the test's.
func ServeOn(ctx context.Context, d Deps, l net.Listener) error {
	return NewServer("", d).serve(ctx, l)
}
