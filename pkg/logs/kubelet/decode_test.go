package kubelet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/logs"
)

// logRecord is one entry of a log file, as the container runtime writes it.
type logRecord struct {
	at      time.Time
	text    string
	partial bool
}

// answer renders records as the kubelet does.
func answer(records []logRecord, second int64) []byte {
	var b bytes.Buffer
	newLine := true
	for _, r := range records {
		if second == 0 || r.at.Unix() >= second {
			if newLine {
				b.WriteString(r.at.Format(time.RFC3339Nano[:20] + "000000000Z07:00 "))
			}
			b.WriteString(r.text)
			if !r.partial {
				b.WriteByte('\n')
			}
		}
		newLine = !r.partial
	}
	return b.Bytes()
}

func plain(records []logRecord) string {
	var b strings.Builder
	for _, r := range records {
		b.WriteString(r.text)
		if !r.partial {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// randomRecords makes a log whose two streams are slightly out of order, with lines in parts, empty lines, lines that
// look like stamps, and pauses.
func randomRecords(rnd *rand.Rand, n int) []logRecord {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	if rnd.IntN(2) == 0 {
		now = now.In(time.FixedZone("", 2*3600))
	}
	var out []logRecord
	for i := range n {
		now = now.Add(time.Duration(rnd.ExpFloat64() * float64(300*time.Millisecond)))
		r := logRecord{at: now.Add(-time.Duration(rnd.IntN(3)) * 200 * time.Millisecond), text: fmt.Sprintf("line %d", i)}
		if i > 0 && out[i-1].partial && r.at.Before(out[i-1].at) {
			r.at = out[i-1].at // the parts of a line come from one stream, which is in order
		}
		switch rnd.IntN(12) {
		case 0:
			r.text = ""
		case 1:
			r.text = "2026-05-01T12:00:00.000000000Z not a stamp"
		case 2:
			r.text = strings.Repeat("long ", 8000)
		case 3, 4:
			r.partial = true
		case 5:
			r.text = "carriage\rreturn \xff\x00"
		}
		out = append(out, r)
	}
	return out
}

func TestDecoderGivesEachByteOnceOverBrokenStreams(t *testing.T) {
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		records := randomRecords(rnd, 5+rnd.IntN(60))
		var d Decoder
		d.Gap = func() bool { t.Errorf("seed %d: gap", seed); return true }
		var got strings.Builder
		sink := func(f Fragment) error {
			got.Write(f.Text)
			if f.After.Bytes != int64(got.Len()) {
				t.Fatalf("seed %d: cursor at %d after %d bytes", seed, f.After.Bytes, got.Len())
			}
			return nil
		}
		for written := 0; written < len(records); {
			written = min(written+rnd.IntN(20), len(records))
			text := answer(records[:written], d.Cursor.Second)
			text = text[:rnd.IntN(len(text)+1)]
			if rnd.IntN(3) == 0 {
				d = Decoder{Cursor: d.Cursor, Gap: d.Gap} // another process goes on
			}
			if err := d.Read(iotest.DataErrReader(bytes.NewReader(text)), sink); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Read(bytes.NewReader(answer(records, d.Cursor.Second)), sink); err != nil {
			t.Fatal(err)
		}
		if want := plain(records); got.String() != want {
			t.Fatalf("seed %d (-want +got):\n%s", seed, cmp.Diff(want, got.String()))
		}
		before := got.Len()
		if err := d.Read(bytes.NewReader(answer(records, d.Cursor.Second)), sink); err != nil || got.Len() != before || !d.CaughtUp() {
			t.Errorf("seed %d: a last look gives %d bytes, caught up %v, %v", seed, got.Len()-before, d.CaughtUp(), err)
		}
	}
}

func TestDecoder(t *testing.T) {
	at := func(s float64) time.Time {
		return time.Unix(1_800_000_000, 0).UTC().Add(time.Duration(s * float64(time.Second)))
	}
	read := func(t *testing.T, d *Decoder, text []byte) string {
		t.Helper()
		var got strings.Builder
		if err := d.Read(bytes.NewReader(text), func(f Fragment) error { got.Write(f.Text); return nil }); err != nil {
			t.Fatal(err)
		}
		return got.String()
	}
	line := func(s float64, text string) logRecord { return logRecord{at: at(s), text: text} }

	t.Run("the rest of a line that began before the asked second is not given again", func(t *testing.T) {
		var d Decoder
		records := []logRecord{{at(0.9), "head ", true}, {at(9), "tail", false}, line(9.1, "next")}
		if got := read(t, &d, answer(records, 0)); got != "head tail\nnext\n" {
			t.Errorf("first answer %q", got)
		}
		records = append(records, line(9.2, "more"))
		text := answer(records, d.Cursor.Second)
		if !bytes.HasPrefix(text, []byte("tail\n")) {
			t.Fatalf("the answer to %+v does not have the case: %s", d.Cursor, text)
		}
		if got := read(t, &d, text); got != "more\n" {
			t.Errorf("second answer %q", got)
		}
	})
	t.Run("an error message of the kubelet is not part of the log", func(t *testing.T) {
		var d Decoder
		text := append(answer([]logRecord{line(1, "one")}, 0), "failed to read log file: context cancelled"...)
		if got := read(t, &d, text); got != "one\n" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("after a rotation the last line marks the place", func(t *testing.T) {
		var d Decoder
		gaps := 0
		d.Gap = func() bool { gaps++; return true }
		records := []logRecord{line(1, "a"), line(1.1, "b"), line(1.2, "c"), line(1.3, "d")}
		read(t, &d, answer(records[:3], 0))
		if got := read(t, &d, answer(records[2:], d.Cursor.Second)); got != "d\n" || gaps != 0 {
			t.Errorf("got %q with %d gaps", got, gaps)
		}
		if got := read(t, &d, answer([]logRecord{line(5, "z")}, d.Cursor.Second)); got != "z\n" || gaps != 1 {
			t.Errorf("when the place is rotated away: got %q with %d gaps", got, gaps)
		}
	})
	t.Run("a clock that is set back asks for the whole log", func(t *testing.T) {
		var d Decoder
		records := []logRecord{line(100, "a"), line(101, "b"), line(50, "c"), line(51, "d")}
		read(t, &d, answer(records[:3], 0))
		if d.Cursor.Second != 0 {
			t.Errorf("asks for second %d", d.Cursor.Second)
		}
		if got := read(t, &d, answer(records, d.Cursor.Second)); got != "d\n" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a long log is asked for from its last seconds", func(t *testing.T) {
		var d Decoder
		var records []logRecord
		for i := range 100 {
			records = append(records, line(float64(i), "x"))
		}
		read(t, &d, answer(records, 0))
		want := logs.Cursor{
			Second: at(97).Unix(), Count: 3, First: at(97).UnixNano(), Last: at(99).UnixNano(), Lines: 100, Bytes: 200, Origin: at(0).UnixNano(),
		}
		if diff := cmp.Diff(want, d.Cursor); diff != "" {
			t.Errorf("cursor (-want +got):\n%s", diff)
		}
	})
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte("2026-05-01T12:00:00.000000000Z a\n2026-05-01T12:00:01.000000000+02:00 b"), 12)
	f.Add([]byte("no stamp\n2026-05-01T12:00:00.000000000Z \n"), 3)
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		whole, broken := decode(t, text), ""
		var d Decoder
		cut = max(0, min(cut, len(text)))
		for _, part := range [][]byte{text[:cut], text} {
			d.Cursor.Second = 0 // this source always gives everything
			if err := d.Read(bytes.NewReader(part), func(f Fragment) error { broken += string(f.Text); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.HasPrefix(broken, decode(t, text[:cut])) {
			t.Errorf("the first part gave %q, not the start of %q", decode(t, text[:cut]), broken)
		}
		if len(whole) > len(text) {
			t.Errorf("%d bytes out of %d", len(whole), len(text))
		}
	})
}

func decode(t *testing.T, text []byte) string {
	var d Decoder
	var out strings.Builder
	if err := d.Read(bytes.NewReader(text), func(f Fragment) error { out.Write(f.Text); return nil }); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func BenchmarkDecoder(b *testing.B) {
	var records []logRecord
	now := time.Now()
	for i := range 10000 {
		records = append(records, logRecord{at: now.Add(time.Duration(i) * time.Millisecond), text: strings.Repeat("x", 80)})
	}
	text := answer(records, 0)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var d Decoder
		if err := d.Read(bytes.NewReader(text), func(Fragment) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
