package simulator

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is a way to go wrong, for the next Times requests that Match (all of them if it is nil).
type Fault struct {
	Times int
	Match func(*http.Request) bool
	// Delay comes first, whatever follows.
	Delay time.Duration
	// Status answers instead of the forge, with Header and Body.
	Status int
	Header http.Header
	Body   string
	// Drop ends the connection without an answer, Truncate after half of its body.
	Drop, Truncate bool
}

type faults struct {
	mu    sync.Mutex
	list  []*Fault
	calls map[string]int
}

// Fail arranges a fault; several are met in the order in which they were arranged.
func (f *Forge) Fail(fault Fault) {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.list = append(f.faults.list, &fault)
}

// Heal takes back the faults that nobody has met.
func (f *Forge) Heal() {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.list = nil
}

// Calls counts the API's requests so far by "METHOD /path".
func (f *Forge) Calls() map[string]int {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	return maps.Clone(f.faults.calls)
}

func (f *faults) take(r *http.Request) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	if !strings.Contains(r.URL.Path, ".git/") {
		f.calls[r.Method+" "+r.URL.Path]++
	}
	for i, one := range f.list {
		if one.Match != nil && !one.Match(r) {
			continue
		}
		if one.Times--; one.Times <= 0 {
			f.list = slices.Delete(f.list, i, i+1)
		}
		return one
	}
	return nil
}

func (f *faults) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := f.take(r)
		if fault == nil {
			next.ServeHTTP(w, r)
			return
		}
		select {
		case <-time.After(fault.Delay):
		case <-r.Context().Done():
			return
		}
		switch {
		case fault.Drop:
			panic(http.ErrAbortHandler)
		case fault.Truncate:
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"id": 1, "title": "half of `) // the rest never comes
			_ = http.NewResponseController(w).Flush()                // a client that has the beginning cannot ask again unseen
			panic(http.ErrAbortHandler)
		case fault.Status != 0:
			maps.Copy(w.Header(), fault.Header)
			w.WriteHeader(fault.Status)
			_, _ = io.WriteString(w, fault.Body)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
