package storage

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// smallBuffer is read before a Put counts as large and waits for one of the upload slots.
	smallBuffer = 1 << 20
	// maxParts is S3's limit: with parts of 8 MiB an object may have 78 GiB.
	maxParts = 10000
	// abortTimeout bounds the clean-up after a broken multipart upload, which runs although its caller is gone.
	abortTimeout = 15 * time.Second
)

// Put sends up to 8 MiB in one request and more in parts; a failed upload leaves nothing behind.
func (s *S3Store) Put(ctx context.Context, key string, body io.Reader, opts PutOptions) error {
	if err := CheckKey(key); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	if r, ok := body.(*bytes.Reader); ok && r.Len() <= partSize {
		return s.putSmall(ctx, key, r, opts) // already in memory: no copy
	}
	var head bytes.Buffer
	if _, err := io.CopyN(&head, body, smallBuffer); errors.Is(err, io.EOF) {
		return s.putSmall(ctx, key, bytes.NewReader(head.Bytes()), opts)
	} else if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	select {
	case s.large <- struct{}{}:
		defer func() { <-s.large }()
	case <-ctx.Done():
		return fmt.Errorf("put %s: %w", key, ctx.Err())
	}
	return s.putLarge(ctx, key, io.MultiReader(&head, body), opts)
}

func (s *S3Store) putSmall(ctx context.Context, key string, body *bytes.Reader, opts PutOptions) error {
	sum, err := checksum(body)
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.prefix + key), Body: body, ChecksumCRC32: &sum,
		ContentType: optional(opts.ContentType), ContentEncoding: optional(opts.ContentEncoding),
	})
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

func (s *S3Store) putLarge(ctx context.Context, key string, body io.Reader, opts PutOptions) (err error) {
	part := make([]byte, partSize)
	n, err := io.ReadFull(body, part)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return s.putSmall(ctx, key, bytes.NewReader(part[:n]), opts)
	}
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	upload, err := s.begin(ctx, key, opts)
	if err != nil {
		return fmt.Errorf("put %s: begin upload: %w", key, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("put %s: %w", key, errors.Join(err, s.abort(ctx, upload)))
		}
	}()
	var done []types.CompletedPart
	for last := false; n > 0; {
		sent, err := s.sendPart(ctx, upload, int32(len(done)+1), part[:n])
		if err != nil {
			return err
		}
		done = append(done, sent)
		if last {
			break
		}
		if len(done) == maxParts {
			return fmt.Errorf("larger than %d parts of %d bytes", maxParts, partSize)
		}
		n, err = io.ReadFull(body, part)
		last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
	}
	return s.complete(ctx, upload, done)
}

// upload identifies a multipart upload.
type upload struct{ key, id *string }

func (s *S3Store) begin(ctx context.Context, key string, opts PutOptions) (upload, error) {
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	out, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: aws.String(s.prefix + key),
		// Needed for parts with a CRC32, or completing fails with InvalidPart.
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
		ContentType:       optional(opts.ContentType), ContentEncoding: optional(opts.ContentEncoding),
	})
	if err != nil {
		return upload{}, err
	}
	return upload{key: aws.String(s.prefix + key), id: out.UploadId}, nil
}

func (s *S3Store) sendPart(ctx context.Context, u upload, number int32, part []byte) (types.CompletedPart, error) {
	body := bytes.NewReader(part)
	sum, err := checksum(body)
	if err != nil {
		return types.CompletedPart{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	out, err := s.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &s.bucket, Key: u.key, UploadId: u.id, PartNumber: &number, Body: body, ChecksumCRC32: &sum,
	})
	if err != nil {
		return types.CompletedPart{}, fmt.Errorf("send part %d: %w", number, err)
	}
	// A server that does not know checksums does not echo one, and then must not be told one either.
	return types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32}, nil
}

func (s *S3Store) complete(ctx context.Context, u upload, parts []types.CompletedPart) error {
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	_, err := s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: u.key, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		return fmt.Errorf("complete upload: %w", err)
	}
	return nil
}

func (s *S3Store) abort(ctx context.Context, u upload) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: u.key, UploadId: u.id})
	if err != nil && errorCode(err) != "NoSuchUpload" {
		return fmt.Errorf("abort upload: %w", err)
	}
	return nil
}

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
	return &s
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
