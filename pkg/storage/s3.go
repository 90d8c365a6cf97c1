package storage

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Limits of the S3 client. The shipper retries without end above them, so they only have to be long enough for a slow
// server and short enough to notice a dead one.
const (
	s3Attempts       = 3
	s3DialTimeout    = 5 * time.Second
	s3AnswerTimeout  = 30 * time.Second // from the last byte sent to the first byte of the answer
	s3CallTimeout    = 2 * time.Minute  // one call with its retries, sending up to one part
	s3StallTimeout   = 30 * time.Second // a body that gives nothing for this long is broken
	s3IdleTimeout    = 90 * time.Second // of pooled connections
	s3Connections    = 64               // kept open, since many steps flush at once
	s3DefaultRegion  = "us-east-1"      // what servers without regions expect
	s3DefaultUploads = 4                // multipart uploads at once, of one part of memory each
)

// S3Options say where the bucket is and who we are there. HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured.
type S3Options struct {
	// Endpoint is the URL of an S3-compatible server; empty means AWS.
	Endpoint string
	// Region defaults to what the environment says, or us-east-1.
	Region string
	Bucket string
	// Prefix goes before every key; it needs no trailing slash.
	Prefix string
	// The credentials are given in one of four ways. With none of them the AWS default chain decides: environment, shared
	// files, web identity of the pod, instance role.
	//
	// AccessKey and SecretKey are static.
	AccessKey, SecretKey string
	// AccessKeyFile and SecretKeyFile name files that hold static keys and are read again every five minutes.
	AccessKeyFile, SecretKeyFile string
	// CredentialsFile names an AWS shared credentials file, whose keys below [default] are read again every five minutes.
	CredentialsFile string
	// RoleARN is assumed with the token in WebIdentityTokenFile, which is read again at each renewal. STSEndpoint is the
	// URL of the server that exchanges the token; empty means AWS's of the region.
	RoleARN, WebIdentityTokenFile string
	STSEndpoint                   string
	// PathStyle puts the bucket in the path instead of the host name. Nil means: for a custom endpoint.
	PathStyle *bool
	// CAFile names a PEM file of certificates to trust beside the system's.
	CAFile string
	// SSE is the encryption that the server is asked for: none, AES256 or aws:kms, the latter with the key KMSKeyID
	// or, where that is empty, the bucket's.
	SSE, KMSKeyID string
	// Uploads is how many large objects are sent at once, each with 8 MiB of memory; 0 means 4.
	Uploads int
}

func (o S3Options) check() error {
	switch types.ServerSideEncryption(o.SSE) {
	case "", types.ServerSideEncryptionAes256:
		if o.KMSKeyID != "" {
			return fmt.Errorf("a KMS key is set for encryption %q; it needs %q", o.SSE, types.ServerSideEncryptionAwsKms)
		}
	case types.ServerSideEncryptionAwsKms:
	default:
		return fmt.Errorf("encryption %q is unknown; use %q, %q or none",
			o.SSE, types.ServerSideEncryptionAes256, types.ServerSideEncryptionAwsKms)
	}
	if o.Bucket == "" {
		return errors.New("no bucket")
	}
	return o.checkKeys()
}

// S3Store keeps objects in a bucket.
type S3Store struct {
	client   *s3.Client
	endpoint string // empty for AWS
	region   string
	bucket   string
	prefix   string // empty or with a trailing slash
	sse      types.ServerSideEncryption
	kmsKey   *string
	large    chan struct{}
	// unconditional is set once the server refused conditional writes as not implemented.
	unconditional atomic.Bool
}

var _ Store = (*S3Store)(nil)

// OpenS3 builds the store without any request to the server; credentials are resolved at the first call.
func OpenS3(ctx context.Context, o S3Options) (*S3Store, error) {
	prefix, err := s3Prefix(o.Prefix)
	if err := errors.Join(o.check(), err); err != nil {
		return nil, fmt.Errorf("open S3 store: %w", err)
	}
	cfg, err := s3Config(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open S3 store: %w", err)
	}
	client := s3.NewFromConfig(cfg, func(so *s3.Options) {
		if o.Endpoint != "" {
			so.BaseEndpoint = aws.String(o.Endpoint)
			so.UsePathStyle = true
		}
		if o.PathStyle != nil {
			so.UsePathStyle = *o.PathStyle
		}
		so.HTTPSignerV4 = new(s3Signer)
		so.DisableLogOutputChecksumValidationSkipped = true // normal for multipart objects
	})
	uploads := o.Uploads
	if uploads <= 0 {
		uploads = s3DefaultUploads
	}
	return &S3Store{
		client: client, endpoint: o.Endpoint, region: cfg.Region, bucket: o.Bucket, prefix: prefix,
		sse: types.ServerSideEncryption(o.SSE), kmsKey: optional(o.KMSKeyID), large: make(chan struct{}, uploads),
	}, nil
}

func s3Prefix(prefix string) (string, error) {
	prefix = strings.Trim(prefix, "/")
	if prefix == "" {
		return "", nil
	}
	if err := CheckKey(prefix); err != nil {
		return "", fmt.Errorf("prefix: %w", err)
	}
	return prefix + "/", nil
}

func s3Config(ctx context.Context, o S3Options) (aws.Config, error) {
	roots, err := s3Roots(o.CAFile)
	if err != nil {
		return aws.Config{}, err
	}
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(s3HTTPClient(roots)),
		config.WithRetryer(s3Retryer),
		// The checksum is computed here, once, over the part in memory: see s3put.go.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return aws.Config{}, err
	}
	if cfg.Region == "" {
		cfg.Region = s3DefaultRegion
	}
	if keys := s3Keys(o, cfg); keys != nil {
		cfg.Credentials = aws.NewCredentialsCache(keys, func(co *aws.CredentialsCacheOptions) { co.ExpiryWindow = s3KeyMargin })
	}
	return cfg, nil
}

// s3Retryer repeats conditional writes that met another write under way, and not what a certificate forbids.
func s3Retryer() aws.Retryer {
	certificate := retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if unknownAuthority(err) {
			return aws.FalseTernary
		}
		return aws.UnknownTernary
	})
	standard := retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = s3Attempts
		o.Retryables = append([]retry.IsErrorRetryable{certificate}, o.Retryables...)
	})
	return retry.AddWithErrorCodes(standard, conflictCode)
}

// s3Roots is nil, the system's certificates, when no file is named.
func s3Roots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read CA certificates: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the system's CA certificates: %w", err)
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read CA certificates: %s holds none in PEM form", file)
	}
	return roots, nil
}

// s3HTTPClient is the SDK's kind of client, which AWS_CA_BUNDLE can give further roots to and which keeps the
// signature from being sent to another host by a redirect.
func s3HTTPClient(roots *x509.CertPool) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = s3DialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = s3DialTimeout
			t.TLSClientConfig.RootCAs = roots
			t.ResponseHeaderTimeout = s3AnswerTimeout
			t.IdleConnTimeout = s3IdleTimeout
			t.MaxIdleConnsPerHost = s3Connections
			t.DisableCompression = true // or objects stored as gzip would arrive unpacked
		})
}

// URL is "s3://bucket" with the prefix.
func (s *S3Store) URL() string {
	return strings.TrimSuffix("s3://"+s.bucket+"/"+s.prefix, "/")
}

func (s *S3Store) name(key string) *string { return aws.String(s.prefix + key) }
