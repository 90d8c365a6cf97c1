package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// abortTimeout bounds the clean-up after a broken multipart upload, which runs although its caller is gone.
const abortTimeout = 15 * time.Second

// s3Upload is a multipart upload.
type s3Upload struct {
	store *S3Store
	key   string
	id    s3UploadID
}

// s3UploadID is all that Complete needs and the server does not keep.
type s3UploadID struct {
	Server   string // the server's ID of the upload
	Mark     string
	IfAbsent bool   `json:",omitempty"`
	IfMatch  string `json:",omitempty"`
}

var _ Upload = (*s3Upload)(nil)

// Begin starts a multipart upload.
func (s *S3Store) Begin(ctx context.Context, key string, opts PutOptions) (Upload, error) {
	if err := errors.Join(CheckKey(key), opts.check()); err != nil {
		return nil, fmt.Errorf("begin upload: %w", err)
	}
	u, err := s.begin(ctx, key, opts, checked())
	if err != nil {
		return nil, fmt.Errorf("begin upload of %s: %w", key, err)
	}
	return u, nil
}

// checked is needed for parts with a CRC32, or completing fails with InvalidPart.
func checked() *s3.CreateMultipartUploadInput {
	return &s3.CreateMultipartUploadInput{ChecksumAlgorithm: types.ChecksumAlgorithmCrc32}
}

// begin adds to in what all uploads have.
func (s *S3Store) begin(ctx context.Context, key string, opts PutOptions, in *s3.CreateMultipartUploadInput) (*s3Upload, error) {
	u := &s3Upload{store: s, key: key, id: s3UploadID{Mark: rand.Text(), IfAbsent: opts.IfAbsent, IfMatch: opts.IfMatch}}
	if in.Metadata == nil {
		in.Metadata = make(map[string]string, 1)
	}
	in.Metadata[markName] = u.id.Mark
	in.Bucket, in.Key = &s.bucket, s.name(key)
	in.ContentType, in.ContentEncoding = optional(opts.ContentType), optional(opts.ContentEncoding)
	in.ServerSideEncryption, in.SSEKMSKeyId = s.sse, s.kmsKey
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	out, err := s.client.CreateMultipartUpload(ctx, in)
	if err != nil {
		return nil, s.explain(err)
	}
	u.id.Server = aws.ToString(out.UploadId)
	return u, nil
}

// Resume asks the server for the upload.
func (s *S3Store) Resume(ctx context.Context, key, id string) (Upload, error) {
	if err := CheckKey(key); err != nil {
		return nil, fmt.Errorf("resume upload: %w", err)
	}
	u := &s3Upload{store: s, key: key}
	text, err := base64.RawURLEncoding.DecodeString(id)
	if err == nil {
		err = json.Unmarshal(text, &u.id)
	}
	if err != nil || u.id.Server == "" {
		return nil, fmt.Errorf("resume upload of %s: no upload has the ID %q: %w", key, id, ErrNotExist)
	}
	if err := u.exists(ctx); err != nil {
		return nil, fmt.Errorf("resume upload of %s: %w", key, err)
	}
	return u, nil
}

func (u *s3Upload) exists(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	in := u.listParts()
	in.MaxParts = aws.Int32(1)
	_, err := u.store.client.ListParts(ctx, in)
	if err = u.store.explain(err); !errors.Is(err, ErrNotExist) {
		return err
	}
	if made, headErr := u.store.made(ctx, u.key, u.id.Mark); made {
		return fmt.Errorf("it is complete: %w", ErrExists)
	} else if headErr != nil {
		return headErr
	}
	return err
}

func (u *s3Upload) listParts() *s3.ListPartsInput {
	return &s3.ListPartsInput{Bucket: &u.store.bucket, Key: u.store.name(u.key), UploadId: &u.id.Server}
}

// ID holds the server's ID, the mark of the object and the conditions.
func (u *s3Upload) ID() string {
	text, err := json.Marshal(u.id)
	if err != nil {
		return "" // strings and a bool always marshal
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// Put sends the part in one request.
func (u *s3Upload) Put(ctx context.Context, number int, part []byte) error {
	err := checkPart(number)
	if err == nil {
		_, err = u.send(ctx, number, part)
	}
	if err != nil {
		return fmt.Errorf("put part %d of %s: %w", number, u.key, err)
	}
	return nil
}

func (u *s3Upload) send(ctx context.Context, number int, part []byte) (types.CompletedPart, error) {
	body := bytes.NewReader(part)
	sum, err := checksum(body)
	if err != nil {
		return types.CompletedPart{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	in := &s3.UploadPartInput{
		Bucket: &u.store.bucket, Key: u.store.name(u.key), UploadId: &u.id.Server,
		PartNumber: aws.Int32(int32(number)), Body: body, ChecksumCRC32: &sum,
	}
	out, err := u.store.client.UploadPart(ctx, in)
	if err != nil {
		return types.CompletedPart{}, u.store.explain(err)
	}
	return types.CompletedPart{PartNumber: in.PartNumber, ETag: out.ETag, ChecksumCRC32: known(out.ChecksumCRC32)}, nil
}

// known is nil for a server that does not know checksums: it does not echo one, and must not be told one either.
func known(sum *string) *string { return optional(aws.ToString(sum)) }

// Parts asks the server.
func (u *s3Upload) Parts(ctx context.Context) ([]Part, error) {
	stored, err := u.stored(ctx)
	if err != nil {
		return nil, fmt.Errorf("list parts of %s: %w", u.key, err)
	}
	return partsOf(stored), nil
}

func partsOf(stored []types.Part) []Part {
	parts := make([]Part, len(stored))
	for i, part := range stored {
		parts[i] = Part{Number: int(aws.ToInt32(part.PartNumber)), Size: aws.ToInt64(part.Size)}
	}
	return parts
}

func (u *s3Upload) stored(ctx context.Context) ([]types.Part, error) {
	var stored []types.Part
	for pages := s3.NewListPartsPaginator(u.store.client, u.listParts()); pages.HasMorePages(); {
		page, err := u.page(ctx, pages)
		if err != nil {
			return nil, u.store.explain(err)
		}
		stored = append(stored, page.Parts...)
	}
	return stored, nil
}

func (u *s3Upload) page(ctx context.Context, pages *s3.ListPartsPaginator) (*s3.ListPartsOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	return pages.NextPage(ctx)
}

// Complete makes the object of the parts that the server has.
func (u *s3Upload) Complete(ctx context.Context) error {
	stored, err := u.stored(ctx)
	if err == nil {
		err = checkParts(partsOf(stored))
	}
	if err == nil {
		done := make([]types.CompletedPart, len(stored))
		for i, part := range stored {
			done[i] = types.CompletedPart{PartNumber: part.PartNumber, ETag: part.ETag, ChecksumCRC32: known(part.ChecksumCRC32)}
		}
		err = u.complete(ctx, done)
	} else if errors.Is(err, ErrNotExist) {
		err = u.unlessMade(ctx, err)
	}
	if err != nil {
		return fmt.Errorf("complete upload of %s: %w", u.key, err)
	}
	return nil
}

func (u *s3Upload) complete(ctx context.Context, parts []types.CompletedPart) error {
	w := write{key: u.key, mark: u.id.Mark, opts: PutOptions{IfAbsent: u.id.IfAbsent, IfMatch: u.id.IfMatch}}
	err := u.store.guard(ctx, w, func(ctx context.Context, c conditions) error {
		_, err := u.store.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &u.store.bucket, Key: u.store.name(u.key), UploadId: &u.id.Server,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
			IfNoneMatch:     c.noneMatch, IfMatch: c.match,
		})
		return err
	})
	if errors.Is(err, ErrNotExist) {
		return u.unlessMade(ctx, err)
	}
	return err
}

// unlessMade is nil when the upload is gone because it made the object.
func (u *s3Upload) unlessMade(ctx context.Context, gone error) error {
	made, err := u.store.made(ctx, u.key, u.id.Mark)
	if made {
		return nil
	}
	return errors.Join(gone, err)
}

// Abort makes the server forget the parts, also when ctx is done.
func (u *s3Upload) Abort(ctx context.Context) error {
	if err := u.abort(ctx); err != nil {
		return fmt.Errorf("%s: %w", u.key, err)
	}
	return nil
}

func (u *s3Upload) abort(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_, err := u.store.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
		Bucket: &u.store.bucket, Key: u.store.name(u.key), UploadId: &u.id.Server,
	})
	if err = u.store.explain(err); err != nil && !errors.Is(err, ErrNotExist) {
		return fmt.Errorf("abort upload: %w", err)
	}
	return nil
}

// AbortStale pages through the uploads of the bucket.
func (s *S3Store) AbortStale(ctx context.Context, prefix string, age time.Duration) (int, error) {
	before := time.Now().Add(-age)
	aborted := 0
	in := &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: s.name(prefix)}
	for pages := s3.NewListMultipartUploadsPaginator(s.client, in); pages.HasMorePages(); {
		page, err := s.uploads(ctx, pages)
		if err != nil {
			return aborted, fmt.Errorf("list uploads below %s: %w", prefix, s.explain(err))
		}
		for _, stale := range page.Uploads {
			if aws.ToTime(stale.Initiated).After(before) {
				continue
			}
			key := strings.TrimPrefix(aws.ToString(stale.Key), s.prefix)
			u := &s3Upload{store: s, key: key, id: s3UploadID{Server: aws.ToString(stale.UploadId)}}
			if err := errors.Join(ctx.Err(), u.Abort(ctx)); err != nil {
				return aborted, err
			}
			aborted++
		}
	}
	return aborted, nil
}

func (s *S3Store) uploads(ctx context.Context, pages *s3.ListMultipartUploadsPaginator) (*s3.ListMultipartUploadsOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	return pages.NextPage(ctx)
}
