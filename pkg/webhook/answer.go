package webhook

import (
	"errors"
	"io"
	"net/http"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Ways a delivery can end that are not the driver's.
var (
	errUnwanted    = errors.New("nothing acts on this event")
	errMethod      = errors.New("deliveries are sent by POST")
	errConnection  = errors.New("no connection of this name")
	errMediaType   = errors.New("content type is not application/json")
	errTooLarge    = errors.New("body is too large")
	errSlow        = errors.New("body took too long")
	errCutShort    = errors.New("body ended early")
	errBusy        = errors.New("too many deliveries at once")
	errUnavailable = errors.New("store event")
)

// answer is what a sender is told, and the name of that outcome in metrics and logs.
type answer struct {
	status int
	result string
	text   string
	allow  string
	retry  bool
}

// answerTo derives the answer from an error; nil is a stored delivery. Texts go to people reading their forge's webhook
// page, so they say what to do, and nothing of the inside.
func answerTo(err error) answer {
	switch {
	case err == nil:
		// 202, not 200: the event is safe, the work it causes is still to come.
		return answer{status: http.StatusAccepted, result: "stored", text: "stored"}
	case errors.Is(err, errUnwanted):
		return answer{status: http.StatusOK, result: "ignored", text: "ignored: nothing acts on this event"}
	case errors.Is(err, errMethod):
		return answer{status: http.StatusMethodNotAllowed, result: "method", text: "send deliveries by POST", allow: http.MethodPost}
	case errors.Is(err, errConnection):
		return answer{status: http.StatusNotFound, result: "connection", text: "no connection of this name: check the end of the webhook's URL"}
	case errors.Is(err, errMediaType):
		return answer{status: http.StatusUnsupportedMediaType, result: "media_type", text: "set the webhook's content type to application/json"}
	case errors.Is(err, errTooLarge):
		return answer{status: http.StatusRequestEntityTooLarge, result: "too_large", text: "the body is larger than any forge sends"}
	case errors.Is(err, errSlow):
		return answer{status: http.StatusRequestTimeout, result: "slow", text: "the body took too long"}
	case errors.Is(err, errCutShort):
		return answer{status: http.StatusBadRequest, result: "cut_short", text: "the body ended early"}
	case errors.Is(err, scm.ErrSignature):
		return answer{status: http.StatusUnauthorized, result: "signature", text: "the signature does not match: check the webhook's secret"}
	case errors.Is(err, scm.ErrMalformed):
		return answer{status: http.StatusBadRequest, result: "malformed", text: "the body is not what this kind of forge sends"}
	case errors.Is(err, errBusy):
		return answer{status: http.StatusServiceUnavailable, result: "busy", text: "too many deliveries at once, send it again", retry: true}
	case errors.Is(err, errUnavailable):
		return answer{status: http.StatusServiceUnavailable, result: "unavailable", text: "the delivery could not be stored, send it again", retry: true}
	default:
		return answer{status: http.StatusInternalServerError, result: "error", text: "the delivery could not be handled"}
	}
}

func (a answer) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	if a.allow != "" {
		header.Set("Allow", a.allow)
	}
	if a.retry {
		header.Set("Retry-After", retryAfter)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.text+"\n") // a sender who left already misses nothing
}
