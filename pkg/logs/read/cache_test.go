package read

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

func TestCacheIsBounded(t *testing.T) {
	c := newCache()
	load := func(value, size int) func(context.Context) (cached, error) {
		return func(context.Context) (cached, error) { return cached{value, int64(size)}, nil }
	}
	for i := range 100 {
		if got, err := c.get(t.Context(), fmt.Sprint(i), load(i, 1<<20)); got != i || err != nil {
			t.Errorf("%d: %v, %v", i, got, err)
		}
	}
	if c.size > cacheSize || c.size != int64(c.items.Len())<<20 || c.items.Len() < 60 {
		t.Errorf("%d bytes in %d items", c.size, c.items.Len())
	}
	if got, _ := c.get(t.Context(), "99", load(-1, 1)); got != 99 {
		t.Errorf("the newest is %v", got)
	}
	if got, _ := c.get(t.Context(), "0", load(-1, 1)); got != -1 {
		t.Errorf("the oldest is still %v", got)
	}
	c.drop("99")
	if got, _ := c.get(t.Context(), "99", load(-1, cacheSize)); got != -1 {
		t.Errorf("what was dropped is still %v", got)
	}
	if got, _ := c.get(t.Context(), "99", load(-2, 1)); got != -2 {
		t.Errorf("what is too large was kept: %v", got)
	}
}

func TestCacheLoadsOnceForAll(t *testing.T) {
	c, loads, release := newCache(), 0, make(chan struct{})
	load := func(ctx context.Context) (cached, error) {
		loads++
		<-release
		return cached{"value", 1}, ctx.Err()
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := c.get(gone, "key", load); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who went away: %v", err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, err := c.get(t.Context(), "key", load); got != "value" || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	close(release)
	all.Wait()
	if loads != 1 {
		t.Errorf("%d loads", loads)
	}
}
