package kubelet

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/censor"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// TestSecretsAreHiddenAcrossCrashes reads a log that holds secrets, some over several lines, in answers that break, by
// processes that die at any fragment: another goes on behind the last cursor that was durable.
func TestSecretsAreHiddenAcrossCrashes(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		secrets, err := censor.New([][]byte{[]byte("aba"), []byte("abc\nab"), []byte("cc\nb\na"), []byte("bab\nab")}, 1)
		if err != nil {
			t.Fatal(err)
		}
		var records []logRecord
		now := time.Unix(1000, 0)
		for range 60 {
			now = now.Add(time.Duration(rnd.IntN(700)) * time.Millisecond)
			text := make([]byte, rnd.IntN(5))
			for i := range text {
				text[i] = "abc"[rnd.IntN(3)]
			}
			records = append(records, logRecord{at: now, text: string(text), partial: rnd.IntN(4) == 0})
		}
		want := []byte(plain(records))
		secrets.Hide(want)

		died := errors.New("died")
		var got strings.Builder
		var durable logs.Cursor
		for tries := 0; ; tries++ {
			if tries > 2000 {
				t.Fatalf("seed %d: no end", seed)
			}
			life := rnd.IntN(40)
			v := &Veil{Secrets: func() *censor.Secrets { return secrets }, Give: func(f Fragment) error {
				if life--; life < 0 {
					return died
				}
				if f.After.Bytes != int64(got.Len()+len(f.Text)) {
					return fmt.Errorf("%d bytes at a cursor of %d", got.Len()+len(f.Text), f.After.Bytes)
				}
				got.Write(f.Text)
				durable = f.After
				return nil
			}}
			dec := Decoder{Cursor: durable}
			v.Resume(dec.Cursor)
			dec.Cursor.Hidden = 0
			var err error
			for range 1 + rnd.IntN(3) { // answers of one process
				text := answer(records, dec.Cursor.Second)
				if err = dec.Read(bytes.NewReader(text[:rnd.IntN(len(text)+1)]), v.Add); err != nil {
					break
				}
			}
			if err == nil {
				err = dec.Read(bytes.NewReader(answer(records, dec.Cursor.Second)), v.Add)
			}
			if err == nil {
				err = v.End()
			}
			if err == nil {
				break
			}
			if !errors.Is(err, died) {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

func TestTheCursorNeverPassesHeldText(t *testing.T) {
	secrets, err := censor.New([][]byte{[]byte("first line\nsecond line")}, 1)
	if err != nil {
		t.Fatal(err)
	}
	var known *censor.Secrets
	var got []string
	v := &Veil{Secrets: func() *censor.Secrets { return known }, Give: func(f Fragment) error {
		got = append(got, fmt.Sprintf("%s@%d", f.Text, f.After.Bytes))
		return nil
	}}
	var pos int64
	add := func(text string) {
		t.Helper()
		pos += int64(len(text))
		if err := v.Add(Fragment{Text: []byte(text), After: logs.Cursor{Bytes: pos}}); err != nil {
			t.Fatal(err)
		}
	}
	add("first line\n") // before the secret is known
	known = secrets
	add("is it the first line\n")
	add("no\nfirst line\n")
	add("second line")
	want := []string{"first line\n@11", "is it the first line\n@32", "no\n**********\n@46", "***********@57"}
	if len(got) != 4 {
		t.Errorf("%d fragments before the end: %q", len(got), got)
	}
	if err := v.End(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fragments (-want +got):\n%s", diff)
	}
}
