package transport

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// reserve is the part of a rate limit, one in so many, that background work leaves to events and people's commands.
const reserve = 5

// longestBan bounds how long an answer may keep us away, against a forge with a wrong clock. GitHub's windows last an hour.
const longestBan = 2 * time.Hour

type backgroundKey struct{}

// InBackground marks requests that nobody waits for: sweeps, repairs, hook installation. They are refused with a
// [scm.RateLimitedError] while the account's last fifth of the rate limit is all that is left.
func InBackground(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey{}, true)
}

// budget keeps account of the rate limits of each token and does not send what the forge would refuse.
func budget(o Options) link {
	b := &budgets{options: o, accounts: map[accountKey]*account{}}
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			token := tokenOf(req)
			if until, reason, ok := b.admit(req, token); !ok {
				limited.WithLabelValues(o.Forge, o.Connection, reason).Inc()
				return nil, &scm.RateLimitedError{Until: until}
			}
			res, err := next.RoundTrip(req)
			if err == nil {
				b.learn(token, res)
			}
			return res, err
		})
	}
}

// accountKey is what a forge counts together: a token's requests of one resource. The token is kept as a hash.
type accountKey struct {
	token    [sha256.Size]byte
	resource string
}

type account struct {
	left, limit int
	reset       time.Time
	// banned is until when the forge refuses everything: a spent limit or a secondary one.
	banned time.Time
}

// maxAccounts bounds the memory of tokens that came and went (a GitHub App's live for an hour).
const maxAccounts = 1024

type budgets struct {
	options  Options
	mu       sync.Mutex
	accounts map[accountKey]*account
}

func tokenOf(req *http.Request) [sha256.Size]byte {
	return sha256.Sum256([]byte(req.Header.Get("Authorization") + "\x00" + req.Header.Get("Private-Token")))
}

// mainResource is what a forge's limit is counted on where it does not name it.
const mainResource = "core"

func (b *budgets) admit(req *http.Request, token [sha256.Size]byte) (until time.Time, reason string, ok bool) {
	background, _ := req.Context().Value(backgroundKey{}).(bool)
	now := b.options.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.accounts[accountKey{token, mainResource}]
	switch {
	case a == nil:
		return time.Time{}, "", true
	case now.Before(a.banned):
		return a.banned, "forge", false
	case background && now.Before(a.reset) && a.left*reserve < a.limit:
		return a.reset, "reserve", false
	}
	return time.Time{}, "", true
}

// learn reads what an answer says of the account's limits.
func (b *budgets) learn(token [sha256.Size]byte, res *http.Response) {
	now := b.options.Now()
	h := res.Header
	resource := h.Get("X-RateLimit-Resource")
	if resource == "" {
		resource = mainResource
	}
	left, known := number(h, "X-RateLimit-Remaining", "RateLimit-Remaining")
	limit, _ := number(h, "X-RateLimit-Limit", "RateLimit-Limit")
	reset, _ := number(h, "X-RateLimit-Reset", "RateLimit-Reset")
	refused := res.StatusCode == http.StatusTooManyRequests || (res.StatusCode == http.StatusForbidden && (h.Get("Retry-After") != "" || (known && left == 0)))
	if !known && !refused {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	key := accountKey{token, resource}
	a := b.accounts[key]
	if a == nil {
		if len(b.accounts) >= maxAccounts {
			clear(b.accounts)
		}
		a = &account{}
		b.accounts[key] = a
	}
	if known {
		a.left, a.limit, a.reset = int(left), int(limit), moment(reset, now)
		remaining.WithLabelValues(b.options.Forge, b.options.Connection, resource).Set(float64(left))
	}
	if refused {
		a.banned = banned(res, a, now)
	}
}

// banned is until when a refusal lasts: what the forge asks for, or the end of the window, or a minute, which GitHub
// recommends where neither is told.
func banned(res *http.Response, a *account, now time.Time) time.Time {
	until := now.Add(time.Minute)
	if wait, ok := RetryAfter(res.Header, now); ok {
		until = now.Add(wait)
	} else if a.left == 0 && a.reset.After(now) {
		until = a.reset
	}
	if limit := now.Add(longestBan); until.After(limit) {
		return limit
	}
	return until
}

// number is the first of the headers that holds one.
func number(h http.Header, names ...string) (int64, bool) {
	for _, name := range names {
		if n, err := strconv.ParseInt(h.Get(name), 10, 64); err == nil {
			return n, true
		}
	}
	return 0, false
}

// moment reads a reset: seconds since 1970, or seconds from now, as some servers send.
func moment(reset int64, now time.Time) time.Time {
	const aDay = 24 * 60 * 60
	if reset < aDay {
		return now.Add(time.Duration(reset) * time.Second)
	}
	return time.Unix(reset, 0)
}
