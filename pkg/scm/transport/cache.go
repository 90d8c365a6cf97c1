package transport

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxEntry is the longest answer worth keeping: longer ones (file lists of vendored trees) would push out many that are
// asked for at every event.
const maxEntry = 256 << 10

// cache asks again for what it knows by its entity tag, so that an unchanged answer costs neither its transfer nor, on
// GitHub, a piece of the rate limit. It never answers by itself: what a forge says may have changed a moment ago.
type cache struct {
	mu     sync.Mutex
	limit  int64
	size   int64
	recent *simplelru.LRU[string, *entry]
}

type entry struct {
	key    string
	header http.Header
	body   []byte
}

func newCache(limit int64) *cache {
	c := &cache{limit: limit}
	// The size in bytes is what bounds it, so the number of entries is not.
	c.recent, _ = simplelru.NewLRU(math.MaxInt, func(_ string, e *entry) { c.size -= e.size() }) // fails for a size below 1 only
	return c
}

// Results of the cache, as metrics show them.
const (
	cacheHit     = "hit"     // the forge said that nothing changed
	cacheChanged = "changed" // known, and changed since
	cacheMiss    = "miss"    // not known before
	cacheShared  = "shared"  // answered by a request under way
)

// etags revalidates answers to GET that carry an entity tag.
func etags(o Options) link {
	if o.CacheSize < 0 {
		return func(next http.RoundTripper) http.RoundTripper { return next }
	}
	c := newCache(o.CacheSize)
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method != http.MethodGet || req.Header.Get("If-None-Match") != "" || req.Header.Get("Range") != "" {
				return next.RoundTrip(req)
			}
			key := cacheKey(req)
			known := c.get(key)
			if known != nil {
				req = req.Clone(req.Context())
				req.Header.Set("If-None-Match", known.header.Get("Etag"))
			}
			res, err := next.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			switch {
			case known != nil && res.StatusCode == http.StatusNotModified:
				o.countCache(req, cacheHit)
				return known.response(res), nil
			case known != nil:
				o.countCache(req, cacheChanged)
			default:
				o.countCache(req, cacheMiss)
			}
			return c.keep(key, res)
		})
	}
}

// cacheKey tells apart what a forge answers differently: the address, the account and the format asked for.
func cacheKey(req *http.Request) string {
	return strings.Join([]string{
		req.URL.String(), req.Header.Get("Authorization"), req.Header.Get("Private-Token"), req.Header.Get("Accept"),
	}, "\x00")
}

func (c *cache) get(key string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, _ := c.recent.Get(key)
	return e
}

// keep reads an answer that may come again and gives an equal one back; others pass through unread.
func (c *cache) keep(key string, res *http.Response) (*http.Response, error) {
	if res.StatusCode != http.StatusOK || res.Header.Get("Etag") == "" || res.ContentLength > maxEntry ||
		strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
		return res, nil
	}
	head, err := io.ReadAll(io.LimitReader(res.Body, maxEntry+1))
	if err != nil || len(head) > maxEntry {
		// Too long after all, or broken: the caller reads on where this stopped, or meets the same error.
		res.Body = joined{io.MultiReader(bytes.NewReader(head), failing(err, res.Body)), res.Body}
		return res, nil
	}
	_ = res.Body.Close() // it was read to its end
	c.put(&entry{key: key, header: res.Header.Clone(), body: head})
	res.Body = io.NopCloser(bytes.NewReader(head))
	return res, nil
}

func (c *cache) put(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent.Remove(e.key) // replacing would not give its size back
	c.recent.Add(e.key, e)
	for c.size += e.size(); c.size > c.limit; {
		c.recent.RemoveOldest()
	}
}

// size is what an entry costs, headers by estimate.
func (e *entry) size() int64 { return int64(len(e.key)+len(e.body)) + 1024 }

// response is the answer that is still true, with what the new one says of rate limits and the like.
func (e *entry) response(fresh *http.Response) *http.Response {
	drain(fresh)
	header := e.header.Clone()
	for name, values := range fresh.Header {
		if name != "Content-Length" && name != "Content-Type" {
			header[name] = values
		}
	}
	res := *fresh
	res.StatusCode, res.Status = http.StatusOK, "200 OK"
	res.Header, res.ContentLength = header, int64(len(e.body))
	res.Body = io.NopCloser(bytes.NewReader(e.body))
	return &res
}

// joined reads from one and closes the other.
type joined struct {
	io.Reader
	io.Closer
}

// failing gives err at once, or, without one, the rest of body.
func failing(err error, body io.Reader) io.Reader {
	if err == nil {
		return body
	}
	return errorReader{err}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }
