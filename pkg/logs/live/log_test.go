package live

import (
	"bufio"
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const folder = "run/.live/s/"

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
	if err := store.Put(t.Context(), key, bytes.NewReader(text), storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

// putChunk stores text[from:to] as a writer would, in frames of three bytes.
func putChunk(t *testing.T, store storage.Store, writer, text string, from, to int) {
	t.Helper()
	buf, err := Header{Offset: int64(from), End: int64(to), Cursor: logs.Cursor{Bytes: int64(to)}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for piece := range slices.Chunk([]byte(text[from:to]), 3) {
		buf = append(AppendFrame(buf, 1, len(piece)), piece...)
	}
	putObject(t, store, folder+ChunkName(int64(from), writer), buf)
}

// putSegment goes on behind the chain that enc made, and returns the new one. What to leave out is given by suffixes.
func putSegment(t *testing.T, store storage.Store, enc *logfile.Encoder, chain []string, text, writer string, without ...string) []string {
	t.Helper()
	begin := enc.Info().Bytes
	enc.Add([]byte(text), 1e9)
	end := enc.Info().Bytes
	name, recordName := SegmentNames(begin, end, writer)
	chain = append(chain, name)
	if stored := enc.Cut(); !slices.Contains(without, segmentSuffix) {
		putObject(t, store, folder+name, stored)
	}
	state, err := enc.State()
	if err != nil {
		t.Fatal(err)
	}
	record, err := json.Marshal(Record{Chain: chain, State: state, Cursor: logs.Cursor{Bytes: end}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(without, recordSuffix) {
		putObject(t, store, folder+recordName, record)
	}
	return chain
}

// readLive reads what is durable from an offset on.
func readLive(t *testing.T, store storage.Store, from int64) (string, *Log) {
	t.Helper()
	l, err := Open(t.Context(), store, folder)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if from < l.Chain.End() {
		file, err := logfile.Open(l.Last.State, l.Get)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Text(t.Context(), from, l.Chain.End()-from, &got); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Tail(t.Context(), &collector{w: &got, skip: from - l.Chain.End()}); err != nil {
		t.Fatal(err)
	}
	return got.String(), l
}

// collector is a tailer that keeps the text behind the first skip bytes.
type collector struct {
	w    *strings.Builder
	skip int64
}

func (c *collector) Begin(string, int64) error { return nil }
func (c *collector) End(Header) error          { return nil }
func (c *collector) Text(text []byte, _ int64) error {
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
				putChunk(t, store, c.writer, text, c.from, c.to)
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
			chain := putSegment(t, store, enc, nil, text[:1000], "a")
			chain = putSegment(t, store, enc, chain, text[1000:1003], "b")
			putSegment(t, store, enc, chain, text[1003:4000], "a")
			putChunk(t, store, "a", text, 3900, 4100)
			putChunk(t, store, "a", text, 4100, len(text))
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
				chain = putSegment(t, store, enc, chain, text[i*20:i*20+20], "a", without...)
			}
			got, l := readLive(t, store, 0)
			if got != text[:tc.want] || l.Reach != 60 {
				t.Errorf("read %q, want %q; it reaches to %d, want 60", got, text[:tc.want], l.Reach)
			}
		})
	}
}

func TestOfTwoWritersTheOneThatCameFurtherCounts(t *testing.T) {
	store := openStore(t)
	text := strings.Repeat("0123456789", 10)
	mine, theirs := logfile.NewEncoder(false), logfile.NewEncoder(false)
	chain := putSegment(t, store, mine, nil, text[:30], "mine")
	putSegment(t, store, mine, chain, text[30:50], "mine")
	putSegment(t, store, theirs, nil, text[:45], "theirs")
	putChunk(t, store, "theirs", text, 45, 80)
	got, l := readLive(t, store, 0)
	if got != text[:80] || l.Chain.End() != 50 {
		t.Errorf("read %q behind a chain of %d", got, l.Chain.End())
	}
}

func FuzzChunk(f *testing.F) {
	good, err := Header{Offset: 1, End: 3, Cursor: logs.Cursor{Lines: 1, Bytes: 2}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(AppendFrame(good, 5, 2), "ab"...))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(text), longestHeader)
		h, err := decodeHeader(r)
		if err != nil {
			return
		}
		if again, err := h.Encode(); err != nil {
			t.Fatal(err)
		} else if back, err := decodeHeader(bufio.NewReader(bytes.NewReader(again))); err != nil || back != h {
			t.Errorf("%+v became %+v, %v", h, back, err)
		}
		n := 0
		err = (&Frames{r: r}).Copy(0, func(text []byte, _ int64) error { n += len(text); return nil })
		if n > len(text) {
			t.Errorf("%d bytes of %d, %v", n, len(text), err)
		}
	})
}

func FuzzLiveName(f *testing.F) {
	f.Add("run/.live/s/000000000005-000000000010-abc.seg")
	f.Add("000000000005-abc.txt")
	f.Fuzz(func(t *testing.T, key string) {
		name, ok := parseName(key)
		if ok && !strings.HasSuffix(key, name.String()) {
			t.Errorf("%q became %q", key, name)
		}
	})
}
