package vendors

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What a [Tally] counts.
const (
	Requests  = "requests"
	Responses = "responses"
	Webhooks  = "webhooks"
)

// Exception is a finding that is known and stays.
type Exception struct {
	// Subject begins what the finding is about, such as "GET /repos/{owner}/{repo}/contents/"; empty is everything.
	Subject string
	// Finding is part of what was found.
	Finding string
	// Reason says why it is right that the vendor's document is not followed.
	Reason string
}

// Tally counts what was checked and keeps each finding once. Its methods may be called at once.
type Tally struct {
	mu         sync.Mutex
	exceptions []Exception
	used       map[int]bool
	checked    map[string]int
	findings   map[string]int
}

// NewTally begins a tally that passes over exceptions.
func NewTally(exceptions []Exception) *Tally {
	return &Tally{exceptions: exceptions, used: map[int]bool{}, checked: map[string]int{}, findings: map[string]int{}}
}

// Checked counts one thing of a kind as checked, with what was found wrong about it.
func (t *Tally) Checked(kind, subject string, findings ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.checked[kind]++
	for _, one := range findings {
		if !t.excepted(subject, one) {
			t.findings[subject+": "+one]++
		}
	}
}

func (t *Tally) excepted(subject, finding string) bool {
	for i, e := range t.exceptions {
		if strings.HasPrefix(subject, e.Subject) && strings.Contains(finding, e.Finding) {
			t.used[i] = true
			return true
		}
	}
	return false
}

// Report logs how many of each kind were checked, and fails the test if one was not checked at all, for every finding, and
// for every exception that nothing needed.
func (t *Tally) Report(tb testing.TB, kinds ...string) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, kind := range kinds {
		tb.Logf("%d %s checked", t.checked[kind], kind)
		if t.checked[kind] == 0 {
			tb.Errorf("no %s were checked", kind)
		}
	}
	for _, finding := range slices.Sorted(maps.Keys(t.findings)) {
		tb.Errorf("%s (%s)", finding, times(t.findings[finding]))
	}
	for i, e := range t.exceptions {
		if !t.used[i] {
			tb.Errorf("the exception %q of %q is not needed", e.Finding, e.Subject)
		}
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
