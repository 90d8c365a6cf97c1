package scmtest

import (
	"context"
	"fmt"
	"maps"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// faults are what a forge is told to do wrong, and what it was asked. The forge's lock guards them.
type faults struct {
	down     bool
	failNext int
	err      error
	calls    map[string]int
}

// Down makes every call fail with scm.ErrTransient until Down(false).
func (f *Forge) Down(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults.down = down
}

// FailNext makes the next n calls, of whatever role, fail with err.
func (f *Forge) FailNext(n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults.failNext, f.faults.err = n, err
}

// Calls counts what the forge was asked by role and method, "Labels.Add"; failed calls count too.
func (f *Forge) Calls() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.faults.calls)
}

// TotalCalls is the number of calls of all methods.
func (f *Forge) TotalCalls() int {
	total := 0
	for _, n := range f.Calls() {
		total += n
	}
	return total
}

// enter starts every role's method: it takes the lock, counts the call and fails it where it has to. The caller unlocks
// in any case.
func (f *Forge) enter(ctx context.Context, method string) error {
	f.mu.Lock()
	f.faults.calls[method]++
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w: %w", method, scm.ErrTransient, err)
	}
	if f.faults.down {
		return fmt.Errorf("%s: %w (forge is down)", method, scm.ErrTransient)
	}
	if f.faults.failNext > 0 {
		f.faults.failNext--
		return fmt.Errorf("%s: %w", method, f.faults.err)
	}
	return nil
}
