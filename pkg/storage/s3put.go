package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// smallBuffer is read before a Put counts as large and waits for one of the upload slots.
const smallBuffer = 1 << 20

// Put sends up to 8 MiB in one request and more in parts, up to 78 GiB; a failed upload leaves nothing behind.
func (s *S3Store) Put(ctx context.Context, key string, body io.Reader, opts PutOptions) error {
	if err := errors.Join(CheckKey(key), opts.check()); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	if err := s.put(ctx, key, body, opts); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

func (s *S3Store) put(ctx context.Context, key string, body io.Reader, opts PutOptions) error {
	if r, ok := body.(*bytes.Reader); ok && r.Len() <= partSize {
		return s.putSmall(ctx, key, r, opts) // already in memory: no copy
	}
	var head bytes.Buffer
	if _, err := io.CopyN(&head, body, smallBuffer); errors.Is(err, io.EOF) {
		return s.putSmall(ctx, key, bytes.NewReader(head.Bytes()), opts)
	} else if err != nil {
		return err
	}
	select {
	case s.large <- struct{}{}:
		defer func() { <-s.large }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.putLarge(ctx, key, io.MultiReader(&head, body), opts)
}

func (s *S3Store) putSmall(ctx context.Context, key string, body *bytes.Reader, opts PutOptions) error {
	sum, err := checksum(body)
	if err != nil {
		return err
	}
	w := write{key: key, opts: opts, mark: rand.Text()}
	in := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: s.name(key), Body: body, ChecksumCRC32: &sum,
		ContentType: optional(opts.ContentType), ContentEncoding: optional(opts.ContentEncoding),
		ServerSideEncryption: s.sse, SSEKMSKeyId: s.kmsKey,
	}
	if opts.conditional() {
		in.Metadata = w.metadata()
	}
	start := body.Size() - int64(body.Len())
	return s.guard(ctx, w, func(ctx context.Context, c conditions) error {
		in.IfNoneMatch, in.IfMatch = c.noneMatch, c.match
		if _, err := body.Seek(start, io.SeekStart); err != nil {
			return err
		}
		_, err := s.client.PutObject(ctx, in)
		return err
	})
}

func (s *S3Store) putLarge(ctx context.Context, key string, body io.Reader, opts PutOptions) (err error) {
	part := make([]byte, partSize)
	n, err := io.ReadFull(body, part)
	if ended(err) {
		return s.putSmall(ctx, key, bytes.NewReader(part[:n]), opts)
	}
	if err != nil {
		return err
	}
	u, err := s.begin(ctx, key, opts, checked())
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, u.abort(ctx))
		}
	}()
	var done []types.CompletedPart
	for last := false; n > 0; {
		sent, err := u.send(ctx, len(done)+1, part[:n])
		if err != nil {
			return err
		}
		done = append(done, sent)
		if last {
			break
		}
		if len(done) == MaxParts {
			return fmt.Errorf("larger than %d parts of %d bytes", MaxParts, partSize)
		}
		n, err = io.ReadFull(body, part)
		last = ended(err)
		if err != nil && !last {
			return err
		}
	}
	return u.complete(ctx, done)
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// checksum is S3's form of the CRC32 of all of r, which is rewound.
func checksum(r *bytes.Reader) (string, error) {
	start := r.Size() - int64(r.Len())
	sum := crc32.NewIEEE()
	if _, err := r.WriteTo(sum); err != nil {
		return "", err
	}
	if _, err := r.Seek(start, io.SeekStart); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.Sum32())), nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}
