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

// Errors of every store, to be told apart with errors.Is.
var (
	// ErrNotExist is returned for a key that holds nothing, and for an upload that the store does not know any more.
	ErrNotExist = fs.ErrNotExist
	// ErrExists is returned by a write with IfAbsent to a key that holds something.
	ErrExists = fs.ErrExist
	// ErrChanged is returned by a write with IfMatch to a key that holds something else, or nothing.
	ErrChanged = errors.New("object has changed")
	// ErrBadKey is returned for a key that no store may hold: see CheckKey.
	ErrBadKey = errors.New("bad key")
)

// Store keeps objects by slash-separated key. Implementations are safe for concurrent use.
//
// A key must not be a folder of another key ("run/1" beside "run/1/log"): file systems and some S3 servers refuse it.
type Store interface {
	// Put stores body until its EOF. Readers see the old or the whole new object, never a part. The size need not be
	// known; memory is bounded by one part of 8 MiB.
	Put(ctx context.Context, key string, body io.Reader, opts PutOptions) error
	// Get opens an object or a range of it; the caller closes Body. An absent key is ErrNotExist. A range that starts
	// behind the end has an empty body. The bytes are those that were put: nothing is decompressed.
	Get(ctx context.Context, key string, rng Range) (*Object, error)
	// Head describes an object without opening it. An absent key is ErrNotExist.
	Head(ctx context.Context, key string) (Info, error)
	// Copy stores the object of one key under another too, with its type and encoding, without its bytes passing through
	// here. An absent source is ErrNotExist; what the target held is replaced.
	Copy(ctx context.Context, from, to string) error
	// List yields every object whose key starts with prefix, sorted by key. It stops after the first error.
	List(ctx context.Context, prefix string) iter.Seq2[Entry, error]
	// Level yields what is directly below a folder, sorted by key: its objects, and as keys that end with "/" the folders
	// in it, at no cost for what is inside those. Folder is empty or ends with "/"; an absent one holds nothing. It stops
	// after the first error.
	Level(ctx context.Context, folder string) iter.Seq2[Entry, error]
	// Delete removes an object; an absent key succeeds.
	Delete(ctx context.Context, key string) error
	// Begin starts an object that is written in parts. The conditions of opts are those of Complete.
	Begin(ctx context.Context, key string, opts PutOptions) (Upload, error)
	// Resume takes up the upload that Begin gave id for key, in this process or another. One that was aborted or forgotten
	// by the server is ErrNotExist; one whose object is what the key holds now is ErrExists: it is complete.
	Resume(ctx context.Context, key, id string) (Upload, error)
	// AbortStale aborts the uploads to keys with prefix that began longer ago than age, however lately they were written to,
	// and returns how many.
	AbortStale(ctx context.Context, prefix string, age time.Duration) (int, error)
	// URL is where the store is, for people: "s3://bucket/prefix" or "file:///dir".
	URL() string
}

// Bounds of uploads, those of S3.
const (
	// MinPart is the least size in bytes of every part but the last.
	MinPart = 5 << 20
	// MaxParts is the highest number of a part.
	MaxParts = 10000
)

// Upload is an object that grows in parts, over as many processes as it takes. Readers see nothing of it before Complete.
// Its methods are safe for concurrent use; after Complete or Abort the writing ones return ErrNotExist.
type Upload interface {
	// ID is what Resume needs beside the key: printable, at most 4 KiB.
	ID() string
	// Put stores a part durably; it does not keep the slice. Numbers are 1 to MaxParts in any order, gaps are allowed, and
	// a number that was used replaces that part.
	Put(ctx context.Context, number int, part []byte) error
	// Parts are those stored, by number.
	Parts(ctx context.Context) ([]Part, error)
	// Complete makes the object of all parts, in the order of their numbers. It fails without parts, or where a part but the
	// last is smaller than MinPart. It may be repeated after a failure, also when only its answer was lost: an object that
	// an earlier call of it made is success.
	Complete(ctx context.Context) error
	// Abort removes the parts; an upload that is gone already succeeds.
	Abort(ctx context.Context) error
}

// Part is one part of an upload.
type Part struct {
	Number int
	Size   int64
}

// PutOptions describe an object, and when it may be written. At most one of IfAbsent and IfMatch may be set.
//
// S3 servers without conditional writes get a check before the write; an object that another writer puts between the two is
// then overwritten.
type PutOptions struct {
	// ContentType and ContentEncoding are given back by Get and Head, and tell browsers that fetch the object straight from
	// a bucket what it is. The bytes are stored as they are.
	ContentType     string
	ContentEncoding string
	// IfAbsent writes only where the key holds nothing: ErrExists otherwise.
	IfAbsent bool
	// IfMatch writes only over the object with this ETag: ErrChanged otherwise. Empty is no condition.
	IfMatch string
}

func (o PutOptions) check() error {
	if o.IfAbsent && o.IfMatch != "" {
		return errors.New("IfAbsent and IfMatch exclude each other")
	}
	if len(o.ContentType) > maxDescription || len(o.ContentEncoding) > maxDescription {
		return fmt.Errorf("content type or encoding is longer than %d bytes", maxDescription)
	}
	return nil
}

func checkPart(number int) error {
	if number < 1 || number > MaxParts {
		return fmt.Errorf("part %d is not within 1 to %d", number, MaxParts)
	}
	return nil
}

// Range selects bytes of an object. The zero value is all of it; a zero Length is everything from Offset on.
type Range struct {
	Offset, Length int64
}

// Object is an open object. Size is that of the whole, also when a range was asked for.
type Object struct {
	Body io.ReadCloser
	Info
}

// Info describes an object.
type Info struct {
	Size    int64
	ModTime time.Time
	// ETag is opaque and in HTTP's quoted form. It differs between two objects written under one key after each other.
	ETag string
	// ContentType is what Put was told; a bucket may have one of its own where that was nothing.
	ContentType     string
	ContentEncoding string
}

// Entry is one object of a listing.
type Entry struct {
	Key     string
	Size    int64
	ModTime time.Time
}

// partSize is the most that a Put holds in memory, and the size of a multipart part.
const partSize = 8 << 20

// maxDescription bounds a content type and an encoding, in bytes.
const maxDescription = 1024

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

// checkParts refuses what no store can complete; parts are sorted.
func checkParts(parts []Part) error {
	if len(parts) == 0 {
		return errors.New("no part was put")
	}
	for _, part := range parts[:len(parts)-1] {
		if part.Size < MinPart {
			return fmt.Errorf("part %d has %d bytes; all but the last need %d", part.Number, part.Size, MinPart)
		}
	}
	return nil
}
