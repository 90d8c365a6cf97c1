package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/kubelet"
	"github.com/pharos-ci/pharos/pkg/logs/live"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const folder = "run/.live/s/"

func openFolder(t testing.TB) *storage.FileStore {
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
		store := &unreliable{openFolder(t), make(map[string][]byte)}
		s := newSpool(t, store)
		defer s.Close(t.Context())
		if _, err := s.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Begin(t.Context())
		var cursor logs.Cursor
		for _, text := range []string{"one ", "two ", "three"} {
			cursor.Bytes += int64(len(text))
			if err := s.Add(t.Context(), kubelet.Fragment{Text: []byte(text), After: cursor}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		for key, text := range store.lost {
			if err := store.Store.Put(t.Context(), key, bytes.NewReader(text), storage.PutOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if got := durable(t, store.Store); got != "one two three" {
			t.Errorf("read %q", got)
		}
	})
}

// durable is the text of the chunks in the store.
func durable(t *testing.T, store storage.Store) string {
	t.Helper()
	l, err := live.Open(t.Context(), store, folder)
	if err != nil {
		t.Fatal(err)
	}
	var got chunkText
	if err := l.Tail(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	return got.String()
}

// chunkText is a tailer that keeps the text.
type chunkText struct{ strings.Builder }

func (*chunkText) Begin(string, int64) error { return nil }
func (*chunkText) End(live.Header) error     { return nil }
func (c *chunkText) Text(text []byte, _ int64) error {
	c.Write(text)
	return nil
}

// newSpool tries again every second.
func newSpool(t *testing.T, store storage.Store) *Spool {
	return New(Options{
		Store: store, Key: "run/log", Folder: folder, Writer: "w", Disk: NewDisk(t.TempDir(), 0), Room: NewRoom(1),
		Full: func(bool) {}, Failed: func(string) {},
		Persist: func(ctx context.Context, _ string, do func(context.Context) error) (int, error) {
			for try := 1; ; try++ {
				if err := do(ctx); err == nil || ctx.Err() != nil {
					return try, err
				}
				time.Sleep(time.Second)
			}
		},
	})
}

func TestPieceBoundaries(t *testing.T) {
	line := strings.Repeat("x", 997)
	for _, size := range []int{1, spoolBuffer - 1, spoolBuffer, pieceSize - 1, pieceSize, pieceSize + 1, 7 * pieceSize, 8 * pieceSize, 8*pieceSize + 1, 17 * pieceSize} {
		for _, compress := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				store := openFolder(t)
				s := newSpool(t, store)
				s.o.Compress = compress
				defer s.Close(t.Context())
				if _, err := s.Resume(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.Begin(t.Context())
				var want bytes.Buffer
				for i := 0; want.Len() < size; i++ {
					text := fmt.Appendf(nil, "%d %s\n", i, line)
					text = text[:min(len(text), size-want.Len())]
					want.Write(text)
					f := kubelet.Fragment{Text: text, Stamp: int64(i) * 1e6, After: logs.Cursor{Bytes: int64(want.Len())}}
					if err := s.Add(t.Context(), f); err != nil {
						t.Fatal(err)
					}
				}
				info, err := s.Finish(t.Context(), "run/index")
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
