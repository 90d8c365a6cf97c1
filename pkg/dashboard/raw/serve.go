// Package raw serves files of the store byte for byte, whole or ranges of them, to clients that may take hours.
package raw

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/dashboard/sse"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Open opens a range of one file.
type Open func(context.Context, storage.Range) (*storage.Object, error)

// Serve answers a GET or HEAD with a file, or the ranges of it that were asked for, under the conditions of HTTP. Its error is
// that of opening the file, with nothing written yet. The caller has set Content-Type. One range costs one call of open.
func Serve(ctx context.Context, w http.ResponseWriter, r *http.Request, open Open) error {
	f := &file{open: func(rng storage.Range) (*storage.Object, error) { return open(ctx, rng) }}
	defer f.close()
	if err := f.begin(hint(r)); err != nil {
		return err
	}
	if f.info.ETag != "" {
		w.Header().Set("ETag", f.info.ETag)
	}
	http.ServeContent(sse.NewPatient(w), r, "", f.info.ModTime, f)
	return nil
}

// hint is the range that will be read, if it is a plain one; the whole file otherwise.
func hint(r *http.Request) storage.Range {
	var from, to int64
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); n == 0 || from < 0 || r.Header.Get("If-Range") != "" {
		return storage.Range{}
	} else if n == 2 && to >= from {
		return storage.Range{Offset: from, Length: to - from + 1}
	}
	return storage.Range{Offset: from}
}

// file reads an object from wherever it is sought to.
type file struct {
	open func(storage.Range) (*storage.Object, error)
	info storage.Info
	body io.ReadCloser
	// at is where body goes on, wanted where the next Read shall.
	at, wanted int64
}

func (f *file) begin(rng storage.Range) error {
	object, err := f.open(rng)
	if err != nil {
		return err
	}
	f.info, f.body, f.at = object.Info, object.Body, rng.Offset
	return nil
}

func (f *file) close() {
	if f.body != nil {
		_ = f.body.Close() // all that matters was read, or reading failed
		f.body = nil
	}
}

// Seek implements io.Seeker; it opens nothing.
func (f *file) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.wanted
	case io.SeekEnd:
		offset += f.info.Size
	}
	if offset < 0 {
		return 0, fmt.Errorf("seek to %d", offset)
	}
	f.wanted = offset
	return offset, nil
}

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	if f.wanted >= f.info.Size {
		return 0, io.EOF
	}
	if f.body == nil || f.at != f.wanted {
		f.close()
		if err := f.begin(storage.Range{Offset: f.wanted}); err != nil {
			return 0, err
		}
	}
	n, err := f.body.Read(p)
	f.at, f.wanted = f.at+int64(n), f.wanted+int64(n)
	if errors.Is(err, io.EOF) {
		f.close() // the end of the range, or of the file: the next Read tells
		err = nil
	}
	return n, err
}

// Copy sends a body, after the header, to a client that may be slow.
func Copy(w http.ResponseWriter, r *http.Request, body io.Reader) {
	if _, err := io.Copy(sse.NewPatient(w), body); err != nil {
		if r.Context().Err() == nil {
			log.FromContext(r.Context()).Info("download broke off", "path", r.URL.Path, "error", err.Error())
		}
		panic(http.ErrAbortHandler) // a broken connection is how the client learns that a part is missing
	}
}
