package rest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	goscm "github.com/jenkins-x/go-scm/scm"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// open is an API below /api of a server that answers as given.
func open(t *testing.T, answer http.HandlerFunc) *rest.API {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	base, err := rest.Base(scm.Account{Connection: "main", URL: s.URL + "/", HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return &rest.API{Forge: &goscm.Client{Client: s.Client(), BaseURL: base}, Root: "api", Explain: func(body []byte) string { return string(body) }}
}

func TestSegmentsReachTheServerAsTheyAre(t *testing.T) {
	var asked string
	a := open(t, func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.EscapedPath() })
	if _, err := a.Do(t.Context(), rest.Get("x", []string{"a/b", "c d", "é?#"}), nil, nil); err != nil {
		t.Fatal(err)
	}
	if want := "/api/a%2Fb/c%20d/%C3%A9%3F%23"; asked != want {
		t.Errorf("asked for %s, want %s", asked, want)
	}
	for _, segment := range []string{"", ".", ".."} {
		asked = ""
		if _, err := a.Do(t.Context(), rest.Get("x", []string{"users", segment}), nil, nil); !errors.Is(err, scm.ErrInvalid) || asked != "" {
			t.Errorf("segment %q: %v, asked for %q", segment, err, asked)
		}
	}
}

func TestStatusesAreTypedErrors(t *testing.T) {
	for status, want := range map[int]error{
		400: scm.ErrInvalid, 401: scm.ErrForbidden, 403: scm.ErrForbidden, 404: scm.ErrNotFound, 405: scm.ErrConflict, 408: scm.ErrTransient,
		409: scm.ErrConflict, 410: scm.ErrNotFound, 412: scm.ErrConflict, 422: scm.ErrInvalid, 429: scm.ErrTransient, 500: scm.ErrTransient, 503: scm.ErrTransient,
	} {
		a := open(t, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "because\nof "+strings.Repeat("x", 1000), status)
		})
		_, err := a.Do(t.Context(), rest.Get("x", []string{"a"}), nil, nil)
		if !errors.Is(err, want) {
			t.Errorf("status %d: %v, want %v", status, err, want)
		}
		if text := err.Error(); len(text) > 500 || strings.Contains(text, "\n") || !strings.Contains(text, "because of") {
			t.Errorf("status %d explains itself as %q", status, text)
		}
	}
}

func TestWhoAsksIsToldWhatFor(t *testing.T) {
	a := open(t, func(http.ResponseWriter, *http.Request) {})
	a.Authorize = func(ctx context.Context, header http.Header) error {
		path := rest.CallOf(ctx).Path
		if path[1] == "stranger" {
			return scm.ErrForbidden
		}
		header.Set("Authorization", "Bearer of-"+path[1])
		return nil
	}
	if token, err := a.Bearer(t.Context(), rest.Get("git", []string{"repos", "acme"})); err != nil || token != "of-acme" {
		t.Errorf("token %q, %v", token, err)
	}
	if _, err := a.Do(t.Context(), rest.Get("x", []string{"repos", "stranger"}), nil, nil); !errors.Is(err, scm.ErrForbidden) {
		t.Errorf("error %v, want ErrForbidden", err)
	}
}

func TestAnAnswerWithoutEndIsCutOff(t *testing.T) {
	a := open(t, func(w http.ResponseWriter, _ *http.Request) {
		part := []byte(strings.Repeat(" ", 1<<20))
		for range 40 {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	})
	var out any
	if _, err := a.Do(t.Context(), rest.Get("x", []string{"a"}), nil, &out); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("error %v", err)
	}
}
