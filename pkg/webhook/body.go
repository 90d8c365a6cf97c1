package webhook

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
)

const (
	// firstRead holds most deliveries whole.
	firstRead = 32 << 10
	// maxPooled keeps the rare large buffers out of the pool, where they would outlive their use.
	maxPooled = 256 << 10
)

// bodies reads request bodies into memory within one budget for all of them.
type bodies struct {
	left atomic.Int64
	pool sync.Pool
}

// body is a buffer with its charge on the budget.
type body struct {
	data    []byte
	charged int64
}

func newBodies(budget int64) *bodies {
	b := &bodies{pool: sync.Pool{New: func() any { return &body{data: make([]byte, 0, firstRead)} }}}
	b.left.Store(budget)
	return b
}

// read reads r to its end. The body must be released, also after an error, and not be used after that.
func (b *bodies) read(r io.Reader, announced int64) (*body, error) {
	body := b.pool.Get().(*body)
	if announced > maxBody {
		return body, errTooLarge
	}
	if !b.charge(body, int64(cap(body.data))) {
		return body, errBusy
	}
	for {
		if len(body.data) == cap(body.data) {
			if err := b.grow(body, announced); err != nil {
				return body, err
			}
		}
		n, err := r.Read(body.data[len(body.data):cap(body.data)])
		body.data = body.data[:len(body.data)+n]
		if err != nil {
			return body, readError(err)
		}
	}
}

// grow doubles the buffer, or makes it just large enough where the announced length allows: one byte more, to read the end
// into. While its content moves, both the old and the new buffer count.
func (b *bodies) grow(body *body, announced int64) error {
	former := body.charged
	size := 2 * cap(body.data)
	if fit := int(announced) + 1; fit > cap(body.data) {
		size = min(size, fit)
	}
	if !b.charge(body, int64(size)) {
		return errBusy
	}
	larger := make([]byte, len(body.data), size)
	copy(larger, body.data)
	body.data = larger
	body.charged -= former
	b.left.Add(former)
	return nil
}

func (b *bodies) charge(body *body, n int64) bool {
	if b.left.Add(-n) < 0 {
		b.left.Add(n)
		return false
	}
	body.charged += n
	return true
}

// release gives the budget back, and the buffer to the next delivery.
func (b *bodies) release(body *body) {
	b.left.Add(body.charged)
	body.charged = 0
	if cap(body.data) <= maxPooled {
		body.data = body.data[:0]
		b.pool.Put(body)
	}
}

func readError(err error) error {
	var over *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &over):
		return errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlow
	default:
		return fmt.Errorf("%w: %w", errCutShort, err)
	}
}
