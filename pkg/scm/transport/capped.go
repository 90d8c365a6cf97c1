package transport

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ErrTooLarge says that an answer was longer than the connection accepts.
var ErrTooLarge = errors.New("answer is too large")

// capped fails answers over a limit: at once where the length is announced, else while the body is read.
func capped(limit int64) link {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			if res.ContentLength > limit && req.Method != http.MethodHead {
				_ = res.Body.Close() // the size is the error worth telling
				return nil, tooLarge(limit)
			}
			res.Body = &cappedBody{ReadCloser: res.Body, left: limit, limit: limit}
			return res, nil
		})
	}
}

type cappedBody struct {
	io.ReadCloser
	left, limit int64
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, tooLarge(b.limit)
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one byte more than allowed tells a full answer from a cut one
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), tooLarge(b.limit)
		b.left = -1
		return n, err
	}
	b.left -= int64(n)
	return n, err
}

func tooLarge(limit int64) error { return fmt.Errorf("%w: over %d bytes", ErrTooLarge, limit) }
