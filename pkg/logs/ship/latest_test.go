package ship

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/pharos-ci/pharos/pkg/storage"
)

// contested is a store to which somebody else writes, each time before the next write of ours.
type contested struct {
	storage.Store
	theirs []string
}

func (c *contested) Put(ctx context.Context, key string, body io.Reader, opts storage.PutOptions) error {
	if len(c.theirs) > 0 {
		text := c.theirs[0]
		c.theirs = c.theirs[1:]
		if err := c.Store.Put(ctx, key, strings.NewReader(text), storage.PutOptions{}); err != nil {
			return err
		}
	}
	return c.Store.Put(ctx, key, body, opts)
}

func TestAnOlderBuildNeverOverwritesANewerOne(t *testing.T) {
	for name, tc := range map[string]struct {
		before string
		theirs []string
		want   string
	}{
		"nobody else writes":                       {"", nil, "100"},
		"a newer one comes first":                  {"", []string{"101"}, "101"},
		"a newer one comes in between":             {"98", []string{"101"}, "101"},
		"older ones come in between":               {"97", []string{"98", "99"}, "100"},
		"an older one, and then one that is newer": {"97", []string{"98", "2000"}, "2000"},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := storage.OpenFile(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			if tc.before != "" {
				if err := store.Put(t.Context(), "latest", strings.NewReader(tc.before), storage.PutOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := putLatest(t.Context(), &contested{store, tc.theirs}, "latest", "100"); err != nil {
				t.Fatal(err)
			}
			object, err := store.Get(t.Context(), "latest", storage.Range{})
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			_, err = got.ReadFrom(object.Body)
			if err = errors.Join(err, object.Body.Close()); err != nil || got.String() != tc.want {
				t.Errorf("newest is %q, want %q, %v", got.String(), tc.want, err)
			}
		})
	}
}
