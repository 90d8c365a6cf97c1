package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrNotExist is returned by Store.Get for a key that holds nothing.
var ErrNotExist = fs.ErrNotExist

// ErrBadKey is returned for a key that no store may hold: see CheckKey.
var ErrBadKey = errors.New("bad key")

// Store keeps objects by slash-separated key. Implementations are safe for concurrent use.
//
// A key must not be a folder of another key ("run/1" beside "run/1/log"): file systems and some S3 servers refuse it.
type Store interface {
	// Put stores body until its EOF. Readers see the old or the whole new object, never a part. The size need not be
	// known; memory is bounded by one part of 8 MiB.
	Put(ctx context.Context, key string, body io.Reader, opts PutOptions) error
	// Get opens an object or a range of it; the caller closes Body. An absent key is ErrNotExist. A range that starts
	// behind the end has an empty body.
	Get(ctx context.Context, key string, rng Range) (*Object, error)
	// List yields every object whose key starts with prefix, sorted by key. It stops after the first error.
	List(ctx context.Context, prefix string) iter.Seq2[Entry, error]
	// Delete removes an object; an absent key succeeds.
	Delete(ctx context.Context, key string) error
	// URL is where the store is, for people: "s3://bucket/prefix" or "file:///dir".
	URL() string
}

// PutOptions describe an object to browsers that fetch it straight from the store. The file store ignores them.
type PutOptions struct {
	ContentType     string
	ContentEncoding string
}

// Range selects bytes of an object. The zero value is all of it; a zero Length is everything from Offset on.
type Range struct {
	Offset, Length int64
}

// Object is an open object.
type Object struct {
	Body io.ReadCloser
	// Size is that of the whole object, also when a range was asked for.
	Size    int64
	ModTime time.Time
}

// Entry is one object of a listing.
type Entry struct {
	Key     string
	Size    int64
	ModTime time.Time
}

// partSize is the most that a Put holds in memory, and the size of a multipart part.
const partSize = 8 << 20

// maxKey is S3's limit in bytes.
const maxKey = 1024

// CheckKey refuses with ErrBadKey what is not a clean relative path: empty, absolute, with empty, "." or ".." segments,
// with NUL or invalid UTF-8, or longer than 1024 bytes.
func CheckKey(key string) error {
	if key == "" || len(key) > maxKey || !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
		return fmt.Errorf("%w %q", ErrBadKey, key)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return fmt.Errorf("%w %q: segment %q", ErrBadKey, key, segment)
		}
	}
	return nil
}

func checkRange(rng Range) error {
	if rng.Offset < 0 || rng.Length < 0 {
		return fmt.Errorf("range %d+%d is negative", rng.Offset, rng.Length)
	}
	return nil
}
