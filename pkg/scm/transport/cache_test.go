package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

// tagged serves one text at every path, by its entity tag.
type tagged struct {
	text     string
	full     int
	verified int
}

func (s *tagged) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Etag", `"`+s.text[:1]+`"`)
	w.Header().Set("X-Served", fmt.Sprint(s.full+s.verified))
	if req.Header.Get("If-None-Match") == w.Header().Get("Etag") {
		s.verified++
		w.WriteHeader(http.StatusNotModified)
	} else {
		s.full++
		_, _ = io.WriteString(w, s.text) // a recorder takes all
	}
	return w.Result(), nil
}

func fetch(t *testing.T, c *http.Client, url, token string) (string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", token)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d, want 200", res.StatusCode)
	}
	return string(body), res.Header
}

func TestAnUnchangedAnswerIsNotSentAgain(t *testing.T) {
	s := &tagged{text: "first"}
	c := client(s, &clock{})
	for range 3 {
		if got, _ := fetch(t, c, "https://forge.test/a", "x"); got != "first" {
			t.Errorf("answer %q", got)
		}
	}
	if s.full != 1 || s.verified != 2 {
		t.Errorf("%d whole answers and %d confirmations, want 1 and 2", s.full, s.verified)
	}
	s.text = "second"
	if got, _ := fetch(t, c, "https://forge.test/a", "x"); got != "second" {
		t.Errorf("answer %q after it changed", got)
	}
	if _, header := fetch(t, c, "https://forge.test/a", "x"); header.Get("X-Served") != "4" {
		t.Errorf("headers are those of answer %s, want the newest", header.Get("X-Served"))
	}
}

func TestAnAnswerIsKeptForItsAccountOnly(t *testing.T) {
	s := &tagged{text: "private"}
	c := client(s, &clock{})
	fetch(t, c, "https://forge.test/a", "alice")
	fetch(t, c, "https://forge.test/a", "mallory")
	fetch(t, c, "https://forge.test/b", "alice")
	if s.full != 3 {
		t.Errorf("%d whole answers, want 3", s.full)
	}
}

func TestTheCacheHasALimit(t *testing.T) {
	s := &tagged{text: strings.Repeat("x", 3000)}
	c := client(s, &clock{}, func(o *transport.Options) { o.CacheSize = 10000 })
	for _, path := range []string{"1", "2", "3", "1"} { // two fit
		fetch(t, c, "https://forge.test/"+path, "x")
	}
	if s.full != 4 {
		t.Errorf("%d whole answers, want 4: the first must be gone", s.full)
	}
	s.full = 0
	s.text = strings.Repeat("y", 300<<10)
	for range 2 {
		if got, _ := fetch(t, c, "https://forge.test/long", "x"); got != s.text {
			t.Errorf("%d bytes of a long answer, want all %d", len(got), len(s.text))
		}
	}
	if s.full != 2 {
		t.Errorf("%d whole answers, want 2: long ones are not kept", s.full)
	}
}

func TestEqualRequestsUnderWayAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		open := make(chan struct{})
		c := client(roundTripper(func(req *http.Request) (*http.Response, error) {
			sent.Add(1)
			if req.Method == http.MethodGet {
				<-open
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("same")), ContentLength: 4}, nil
		}), &clock{})
		send := func(method string) {
			res, err := c.Do(request(t, method, ""))
			if err != nil {
				t.Error(err)
				return
			}
			if body, err := io.ReadAll(res.Body); string(body) != "same" || err != nil {
				t.Errorf("answer %q, %v", body, err)
			}
			_ = res.Body.Close()
		}
		for range 5 {
			go send(http.MethodGet)
		}
		synctest.Wait()
		if sent.Load() != 1 {
			t.Errorf("%d requests for five callers, want one", sent.Load())
		}
		send(http.MethodPut)
		go send(http.MethodGet)
		synctest.Wait()
		if sent.Load() != 3 {
			t.Errorf("%d requests, want 3: what was asked before a write must not answer what is asked after it", sent.Load())
		}
		close(open)
		synctest.Wait()
	})
}
