package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// firstWait doubles with every retry; the pause is a random part of it, so that many workers do not return together.
const firstWait = 250 * time.Millisecond

// retry repeats a request after network errors and answers that ask for it, as long as repeating is safe.
func retry(o Options) link {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			for attempt := 0; ; attempt++ {
				res, err := next.RoundTrip(req)
				if attempt >= o.Retries || !repeatable(req, res, err) {
					return res, err
				}
				pause, ok := o.pause(attempt, res)
				if !ok || late(req.Context(), o.Now().Add(pause)) {
					return res, err
				}
				again, bodyErr := rewind(req)
				if bodyErr != nil {
					return res, err
				}
				drain(res)
				if waitErr := o.Wait(req.Context(), pause); waitErr != nil {
					return nil, errors.Join(err, waitErr)
				}
				req = again
			}
		})
	}
}

// pause is how long to wait before the next try; ok is false when the forge asks for more than the connection waits.
func (o Options) pause(attempt int, res *http.Response) (d time.Duration, ok bool) {
	if res != nil {
		if asked, set := RetryAfter(res.Header, o.Now()); set {
			return asked, asked <= o.MaxWait
		}
	}
	return o.Jitter(min(firstWait<<attempt, o.MaxWait)), true
}

// late says that the caller gives up before the moment.
func late(ctx context.Context, at time.Time) bool {
	deadline, ok := ctx.Deadline()
	return ok && at.After(deadline)
}

func repeatable(req *http.Request, res *http.Response, err error) bool {
	if req.Context().Err() != nil {
		return false
	}
	if err != nil {
		return neverSent(err) || (idempotent(req.Method) && !errors.Is(err, ErrTooLarge))
	}
	return idempotent(req.Method) && busy(res.StatusCode)
}

// neverSent holds for errors before the first byte left: those are safe to repeat even for a POST.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

func busy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// rewind makes the request once more with a fresh body; a body that cannot be read again ends the retries.
func rewind(req *http.Request) (*http.Request, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, nil
	}
	if req.GetBody == nil {
		return nil, errors.New("request body cannot be sent twice")
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	again := req.Clone(req.Context())
	again.Body = body
	return again, nil
}

// drain reads a refused answer's short body so that its connection can be used again.
func drain(res *http.Response) {
	if res == nil {
		return
	}
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10) // whatever is left closes the connection instead
	_ = res.Body.Close()                         // nothing of it was wanted
}
