package storage_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
