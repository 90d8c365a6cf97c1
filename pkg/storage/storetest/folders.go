package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/storage"
)

func level(t *testing.T, s storage.Store, folder string) []storage.Entry {
	t.Helper()
	var entries []storage.Entry
	for entry, err := range s.Level(t.Context(), folder) {
		if err != nil {
			t.Fatalf("level %q: %v", folder, err)
		}
		entries = append(entries, entry)
	}
	return entries
}

func levels(t *testing.T, s storage.Store) {
	for _, key := range []string{"a-b/x", "a/b/1", "a/b/2/3", "a/b.txt", "a/c", "a0", "b/.live/s/1"} {
		put(t, s, key, "four")
	}
	ignoreTime := cmpopts.IgnoreFields(storage.Entry{}, "ModTime")
	for folder, want := range map[string][]storage.Entry{
		"":     {{Key: "a-b/"}, {Key: "a/"}, {Key: "a0", Size: 4}, {Key: "b/"}},
		"a/":   {{Key: "a/b.txt", Size: 4}, {Key: "a/b/"}, {Key: "a/c", Size: 4}},
		"a/b/": {{Key: "a/b/1", Size: 4}, {Key: "a/b/2/"}},
		"b/":   {{Key: "b/.live/"}},
		"c/":   nil,
		"a/c/": nil,
	} {
		if diff := cmp.Diff(want, level(t, s, folder), ignoreTime); diff != "" {
			t.Errorf("level %q (-want +got):\n%s", folder, diff)
		}
	}
	for _, folder := range []string{"a", "/", "../", "a//"} {
		for _, err := range s.Level(t.Context(), folder) {
			if !errors.Is(err, storage.ErrBadKey) {
				t.Errorf("level %q: %v, want ErrBadKey", folder, err)
			}
		}
	}
}

func manyFolders(t *testing.T, s storage.Store) {
	const n = 1103 // more than S3 gives at once
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	var want []string
	for i := range n {
		folder := fmt.Sprintf("many/%05d/", i)
		want = append(want, folder)
		group.Go(func() error { return s.Put(ctx, folder+"x", strings.NewReader("x"), storage.PutOptions{}) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range level(t, s, "many/") {
		got = append(got, entry.Key)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("folders (-want +got):\n%s", diff)
	}
	seen := 0
	for _, err := range s.Level(t.Context(), "many/") {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen == 7 {
			break
		}
	}
	if seen != 7 {
		t.Errorf("saw %d folders, want 7", seen)
	}
}
