// Package retry waits between two tries of what failed.
package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// First and Last are the delays before the second try and, after some, before each further one.
const (
	First = 100 * time.Millisecond
	Last  = 5 * time.Second
)

// Delay is how long to wait before the next try; the first has number 0. It doubles from try to try, with a jitter that
// keeps many from asking at once, and lies between half of [First] and [Last].
func Delay(try int) time.Duration {
	d := Last
	if try < 10 {
		d = min(First<<try, Last)
	}
	return d/2 + rand.N(d/2)
}

// Wait lasts for a duration, until a channel is closed (nil never is), or until the end of ctx, of which it returns the
// error.
func Wait(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
	return ctx.Err()
}
