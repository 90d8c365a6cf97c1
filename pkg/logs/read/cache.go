package read

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"
)

const (
	// cacheSize bounds what a reader remembers, in bytes.
	cacheSize = 64 << 20
	// loadTime bounds how long one value is loaded: a log of 2 GiB without an index is read once.
	loadTime = 15 * time.Minute
)

// cache keeps what readers of archived runs share, the least recently used first to go.
type cache struct {
	mu    sync.Mutex
	items *simplelru.LRU[string, cached]
	size  int64
	loads singleflight.Group
}

// cached is a value and about how much memory it takes.
type cached struct {
	value any
	size  int64
}

func newCache() *cache {
	c := &cache{}
	// It fails for a size below 1 only. The number of items is not what bounds it.
	c.items, _ = simplelru.NewLRU(math.MaxInt, func(_ string, item cached) { c.size -= item.size })
	return c
}

// get loads what is not there, once for all who ask at the same time; load outlives a caller who goes away.
func (c *cache) get(ctx context.Context, key string, load func(context.Context) (cached, error)) (any, error) {
	c.mu.Lock()
	item, ok := c.items.Get(key)
	c.mu.Unlock()
	if ok {
		return item.value, nil
	}
	loading := c.loads.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTime)
		defer cancel()
		item, err := load(ctx)
		if err == nil {
			c.add(key, item)
		}
		return item.value, err
	})
	select {
	case result := <-loading:
		return result.Val, result.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// peek is what is there; nil for nothing.
func (c *cache) peek(key string) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	item, _ := c.items.Get(key)
	return item.value
}

func (c *cache) add(key string, item cached) {
	if item.size > cacheSize/2 {
		return // one must not take the place of all others
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items.Remove(key)
	c.items.Add(key, item)
	c.size += item.size
	for c.size > cacheSize {
		c.items.RemoveOldest()
	}
}

func (c *cache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items.Remove(key)
}
