package transport_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

func rate(left int, reset time.Time) http.Header {
	h := http.Header{}
	h.Set("X-RateLimit-Limit", "100")
	h.Set("X-RateLimit-Remaining", strconv.Itoa(left))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	return h
}

func TestARateLimitIsKept(t *testing.T) {
	reset := now.Add(10 * time.Minute)
	after := func(h http.Header, wait string) http.Header { h.Set("Retry-After", wait); return h }
	for name, tc := range map[string]struct {
		first      answer
		background bool
		until      time.Time // zero: the second request is sent
	}{
		"much is left": {answer{status: 200, header: rate(50, reset)}, false, time.Time{}},
		"background work goes on while much is left":   {answer{status: 200, header: rate(20, reset)}, true, time.Time{}},
		"the last fifth is for people":                 {answer{status: 200, header: rate(19, reset)}, false, time.Time{}},
		"the last fifth is not for background work":    {answer{status: 200, header: rate(19, reset)}, true, reset},
		"a spent limit ends at its reset":              {answer{status: 403, header: rate(0, reset)}, false, reset},
		"a forbidden thing is no rate limit":           {answer{status: 403, header: rate(50, reset)}, false, time.Time{}},
		"a secondary limit says how long":              {answer{status: 403, header: after(rate(50, reset), "90")}, false, now.Add(90 * time.Second)},
		"too many requests without a time is a minute": {answer{status: 429}, false, now.Add(time.Minute)},
		"a limit past all reason is cut":               {answer{status: 429, header: after(http.Header{}, "999999")}, false, now.Add(2 * time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			f := &forge{answers: []answer{tc.first, {status: 200}}}
			c := client(f, &clock{}, func(o *transport.Options) { o.Retries = -1 })
			send := func() error {
				req := request(t, http.MethodPost, "x")
				if tc.background {
					req = req.WithContext(transport.InBackground(req.Context()))
				}
				res, err := c.Do(req)
				if err == nil {
					err = res.Body.Close()
				}
				return err
			}
			if err := send(); err != nil {
				t.Fatal(err)
			}
			err := send()
			var limited *scm.RateLimitedError
			switch errors.As(err, &limited); {
			case tc.until.IsZero() && err != nil:
				t.Errorf("refused: %v", err)
			case !tc.until.IsZero() && (limited == nil || !limited.Until.Equal(tc.until) || !errors.Is(err, scm.ErrTransient)):
				t.Errorf("error %v, want a rate limit until %v", err, tc.until)
			case !tc.until.IsZero() && len(f.bodies) != 1:
				t.Errorf("%d requests sent, want the first only", len(f.bodies))
			}
		})
	}
}

func TestAccountsHaveLimitsOfTheirOwn(t *testing.T) {
	f := &forge{answers: []answer{{status: 429}, {status: 200}}}
	c := client(f, &clock{}, func(o *transport.Options) { o.Retries = -1 })
	for i, token := range []string{"alice", "bob"} {
		req := request(t, http.MethodGet, "")
		req.Header.Set("Authorization", token)
		res, err := c.Do(req.WithContext(context.WithoutCancel(req.Context())))
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		_ = res.Body.Close()
	}
}
