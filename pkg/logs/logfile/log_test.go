package logfile_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/logs/logfile"
)

// object is a stored log that counts what is read of it.
type object struct {
	data  []byte
	calls int
	read  int64
}

func (o *object) get(_ context.Context, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 || length <= 0 || offset+length > int64(len(o.data)) {
		return nil, fmt.Errorf("range %d+%d of %d", offset, length, len(o.data))
	}
	o.calls++
	return io.NopCloser(&counted{bytes.NewReader(o.data[offset : offset+length]), &o.read}), nil
}

type counted struct {
	io.Reader
	n *int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	*c.n += int64(n)
	return n, err
}

// fragment is text printed at one time.
type fragment struct {
	text  []byte
	stamp int64
}

// line is what a reader must give.
type line struct {
	Number int
	Tick   int64 // 0 is unknown
	Text   string
	Cut    int64
}

// model is a log in the simplest form.
type model struct {
	fragments []fragment
	text      []byte
	lines     []line
}

func (m *model) print(text string, stamp int64) {
	m.fragments = append(m.fragments, fragment{[]byte(text), stamp})
	m.text = append(m.text, text...)
}

// finish cuts the text into lines.
func (m *model) finish() *model {
	tick, next, printed := int64(0), -1, 0
	for pos := 0; pos < len(m.text); {
		for printed <= pos {
			next++
			printed += len(m.fragments[next].text)
		}
		end := len(m.text)
		if i := bytes.IndexByte(m.text[pos:], '\n'); i >= 0 {
			end = pos + i + 1
		}
		if now := m.fragments[next].stamp / int64(100*time.Millisecond); now > tick || now != 0 && now < tick-20 {
			tick = now
		}
		text := bytes.TrimSuffix(m.text[pos:end], []byte("\n"))
		l := line{Number: len(m.lines) + 1, Tick: tick}
		if len(text) > logfile.LongestLine {
			text, l.Cut = text[:logfile.LongestLine], int64(len(text)-logfile.LongestLine)
		}
		l.Text = string(bytes.TrimSuffix(text, []byte("\r")))
		m.lines = append(m.lines, l)
		pos = end
	}
	return m
}

// after is the text from the beginning of a line on.
func (m *model) after(line int) []byte {
	text := m.text
	for range line - 1 {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return text
}

// store encodes the log; cut is asked behind every fragment whether to cut, and every cut goes on in a new encoder.
func (m *model) store(t testing.TB, compress bool, cut func() bool) (*object, *logfile.File) {
	t.Helper()
	e := logfile.NewEncoder(compress)
	o := &object{}
	for _, f := range m.fragments {
		e.Add(f.text, f.stamp)
		if !cut() {
			continue
		}
		o.data = append(o.data, e.Cut()...)
		state, err := e.State()
		if err != nil {
			t.Fatal(err)
		}
		e.Release()
		if e, err = logfile.ResumeEncoder(state); err != nil {
			t.Fatal(err)
		}
	}
	tail, index, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	o.data = append(o.data, tail...)
	f, err := logfile.Open(index, o.get)
	if err != nil {
		t.Fatal(err)
	}
	return o, f
}

func never() bool { return false }

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// random is a log with everything in it: short, empty, long and open lines, CR LF, lines in pieces, unknown and
// set-back times.
func random(r *rand.Rand, fragments int) *model {
	m := &model{}
	at := start
	if r.IntN(3) == 0 {
		m.print("before any time\n", 0)
	}
	for range fragments {
		at = at.Add(time.Duration(r.Int64N(int64(300 * time.Millisecond))))
		stamp := at.UnixNano()
		switch r.IntN(30) {
		case 0:
			m.print("piece of a line ", stamp)
			continue
		case 1:
			m.print("\n", stamp)
			continue
		case 2:
			m.print("with return\r\n", stamp)
			continue
		case 3:
			stamp = 0
		case 4:
			stamp -= int64(time.Second)
		case 5:
			at = at.Add(-time.Minute)
		case 6:
			m.print(string(bytes.Repeat([]byte("long "), r.IntN(30000)))+"\n", stamp)
			continue
		}
		m.print(fmt.Sprintf("line %x of the log %d\n", r.Uint64(), r.IntN(100)), stamp)
	}
	if r.IntN(2) == 0 {
		m.print("open end", at.UnixNano())
	}
	return m.finish()
}

// read gives a range of lines.
func read(t testing.TB, f *logfile.File, from, to int) []line {
	t.Helper()
	var got []line
	err := f.Lines(t.Context(), from, to, func(l logfile.Line) error {
		out := line{Number: l.Number, Text: string(l.Text), Cut: l.Cut}
		if !l.Time.IsZero() {
			out.Tick = l.Time.UnixNano() / int64(100*time.Millisecond)
		}
		got = append(got, out)
		return nil
	})
	if err != nil {
		t.Fatalf("lines %d to %d: %v", from, to, err)
	}
	return got
}

var forms = map[string]bool{"plain": false, "compressed": true}

func TestEveryRangeIsRead(t *testing.T) {
	for form, compress := range forms {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("%s %d", form, seed), func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 1))
				m := random(r, 40+r.IntN(1200))
				o, f := m.store(t, compress, func() bool { return r.IntN(30) == 0 })
				info := f.Info()
				if info.Bytes != int64(len(m.text)) || info.Lines != int64(len(m.lines)) || info.Stored != int64(len(o.data)) ||
					info.Sum != crc32.ChecksumIEEE(m.text) || info.Compressed != compress {
					t.Errorf("info %+v of %d bytes, %d lines, %d stored", info, len(m.text), len(m.lines), len(o.data))
				}
				if diff := cmp.Diff(m.lines, read(t, f, 0, 1<<60)); diff != "" {
					t.Fatalf("all lines (-want +got):\n%s", diff)
				}
				for range 50 {
					from := 1 + r.IntN(len(m.lines))
					to := min(from+r.IntN(50), len(m.lines))
					if diff := cmp.Diff(m.lines[from-1:to], read(t, f, from, to)); diff != "" {
						t.Fatalf("lines %d to %d (-want +got):\n%s", from, to, diff)
					}
					var text bytes.Buffer
					if err := f.Tail(t.Context(), max(from, len(m.lines)-100), func(piece []byte, _ time.Time) error {
						text.Write(piece)
						return nil
					}); err != nil {
						t.Fatal(err)
					}
					if want := m.after(max(from, len(m.lines)-100)); !bytes.Equal(text.Bytes(), want) {
						t.Fatalf("text from line %d has %d bytes, want %d", from, text.Len(), len(want))
					}
					text.Reset()
					offset := r.Int64N(int64(len(m.text)))
					length := r.Int64N(min(int64(len(m.text))-offset+1, 200<<10))
					if err := f.Text(t.Context(), offset, length, &text); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(text.Bytes(), m.text[offset:offset+length]) {
						t.Fatalf("text %d+%d differs", offset, length)
					}
				}
			})
		}
	}
}

func TestCompressedLogIsOneGzipMember(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m := random(r, 3000)
	o, _ := m.store(t, true, func() bool { return r.IntN(100) == 0 })
	z, err := gzip.NewReader(bytes.NewReader(o.data))
	if err != nil {
		t.Fatal(err)
	}
	z.Multistream(false)
	text, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(text, m.text) {
		t.Errorf("gunzip gives %d of %d bytes, %v", len(text), len(m.text), err)
	}
}

func TestLinesAreOneRequest(t *testing.T) {
	m := &model{}
	for i := range 200_000 {
		m.print(fmt.Sprintf("line %d %032x\n", i, uint64(i)*0x9e3779b97f4a7c15), start.UnixNano())
	}
	m.finish()
	for form, compress := range forms {
		t.Run(form, func(t *testing.T) {
			o, f := m.store(t, compress, never)
			for _, from := range []int{1, 5000, 100_000, 199_901} {
				o.calls, o.read = 0, 0
				got := read(t, f, from, from+99)
				if len(got) != 100 || got[0].Number != from {
					t.Errorf("lines from %d: %d", from, len(got))
				}
				if o.calls != 1 || o.read > 2<<20 || !compress && o.read > 200<<10 {
					t.Errorf("lines from %d: %d requests, %d bytes", from, o.calls, o.read)
				}
			}
		})
	}
}

func TestLongLineIsJumpedOver(t *testing.T) {
	m := &model{}
	m.print("first\n", start.UnixNano())
	for range 20 {
		m.print(string(bytes.Repeat([]byte("x"), 1<<20)), start.UnixNano())
	}
	m.print("end\nlast\n", start.UnixNano())
	m.finish()
	for form, compress := range forms {
		t.Run(form, func(t *testing.T) {
			o, f := m.store(t, compress, never)
			if diff := cmp.Diff(m.lines, read(t, f, 1, 3)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if o.calls > 2 || o.read > 3<<20 {
				t.Errorf("%d requests, %d bytes", o.calls, o.read)
			}
			o.calls = 0
			if diff := cmp.Diff(m.lines[2:], read(t, f, 3, 3)); diff != "" || o.calls != 1 {
				t.Errorf("last line, %d requests (-want +got):\n%s", o.calls, diff)
			}
		})
	}
}

func TestEmptyLog(t *testing.T) {
	for form, compress := range forms {
		t.Run(form, func(t *testing.T) {
			o, f := new(model).store(t, compress, never)
			if got := read(t, f, 1, 10); got != nil || f.LineAt(start) != 0 || f.Info().Lines != 0 {
				t.Errorf("lines %v, info %+v", got, f.Info())
			}
			if !compress {
				return
			}
			z, err := gzip.NewReader(bytes.NewReader(o.data))
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(z); err != nil || len(text) > 0 {
				t.Errorf("gunzip gives %q, %v", text, err)
			}
		})
	}
}

func TestLineAt(t *testing.T) {
	m := &model{}
	m.print("no time\n", 0)
	for i := range 100 {
		m.print("line\nand another\n", start.Add(time.Duration(i)*time.Second).UnixNano())
	}
	_, f := m.finish().store(t, true, never)
	for name, tc := range map[string]struct {
		at   time.Time
		want int
	}{
		"before the first":           {start.Add(-time.Hour), 2},
		"the first":                  {start, 2},
		"in the middle":              {start.Add(50 * time.Second), 102},
		"between two":                {start.Add(50*time.Second + 200*time.Millisecond), 104},
		"a little after, same 0.1 s": {start.Add(50*time.Second + 50*time.Millisecond), 102},
		"behind the last":            {start.Add(time.Hour), 201},
	} {
		t.Run(name, func(t *testing.T) {
			if got := f.LineAt(tc.at); got != tc.want {
				t.Errorf("LineAt %v: %d, want %d", tc.at, got, tc.want)
			}
		})
	}
	info := f.Info()
	if !info.First.Equal(start) || !info.Last.Equal(start.Add(99*time.Second)) {
		t.Errorf("times %v to %v", info.First, info.Last)
	}
}

func TestStateIsTheIndexOfWhatIsCut(t *testing.T) {
	for form, compress := range forms {
		t.Run(form, func(t *testing.T) {
			m := random(rand.New(rand.NewPCG(3, 3)), 500)
			e := logfile.NewEncoder(compress)
			for _, f := range m.fragments {
				e.Add(f.text, f.stamp)
			}
			if _, err := e.State(); err == nil {
				t.Error("state with text behind the last cut: no error")
			}
			e.MarkIncomplete()
			o := &object{data: bytes.Clone(e.Cut())}
			state, err := e.State()
			if err != nil {
				t.Fatal(err)
			}
			f, err := logfile.Open(state, o.get)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m.lines, read(t, f, 1, len(m.lines))); diff != "" || !f.Info().Incomplete {
				t.Errorf("lines, incomplete %v (-want +got):\n%s", f.Info().Incomplete, diff)
			}
			_, index, err := e.Finish()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := logfile.ResumeEncoder(index); err == nil {
				t.Error("resume from the index of a finished log: no error")
			}
			if _, _, err := e.Finish(); err == nil {
				t.Error("finish twice: no error")
			}
		})
	}
}

func TestScanFindsTheSameLines(t *testing.T) {
	for form, compress := range forms {
		t.Run(form, func(t *testing.T) {
			m := random(rand.New(rand.NewPCG(4, 4)), 2000)
			o, _ := m.store(t, compress, never)
			index, err := logfile.Scan(bytes.NewReader(o.data), compress)
			if err != nil {
				t.Fatal(err)
			}
			f, err := logfile.Open(index, o.get)
			if err != nil {
				t.Fatal(err)
			}
			for i := range m.lines {
				m.lines[i].Tick = 0
			}
			if diff := cmp.Diff(m.lines, read(t, f, 1, len(m.lines))); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if f.LineAt(start) != 0 || f.Info().Stored != int64(len(o.data)) {
				t.Errorf("line at %d, info %+v", f.LineAt(start), f.Info())
			}
			if !compress {
				return
			}
			for _, data := range [][]byte{nil, o.data[:len(o.data)/2], []byte("plain text")} {
				if _, err := logfile.Scan(bytes.NewReader(data), true); err == nil {
					t.Errorf("scan %d bytes that are no gzip file: no error", len(data))
				}
			}
		})
	}
}

func TestShortenedObjectIsAnError(t *testing.T) {
	for form, compress := range forms {
		t.Run(form, func(t *testing.T) {
			m := random(rand.New(rand.NewPCG(5, 5)), 500)
			o, f := m.store(t, compress, never)
			short := f.With(func(_ context.Context, offset, length int64) (io.ReadCloser, error) {
				end := min(offset+length, int64(len(o.data))/2)
				return io.NopCloser(bytes.NewReader(o.data[min(offset, end):end])), nil
			})
			ignore := func(logfile.Line) error { return nil }
			if err := short.Lines(t.Context(), 1, len(m.lines), ignore); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("Lines: %v", err)
			}
			if err := short.Text(t.Context(), 0, int64(len(m.text)), io.Discard); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("Text: %v", err)
			}
			if _, err := short.Search(t.Context(), logfile.SearchOptions{Pattern: pattern(t, "nowhere")}); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("Search: %v", err)
			}
		})
	}
}

func TestEmitEndsReading(t *testing.T) {
	_, f := random(rand.New(rand.NewPCG(6, 6)), 100).store(t, true, never)
	full := errors.New("full")
	if err := f.Lines(t.Context(), 1, 100, func(logfile.Line) error { return full }); !errors.Is(err, full) {
		t.Errorf("Lines: %v", err)
	}
}
