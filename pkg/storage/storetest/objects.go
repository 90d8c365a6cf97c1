package storetest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/storage"
)

func head(t *testing.T, s storage.Store, key string) storage.Info {
	t.Helper()
	info, err := s.Head(t.Context(), key)
	if err != nil {
		t.Fatalf("head %s: %v", key, err)
	}
	return info
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func described(t *testing.T, s storage.Store) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(bytes.Repeat([]byte("a line of a log\n"), 1000)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	const key = "logs/1/build-log.txt"
	opts := storage.PutOptions{ContentType: "text/plain; charset=utf-8", ContentEncoding: "gzip"}
	if err := s.Put(t.Context(), key, bytes.NewReader(packed.Bytes()), opts); err != nil {
		t.Fatal(err)
	}
	for _, rng := range []storage.Range{{}, {Offset: 3}, {Offset: 3, Length: 20}, {Offset: 1 << 20}} {
		object, err := s.Get(t.Context(), key, rng)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(object.Body)
		if err := errors.Join(err, object.Body.Close()); err != nil {
			t.Fatal(err)
		}
		from := min(rng.Offset, int64(packed.Len()))
		to := int64(packed.Len())
		if rng.Length > 0 {
			to = from + rng.Length
		}
		if !bytes.Equal(got, packed.Bytes()[from:to]) {
			t.Errorf("range %+v is %d bytes, want the %d that were put", rng, len(got), to-from)
		}
		if diff := cmp.Diff(head(t, s, key), object.Info); diff != "" {
			t.Errorf("range %+v (-head +get):\n%s", rng, diff)
		}
	}
	info := head(t, s, key)
	if info.ContentType != opts.ContentType || info.ContentEncoding != "gzip" || info.Size != int64(packed.Len()) {
		t.Errorf("head says %+v", info)
	}
	if len(info.ETag) < 3 || info.ETag[0] != '"' || info.ETag[len(info.ETag)-1] != '"' {
		t.Errorf("ETag %s is not in HTTP's form", info.ETag)
	}
	put(t, s, key, "plain")
	after := head(t, s, key)
	if after.ContentEncoding != "" || after.ContentType != "text/plain" || after.ETag == info.ETag {
		t.Errorf("the object written over it is %+v", after)
	}
	if err := s.Put(t.Context(), key, strings.NewReader(""), storage.PutOptions{ContentType: strings.Repeat("x", 1025)}); err == nil {
		t.Error("an endless content type is accepted")
	}
	for _, absent := range []string{"nothing", "logs", "logs/1/build-log.txt/x"} {
		_, err := s.Head(t.Context(), absent)
		wantError(t, "head "+absent, err, storage.ErrNotExist)
	}
}

func copies(t *testing.T, s storage.Store) {
	opts := storage.PutOptions{ContentType: "application/json", ContentEncoding: "gzip"}
	for _, key := range []string{"a", "odd/ä +&=%25,@~!'?#.txt"} {
		if err := s.Put(t.Context(), key, strings.NewReader("first"), opts); err != nil {
			t.Fatal(err)
		}
		put(t, s, "copy/1", "old")
		for range 2 {
			if err := s.Copy(t.Context(), key, "copy/1"); err != nil {
				t.Fatalf("copy %q: %v", key, err)
			}
		}
		if got, _ := get(t, s, "copy/1", storage.Range{}); got != "first" {
			t.Errorf("the copy holds %q", got)
		}
		if info := head(t, s, "copy/1"); info.ContentType != opts.ContentType || info.ContentEncoding != "gzip" {
			t.Errorf("the copy is %+v", info)
		}
		if err := s.Copy(t.Context(), key, key); err != nil {
			t.Errorf("copy onto itself: %v", err)
		}
		put(t, s, key, "second")
		if got, _ := get(t, s, "copy/1", storage.Range{}); got != "first" {
			t.Errorf("the copy became %q with its source", got)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, "copy nothing", s.Copy(t.Context(), "nothing", "copy/1"), storage.ErrNotExist)
	wantError(t, "copy a folder", s.Copy(t.Context(), "copy", "copy/2"), storage.ErrNotExist)
	wantError(t, "copy outside", s.Copy(t.Context(), "copy/1", "../x"), storage.ErrBadKey)
	if diff := cmp.Diff([]string{"copy/1"}, listKeys(t, s, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func largeCopies(t *testing.T, s storage.Store) {
	const size = 64<<20 + 5<<20 + 3 // more than is copied in one request
	if err := s.Put(t.Context(), "big", io.LimitReader(noise(9), size), storage.PutOptions{ContentEncoding: "zstd"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Copy(t.Context(), "big", "other/big"); err != nil {
		t.Fatal(err)
	}
	object, err := s.Get(t.Context(), "other/big", storage.Range{})
	if err != nil {
		t.Fatal(err)
	}
	err = same(object.Body, io.LimitReader(noise(9), size))
	if err := errors.Join(err, object.Body.Close()); err != nil {
		t.Error(err)
	}
	if object.Size != size || object.ContentEncoding != "zstd" {
		t.Errorf("the copy is %+v", object.Info)
	}
}

func conditions(t *testing.T, s storage.Store) {
	write := func(text string, opts storage.PutOptions) error {
		return s.Put(t.Context(), "a/x", strings.NewReader(text), opts)
	}
	big := strings.Repeat("z", 9<<20)
	wantError(t, "overwrite nothing", write("0", storage.PutOptions{IfMatch: `"0"`}), storage.ErrChanged)
	if found := listKeys(t, s, ""); len(found) > 0 {
		t.Errorf("a refused write left %v", found)
	}
	wantError(t, "write where nothing is", write("1", storage.PutOptions{IfAbsent: true}), nil)
	wantError(t, "write again", write("2", storage.PutOptions{IfAbsent: true}), storage.ErrExists)
	wantError(t, "write much again", write(big, storage.PutOptions{IfAbsent: true}), storage.ErrExists)
	first := head(t, s, "a/x").ETag
	wantError(t, "overwrite what was seen", write("3", storage.PutOptions{IfMatch: first}), nil)
	wantError(t, "overwrite what was there", write("4", storage.PutOptions{IfMatch: first}), storage.ErrChanged)
	wantError(t, "overwrite it with much", write(big, storage.PutOptions{IfMatch: first}), storage.ErrChanged)
	if got, _ := get(t, s, "a/x", storage.Range{}); got != "3" {
		t.Errorf("the object holds %d bytes, want 3", len(got))
	}
	wantError(t, "overwrite with much", write(big, storage.PutOptions{IfMatch: head(t, s, "a/x").ETag}), nil)
	if err := write("5", storage.PutOptions{IfAbsent: true, IfMatch: first}); err == nil {
		t.Error("two conditions are accepted")
	}
	if diff := cmp.Diff([]string{"a/x"}, listKeys(t, s, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func firsts(t *testing.T, s storage.Store) {
	for round := range 10 {
		key := "claim/" + strconv.Itoa(round)
		won := make(chan string, 8)
		var group errgroup.Group
		for i := range cap(won) {
			group.Go(func() error {
				err := s.Put(t.Context(), key, strings.NewReader(strconv.Itoa(i)), storage.PutOptions{IfAbsent: true})
				if err == nil {
					won <- strconv.Itoa(i)
				} else if errors.Is(err, storage.ErrExists) {
					return nil
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if got, _ := get(t, s, key, storage.Range{}); len(won) != 1 || got != <-won {
			t.Fatalf("%d writers were the first, and the object is of %s", len(won), got)
		}
	}
}

func counters(t *testing.T, s storage.Store) {
	const writers, times = 4, 5
	put(t, s, "n", "0")
	var group errgroup.Group
	for range writers {
		group.Go(func() error {
			for done := 0; done < times; {
				err := count(t, s, "n")
				if err != nil && !errors.Is(err, storage.ErrChanged) {
					return err
				}
				if err == nil {
					done++
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, _ := get(t, s, "n", storage.Range{}); got != strconv.Itoa(writers*times) {
		t.Errorf("counted to %s, want %d", got, writers*times)
	}
}

func count(t *testing.T, s storage.Store, key string) error {
	object, err := s.Get(t.Context(), key, storage.Range{})
	if err != nil {
		return err
	}
	text, err := io.ReadAll(object.Body)
	if err := errors.Join(err, object.Body.Close()); err != nil {
		return err
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return err
	}
	return s.Put(t.Context(), key, strings.NewReader(strconv.Itoa(n+1)), storage.PutOptions{IfMatch: object.ETag})
}
