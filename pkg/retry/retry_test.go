package retry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pharos-ci/pharos/pkg/retry"
)

func TestDelaysDoubleUpToALimit(t *testing.T) {
	for try, longest := range map[int]time.Duration{
		0: retry.First, 1: 2 * retry.First, 3: 8 * retry.First, 6: retry.Last, 64: retry.Last, 1 << 40: retry.Last,
	} {
		for range 100 {
			if d := retry.Delay(try); d < longest/2 || d >= longest {
				t.Errorf("delay %d is %v, want from %v to %v", try, d, longest/2, longest)
			}
		}
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := retry.Wait(t.Context(), time.Minute, nil); err != nil || time.Since(start) != time.Minute {
			t.Errorf("waited %v, %v", time.Since(start), err)
		}
		start = time.Now()
		woken := make(chan struct{})
		close(woken)
		if err := retry.Wait(t.Context(), time.Minute, woken); err != nil || time.Since(start) != 0 {
			t.Errorf("woken after %v, %v", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := retry.Wait(ctx, time.Minute, nil); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("ended after %v, %v", time.Since(start), err)
		}
	})
}
