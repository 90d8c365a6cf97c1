package storage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	s3KeyRefresh = 5 * time.Minute // how often credential files are read again
	s3KeyMargin  = time.Minute     // credentials are renewed this long before they expire
	s3Session    = "pharos"        // the name of our sessions in the server's audit log
)

func (o S3Options) checkKeys() error {
	ways := 0
	for _, pair := range [][2]string{
		{o.AccessKey, o.SecretKey}, {o.AccessKeyFile, o.SecretKeyFile}, {o.CredentialsFile, o.CredentialsFile}, {o.RoleARN, o.WebIdentityTokenFile},
	} {
		if (pair[0] == "") != (pair[1] == "") {
			return errors.New("half of the credentials is missing; set both the access key and the secret key, " +
				"or both the role and the token file")
		}
		if pair[0] != "" {
			ways++
		}
	}
	if ways > 1 {
		return errors.New("several kinds of credentials are set; keep one of static keys, key files, credentials file and web identity")
	}
	if o.STSEndpoint != "" && o.RoleARN == "" {
		return errors.New("an STS endpoint is set without a role to assume")
	}
	return nil
}

// s3Keys returns nil when the default chain is to decide.
func s3Keys(o S3Options, cfg aws.Config) aws.CredentialsProvider {
	switch {
	case o.AccessKey != "":
		return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: o.AccessKey, SecretAccessKey: o.SecretKey, Source: "configuration"}, nil
		})
	case o.AccessKeyFile != "":
		return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return o.readKeys() })
	case o.CredentialsFile != "":
		return aws.CredentialsProviderFunc(o.readShared)
	case o.RoleARN != "":
		client := sts.NewFromConfig(cfg, func(so *sts.Options) { so.BaseEndpoint = optional(o.STSEndpoint) })
		return stscreds.NewWebIdentityRoleProvider(client, o.RoleARN, stscreds.IdentityTokenFile(o.WebIdentityTokenFile),
			func(wo *stscreds.WebIdentityRoleOptions) { wo.RoleSessionName = s3Session })
	}
	return nil
}

func (o S3Options) readKeys() (aws.Credentials, error) {
	access, err := os.ReadFile(o.AccessKeyFile)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("read S3 access key: %w", err)
	}
	secret, err := os.ReadFile(o.SecretKeyFile)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("read S3 secret key: %w", err)
	}
	return aws.Credentials{
		AccessKeyID: strings.TrimSpace(string(access)), SecretAccessKey: strings.TrimSpace(string(secret)),
		Source: "key files", CanExpire: true, Expires: time.Now().Add(s3KeyRefresh + s3KeyMargin),
	}, nil
}

func (o S3Options) readShared(ctx context.Context) (aws.Credentials, error) {
	// The SDK takes an absent file for an empty one.
	if _, err := os.Stat(o.CredentialsFile); err != nil {
		return aws.Credentials{}, fmt.Errorf("read S3 credentials: %w", err)
	}
	profile, err := config.LoadSharedConfigProfile(ctx, "default", func(lo *config.LoadSharedConfigOptions) {
		lo.CredentialsFiles, lo.ConfigFiles = []string{o.CredentialsFile}, []string{}
	})
	if _, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok || err == nil && !profile.Credentials.HasKeys() {
		return aws.Credentials{}, fmt.Errorf(
			"read S3 credentials: %s has no keys; write aws_access_key_id and aws_secret_access_key below [default]", o.CredentialsFile)
	}
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("read S3 credentials %s: %w", o.CredentialsFile, err)
	}
	keys := profile.Credentials
	keys.CanExpire, keys.Expires = true, time.Now().Add(s3KeyRefresh+s3KeyMargin)
	return keys, nil
}

// s3Signer is the SDK's signer, renewed with each secret: the SDK keeps what it derives from a secret by access key, and after
// a rotation that leaves the access key as it is would sign with the old secret until midnight.
type s3Signer struct {
	mu     sync.Mutex
	secret string
	signer *v4.Signer
}

// SignHTTP implements s3.HTTPSignerV4.
func (s *s3Signer) SignHTTP(ctx context.Context, keys aws.Credentials, r *http.Request, payloadHash, service, region string, at time.Time, opts ...func(*v4.SignerOptions)) error {
	return s.of(keys.SecretAccessKey).SignHTTP(ctx, keys, r, payloadHash, service, region, at, opts...)
}

func (s *s3Signer) of(secret string) *v4.Signer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signer == nil || s.secret != secret {
		s.secret, s.signer = secret, v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	}
	return s.signer
}
