package storage

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithy "github.com/aws/smithy-go"
)

// Limits of the S3 client. The shipper retries without end above them, so they only have to be long enough for a slow
// server and short enough to notice a dead one.
const (
	s3Attempts       = 3
	s3DialTimeout    = 5 * time.Second
	s3AnswerTimeout  = 30 * time.Second // from the last byte sent to the first byte of the answer
	s3CallTimeout    = 2 * time.Minute  // one call with its retries, sending up to one part
	s3StallTimeout   = 30 * time.Second // a body that gives nothing for this long is broken
	s3KeyRefresh     = 5 * time.Minute  // how often credential files are read again
	s3IdleTimeout    = 90 * time.Second // of pooled connections
	s3Connections    = 64               // kept open, since many steps flush at once
	s3DefaultRegion  = "us-east-1"      // what servers without regions expect
	s3DefaultUploads = 4                // multipart uploads at once, of one part of memory each
)

// S3Options say where the bucket is and who we are there.
type S3Options struct {
	// Endpoint is the URL of an S3-compatible server; empty means AWS.
	Endpoint string
	// Region defaults to what the environment says, or us-east-1.
	Region string
	Bucket string
	// Prefix goes before every key; it needs no trailing slash.
	Prefix string
	// AccessKey and SecretKey are static credentials. AccessKeyFile and SecretKeyFile name files that hold them and
	// are read again every five minutes. With none of them the AWS default chain decides (environment, shared
	// files, web identity, instance role).
	AccessKey, SecretKey         string
	AccessKeyFile, SecretKeyFile string
	// PathStyle puts the bucket in the path instead of the host name. Nil means: for a custom endpoint.
	PathStyle *bool
	// Uploads is how many large objects are sent at once, each with 8 MiB of memory; 0 means 4.
	Uploads int
}

// S3Store keeps objects in a bucket.
type S3Store struct {
	client *s3.Client
	bucket string
	prefix string // empty or with a trailing slash
	large  chan struct{}
}

var _ Store = (*S3Store)(nil)

// OpenS3 builds the store without any request to the server; credentials are resolved at the first call.
func OpenS3(ctx context.Context, o S3Options) (*S3Store, error) {
	if o.Bucket == "" {
		return nil, errors.New("open S3 store: no bucket")
	}
	prefix := strings.Trim(o.Prefix, "/")
	if prefix != "" {
		if err := CheckKey(prefix); err != nil {
			return nil, fmt.Errorf("open S3 store: prefix: %w", err)
		}
		prefix += "/"
	}
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(s3HTTPClient()),
		config.WithRetryer(func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), s3Attempts) }),
		// The checksum is computed here, once, over the part in memory: see s3put.go.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if keys := staticKeys(o); keys != nil {
		load = append(load, config.WithCredentialsProvider(aws.NewCredentialsCache(keys)))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("open S3 store: %w", err)
	}
	if cfg.Region == "" {
		cfg.Region = s3DefaultRegion
	}
	client := s3.NewFromConfig(cfg, func(so *s3.Options) {
		if o.Endpoint != "" {
			so.BaseEndpoint = aws.String(o.Endpoint)
			so.UsePathStyle = true
		}
		if o.PathStyle != nil {
			so.UsePathStyle = *o.PathStyle
		}
		so.DisableLogOutputChecksumValidationSkipped = true // normal for multipart objects
	})
	uploads := o.Uploads
	if uploads <= 0 {
		uploads = s3DefaultUploads
	}
	return &S3Store{client: client, bucket: o.Bucket, prefix: prefix, large: make(chan struct{}, uploads)}, nil
}

// s3HTTPClient is the SDK's kind of client, which AWS_CA_BUNDLE can give further roots to and which keeps the
// signature from being sent to another host by a redirect.
func s3HTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = s3DialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = s3DialTimeout
			t.ResponseHeaderTimeout = s3AnswerTimeout
			t.IdleConnTimeout = s3IdleTimeout
			t.MaxIdleConnsPerHost = s3Connections
		})
}

// staticKeys returns nil when the default chain is to decide.
func staticKeys(o S3Options) aws.CredentialsProvider {
	if o.AccessKey == "" && o.AccessKeyFile == "" {
		return nil
	}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		keys := aws.Credentials{AccessKeyID: o.AccessKey, SecretAccessKey: o.SecretKey, Source: "pharos"}
		if o.AccessKeyFile == "" {
			return keys, nil
		}
		access, err := os.ReadFile(o.AccessKeyFile)
		if err != nil {
			return keys, fmt.Errorf("read S3 access key: %w", err)
		}
		secret, err := os.ReadFile(o.SecretKeyFile)
		if err != nil {
			return keys, fmt.Errorf("read S3 secret key: %w", err)
		}
		keys.AccessKeyID, keys.SecretAccessKey = strings.TrimSpace(string(access)), strings.TrimSpace(string(secret))
		keys.CanExpire, keys.Expires = true, time.Now().Add(s3KeyRefresh)
		return keys, nil
	})
}

// URL is "s3://bucket" with the prefix.
func (s *S3Store) URL() string {
	return strings.TrimSuffix("s3://"+s.bucket+"/"+s.prefix, "/")
}

// Get opens the object; its body fails when the server sends nothing for 30 seconds.
func (s *S3Store) Get(ctx context.Context, key string, rng Range) (*Object, error) {
	if err := errors.Join(CheckKey(key), checkRange(rng)); err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key)}
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
		return nil, fmt.Errorf("get %s: %w", key, s3Error(err))
	}
	return &Object{
		Body:    newStallReader(out.Body, cancel),
		Size:    wholeSize(out),
		ModTime: aws.ToTime(out.LastModified),
	}, nil
}

// emptyRange answers a range behind the end, which S3 refuses without telling the size.
func (s *S3Store) emptyRange(ctx context.Context, key string) (*Object, error) {
	ctx, cancel := context.WithTimeout(ctx, s3CallTimeout)
	defer cancel()
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key)})
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", key, s3Error(err))
	}
	return &Object{Body: http.NoBody, Size: aws.ToInt64(out.ContentLength), ModTime: aws.ToTime(out.LastModified)}, nil
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
				yield(Entry{}, fmt.Errorf("list %s: %w", prefix, s3Error(err)))
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
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key)})
	if err = s3Error(err); err != nil && !errors.Is(err, ErrNotExist) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

func errorCode(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// s3Error makes an absent key ErrNotExist. An absent bucket stays what it is: a mistake in the configuration.
func s3Error(err error) error {
	if _, ok := errors.AsType[*types.NoSuchKey](err); ok {
		return fmt.Errorf("%w: %w", ErrNotExist, err)
	}
	switch errorCode(err) {
	case "NoSuchKey", "NotFound":
		return fmt.Errorf("%w: %w", ErrNotExist, err)
	}
	return err
}
