package transport

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// Limits that [Options] falls back to where a field is zero.
const (
	// DefaultTimeout bounds one try from dial to the last byte of the answer: a forge that takes longer is down.
	DefaultTimeout = 30 * time.Second
	// DefaultRetries after the first try span a restart of the forge's proxy; longer outages are the inbox's to wait out.
	DefaultRetries = 3
	// DefaultMaxWait is the longest pause before a retry. A forge that asks for more gets its answer passed on, so that
	// no worker sleeps through a rate limit.
	DefaultMaxWait = 10 * time.Second
	// DefaultMaxResponse holds the largest page a forge serves (file lists of vendored trees) many times over.
	DefaultMaxResponse = 32 << 20
	// DefaultCacheSize of answers with entity tags holds what a few hundred active pull requests are asked about.
	DefaultCacheSize = 8 << 20
)

// Options configure the chain of one connection.
type Options struct {
	// Forge and Connection label the metrics: the kind of forge and the connection's name.
	Forge, Connection string
	// Base sends requests; nil means a clone of http.DefaultTransport.
	Base http.RoundTripper
	// Timeout, Retries, MaxWait and MaxResponse replace the defaults above; negative Retries mean none.
	Timeout     time.Duration
	Retries     int
	MaxWait     time.Duration
	MaxResponse int64
	// CacheSize bounds the answers kept for revalidation, in bytes; negative keeps none.
	CacheSize int64
	// Now, Jitter and Wait replace the clock, for tests. Jitter picks a pause below its argument; Wait ends early with
	// the context's error.
	Now    func() time.Time
	Jitter func(time.Duration) time.Duration
	Wait   func(context.Context, time.Duration) error
}

// New chains the concerns in the order a request meets them. What comes after retry happens for every try.
func New(o Options) http.RoundTripper {
	o = o.withDefaults()
	return chain(o.Base,
		redact,
		share(o),
		etags(o),
		budget(o),
		retry(o),
		observe(o),
		capped(o.MaxResponse),
		timeout(o.Timeout),
	)
}

// A link wraps the rest of the chain with one concern.
type link func(next http.RoundTripper) http.RoundTripper

func chain(base http.RoundTripper, links ...link) http.RoundTripper {
	for i := len(links) - 1; i >= 0; i-- {
		base = links[i](base)
	}
	return base
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (o Options) withDefaults() Options {
	if o.Base == nil {
		o.Base = http.DefaultTransport.(*http.Transport).Clone()
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Retries == 0 {
		o.Retries = DefaultRetries
	}
	if o.MaxWait <= 0 {
		o.MaxWait = DefaultMaxWait
	}
	if o.MaxResponse <= 0 {
		o.MaxResponse = DefaultMaxResponse
	}
	if o.CacheSize == 0 {
		o.CacheSize = DefaultCacheSize
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = func(d time.Duration) time.Duration { return rand.N(d) }
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	return o
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
