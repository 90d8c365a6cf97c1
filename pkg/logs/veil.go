package logs

import "github.com/pharos-ci/pharos/pkg/censor"

// veil hides the secrets in the text of one container. A fragment is given when no secret can have begun in it that its
// text does not end; until then it is held, so that its cursor never passes text that is not given.
type veil struct {
	// secrets are those known now; nil hides nothing.
	secrets func() *censor.Secrets
	give    func(fragment) error
	stream  censor.Stream
	held    []held
	resumed bool // within a secret
}

// held is a fragment whose text is in the stream.
type held struct {
	size  int
	stamp int64
	after Cursor
}

// resume goes on behind what another process gave.
func (v *veil) resume(c Cursor) {
	v.resumed = c.Hidden > 0
	v.stream.Resume(int(c.Hidden))
}

// add takes a fragment, whose text it may change, and gives what it can.
func (v *veil) add(f fragment) error {
	secrets := v.secrets()
	if secrets == nil && len(v.held) == 0 && !v.resumed {
		return v.give(f)
	}
	v.stream.Use(secrets)
	v.held = append(v.held, held{len(f.text), f.stamp, f.after})
	err := v.release(v.stream.Add(f.text))
	v.stream.Keep()
	return err
}

// end gives everything: there is no more text.
func (v *veil) end() error { return v.release(v.stream.Held()) }

func (v *veil) release(ready int) error {
	for len(v.held) > 0 && v.held[0].size <= ready {
		f := v.held[0]
		v.held = v.held[1:]
		ready -= f.size
		f.after.Hidden = int64(v.stream.Open(f.size)) // asked before the bytes are taken
		if err := v.give(fragment{text: v.stream.Take(f.size), stamp: f.stamp, after: f.after}); err != nil {
			return err
		}
	}
	if len(v.held) == 0 {
		v.held = nil
	}
	return nil
}
