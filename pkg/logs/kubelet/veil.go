package kubelet

import (
	"github.com/pharos-ci/pharos/pkg/censor"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// Veil hides the secrets in the text of one container. A fragment is given when no secret can have begun in it that its
// text does not end; until then it is held, so that its cursor never passes text that is not given.
type Veil struct {
	// Secrets are those known now; nil hides nothing.
	Secrets func() *censor.Secrets
	// Give takes what is given; its error ends Add and End.
	Give func(Fragment) error

	stream  censor.Stream
	held    []held
	resumed bool // within a secret
}

// held is a fragment whose text is in the stream.
type held struct {
	size  int
	stamp int64
	after logs.Cursor
}

// Resume goes on behind what another process gave.
func (v *Veil) Resume(c logs.Cursor) {
	v.resumed = c.Hidden > 0
	v.stream.Resume(int(c.Hidden))
}

// Add takes a fragment, whose text it may change, and gives what it can.
func (v *Veil) Add(f Fragment) error {
	secrets := v.Secrets()
	if secrets == nil && len(v.held) == 0 && !v.resumed {
		return v.Give(f)
	}
	v.stream.Use(secrets)
	v.held = append(v.held, held{len(f.Text), f.Stamp, f.After})
	err := v.release(v.stream.Add(f.Text))
	v.stream.Keep()
	return err
}

// End gives everything: there is no more text.
func (v *Veil) End() error { return v.release(v.stream.Held()) }

func (v *Veil) release(ready int) error {
	for len(v.held) > 0 && v.held[0].size <= ready {
		f := v.held[0]
		v.held = v.held[1:]
		ready -= f.size
		f.after.Hidden = int64(v.stream.Open(f.size)) // asked before the bytes are taken
		if err := v.Give(Fragment{Text: v.stream.Take(f.size), Stamp: f.stamp, After: f.after}); err != nil {
			return err
		}
	}
	if len(v.held) == 0 {
		v.held = nil
	}
	return nil
}
