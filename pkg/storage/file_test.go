package storage_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/storage"
	"github.com/pharos-ci/pharos/pkg/storage/storetest"
)

func openFile(t *testing.T, dir string) *storage.FileStore {
	t.Helper()
	store, err := storage.OpenFile(dir)
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

func TestFileStore(t *testing.T) {
	storetest.StoreContract(t, func() storage.Store { return openFile(t, t.TempDir()) })
}

func TestFileStoreDoesNotFollowLinksOut(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := openFile(t, dir)
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), "link/secret", storage.Range{}); err == nil {
		t.Error("read through a link")
	}
	if err := store.Put(t.Context(), "link/new", strings.NewReader("x"), storage.PutOptions{}); err == nil {
		t.Error("wrote through a link")
	}
	for entry, err := range store.List(t.Context(), "") {
		t.Errorf("listed %v, %v", entry, err)
	}
	if found, _ := os.ReadDir(outside); len(found) != 1 {
		t.Errorf("outside holds %v", found)
	}
}

func TestFileStoreFoldersComeAndGoWhileOthersWrite(t *testing.T) {
	store := openFile(t, t.TempDir())
	group, ctx := errgroup.WithContext(t.Context())
	for _, key := range []string{"deep/er/1", "deep/er/2", "deep/er/3"} {
		group.Go(func() error {
			for range 20 {
				if err := store.Put(ctx, key, strings.NewReader(key), storage.PutOptions{}); err != nil {
					return err
				}
				if err := store.Delete(ctx, key); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestFileStoreHidesWhatIsBeingWritten(t *testing.T) {
	store := openFile(t, t.TempDir())
	if err := store.Put(t.Context(), ".incoming/x", strings.NewReader("x"), storage.PutOptions{}); !errors.Is(err, storage.ErrBadKey) {
		t.Errorf("put into the reserved folder: %v, want ErrBadKey", err)
	}
	if got, want := store.URL(), "file:///"; !strings.HasPrefix(got, want) {
		t.Errorf("URL %q, want a prefix %q", got, want)
	}
}

func incoming(t *testing.T, dir string) []string {
	t.Helper()
	items, err := os.ReadDir(filepath.Join(dir, ".incoming"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, item := range items {
		names = append(names, item.Name())
	}
	return names
}

func TestFileStoreEndsAnUploadAfterACrash(t *testing.T) {
	dir := t.TempDir()
	store := openFile(t, dir)
	upload, err := store.Begin(t.Context(), "a/x", storage.PutOptions{IfAbsent: true})
	if err == nil {
		err = upload.Put(t.Context(), 1, []byte("text"))
	}
	if err != nil {
		t.Fatal(err)
	}
	// The object has its name, and the parts are still there.
	parts, before := filepath.Join(dir, ".incoming", upload.ID()), filepath.Join(t.TempDir(), "parts")
	if err := os.CopyFS(before, os.DirFS(parts)); err != nil {
		t.Fatal(err)
	}
	if err := upload.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(parts, os.DirFS(before)); err != nil {
		t.Fatal(err)
	}
	upload, err = openFile(t, dir).Resume(t.Context(), "a/x", upload.ID())
	if err != nil {
		t.Fatal(err)
	}
	if err := upload.Complete(t.Context()); err != nil {
		t.Errorf("complete again: %v", err)
	}
	if left := incoming(t, dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestFileStoreCleansUpAfterCrashes(t *testing.T) {
	dir := t.TempDir()
	store := openFile(t, dir)
	for _, name := range []string{"put-that-crashed", "damaged/upload.json"} {
		file := filepath.Join(dir, ".incoming", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("{"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Resume(t.Context(), "a/x", "damaged"); err == nil || errors.Is(err, storage.ErrNotExist) {
		t.Errorf("resume a damaged upload: %v", err)
	}
	if n, err := store.AbortStale(t.Context(), "logs/", time.Hour); n != 0 || err != nil {
		t.Errorf("aborted %d, %v", n, err)
	}
	if diff := cmp.Diff([]string{"damaged", "put-that-crashed"}, incoming(t, dir)); diff != "" {
		t.Errorf("young ones (-want +got):\n%s", diff)
	}
	if n, err := store.AbortStale(t.Context(), "logs/", -time.Hour); n != 0 || err != nil {
		t.Errorf("aborted %d, %v", n, err)
	}
	if left := incoming(t, dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestFileStoreServesFilesOfOthers(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := openFile(t, dir)
	info, err := store.Head(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size != 4 || info.ContentType+info.ContentEncoding != "" {
		t.Errorf("head says %+v", info)
	}
	if err := store.Put(t.Context(), "x", strings.NewReader("more"), storage.PutOptions{IfMatch: info.ETag}); err != nil {
		t.Error(err)
	}
}

const benchParts = 4

func BenchmarkUploadParts(b *testing.B) {
	store, part := benchStore(b)
	for b.Loop() {
		upload, err := store.Begin(b.Context(), "object", storage.PutOptions{})
		if err != nil {
			b.Fatal(err)
		}
		for i := range benchParts {
			if err := upload.Put(b.Context(), i+1, part); err != nil {
				b.Fatal(err)
			}
		}
		if err := upload.Complete(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	store, part := benchStore(b)
	whole := bytes.Repeat(part, benchParts)
	for b.Loop() {
		if err := store.Put(b.Context(), "object", bytes.NewReader(whole), storage.PutOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func benchStore(b *testing.B) (*storage.FileStore, []byte) {
	b.Helper()
	store, err := storage.OpenFile(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	part := make([]byte, 8<<20)
	b.SetBytes(int64(benchParts * len(part)))
	return store, part
}
