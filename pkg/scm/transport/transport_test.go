package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// forge answers each try with the next of its answers, the last one for ever, and remembers what it was sent.
type forge struct {
	answers []answer
	bodies  []string
}

type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (f *forge) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := ""
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		sent = string(data)
	}
	f.bodies = append(f.bodies, sent)
	a := f.answers[min(len(f.bodies), len(f.answers))-1]
	if a.err != nil {
		return nil, a.err
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	header := a.header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: -1, Request: req}, nil
}

// clock waits in no time and remembers for how long.
type clock struct{ waits []time.Duration }

func (c *clock) wait(ctx context.Context, d time.Duration) error {
	c.waits = append(c.waits, d)
	return ctx.Err()
}

func client(f http.RoundTripper, c *clock, change ...func(*transport.Options)) *http.Client {
	o := transport.Options{
		Forge: "gitea", Connection: "main", Base: f,
		Now:    func() time.Time { return now },
		Jitter: func(d time.Duration) time.Duration { return d },
		Wait:   c.wait,
	}
	for _, apply := range change {
		apply(&o)
	}
	return &http.Client{Transport: transport.New(o)}
}

func request(t *testing.T, method, body string) *http.Request {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "https://forge.test/api/v1/repos/acme/app/pulls/7", reader)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func refusedDial() error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
}

func TestRetry(t *testing.T) {
	reset := errors.New("connection reset by peer")
	after := func(v string) http.Header { return http.Header{"Retry-After": {v}} }
	cases := map[string]struct {
		method  string
		answers []answer
		status  int // 0 means an error
		tries   int
		waits   []time.Duration
	}{
		"a good answer is taken at once":                 {http.MethodGet, []answer{{status: 200}}, 200, 1, nil},
		"a missing thing is no reason to ask again":      {http.MethodGet, []answer{{status: 404}}, 404, 1, nil},
		"a failure of the server itself is not repeated": {http.MethodGet, []answer{{status: 500}}, 500, 1, nil},
		"a bad gateway is asked again, with growing pauses": {
			http.MethodGet, []answer{{status: 502}, {status: 503}, {status: 200}}, 200, 3, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond}},
		"the last refusal is passed on": {
			http.MethodGet, []answer{{status: 503}}, 503, 4, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}},
		"a broken connection is tried again": {http.MethodPut, []answer{{err: reset}, {status: 200}}, 200, 2, []time.Duration{250 * time.Millisecond}},
		"a broken connection in the end is an error": {
			http.MethodDelete, []answer{{err: reset}}, 0, 4, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}},
		"a POST that may have arrived is not repeated":      {http.MethodPost, []answer{{err: reset}}, 0, 1, nil},
		"a POST that was refused as busy is not repeated":   {http.MethodPost, []answer{{status: 503}}, 503, 1, nil},
		"a PATCH is not repeated":                           {http.MethodPatch, []answer{{status: 502}}, 502, 1, nil},
		"a POST that never left is repeated":                {http.MethodPost, []answer{{err: refusedDial()}, {status: 201}}, 201, 2, []time.Duration{250 * time.Millisecond}},
		"a pause asked for in seconds is kept":              {http.MethodGet, []answer{{status: 429, header: after("3")}, {status: 200}}, 200, 2, []time.Duration{3 * time.Second}},
		"a pause asked for by date is kept":                 {http.MethodGet, []answer{{status: 503, header: after(now.Add(4 * time.Second).Format(http.TimeFormat))}, {status: 200}}, 200, 2, []time.Duration{4 * time.Second}},
		"a pause in the past is none":                       {http.MethodGet, []answer{{status: 503, header: after(now.Add(-time.Hour).Format(http.TimeFormat))}, {status: 200}}, 200, 2, []time.Duration{0}},
		"a longer pause than allowed is left to the caller": {http.MethodGet, []answer{{status: 429, header: after("60")}}, 429, 1, nil},
		"a pause that is no number is not obeyed":           {http.MethodGet, []answer{{status: 429, header: after("soon")}, {status: 200}}, 200, 2, []time.Duration{250 * time.Millisecond}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f, c := &forge{answers: tc.answers}, &clock{}
			res, err := client(f, c).Do(request(t, tc.method, "the body"))
			got := 0
			if err == nil {
				got = res.StatusCode
				_ = res.Body.Close()
			}
			if got != tc.status {
				t.Errorf("status = %d with error %v, want %d", got, err, tc.status)
			}
			want := make([]string, tc.tries)
			for i := range want {
				want[i] = "the body"
			}
			if diff := cmp.Diff(want, f.bodies); diff != "" {
				t.Errorf("bodies sent (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.waits, c.waits); diff != "" {
				t.Errorf("pauses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRetryEnds(t *testing.T) {
	busy := []answer{{status: 503}}
	t.Run("when the caller's deadline comes before the next try", func(t *testing.T) {
		f, c := &forge{answers: busy}, &clock{}
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Hour))
		defer cancel()
		late := func(o *transport.Options) { o.Now = func() time.Time { return time.Now().Add(2 * time.Hour) } }
		res, err := client(f, c, late).Do(request(t, http.MethodGet, "").WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if len(f.bodies) != 1 || len(c.waits) != 0 {
			t.Errorf("%d tries and pauses %v, want one try", len(f.bodies), c.waits)
		}
	})
	t.Run("when the caller gives up", func(t *testing.T) {
		f := &forge{answers: busy}
		ctx, cancel := context.WithCancel(t.Context())
		giveUp := func(o *transport.Options) {
			o.Wait = func(ctx context.Context, _ time.Duration) error { cancel(); <-ctx.Done(); return ctx.Err() }
		}
		_, err := client(f, &clock{}, giveUp).Do(request(t, http.MethodGet, "").WithContext(ctx))
		if !errors.Is(err, context.Canceled) || len(f.bodies) != 1 {
			t.Errorf("%d tries with error %v, want one and context.Canceled", len(f.bodies), err)
		}
	})
	t.Run("when the body cannot be sent twice", func(t *testing.T) {
		f, c := &forge{answers: busy}, &clock{}
		req := request(t, http.MethodPut, "once")
		req.GetBody = nil
		res, err := client(f, c).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if len(f.bodies) != 1 {
			t.Errorf("%d tries, want one", len(f.bodies))
		}
	})
	t.Run("when there are none", func(t *testing.T) {
		f := &forge{answers: busy}
		res, err := client(f, &clock{}, func(o *transport.Options) { o.Retries = -1 }).Do(request(t, http.MethodGet, ""))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if len(f.bodies) != 1 {
			t.Errorf("%d tries, want one", len(f.bodies))
		}
	})
}

// stuck never answers; it ends with its context.
type stuck struct{ tries int }

func (s *stuck) RoundTrip(req *http.Request) (*http.Response, error) {
	s.tries++
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func TestEachTryHasItsOwnTimeout(t *testing.T) {
	s := &stuck{}
	_, err := client(s, &clock{}, func(o *transport.Options) { o.Timeout = time.Millisecond }).Do(request(t, http.MethodGet, ""))
	if !errors.Is(err, context.DeadlineExceeded) || s.tries != 4 {
		t.Errorf("%d tries with error %v, want four and a deadline", s.tries, err)
	}
}

func TestTheTimeoutSpansTheBody(t *testing.T) {
	var ctx context.Context
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		ctx = req.Context()
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("late")), ContentLength: 4}, nil
	})
	res, err := client(base, &clock{}).Do(request(t, http.MethodDelete, ""))
	if err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Error("the try ended before its body was read")
	}
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == nil {
		t.Error("closing the body did not end the try: its timer leaks")
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestAnswersAreCapped(t *testing.T) {
	small := func(o *transport.Options) { o.MaxResponse = 8 }
	for name, tc := range map[string]struct {
		body      string
		announced bool
		fits      bool
	}{
		"a short one is read whole":              {"1234567", false, true},
		"one of exactly the limit is read whole": {"12345678", false, true},
		"an announced one at the limit is too":   {"12345678", true, true},
		"a longer one fails while it is read":    {"123456789", false, false},
		"a longer announced one fails at once":   {"123456789", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			tries := 0
			base := roundTripper(func(*http.Request) (*http.Response, error) {
				tries++
				res := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(tc.body)), ContentLength: -1}
				if tc.announced {
					res.ContentLength = int64(len(tc.body))
				}
				return res, nil
			})
			res, err := client(base, &clock{}, small).Do(request(t, http.MethodGet, ""))
			var got []byte
			if err == nil {
				got, err = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			if tc.fits && (err != nil || string(got) != tc.body) {
				t.Errorf("read %q with error %v, want all of it", got, err)
			}
			if !tc.fits && !errors.Is(err, transport.ErrTooLarge) {
				t.Errorf("error = %v, want ErrTooLarge", err)
			}
			if tries != 1 {
				t.Errorf("%d tries, want one: the next answer is as long", tries)
			}
		})
	}
}

func TestCredentialsStayOutOfErrors(t *testing.T) {
	cause := errors.New("the cause")
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("proxy said no to %v with %v: %w", req.Header, req.URL, cause)
	})
	req := request(t, http.MethodPost, "")
	req.Header.Set("Authorization", "token s3cr3t-token")
	req.Header.Set("Private-Token", "glpat-value")
	req.URL.RawQuery = "secret=in-the-query"
	_, err := transport.New(transport.Options{Base: base}).RoundTrip(req)
	if !errors.Is(err, cause) {
		t.Errorf("error %v lost its cause", err)
	}
	for _, secret := range []string{"s3cr3t-token", "glpat-value", "in-the-query"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error tells %s: %v", secret, err)
		}
	}
	if !strings.Contains(err.Error(), "proxy said no") {
		t.Errorf("error lost its text: %v", err)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	f := &forge{answers: []answer{{status: 503}, {status: 200}}}
	c := client(f, &clock{}, func(o *transport.Options) { o.Connection = "counted" })
	for _, ctx := range []context.Context{transport.WithEndpoint(t.Context(), "pulls.get"), t.Context()} {
		res, err := c.Do(request(t, http.MethodGet, "").WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	want := map[string]float64{
		"GET pulls.get 503":                 1,
		"GET pulls.get 200":                 1,
		"GET /api/v1/repos/*/*/pulls/* 200": 1,
	}
	if diff := cmp.Diff(want, counted(t)); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func counted(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "pharos_forge_requests_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			label := map[string]string{}
			for _, pair := range metric.GetLabel() {
				label[pair.GetName()] = pair.GetValue()
			}
			if label["connection"] == "counted" {
				got[label["method"]+" "+label["endpoint"]+" "+label["code"]] = metric.GetCounter().GetValue()
			}
		}
	}
	return got
}
