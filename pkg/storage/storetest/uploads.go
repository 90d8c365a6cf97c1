package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/storage"
)

func begin(t *testing.T, s storage.Store, key string, opts storage.PutOptions) storage.Upload {
	t.Helper()
	upload, err := s.Begin(t.Context(), key, opts)
	if err != nil {
		t.Fatalf("begin %s: %v", key, err)
	}
	return upload
}

func putPart(t *testing.T, upload storage.Upload, number int, part []byte) {
	t.Helper()
	if err := upload.Put(t.Context(), number, part); err != nil {
		t.Fatalf("put part %d: %v", number, err)
	}
}

func wantParts(t *testing.T, upload storage.Upload, want ...storage.Part) {
	t.Helper()
	parts, err := upload.Parts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, slices.Clip(parts)); diff != "" && len(want)+len(parts) > 0 {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

func noiseOf(t *testing.T, seed, size int64) []byte {
	t.Helper()
	text, err := io.ReadAll(io.LimitReader(noise(seed), size))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func wantObject(t *testing.T, s storage.Store, key string, want ...[]byte) {
	t.Helper()
	got, size := get(t, s, key, storage.Range{})
	whole := bytes.Join(want, nil)
	if size != int64(len(whole)) || sha256.Sum256([]byte(got)) != sha256.Sum256(whole) {
		t.Errorf("%s is %d bytes, want others, of %d", key, size, len(whole))
	}
}

func uploads(t *testing.T, s storage.Store) {
	const key = "logs/1/build-log.txt"
	one, two, last := noiseOf(t, 1, storage.MinPart), noiseOf(t, 2, storage.MinPart+1), []byte("the end")
	put(t, s, key, "old")
	upload := begin(t, s, key, storage.PutOptions{ContentType: "text/plain", ContentEncoding: "gzip"})
	if other := begin(t, s, key, storage.PutOptions{}); other.ID() == upload.ID() {
		t.Error("two uploads have one ID")
	}
	wantParts(t, upload)
	putPart(t, upload, 7, last)
	putPart(t, upload, 1, two)
	putPart(t, upload, 1, one)

	upload, err := s.Resume(t.Context(), key, upload.ID())
	if err != nil {
		t.Fatal(err)
	}
	wantParts(t, upload, storage.Part{Number: 1, Size: storage.MinPart}, storage.Part{Number: 7, Size: 7})
	putPart(t, upload, 3, two)
	wantObject(t, s, key, []byte("old"))
	if diff := cmp.Diff([]string{key}, listKeys(t, s, "")); diff != "" {
		t.Errorf("keys before the end (-want +got):\n%s", diff)
	}
	if err := upload.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantObject(t, s, key, one, two, last)
	if info := head(t, s, key); info.ContentType != "text/plain" || info.ContentEncoding != "gzip" {
		t.Errorf("the object is %+v", info)
	}
	if diff := cmp.Diff([]string{key}, listKeys(t, s, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func manyParts(t *testing.T, s storage.Store) {
	upload := begin(t, s, "big", storage.PutOptions{})
	parts := make([][]byte, 5)
	var group errgroup.Group
	group.SetLimit(4)
	for i := range parts {
		parts[i] = noiseOf(t, int64(i), storage.MinPart+int64(i))
		group.Go(func() error { return upload.Put(t.Context(), len(parts)-i, parts[i]) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := upload.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(parts)
	wantObject(t, s, "big", parts...)
}

func repeated(t *testing.T, s storage.Store) {
	for name, opts := range map[string]storage.PutOptions{"plain": {}, "absent": {IfAbsent: true}} {
		key := "done/" + name
		upload := begin(t, s, key, opts)
		putPart(t, upload, 1, []byte(name))
		again, err := s.Resume(t.Context(), key, upload.ID())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			wantError(t, "complete", upload.Complete(t.Context()), nil)
		}
		wantError(t, "complete elsewhere", again.Complete(t.Context()), nil)
		_, err = s.Resume(t.Context(), key, upload.ID())
		wantError(t, "resume what is complete", err, storage.ErrExists)
		wantError(t, "abort what is complete", upload.Abort(t.Context()), nil)
		wantError(t, "put into what is complete", upload.Put(t.Context(), 2, []byte("x")), storage.ErrNotExist)
		wantObject(t, s, key, []byte(name))
		put(t, s, key, "another")
		wantError(t, "complete after another wrote", upload.Complete(t.Context()), storage.ErrNotExist)
		_, err = s.Resume(t.Context(), key, upload.ID())
		wantError(t, "resume after another wrote", err, storage.ErrNotExist)
	}
}

func conditionalUploads(t *testing.T, s storage.Store) {
	first, second := begin(t, s, "x", storage.PutOptions{IfAbsent: true}), begin(t, s, "x", storage.PutOptions{IfAbsent: true})
	putPart(t, first, 1, []byte("first"))
	putPart(t, second, 1, []byte("second"))
	second, err := s.Resume(t.Context(), "x", second.ID())
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, "complete", first.Complete(t.Context()), nil)
	wantError(t, "complete another", second.Complete(t.Context()), storage.ErrExists)

	third := begin(t, s, "x", storage.PutOptions{IfMatch: head(t, s, "x").ETag})
	putPart(t, third, 1, []byte("third"))
	wantError(t, "complete over the first", third.Complete(t.Context()), nil)
	fourth := begin(t, s, "x", storage.PutOptions{IfMatch: `"stale"`})
	putPart(t, fourth, 1, []byte("fourth"))
	wantError(t, "complete over something else", fourth.Complete(t.Context()), storage.ErrChanged)
	wantObject(t, s, "x", []byte("third"))
}

func aborted(t *testing.T, s storage.Store) {
	upload := begin(t, s, "x", storage.PutOptions{})
	putPart(t, upload, 1, []byte("text"))
	_, err := s.Resume(t.Context(), "y", upload.ID())
	wantError(t, "resume under another key", err, storage.ErrNotExist)
	wantError(t, "abort", upload.Abort(t.Context()), nil)
	wantError(t, "abort again", upload.Abort(t.Context()), nil)
	wantError(t, "put", upload.Put(t.Context(), 1, []byte("x")), storage.ErrNotExist)
	wantError(t, "complete", upload.Complete(t.Context()), storage.ErrNotExist)
	_, err = upload.Parts(t.Context())
	wantError(t, "parts", err, storage.ErrNotExist)
	for _, id := range []string{upload.ID(), "", "..", "unknown", "../x", "e30", "eyJTZXJ2ZXIiOiJ1bmtub3duIn0"} {
		_, err := s.Resume(t.Context(), "x", id)
		wantError(t, "resume "+id, err, storage.ErrNotExist)
	}
	if found := listKeys(t, s, ""); len(found) > 0 {
		t.Errorf("left %v", found)
	}
}

func refusedUploads(t *testing.T, s storage.Store) {
	_, err := s.Begin(t.Context(), "../x", storage.PutOptions{})
	wantError(t, "begin outside", err, storage.ErrBadKey)
	_, err = s.Resume(t.Context(), "../x", "id")
	wantError(t, "resume outside", err, storage.ErrBadKey)
	if _, err := s.Begin(t.Context(), "x", storage.PutOptions{IfAbsent: true, IfMatch: `"x"`}); err == nil {
		t.Error("two conditions are accepted")
	}
	upload := begin(t, s, "x", storage.PutOptions{})
	for _, number := range []int{-1, 0, storage.MaxParts + 1} {
		if err := upload.Put(t.Context(), number, []byte("x")); err == nil {
			t.Errorf("part %d is accepted", number)
		}
	}
	if err := upload.Complete(t.Context()); err == nil {
		t.Error("an upload without parts is completed")
	}
	putPart(t, upload, 1, []byte("too small"))
	putPart(t, upload, 2, []byte("x"))
	if err := upload.Complete(t.Context()); err == nil || errors.Is(err, storage.ErrNotExist) {
		t.Errorf("complete with a small part: %v", err)
	}
	whole := noiseOf(t, 3, storage.MinPart)
	putPart(t, upload, 1, whole)
	wantError(t, "complete", upload.Complete(t.Context()), nil)
	wantObject(t, s, "x", whole, []byte("x"))
}

func stale(t *testing.T, s storage.Store) {
	mine, other := begin(t, s, "mine/x", storage.PutOptions{}), begin(t, s, "other/x", storage.PutOptions{})
	putPart(t, mine, 1, []byte("x"))
	putPart(t, other, 1, []byte("other"))
	for _, tc := range []struct {
		prefix string
		age    time.Duration
		want   int
	}{
		{"mine/", time.Hour, 0},
		{"nothing/", -time.Hour, 0},
		{"mine/", -time.Hour, 1}, // whatever began up to an hour from now
		{"mine/", -time.Hour, 0},
	} {
		if n, err := s.AbortStale(t.Context(), tc.prefix, tc.age); n != tc.want || err != nil {
			t.Errorf("abort below %s after %v: %d, %v, want %d", tc.prefix, tc.age, n, err, tc.want)
		}
	}
	_, err := s.Resume(t.Context(), "mine/x", mine.ID())
	wantError(t, "resume a stale upload", err, storage.ErrNotExist)
	wantError(t, "complete", other.Complete(t.Context()), nil)
	wantObject(t, s, "other/x", []byte("other"))
}

func copiedParts(t *testing.T, s storage.Store) {
	whole := noiseOf(t, 4, storage.MinPart+3)
	const from = "odd/ä +&=%25,@~!'.txt"
	if err := s.Put(t.Context(), from, bytes.NewReader(whole), storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, mixed := range []bool{false, true} {
		upload := begin(t, s, "joined", storage.PutOptions{})
		want := [][]byte{whole, whole}
		for range 2 {
			wantError(t, "copy a part", storage.CopyPart(t.Context(), s, upload, 1, from), nil)
		}
		wantError(t, "copy a part", storage.CopyPart(t.Context(), s, upload, 2, from), nil)
		if mixed {
			putPart(t, upload, 2, whole[1:])
			putPart(t, upload, 3, []byte("the end"))
			want = [][]byte{whole, whole[1:], []byte("the end")}
		}
		wantError(t, "copy nothing", storage.CopyPart(t.Context(), s, upload, 4, "nothing"), storage.ErrNotExist)
		wantError(t, "copy from outside", storage.CopyPart(t.Context(), s, upload, 4, "../x"), storage.ErrBadKey)
		wantError(t, "complete", upload.Complete(t.Context()), nil)
		wantObject(t, s, "joined", want...)
	}
	wantObject(t, s, from, whole)
}
