package gitea

import (
	"encoding/json"
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

// refused makes a typed error of an answer's status and of the message in its body.
func refused(res *goscm.Response) error {
	kind := kindOf(res.Status, res.Header)
	text := message(res.Body)
	if res.Status == http.StatusInternalServerError && strings.Contains(text, "does not exist") {
		// Comments of a missing issue and statuses of a missing commit are failures of the server to Gitea. It tells
		// administrators the reason; for other bots they stay transient.
		kind = scm.ErrNotFound
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
func kindOf(status int, header http.Header) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
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
		now := time.Now()
		wait, ok := transport.RetryAfter(header, now)
		if !ok {
			wait = defaultRateWait
		}
		return &scm.RateLimitedError{Until: now.Add(wait)}
	}
	if status >= 500 {
		return scm.ErrTransient
	}
	return nil
}

// message is the server's own explanation, on one line and short enough for a log.
func message(body io.Reader) string {
	const maxRead, maxShown = 8 << 10, 300
	data, err := io.ReadAll(io.LimitReader(body, maxRead))
	if err != nil {
		return "" // the status alone has to do
	}
	var answer struct {
		Message string   `json:"message"`
		Errors  []string `json:"errors"`
	}
	if json.Unmarshal(data, &answer) != nil {
		return "" // a proxy's page: nothing in it explains more than the status
	}
	text := strings.Join(append([]string{answer.Message}, answer.Errors...), "; ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.Trim(text, "; "))
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "..."
	}
	return text
}
