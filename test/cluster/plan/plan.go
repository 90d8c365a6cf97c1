// Package plan runs a set of named steps, each as soon as the steps it builds on are done.
package plan

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Step is one piece of work. After names the steps that must have succeeded before; names that are not in the plan count as done, so
// that a plan can leave parts out.
type Step struct {
	Name  string
	After []string
	Run   func(context.Context) error
}

// Report hears of each finished step.
type Report func(name string, took time.Duration, err error)

// Run executes all steps, at the same time where their order allows. After the first failure no further step starts, the context of the
// running ones ends, and that first error is returned when they have returned.
func Run(ctx context.Context, steps []Step, report Report) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(map[string]chan struct{}, len(steps))
	for _, s := range steps {
		done[s.Name] = make(chan struct{})
	}
	var wg sync.WaitGroup
	for _, s := range steps {
		wg.Go(func() {
			if !await(ctx, s.After, done) {
				return
			}
			begin := time.Now()
			err := s.Run(ctx)
			report(s.Name, time.Since(begin), err)
			if err != nil {
				cancel(fmt.Errorf("%s: %w", s.Name, err))
				return
			}
			close(done[s.Name])
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

func await(ctx context.Context, names []string, done map[string]chan struct{}) bool {
	for _, n := range names {
		ch, ok := done[n]
		if !ok {
			continue
		}
		select {
		case <-ch:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}
