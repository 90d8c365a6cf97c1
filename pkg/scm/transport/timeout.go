package transport

import (
	"context"
	"io"
	"net/http"
	"time"
)

// timeout bounds a try including the reading of its body, so it ends when the body is closed.
func timeout(limit time.Duration) link {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			ctx, cancel := context.WithTimeout(req.Context(), limit)
			res, err := next.RoundTrip(req.WithContext(ctx))
			if err != nil {
				cancel()
				return nil, err
			}
			res.Body = &cancelBody{ReadCloser: res.Body, cancel: cancel}
			return res, nil
		})
	}
}

type cancelBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *cancelBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
