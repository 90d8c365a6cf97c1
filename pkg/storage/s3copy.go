package storage

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

const (
	// copyPart is the most that a server is asked to copy in one request, so that slow ones answer in time. S3's own limit
	// is 5 GiB.
	copyPart = 64 << 20
	// copiesAtOnce is how many of them run side by side.
	copiesAtOnce = 4
)

// Copy asks the server to copy: up to 64 MiB in one request, more in parts.
func (s *S3Store) Copy(ctx context.Context, from, to string) error {
	if err := errors.Join(CheckKey(from), CheckKey(to)); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	if err := s.copy(ctx, from, to); err != nil {
		return fmt.Errorf("copy %s to %s: %w", from, to, err)
	}
	return nil
}

func (s *S3Store) copy(ctx context.Context, from, to string) error {
	source, err := s.head(ctx, from)
	if err != nil || from == to {
		return err // S3 refuses a copy onto itself
	}
	if aws.ToInt64(source.ContentLength) > copyPart {
		return s.copyLarge(ctx, from, to, source)
	}
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	_, err = s.client.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &s.bucket, Key: s.name(to), CopySource: s.source(from),
		ServerSideEncryption: s.sse, SSEKMSKeyId: s.kmsKey,
	})
	return s.explain(err)
}

// source names an object in a header, where servers read a plus as a space.
func (s *S3Store) source(key string) *string {
	segments := strings.Split(s.bucket+"/"+s.prefix+key, "/")
	for i, segment := range segments {
		segments[i] = strings.ReplaceAll(url.QueryEscape(segment), "+", "%20")
	}
	return aws.String(strings.Join(segments, "/"))
}

func (s *S3Store) copyLarge(ctx context.Context, from, to string, source *s3.HeadObjectOutput) error {
	opts := PutOptions{ContentType: aws.ToString(source.ContentType), ContentEncoding: contentEncoding(source.ContentEncoding)}
	u, err := s.begin(ctx, to, opts, &s3.CreateMultipartUploadInput{Metadata: source.Metadata})
	if err != nil {
		return err
	}
	size := aws.ToInt64(source.ContentLength)
	length := max(copyPart, (size+MaxParts-1)/MaxParts)
	parts := make([]types.CompletedPart, (size+length-1)/length)
	group, copying := errgroup.WithContext(ctx)
	group.SetLimit(copiesAtOnce)
	for i := range parts {
		offset := int64(i) * length
		rng := Range{Offset: offset, Length: min(length, size-offset)}
		group.Go(func() (err error) {
			parts[i], err = u.copyPart(copying, &s3.UploadPartCopyInput{
				PartNumber: aws.Int32(int32(i + 1)), CopySource: s.source(from),
				CopySourceIfMatch: source.ETag, CopySourceRange: aws.String(httpRange(rng)),
			})
			return err
		})
	}
	err = group.Wait()
	if err == nil {
		err = u.complete(ctx, parts)
	}
	if err != nil {
		return errors.Join(err, u.abort(ctx))
	}
	return nil
}

func (u *s3Upload) copyPart(ctx context.Context, in *s3.UploadPartCopyInput) (types.CompletedPart, error) {
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	in.Bucket, in.Key, in.UploadId = &u.store.bucket, u.store.name(u.key), &u.id.Server
	out, err := u.store.client.UploadPartCopy(ctx, in)
	if err != nil {
		return types.CompletedPart{}, fmt.Errorf("part %d: %w", *in.PartNumber, u.store.explain(err))
	}
	if out.CopyPartResult == nil {
		return types.CompletedPart{}, fmt.Errorf("part %d: the server did not say what it copied", *in.PartNumber)
	}
	return types.CompletedPart{PartNumber: in.PartNumber, ETag: out.CopyPartResult.ETag}, nil
}
