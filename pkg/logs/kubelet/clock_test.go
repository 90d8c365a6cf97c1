package kubelet

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLinesThatAreThereAreGivenByTheTick(t *testing.T) {
	at := time.Unix(1_800_000_000, 0).UTC()
	text := answer([]logRecord{
		{at, "one", false}, {at.Add(time.Millisecond), "two", false}, {at.Add(2 * time.Millisecond), "", false},
		{at.Add(time.Second), "three", false}, {at.Add(time.Second), "and more", true},
	}, 0)
	given := func(r io.Reader) (texts []string) {
		var d Decoder
		err := d.Read(r, func(f Fragment) error {
			texts = append(texts, string(f.Text))
			if all := len(strings.Join(texts, "")); f.After.Bytes != int64(all) {
				t.Errorf("cursor at %d behind %d bytes", f.After.Bytes, all)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return texts
	}
	if diff := cmp.Diff([]string{"one\ntwo\n\n", "three\n", "and more"}, given(bytes.NewReader(text))); diff != "" {
		t.Errorf("all at once (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"one\n", "two\n", "\n", "three\n", "and more"}, given(iotest.OneByteReader(bytes.NewReader(text)))); diff != "" {
		t.Errorf("byte by byte, which waits for nothing (-want +got):\n%s", diff)
	}
}

func TestClock(t *testing.T) {
	for name, lines := range map[string][]string{
		"a second, and the same again":     {"2026-05-01T12:00:00.000000000Z a", "2026-05-01T12:00:00.999999999Z ", "2026-05-01T12:00:01.123456789Z b"},
		"zones":                            {"2026-05-01T12:00:00.000000001+02:00 a", "2026-05-01T12:00:00.000000002Z b", "2026-05-01T12:00:00.000000003-07:30 c"},
		"what is no stamp, after one":      {"2026-05-01T12:00:00.000000000Z a", "2026-05-01T12:00:00.00000000xZ b", "2026-05-01T12:00:00,000000000Z c", "2026-05-01T12:00:00.0Z d"},
		"what looks like the second of no": {strings.Repeat("\x00", wholeSecond) + ".000000000Z a", "", " ", "2026-05-01T12:00:00"},
		"before 1970":                      {"1969-12-31T23:59:59.250000000Z a", "1969-12-31T23:59:59.750000000Z b"},
		"no day of the calendar":           {"2026-02-30T12:00:00.000000000Z a", "2026-02-30T12:00:00.000000000Z b"},
	} {
		t.Run(name, func(t *testing.T) {
			var c clock
			for _, line := range lines {
				stamp, text, ok := c.cut([]byte(line))
				word, rest, _ := strings.Cut(line, " ")
				at, err := time.Parse("2006-01-02T15:04:05.000000000Z07:00", word)
				if want := err == nil && !strings.Contains(word, ","); ok != want {
					t.Errorf("%q is a stamp: %v, want %v", line, ok, want)
				} else if ok && (stamp != at.UnixNano() || string(text) != rest) {
					t.Errorf("%q is stamp %d and text %q, want %d and %q", line, stamp, text, at.UnixNano(), rest)
				}
			}
		})
	}
}
