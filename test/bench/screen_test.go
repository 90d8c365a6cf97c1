package bench

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const (
	screenSize  = 1024 * mib
	screenLines = screenSize / lineSize
	// needleLine is where the line is that searches look for.
	needleLine = screenLines / 5 * 3
	needle     = "--- FAIL: TestNeedle"
	// pageBytes bound what a page of 100 lines reads: of a plain log some places of the index, of a compressed one some
	// blocks. An index is at most indexBytes.
	pageBytes, indexBytes = 1 * mib, 512 << 10
)

// TestFirstScreenOfAGibibyte archives a log of 1 GiB in a real S3 server and asks the dashboard for parts of it.
func TestFirstScreenOfAGibibyte(t *testing.T) {
	_, s3 := openBucket(t, "screen")
	rows := [][]string{{"stored as", "question", "time", "KiB read", "requests", "KiB allocated", "allocations"}}
	for i, name := range []string{"text", "gzip"} {
		t.Run(name, func(t *testing.T) {
			a := newArchiving(s3, i, name == "gzip")
			a.size, a.needle = screenSize, needleLine
			a.ship(t)
			s := newScreen(t, s3, a)
			row := func(question string, n int, limit int64, do func() cost) {
				s.store.reset()
				c := do()
				bytes, gets := s.store.bytes.Load()/int64(n), s.store.gets.Load()/int64(n)
				rows = append(rows, []string{
					name, question, c.time.Round(100 * time.Microsecond).String(), fmt.Sprint(bytes >> 10), fmt.Sprint(gets), fmt.Sprint(c.allocated >> 10), fmt.Sprint(c.allocs),
				})
				if bytes > limit {
					t.Errorf("%s: %d bytes were read of the store, want at most %d", question, bytes, limit)
				}
			}
			lines := func(n int, from, to string) func() cost {
				return func() cost { return ask(t, s.handler, n, s.at("lines", "from", from, "to", to)) }
			}
			row("last 100 lines, at first", 1, indexBytes+pageBytes, lines(1, "-99", "0"))
			row("last 100 lines", 20, pageBytes, lines(20, "-99", "0"))
			row("100 lines in the middle", 20, pageBytes, lines(20, fmt.Sprint(screenLines/2), fmt.Sprint(screenLines/2+99)))
			row("5,000 lines in the middle", 20, 2*pageBytes, lines(20, fmt.Sprint(screenLines/2), fmt.Sprint(screenLines/2+4999)))
			stored := s.stored
			row("search to its first match", 1, stored*needleLine/screenLines+stored/10, func() cost { return s.search(t, needle, needleLine) })
			row("search without a match", 1, stored+stored/10, func() cost { return s.search(t, "no such (thing|text)", 0) })
			row("search without a fixed text", 1, stored+stored/10, func() cost { return s.search(t, "[xyz]{9,}[0-9]", 0) })
		})
	}
	table(t, fmt.Sprintf("A log of %d MiB, %d lines, in the S3 store", screenSize/mib, screenLines), rows...)
}

// screen is a dashboard over one archived run.
type screen struct {
	handler http.Handler
	store   *meteredStore
	run     string
	stored  int64 // bytes of the log's object
}

func newScreen(tb testing.TB, store storage.Store, a *archiving) *screen {
	tb.Helper()
	pj := succeeded(runNumber(a.number))
	pj.Status.Log.Path, pj.Status.Log.Archived = layout.Run(pj), true
	h := newHistory(tb)
	fill(tb, h, append(pastRuns(0), pj))
	info, err := store.Head(tb.Context(), path.Join(layout.Run(pj), "build-test-"+logs.BuildLogFile))
	if err != nil {
		tb.Fatal(err)
	}
	s := &screen{store: &meteredStore{Store: store}, run: pj.Name, stored: info.Size}
	s.handler = newDashboard(tb, h, s.store)
	return s
}

// at is the address of a question about the step's log.
func (s *screen) at(question string, query ...string) string {
	values := url.Values{"step": {"build/test"}}
	for i := 0; i < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	return "/api/v1/runs/" + s.run + "/log/" + question + "?" + values.Encode()
}

// search asks as the browser does, page by page, until the line is found; 0 is none.
func (s *screen) search(tb testing.TB, pattern string, line int) (total cost) {
	tb.Helper()
	for from := 1; from != 0; {
		c := ask(tb, s.handler, 1, s.at("search", "q", pattern, "from", fmt.Sprint(from), "limit", "1"))
		total.time, total.allocs, total.allocated = total.time+c.time, total.allocs+c.allocs, total.allocated+c.allocated
		var page struct {
			Matches []struct{ Number int }
			Next    int
		}
		if err := json.Unmarshal(unpacked(tb, c.body), &page); err != nil {
			tb.Fatal(err)
		}
		if len(page.Matches) > 0 {
			if page.Matches[0].Number != line {
				tb.Errorf("%q was found in line %d, want %d", pattern, page.Matches[0].Number, line)
			}
			return total
		}
		from = page.Next
	}
	if line != 0 {
		tb.Errorf("%q was not found", pattern)
	}
	return total
}

// unpacked is an answer without its compression.
func unpacked(tb testing.TB, body []byte) []byte {
	tb.Helper()
	if !strings.HasPrefix(string(body), "\x1f\x8b") {
		return body
	}
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err == nil {
		body, err = io.ReadAll(r)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// meteredStore counts what is read of objects.
type meteredStore struct {
	storage.Store
	bytes, gets atomic.Int64
}

func (m *meteredStore) reset() {
	m.bytes.Store(0)
	m.gets.Store(0)
}

// Get implements storage.Store.
func (m *meteredStore) Get(ctx context.Context, key string, rng storage.Range) (*storage.Object, error) {
	m.gets.Add(1)
	object, err := m.Store.Get(ctx, key, rng)
	if err == nil {
		object.Body = meteredBody{object.Body, &m.bytes}
	}
	return object, err
}

type meteredBody struct {
	io.ReadCloser
	bytes *atomic.Int64
}

func (b meteredBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(int64(n))
	return n, err
}
