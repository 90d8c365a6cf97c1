package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// share lets equal GETs that are under way together cost one request. A request that begins after a write has ended never
// joins one that began before it, so everybody reads their own writes.
func share(o Options) link {
	return func(next http.RoundTripper) http.RoundTripper {
		f := &flights{options: o, next: next, under: map[string]*flight{}}
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method != http.MethodGet {
				defer f.land()
				return next.RoundTrip(req)
			}
			return f.get(req)
		})
	}
}

type flights struct {
	options Options
	next    http.RoundTripper
	mu      sync.Mutex
	under   map[string]*flight
}

// flight is one request with all who wait for its answer. It ends when nobody does any more.
type flight struct {
	waiting int
	cancel  context.CancelFunc
	done    chan struct{}
	res     *http.Response
	body    []byte
	err     error
}

// land makes the requests under way closed to those who come later.
func (f *flights) land() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.under)
}

func (f *flights) get(req *http.Request) (*http.Response, error) {
	key := cacheKey(req) + "\x00" + req.Header.Get("Range")
	f.mu.Lock()
	one, shared := f.under[key]
	if !shared {
		one = f.start(req, key)
	}
	one.waiting++
	f.mu.Unlock()
	select {
	case <-req.Context().Done():
		f.leave(one, key)
		return nil, req.Context().Err()
	case <-one.done:
	}
	if !shared {
		return one.answer(req)
	}
	if errors.Is(one.err, context.DeadlineExceeded) {
		return f.next.RoundTrip(req) // the first caller had less time than this one
	}
	f.options.countCache(req, cacheShared)
	return one.answer(req)
}

// start needs the lock. The request outlives the caller who began it, though not their deadline, as long as others wait.
func (f *flights) start(req *http.Request, key string) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(req.Context()))
	if deadline, ok := req.Context().Deadline(); ok {
		ctx, cancel = context.WithDeadline(context.WithoutCancel(req.Context()), deadline)
	}
	one := &flight{cancel: cancel, done: make(chan struct{})}
	f.under[key] = one
	go func() {
		defer cancel()
		one.res, one.body, one.err = read(f.next.RoundTrip(req.WithContext(ctx))) //nolint:bodyclose // read closes it
		f.mu.Lock()
		if f.under[key] == one {
			delete(f.under, key)
		}
		f.mu.Unlock()
		close(one.done)
	}()
	return one
}

func (f *flights) leave(one *flight, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.waiting--; one.waiting > 0 {
		return
	}
	one.cancel()
	if f.under[key] == one {
		delete(f.under, key)
	}
}

// read takes an answer's body to its end.
func read(res *http.Response, err error) (*http.Response, []byte, error) {
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close() // it was read to its end, or its error is known
	return res, body, err
}

func (f *flight) answer(req *http.Request) (*http.Response, error) {
	if f.err != nil {
		return nil, f.err
	}
	res := *f.res
	res.Header, res.Request = f.res.Header.Clone(), req
	res.ContentLength = int64(len(f.body))
	res.Body = io.NopCloser(bytes.NewReader(f.body))
	return &res, nil
}
