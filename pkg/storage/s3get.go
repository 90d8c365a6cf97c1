package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Get opens the object; its body fails when the server sends nothing for 30 seconds.
func (s *S3Store) Get(ctx context.Context, key string, rng Range) (*Object, error) {
	if err := errors.Join(CheckKey(key), checkRange(rng)); err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: s.name(key)}
	if rng != (Range{}) {
		in.Range = aws.String(httpRange(rng))
	}
	bodyCtx, cancel := context.WithCancel(ctx)
	out, err := s.client.GetObject(bodyCtx, in)
	if err != nil {
		cancel()
		if errorCode(err) == "InvalidRange" {
			return s.emptyRange(ctx, key)
		}
		return nil, fmt.Errorf("get %s: %w", key, s.explain(err))
	}
	return &Object{Body: newStallReader(out.Body, cancel), Info: Info{
		Size: wholeSize(out), ModTime: aws.ToTime(out.LastModified), ETag: quoted(out.ETag),
		ContentType: aws.ToString(out.ContentType), ContentEncoding: contentEncoding(out.ContentEncoding),
	}}, nil
}

// emptyRange answers a range behind the end, which S3 refuses without telling the size.
func (s *S3Store) emptyRange(ctx context.Context, key string) (*Object, error) {
	out, err := s.head(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", key, err)
	}
	return &Object{Body: http.NoBody, Info: headInfo(out)}, nil
}

// Head asks for the headers alone. An absent bucket, which S3 does not tell from an absent key here, is ErrNotExist too.
func (s *S3Store) Head(ctx context.Context, key string) (Info, error) {
	if err := CheckKey(key); err != nil {
		return Info{}, fmt.Errorf("head: %w", err)
	}
	out, err := s.head(ctx, key)
	if err != nil {
		return Info{}, fmt.Errorf("head %s: %w", key, err)
	}
	return headInfo(out), nil
}

func (s *S3Store) head(ctx context.Context, key string) (*s3.HeadObjectOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	return out, s.explain(err)
}

func headInfo(out *s3.HeadObjectOutput) Info {
	return Info{
		Size: aws.ToInt64(out.ContentLength), ModTime: aws.ToTime(out.LastModified), ETag: quoted(out.ETag),
		ContentType: aws.ToString(out.ContentType), ContentEncoding: contentEncoding(out.ContentEncoding),
	}
}

// quoted gives an ETag the form that all servers take; some omit the quotes.
func quoted(etag *string) string {
	if etag == nil {
		return ""
	}
	return `"` + strings.Trim(*etag, `"`) + `"`
}

// contentEncoding leaves out what describes a transfer to the server and some servers keep with the object.
func contentEncoding(header *string) string {
	kept := strings.FieldsFunc(aws.ToString(header), func(r rune) bool { return r == ',' || r == ' ' })
	return strings.Join(slices.DeleteFunc(kept, func(e string) bool { return e == "aws-chunked" }), ", ")
}

func httpRange(rng Range) string {
	if rng.Length == 0 {
		return fmt.Sprintf("bytes=%d-", rng.Offset)
	}
	return fmt.Sprintf("bytes=%d-%d", rng.Offset, rng.Offset+rng.Length-1)
}

// wholeSize reads the total of "bytes 0-9/100"; without a range the length is the size.
func wholeSize(out *s3.GetObjectOutput) int64 {
	if _, total, ok := strings.Cut(aws.ToString(out.ContentRange), "/"); ok {
		if n, err := strconv.ParseInt(total, 10, 64); err == nil {
			return n
		}
	}
	return aws.ToInt64(out.ContentLength)
}

// List pages through ListObjectsV2.
func (s *S3Store) List(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{
			Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix),
		})
		for pages.HasMorePages() {
			page, err := s.nextPage(ctx, pages)
			if err != nil {
				yield(Entry{}, fmt.Errorf("list %s: %w", prefix, s.explain(err)))
				return
			}
			for _, object := range page.Contents {
				key := strings.TrimPrefix(aws.ToString(object.Key), s.prefix)
				if CheckKey(key) != nil {
					continue // folder markers and other people's odd keys
				}
				entry := Entry{Key: key, Size: aws.ToInt64(object.Size), ModTime: aws.ToTime(object.LastModified)}
				if !yield(entry, nil) {
					return
				}
			}
		}
	}
}

func (s *S3Store) nextPage(ctx context.Context, pages *s3.ListObjectsV2Paginator) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	return pages.NextPage(ctx)
}

// Delete removes the object.
func (s *S3Store) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	if err = s.explain(err); err != nil && !errors.Is(err, ErrNotExist) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// stallReader cancels its request when no read returns for s3StallTimeout.
type stallReader struct {
	body   io.ReadCloser
	cancel context.CancelFunc
	timer  *time.Timer
}

func newStallReader(body io.ReadCloser, cancel context.CancelFunc) *stallReader {
	timer := time.AfterFunc(s3StallTimeout, cancel)
	timer.Stop() // only a read in progress can stall, not a slow caller
	return &stallReader{body: body, cancel: cancel, timer: timer}
}

func (r *stallReader) Read(p []byte) (int, error) {
	r.timer.Reset(s3StallTimeout)
	defer r.timer.Stop()
	return r.body.Read(p)
}

func (r *stallReader) Close() error {
	r.timer.Stop()
	r.cancel()
	return r.body.Close()
}
