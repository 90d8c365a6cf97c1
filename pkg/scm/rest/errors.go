package rest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	goscm "github.com/jenkins-x/go-scm/scm"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

// defaultRateWait is assumed where a server refuses for its rate limit without saying for how long.
const defaultRateWait = time.Minute

// unreachable marks an error on the way to the server. It keeps the cause, so that a caller who cancelled still
// recognises its own context's error.
func unreachable(err error) error { return fmt.Errorf("%w: %w", scm.ErrTransient, err) }

// refused makes a typed error of an answer's status and of what its body explains.
func (a *API) refused(res *goscm.Response) error {
	text := a.explanation(res.Body)
	kind := kindOf(res.Status, res.Header, text)
	if a.Kind != nil {
		if own := a.Kind(res.Status, text); own != nil {
			kind = own
		}
	}
	if text == "" {
		text = http.StatusText(res.Status)
	}
	if kind == nil {
		return fmt.Errorf("unexpected status %d: %s", res.Status, text)
	}
	return fmt.Errorf("%w (status %d: %s)", kind, res.Status, text)
}

// kindOf maps statuses to sentinels; nil where a status means nothing that callers act on.
func kindOf(status int, header http.Header, explanation string) error {
	limited := func() error {
		now := time.Now()
		wait, ok := transport.RetryAfter(header, now)
		if !ok {
			wait = defaultRateWait
		}
		return &scm.RateLimitedError{Until: now.Add(wait)}
	}
	switch status {
	case http.StatusForbidden:
		// GitHub has no other status for its limits.
		if header.Get("X-Ratelimit-Remaining") == "0" || header.Get("Retry-After") != "" || strings.Contains(explanation, "rate limit") {
			return limited()
		}
		return scm.ErrForbidden
	case http.StatusUnauthorized:
		return scm.ErrForbidden
	case http.StatusNotFound, http.StatusGone:
		return scm.ErrNotFound
	case http.StatusMethodNotAllowed, http.StatusConflict, http.StatusPreconditionFailed, http.StatusLocked:
		return scm.ErrConflict
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return scm.ErrInvalid
	case http.StatusRequestTimeout:
		return scm.ErrTransient
	case http.StatusTooManyRequests:
		return limited()
	}
	if status >= 500 {
		return scm.ErrTransient
	}
	return nil
}

// explanation is the server's own, on one line and short enough for a log.
func (a *API) explanation(body io.Reader) string {
	const maxRead, maxShown = 8 << 10, 300
	data, err := io.ReadAll(io.LimitReader(body, maxRead))
	if err != nil || a.Explain == nil {
		return "" // the status alone has to do
	}
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.TrimSpace(a.Explain(data)))
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "..."
	}
	return text
}
