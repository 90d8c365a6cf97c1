package logs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const liveTestFolder = "run/.live/s/"

func openStore(t testing.TB) *storage.FileStore {
	t.Helper()
	store, err := storage.OpenFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func putObject(t testing.TB, store storage.Store, key string, text []byte) {
	t.Helper()
	if err := putBytes(t.Context(), store, key, text, liveOptions); err != nil {
		t.Fatal(err)
	}
}

// putTestChunk stores text[from:to] as a writer would, in frames of three bytes.
func putTestChunk(t *testing.T, store storage.Store, writer, text string, from, to int) {
	t.Helper()
	buf, err := header{Offset: int64(from), End: int64(to), Cursor: Cursor{Bytes: int64(to)}}.encode()
	if err != nil {
		t.Fatal(err)
	}
	for piece := range slices.Chunk([]byte(text[from:to]), 3) {
		buf = append(appendFrame(buf, 1, len(piece)), piece...)
	}
	putObject(t, store, liveTestFolder+liveName{offset: int64(from), writer: writer, suffix: chunkSuffix}.String(), buf)
}

// putTestSegment goes on behind the chain that enc made, and returns the new one. What to leave out is given by suffixes.
func putTestSegment(t *testing.T, store storage.Store, enc *logfile.Encoder, chain []string, text, writer string, without ...string) []string {
	t.Helper()
	name := liveName{offset: enc.Info().Bytes, writer: writer, suffix: segmentSuffix}
	enc.Add([]byte(text), 1e9)
	name.end = enc.Info().Bytes
	chain = append(chain, name.String())
	if stored := enc.Cut(); !slices.Contains(without, segmentSuffix) {
		putObject(t, store, liveTestFolder+name.String(), stored)
	}
	state, err := enc.State()
	if err != nil {
		t.Fatal(err)
	}
	record, err := json.Marshal(liveRecord{Chain: chain, State: state, Cursor: Cursor{Bytes: name.end}})
	if err != nil {
		t.Fatal(err)
	}
	if name.suffix = recordSuffix; !slices.Contains(without, recordSuffix) {
		putObject(t, store, liveTestFolder+name.String(), record)
	}
	return chain
}

func readLive(t *testing.T, store storage.Store, from int64) (string, *liveLog) {
	t.Helper()
	l, err := openLive(t.Context(), store, liveTestFolder)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if from < l.sealed() {
		file, err := logfile.Open(l.last.State, l.get)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Text(t.Context(), from, l.sealed()-from, &got); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.tail(t.Context(), &collector{w: &got, skip: from - l.sealed()}); err != nil {
		t.Fatal(err)
	}
	return got.String(), l
}

// collector is a tailer that keeps the text behind the first skip bytes.
type collector struct {
	w    *strings.Builder
	skip int64
}

func (c *collector) begin(string, int64) error { return nil }
func (c *collector) end(header) error          { return nil }
func (c *collector) text(text []byte, _ int64) error {
	n := min(max(c.skip, 0), int64(len(text)))
	c.skip -= n
	c.w.Write(text[n:])
	return nil
}

func TestChunksJoin(t *testing.T) {
	const text = "0123456789abcdefghij"
	type chunk struct {
		writer   string
		from, to int
	}
	for name, tc := range map[string]struct {
		chunks []chunk
		want   string
	}{
		"no chunks are an empty log": {nil, ""},
		"chunks join":                {[]chunk{{"a", 0, 5}, {"a", 5, 12}}, text[:12]},
		"a chunk of a process that lost its lease overlaps": {[]chunk{{"a", 0, 5}, {"a", 5, 15}, {"b", 5, 8}, {"b", 8, 20}}, text},
		"the shorter of two at one place comes first":       {[]chunk{{"a", 0, 3}, {"b", 0, 9}, {"b", 9, 20}}, text},
		"the longer of two at one place comes first":        {[]chunk{{"a", 0, 9}, {"b", 0, 3}, {"a", 9, 20}}, text},
		"behind a missing chunk nothing is taken":           {[]chunk{{"a", 0, 5}, {"a", 9, 12}}, text[:5]},
	} {
		t.Run(name, func(t *testing.T) {
			store := openStore(t)
			for _, c := range tc.chunks {
				putTestChunk(t, store, c.writer, text, c.from, c.to)
			}
			if got, _ := readLive(t, store, 0); got != tc.want {
				t.Errorf("read %q, want %q", got, tc.want)
			}
		})
	}
}

func TestLiveTextIsReadFromAnywhere(t *testing.T) {
	for name, compress := range map[string]bool{"plain": false, "compressed": true} {
		t.Run(name, func(t *testing.T) {
			store := openStore(t)
			text := strings.Repeat("one line\nanother\n", 300)
			enc := logfile.NewEncoder(compress)
			chain := putTestSegment(t, store, enc, nil, text[:1000], "a")
			chain = putTestSegment(t, store, enc, chain, text[1000:1003], "b")
			putTestSegment(t, store, enc, chain, text[1003:4000], "a")
			putTestChunk(t, store, "a", text, 3900, 4100)
			putTestChunk(t, store, "a", text, 4100, len(text))
			for _, from := range []int64{0, 1, 999, 1000, 1001, 3999, 4000, 4001, 4100, int64(len(text))} {
				if got, _ := readLive(t, store, from); got != text[from:] {
					t.Errorf("from %d: %d bytes, want %d", from, len(got), len(text[from:]))
				}
			}
		})
	}
}

func TestAChainCountsOnlyWhole(t *testing.T) {
	text := strings.Repeat("0123456789", 10)
	for name, tc := range map[string]struct {
		without [3][]string // of each segment
		want    int
	}{
		"all of three segments":                    {want: 60},
		"the last without its record":              {[3][]string{2: {recordSuffix}}, 40},
		"the last without its segment":             {[3][]string{2: {segmentSuffix}}, 40},
		"one in the middle is lost":                {[3][]string{1: {segmentSuffix}}, 20},
		"a record in the middle is needed by none": {[3][]string{1: {recordSuffix}}, 60},
		"the first is lost":                        {[3][]string{0: {segmentSuffix}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			store := openStore(t)
			enc := logfile.NewEncoder(false)
			var chain []string
			for i, without := range tc.without {
				chain = putTestSegment(t, store, enc, chain, text[i*20:i*20+20], "a", without...)
			}
			got, l := readLive(t, store, 0)
			if got != text[:tc.want] || l.reach != 60 {
				t.Errorf("read %q, want %q; it reaches to %d, want 60", got, text[:tc.want], l.reach)
			}
		})
	}
}

func TestOfTwoWritersTheOneThatCameFurtherCounts(t *testing.T) {
	store := openStore(t)
	text := strings.Repeat("0123456789", 10)
	mine, theirs := logfile.NewEncoder(false), logfile.NewEncoder(false)
	chain := putTestSegment(t, store, mine, nil, text[:30], "mine")
	putTestSegment(t, store, mine, chain, text[30:50], "mine")
	putTestSegment(t, store, theirs, nil, text[:45], "theirs")
	putTestChunk(t, store, "theirs", text, 45, 80)
	got, l := readLive(t, store, 0)
	if got != text[:80] || l.sealed() != 50 {
		t.Errorf("read %q behind a chain of %d", got, l.sealed())
	}
}

// unreliable is a store whose first put of each key is answered with an error although it arrives, again and last.
type unreliable struct {
	storage.Store
	lost map[string][]byte
}

func (u *unreliable) Put(ctx context.Context, key string, body io.Reader, opts storage.PutOptions) error {
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if _, again := u.lost[key]; !again {
		u.lost[key] = text
		return errors.New("timeout")
	}
	return u.Store.Put(ctx, key, bytes.NewReader(text), opts)
}

// A write that failed may still reach the store, any time later. It must never take text away again.
func TestALostWriteThatArrivesLateDoesNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &unreliable{openStore(t), make(map[string][]byte)}
		s := newTestSpool(t, store)
		defer s.close(t.Context())
		if _, err := s.resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.begin(t.Context())
		var cursor Cursor
		for _, text := range []string{"one ", "two ", "three"} {
			cursor.Bytes += int64(len(text))
			if err := s.add(t.Context(), fragment{text: []byte(text), after: cursor}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		for key, text := range store.lost {
			putObject(t, store.Store, key, text)
		}
		if got, _ := readLive(t, store.Store, 0); got != "one two three" {
			t.Errorf("read %q", got)
		}
	})
}

// newTestSpool tries again every second.
func newTestSpool(t *testing.T, store storage.Store) *spool {
	return &spool{
		store: store, key: "run/log", folder: liveTestFolder, writer: "w", disk: newDisk(t.TempDir(), 0), room: newRoom(1), full: func(bool) {},
		persist: func(ctx context.Context, _ string, do func(context.Context) error) (int, error) {
			for try := 1; ; try++ {
				if err := do(ctx); err == nil || ctx.Err() != nil {
					return try, err
				}
				time.Sleep(time.Second)
			}
		},
	}
}

func TestPieceBoundaries(t *testing.T) {
	line := strings.Repeat("x", 997)
	for _, size := range []int{1, spoolBuffer - 1, spoolBuffer, pieceSize - 1, pieceSize, pieceSize + 1, 7 * pieceSize, 8 * pieceSize, 8*pieceSize + 1, 17 * pieceSize} {
		for _, compress := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				store := openStore(t)
				s := newTestSpool(t, store)
				s.compress = compress
				defer s.close(t.Context())
				if _, err := s.resume(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.begin(t.Context())
				var want bytes.Buffer
				for i := 0; want.Len() < size; i++ {
					text := fmt.Appendf(nil, "%d %s\n", i, line)
					text = text[:min(len(text), size-want.Len())]
					want.Write(text)
					f := fragment{text: text, stamp: int64(i) * 1e6, after: Cursor{Bytes: int64(want.Len())}}
					if err := s.add(t.Context(), f); err != nil {
						t.Fatal(err)
					}
				}
				info, err := s.finish(t.Context(), "run/index")
				if err != nil {
					t.Fatal(err)
				}
				if got := readLog(t, store); !bytes.Equal(got, want.Bytes()) || info.Bytes != int64(size) {
					t.Errorf("%d bytes, compressed %v: read %d, told %+v", size, compress, len(got), info)
				}
			})
		}
	}
}

// readLog reads run/log by run/index.
func readLog(t *testing.T, store storage.Store) []byte {
	t.Helper()
	read := func(key string, rng storage.Range) []byte {
		object, err := store.Get(t.Context(), key, rng)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(object.Body)
		if err = errors.Join(err, object.Body.Close()); err != nil {
			t.Fatal(err)
		}
		return text
	}
	file, err := logfile.Open(read("run/index", storage.Range{}), func(_ context.Context, offset, length int64) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(read("run/log", storage.Range{Offset: offset, Length: length}))), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if stored := int64(len(read("run/log", storage.Range{}))); stored != file.Info().Stored {
		t.Errorf("the log is stored in %d bytes, its index says %d", stored, file.Info().Stored)
	}
	var text bytes.Buffer
	if err := file.Text(t.Context(), 0, file.Info().Bytes, &text); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func FuzzChunk(f *testing.F) {
	good, err := header{Offset: 1, End: 3, Cursor: Cursor{Lines: 1, Bytes: 2}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(appendFrame(good, 5, 2), "ab"...))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(text), longestHeader)
		h, err := decodeHeader(r)
		if err != nil {
			return
		}
		if again, err := h.encode(); err != nil {
			t.Fatal(err)
		} else if back, err := decodeHeader(bufio.NewReader(bytes.NewReader(again))); err != nil || back != h {
			t.Errorf("%+v became %+v, %v", h, back, err)
		}
		n := 0
		err = copyFrames(&frames{r: r}, 0, func(text []byte, _ int64) error { n += len(text); return nil })
		if n > len(text) {
			t.Errorf("%d bytes of %d, %v", n, len(text), err)
		}
	})
}

func FuzzLiveName(f *testing.F) {
	f.Add("run/.live/s/000000000005-000000000010-abc.seg")
	f.Add("000000000005-abc.txt")
	f.Fuzz(func(t *testing.T, key string) {
		name, ok := parseLiveName(key)
		if ok && !strings.HasSuffix(key, name.String()) {
			t.Errorf("%q became %q", key, name)
		}
	})
}
