package transport

import (
	"net/http"
	"strconv"
	"time"
)

// RetryAfter is how long an answer asks its client to stay away; ok is false where it does not say. It is never negative.
func RetryAfter(header http.Header, now time.Time) (d time.Duration, ok bool) {
	value := header.Get("Retry-After")
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(time.Duration(seconds)*time.Second, 0), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(at.Sub(now), 0), true
}
