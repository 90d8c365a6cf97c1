package hooks

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Action is what a step does.
type Action string

// Actions of a plan.
const (
	Keep   Action = "keep"
	Create Action = "create"
	Repair Action = "repair"
	Remove Action = "remove"
)

// Step is one thing to do on one repository or organisation.
type Step struct {
	On scm.HookTarget
	Do Action
	// ID is the hook's; empty for Create.
	ID string
	// URL is the hook's address after the step, or the one that is removed.
	URL string
	// Why in a few words; empty for Keep.
	Why string
}

// String is a line of the plan.
func (s Step) String() string {
	line := fmt.Sprintf("%-6s %s", s.Do, s.On)
	if s.ID != "" {
		line += " hook " + s.ID
	}
	if s.Why != "" {
		line += ": " + s.Why
	}
	return line
}

// Wish is how the webhook of a connection should be.
type Wish struct {
	scm.NewHook
	// Rotate sets the secret anew even where nothing else is wrong: no forge tells which secret a hook has.
	Rotate bool
}

// Compare says what has to be done on one target. Hooks of other tools are left alone.
func Compare(on scm.HookTarget, have []scm.Hook, want Wish) []Step {
	ours := slices.DeleteFunc(slices.Clone(have), func(h scm.Hook) bool { return !sameAddress(h.URL, want.URL) })
	if len(ours) == 0 {
		return []Step{{On: on, Do: Create, URL: want.URL, Why: "there is none"}}
	}
	// The healthiest stays, so that the fewest changes are made.
	slices.SortStableFunc(ours, func(a, b scm.Hook) int { return len(faults(a, want)) - len(faults(b, want)) })
	first := Step{On: on, Do: Keep, ID: ours[0].ID, URL: want.URL}
	if wrong := faults(ours[0], want); len(wrong) > 0 {
		first.Do, first.Why = Repair, strings.Join(wrong, ", ")
	}
	steps := []Step{first}
	for _, extra := range ours[1:] {
		steps = append(steps, Step{On: on, Do: Remove, ID: extra.ID, URL: extra.URL, Why: "doubles hook " + ours[0].ID})
	}
	return steps
}

func faults(h scm.Hook, want Wish) []string {
	var wrong []string
	for _, check := range []struct {
		bad bool
		why string
	}{
		{h.URL != want.URL, "its address is " + withoutQuery(h.URL)},
		{!h.Active, "it is switched off"},
		{!h.Complete, "its events or its format are others"},
		{!h.SecretSet, "it has no secret"},
		{want.Rotate, "the secret is set anew"},
	} {
		if check.bad {
			wrong = append(wrong, check.why)
		}
	}
	return wrong
}

// sameAddress recognises a hook of this connection: an address that differs in its query only, where other tools put
// secrets, or in the case of the host, is the same door.
func sameAddress(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	if errX != nil || errY != nil {
		return a == b
	}
	return strings.EqualFold(x.Scheme, y.Scheme) && strings.EqualFold(x.Host, y.Host) && strings.TrimRight(x.Path, "/") == strings.TrimRight(y.Path, "/")
}

// withoutQuery keeps what may be a secret off the screen.
func withoutQuery(address string) string {
	if before, _, found := strings.Cut(address, "?"); found {
		return before + "?..."
	}
	return address
}
