package plan_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/test/cluster/plan"
)

// record returns steps that note their name, and the notes.
func record() (step func(name string, after ...string) plan.Step, order func() []string) {
	var mu sync.Mutex
	var names []string
	step = func(name string, after ...string) plan.Step {
		return plan.Step{Name: name, After: after, Run: func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			names = append(names, name)
			return nil
		}}
	}
	return step, func() []string { return names }
}

func quiet(string, time.Duration, error) {}

func TestStepsWaitForWhatTheyBuildOn(t *testing.T) {
	step, order := record()
	err := plan.Run(t.Context(), []plan.Step{step("c", "b"), step("b", "a", "not in the plan"), step("a")}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(order(), want) {
		t.Errorf("order = %v, want %v", order(), want)
	}
}

func TestTheFirstFailureEndsThePlan(t *testing.T) {
	step, order := record()
	broken := errors.New("broken")
	fail := plan.Step{Name: "a", Run: func(context.Context) error { return broken }}
	waits := plan.Step{Name: "w", Run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	err := plan.Run(t.Context(), []plan.Step{step("b", "a"), waits, fail}, quiet)
	if !errors.Is(err, broken) {
		t.Errorf("error = %v, want the first failure", err)
	}
	if len(order()) != 0 {
		t.Errorf("steps %v ran after the failure", order())
	}
}
