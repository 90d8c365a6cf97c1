package logs

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// putChunk stores text[from:to] as a writer would.
func putChunk(t *testing.T, store storage.Store, writer, text string, from, to int) {
	t.Helper()
	buf := append(make([]byte, headerSize), text[from:to]...)
	if err := (header{Offset: int64(from), Cursor: Cursor{Bytes: int64(to), Lines: int64(to)}}).encode(buf); err != nil {
		t.Fatal(err)
	}
	if err := store.Put(t.Context(), chunkKey("run/.live/s/", int64(from), writer), bytes.NewReader(buf), storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestChunks(t *testing.T) {
	const text = "0123456789abcdefghij"
	type chunk struct {
		writer   string
		from, to int
	}
	for name, tc := range map[string]struct {
		chunks []chunk
		end    int64
		want   string
		err    error
	}{
		"no chunks are an empty log": {nil, 0, "", nil},
		"chunks join":                {[]chunk{{"a", 0, 5}, {"a", 5, 12}}, 12, text[:12], nil},
		"a chunk of a process that lost its lease overlaps":          {[]chunk{{"a", 0, 5}, {"a", 5, 15}, {"b", 5, 8}, {"b", 8, 20}}, 20, text, nil},
		"the shorter of two at one place comes first":                {[]chunk{{"a", 0, 3}, {"b", 0, 9}, {"b", 9, 20}}, 20, text, nil},
		"what a late writer knew beyond the end is not taken":        {[]chunk{{"a", 0, 5}, {"b", 5, 20}}, 9, text[:9], nil},
		"a missing chunk is told, and what comes before it is there": {[]chunk{{"a", 0, 5}, {"a", 9, 12}}, 12, text[:5], errGap},
		"a missing end is told":                                      {[]chunk{{"a", 0, 5}}, 12, text[:5], errGap},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := storage.OpenFile(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range tc.chunks {
				putChunk(t, store, c.writer, text, c.from, c.to)
			}
			var got strings.Builder
			n, err := copyChunks(t.Context(), store, "run/.live/s/", tc.end, &got)
			if !errors.Is(err, tc.err) || got.String() != tc.want || n != int64(len(tc.want)) {
				t.Errorf("copied %q (%d), %v; want %q, %v", got.String(), n, err, tc.want, tc.err)
			}
		})
	}
}

func TestLastCursorIsThatOfTheLongestLastChunk(t *testing.T) {
	store, err := storage.OpenFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const text = "0123456789abcdefghij"
	if _, found, err := lastCursor(t.Context(), store, "run/.live/s/"); found || err != nil {
		t.Fatalf("found %v in an empty folder, %v", found, err)
	}
	putChunk(t, store, "a", text, 0, 5)
	putChunk(t, store, "a", text, 5, 12)
	putChunk(t, store, "b", text, 5, 8)
	got, found, err := lastCursor(t.Context(), store, "run/.live/s/")
	if want := (Cursor{Bytes: 12, Lines: 12}); err != nil || !found || got != want {
		t.Errorf("cursor %+v, %v, %v; want %+v", got, found, err, want)
	}
}

// A write that failed may still reach the store, any time later. It must never take text away again.
func TestALostWriteThatArrivesLateDoesNoHarm(t *testing.T) {
	store, err := storage.OpenFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tries := 2 // of the first write
	persist := func(ctx context.Context, _ string, do func(context.Context) error) (int, error) {
		n := tries
		tries = 1
		return n, do(ctx)
	}
	s := newSpool(store, persist, "run/.live/s/", "w", make(chan []byte))
	add := func(text string) {
		t.Helper()
		s.cursor.Bytes += int64(len(text))
		if err := s.add(t.Context(), fragment{text: []byte(text), after: s.cursor}); err != nil {
			t.Fatal(err)
		}
		s.lock <- struct{}{}
		err := s.flush(t.Context())
		<-s.lock
		if err != nil {
			t.Fatal(err)
		}
	}
	add("one ")
	// Keep what the first try would have written, and let it arrive at the end.
	stale, err := store.Get(t.Context(), "run/.live/s/000000000000-w", storage.Range{})
	if err != nil {
		t.Fatal(err)
	}
	var first bytes.Buffer
	if _, err := first.ReadFrom(stale.Body); err != nil {
		t.Fatal(err)
	}
	add("two ")
	add("three")
	if err := store.Put(t.Context(), "run/.live/s/000000000000-w", &first, storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if lost, err := s.finish(t.Context(), "run/log"); lost || err != nil {
		t.Fatalf("lost %v, %v", lost, err)
	}
	object, err := store.Get(t.Context(), "run/log", storage.Range{})
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if _, err := got.ReadFrom(object.Body); err != nil || got.String() != "one two three" {
		t.Errorf("log %q, %v", got.String(), err)
	}
}

func FuzzChunkHeader(f *testing.F) {
	f.Add([]byte(`{"offset":1,"cursor":{"lines":1,"bytes":2}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := decodeHeader(bytes.NewReader(append(text, bytes.Repeat([]byte(" "), headerSize)...)))
		if err != nil {
			return
		}
		buf := make([]byte, headerSize)
		if err := h.encode(buf); err != nil {
			t.Fatal(err)
		}
		if again, err := decodeHeader(bytes.NewReader(buf)); err != nil || again != h {
			t.Errorf("%+v became %+v, %v", h, again, err)
		}
	})
}
