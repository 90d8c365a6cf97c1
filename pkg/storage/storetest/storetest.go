// Package storetest holds the contract that every storage.Store keeps, as a suite to run against a real one.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// StoreContract runs the suite. Open returns a store that holds nothing and is cleaned up with t; it may be called for
// every case.
func StoreContract(t *testing.T, open func() storage.Store) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, storage.Store){
		"what is put can be read":                               reads,
		"a range is a part with the size of the whole":          ranges,
		"a listing is sorted, complete and limited to a prefix": lists,
		"a listing pages to the end and stops when told":        pages,
		"an absent object is ErrNotExist and can be deleted":    absent,
		"a broken put leaves the old object":                    broken,
		"readers see the old or the new object":                 atomic,
		"keys that leave the store are refused":                 keys,
		"objects of several parts come back whole":              large,
		"a level is what is directly below a folder":            levels,
		"a level pages to the end and stops when told":          manyFolders,
		"a put stops with its context":                          cancelled,
		"neighbours survive a delete":                           neighbours,
		"type and encoding come back, the bytes untouched":      described,
		"a copy is an object of its own":                        copies,
		"a large object is copied whole":                        largeCopies,
		"a condition that does not hold refuses the write":      conditions,
		"of many who write where nothing is, one does":          firsts,
		"no write over what was read is lost":                   counters,
		"an upload grows over handles and shows at its end":     uploads,
		"parts may be sent side by side":                        manyParts,
		"an object becomes a part of another":                   copiedParts,
		"completing is repeatable":                              repeated,
		"the condition of an upload holds at its end":           conditionalUploads,
		"an aborted upload is gone":                             aborted,
		"an upload refuses what cannot become an object":        refusedUploads,
		"stale uploads are aborted":                             stale,
	} {
		t.Run(name, func(t *testing.T) { check(t, open()) })
	}
}

func put(t *testing.T, s storage.Store, key, text string) {
	t.Helper()
	// A reader without a known size, as streams are.
	if err := s.Put(t.Context(), key, io.MultiReader(strings.NewReader(text)), storage.PutOptions{ContentType: "text/plain"}); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func get(t *testing.T, s storage.Store, key string, rng storage.Range) (string, int64) {
	t.Helper()
	object, err := s.Get(t.Context(), key, rng)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	text, err := io.ReadAll(object.Body)
	if err := errors.Join(err, object.Body.Close()); err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return string(text), object.Size
}

func list(t *testing.T, s storage.Store, prefix string) []storage.Entry {
	t.Helper()
	var entries []storage.Entry
	for entry, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("list %q: %v", prefix, err)
		}
		entries = append(entries, entry)
	}
	return entries
}

func listKeys(t *testing.T, s storage.Store, prefix string) []string {
	t.Helper()
	var out []string
	for _, entry := range list(t, s, prefix) {
		out = append(out, entry.Key)
	}
	return out
}

func reads(t *testing.T, s storage.Store) {
	before := time.Now().Add(-time.Minute)
	for _, key := range []string{"a", "logs/job/1/build-log.txt", "odd/ä +&=%25,@~!'.txt", ".hidden/x"} {
		for _, text := range []string{"first", "", "second, longer"} {
			put(t, s, key, text)
			if got, size := get(t, s, key, storage.Range{}); got != text || size != int64(len(text)) {
				t.Errorf("get %q = %q of %d bytes, want %q", key, got, size, text)
			}
		}
	}
	object, err := s.Get(t.Context(), "a", storage.Range{})
	if err != nil {
		t.Fatal(err)
	}
	if object.ModTime.Before(before) || object.ModTime.After(time.Now().Add(time.Minute)) {
		t.Errorf("modified at %v", object.ModTime)
	}
	if err := object.Body.Close(); err != nil {
		t.Error(err)
	}
	if s.URL() == "" || strings.HasSuffix(s.URL(), "/") {
		t.Errorf("URL %q", s.URL())
	}
}

func ranges(t *testing.T, s storage.Store) {
	const text = "0123456789"
	put(t, s, "digits", text)
	put(t, s, "nothing", "")
	for _, tc := range []struct {
		key  string
		rng  storage.Range
		want string
		size int64
	}{
		{"digits", storage.Range{Offset: 3}, "3456789", 10},
		{"digits", storage.Range{Offset: 3, Length: 4}, "3456", 10},
		{"digits", storage.Range{Length: 1}, "0", 10},
		{"digits", storage.Range{Offset: 8, Length: 100}, "89", 10},
		{"digits", storage.Range{Offset: 10}, "", 10},
		{"digits", storage.Range{Offset: 11, Length: 5}, "", 10},
		{"nothing", storage.Range{Length: 5}, "", 0},
		{"nothing", storage.Range{Offset: 5}, "", 0},
	} {
		if got, size := get(t, s, tc.key, tc.rng); got != tc.want || size != tc.size {
			t.Errorf("%s %+v = %q of %d bytes, want %q of %d", tc.key, tc.rng, got, size, tc.want, tc.size)
		}
	}
	if _, err := s.Get(t.Context(), "digits", storage.Range{Offset: -1}); err == nil {
		t.Error("a negative offset is accepted")
	}
}

func lists(t *testing.T, s storage.Store) {
	all := []string{"a-b/x", "a/b/1", "a/b/10", "a/b/2", "a/c", "a0", "b/.live/s/000000000000-w", "b/x"}
	for _, i := range rand.Perm(len(all)) {
		put(t, s, all[i], all[i])
	}
	for prefix, want := range map[string][]string{
		"":         all,
		"a/":       {"a/b/1", "a/b/10", "a/b/2", "a/c"},
		"a/b/1":    {"a/b/1", "a/b/10"},
		"a":        {"a-b/x", "a/b/1", "a/b/10", "a/b/2", "a/c", "a0"},
		"b/.live/": {"b/.live/s/000000000000-w"},
		"a/b/1/":   nil,
		"c":        nil,
		"a//":      nil,
		"../":      nil,
	} {
		if diff := cmp.Diff(want, listKeys(t, s, prefix)); diff != "" {
			t.Errorf("list %q (-want +got):\n%s", prefix, diff)
		}
	}
	ignoreTime := cmpopts.IgnoreFields(storage.Entry{}, "ModTime")
	if diff := cmp.Diff([]storage.Entry{{Key: "b/x", Size: 3}}, list(t, s, "b/x"), ignoreTime); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
}

func pages(t *testing.T, s storage.Store) {
	const n = 1203 // more than S3 gives at once
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	var want []string
	for i := range n {
		key := fmt.Sprintf("many/%05d", i)
		want = append(want, key)
		group.Go(func() error { return s.Put(ctx, key, strings.NewReader("x"), storage.PutOptions{}) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, listKeys(t, s, "many/")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	seen := 0
	for _, err := range s.List(t.Context(), "many/") {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen == 7 {
			break
		}
	}
	if seen != 7 {
		t.Errorf("saw %d entries, want 7", seen)
	}
}

func absent(t *testing.T, s storage.Store) {
	put(t, s, "folder/object", "x")
	for _, key := range []string{"nothing", "folder", "folder/other"} {
		if _, err := s.Get(t.Context(), key, storage.Range{}); !errors.Is(err, storage.ErrNotExist) {
			t.Errorf("get %s: %v, want ErrNotExist", key, err)
		}
		if _, err := s.Get(t.Context(), key, storage.Range{Offset: 5, Length: 5}); !errors.Is(err, storage.ErrNotExist) {
			t.Errorf("get a range of %s: %v, want ErrNotExist", key, err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %s: %v", key, err)
		}
	}
	if diff := cmp.Diff([]string{"folder/object"}, listKeys(t, s, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func broken(t *testing.T, s storage.Store) {
	failure := errors.New("broken stream")
	put(t, s, "a/b", "old")
	for _, size := range []int{0, 10, 3 << 20, 18 << 20} {
		body := io.MultiReader(io.LimitReader(noise(1), int64(size)), failing{failure})
		for _, key := range []string{"a/b", "a/new"} {
			if err := s.Put(t.Context(), key, body, storage.PutOptions{}); !errors.Is(err, failure) {
				t.Errorf("put %d bytes: %v, want %v", size, err, failure)
			}
			body = failing{failure}
		}
	}
	if got, _ := get(t, s, "a/b", storage.Range{}); got != "old" {
		t.Errorf("object is %d bytes, want the old one", len(got))
	}
	if diff := cmp.Diff([]string{"a/b"}, listKeys(t, s, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func atomic(t *testing.T, s storage.Store) {
	const size, rounds = 200 << 10, 20
	whole := func(b byte) string { return strings.Repeat(string(b), size) }
	put(t, s, "x", whole('0'))
	done := make(chan struct{})
	group, ctx := errgroup.WithContext(t.Context())
	group.Go(func() error {
		defer close(done)
		for i := range rounds {
			if err := s.Put(ctx, "x", strings.NewReader(whole('0'+byte(i%10))), storage.PutOptions{}); err != nil {
				return err
			}
		}
		return nil
	})
	for {
		select {
		case <-done:
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
		got, n := get(t, s, "x", storage.Range{})
		if len(got) != size || n != size || strings.Trim(got, got[:1]) != "" {
			t.Fatalf("torn object of %d bytes, size %d", len(got), n)
		}
	}
}

func keys(t *testing.T, s storage.Store) {
	for _, key := range []string{"", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", "./a", "a/./b", "a\x00b", "\xff", strings.Repeat("k", 1025)} {
		if err := s.Put(t.Context(), key, strings.NewReader("x"), storage.PutOptions{}); !errors.Is(err, storage.ErrBadKey) {
			t.Errorf("put %q: %v, want ErrBadKey", key, err)
		}
		if _, err := s.Get(t.Context(), key, storage.Range{}); !errors.Is(err, storage.ErrBadKey) {
			t.Errorf("get %q: %v, want ErrBadKey", key, err)
		}
		if err := s.Delete(t.Context(), key); !errors.Is(err, storage.ErrBadKey) {
			t.Errorf("delete %q: %v, want ErrBadKey", key, err)
		}
	}
}

func large(t *testing.T, s storage.Store) {
	for _, size := range []int64{1 << 20, 8<<20 - 1, 8 << 20, 8<<20 + 1, 17<<20 + 7} {
		err := s.Put(t.Context(), "big/one", io.LimitReader(noise(size), size), storage.PutOptions{})
		if err != nil {
			t.Fatalf("put %d bytes: %v", size, err)
		}
		object, err := s.Get(t.Context(), "big/one", storage.Range{})
		if err != nil {
			t.Fatalf("get %d bytes: %v", size, err)
		}
		if object.Size != size {
			t.Errorf("size is %d, want %d", object.Size, size)
		}
		if err := same(object.Body, io.LimitReader(noise(size), size)); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		if err := object.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	var want bytes.Buffer
	const offset, length = 8<<20 - 5, 10
	if _, err := io.Copy(&want, io.LimitReader(noise(17<<20+7), offset+length)); err != nil {
		t.Fatal(err)
	}
	if got, _ := get(t, s, "big/one", storage.Range{Offset: offset, Length: length}); got != want.String()[offset:] {
		t.Errorf("range over the border of two parts = %x, want %x", got, want.String()[offset:])
	}
}

func cancelled(t *testing.T, s storage.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	body := io.MultiReader(io.LimitReader(noise(2), 9<<20), hook(cancel), io.LimitReader(noise(3), 20<<20))
	if err := s.Put(ctx, "half", body, storage.PutOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v, want %v", err, context.Canceled)
	}
	if found := listKeys(t, s, ""); len(found) > 0 {
		t.Errorf("left %v", found)
	}
}

func neighbours(t *testing.T, s storage.Store) {
	put(t, s, "run/.live/a/1", "x")
	put(t, s, "run/.live/b/1", "x")
	put(t, s, "run/log", "x")
	for i, want := range [][]string{{"run/.live/b/1", "run/log"}, {"run/log"}, nil} {
		key := []string{"run/.live/a/1", "run/.live/b/1", "run/log"}[i]
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, listKeys(t, s, "")); diff != "" {
			t.Errorf("keys after deleting %s (-want +got):\n%s", key, diff)
		}
	}
}

// noise is endless, the same for the same seed.
func noise(seed int64) io.Reader {
	var key [32]byte
	key[0], key[1], key[2], key[3] = byte(seed), byte(seed>>8), byte(seed>>16), byte(seed>>24)
	return rand.NewChaCha8(key)
}

func same(a, b io.Reader) error {
	x, y := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := 0; ; {
		n, errA := io.ReadFull(a, x)
		m, errB := io.ReadFull(b, y)
		if n != m || !slices.Equal(x[:n], y[:m]) {
			return fmt.Errorf("differs within %d bytes after %d", max(n, m), at)
		}
		at += n
		if errA != nil || errB != nil {
			ended := func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
			if ended(errA) && ended(errB) {
				return nil
			}
			return errors.Join(errA, errB)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type hook func()

func (h hook) Read([]byte) (int, error) {
	h()
	return 0, io.EOF
}
