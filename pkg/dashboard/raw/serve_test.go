package raw_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/dashboard/raw"
	"github.com/pharos-ci/pharos/pkg/storage"
)

const content = "0123456789"

// opened serves content and notes the ranges that were opened.
func opened(ranges *[]string) raw.Open {
	return func(_ context.Context, rng storage.Range) (*storage.Object, error) {
		*ranges = append(*ranges, fmt.Sprintf("%d+%d", rng.Offset, rng.Length))
		part := content[min(rng.Offset, int64(len(content))):]
		if rng.Length > 0 {
			part = part[:min(rng.Length, int64(len(part)))]
		}
		return &storage.Object{Body: io.NopCloser(strings.NewReader(part)), Info: storage.Info{Size: int64(len(content)), ETag: `"v1"`}}, nil
	}
}

func TestServe(t *testing.T) {
	for name, tc := range map[string]struct {
		header map[string]string
		code   int
		body   string
		opened string
	}{
		"the whole file is one call":       {nil, 200, content, "0+0"},
		"a range is one call":              {map[string]string{"Range": "bytes=2-4"}, 206, "234", "2+3"},
		"an open range is one call":        {map[string]string{"Range": "bytes=7-"}, 206, "789", "7+0"},
		"the end of it":                    {map[string]string{"Range": "bytes=-3"}, 206, "789", "0+0 7+0"},
		"a range that reaches beyond it":   {map[string]string{"Range": "bytes=8-99"}, 206, "89", "8+92"},
		"a range behind it":                {map[string]string{"Range": "bytes=10-"}, 416, "", ""},
		"a range of another version":       {map[string]string{"Range": "bytes=2-4", "If-Range": `"v0"`}, 200, content, "0+0"},
		"a range of the same version":      {map[string]string{"Range": "bytes=2-4", "If-Range": `"v1"`}, 206, "234", "0+0 2+0"},
		"a file that the client has":       {map[string]string{"If-None-Match": `"v1"`}, 304, "", "0+0"},
		"a range that cannot be a range":   {map[string]string{"Range": "bytes=4-2"}, 416, "", ""},
		"a range with negative boundaries": {map[string]string{"Range": "bytes=-1-2"}, 416, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for k, v := range tc.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			w.Header().Set("Content-Type", "text/plain")
			var ranges []string
			if err := raw.Serve(t.Context(), w, r, opened(&ranges)); err != nil {
				t.Fatal(err)
			}
			if w.Code != tc.code || tc.code < 300 && w.Body.String() != tc.body {
				t.Errorf("%d %q, want %d %q", w.Code, w.Body, tc.code, tc.body)
			}
			if diff := cmp.Diff(tc.opened, strings.Join(ranges, " ")); tc.opened != "" && diff != "" {
				t.Errorf("opened (-want +got):\n%s", diff)
			}
		})
	}
}

func TestServeTellsWhyNothingWasOpened(t *testing.T) {
	away := errors.New("the store is away")
	w := httptest.NewRecorder()
	err := raw.Serve(t.Context(), w, httptest.NewRequest(http.MethodGet, "/", nil), func(context.Context, storage.Range) (*storage.Object, error) { return nil, away })
	if !errors.Is(err, away) || w.Body.Len() > 0 {
		t.Errorf("error %v after writing %q", err, w.Body)
	}
}
