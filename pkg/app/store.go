package app

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// openStore opens what the configuration names as storage. The store stays the same until a restart: runs that are being
// written must end where they began.
func openStore(ctx context.Context, s config.Storage) (storage.Store, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	switch u.Scheme {
	case "s3":
		return storage.OpenS3(ctx, storage.S3Options{
			Endpoint: s.Endpoint, Region: s.Region, Bucket: u.Host, Prefix: strings.Trim(u.Path, "/"), PathStyle: s.PathStyle, CAFile: s.CAFile,
			AccessKeyFile: s.AccessKeyFile, SecretKeyFile: s.SecretKeyFile, CredentialsFile: s.CredentialsFile,
			RoleARN: s.RoleARN, WebIdentityTokenFile: s.WebIdentityTokenFile, STSEndpoint: s.STSEndpoint,
			SSE: s.ServerSideEncryption, KMSKeyID: s.KMSKeyID,
		})
	case "file":
		return storage.OpenFile(u.Path)
	case "":
		return nil, fmt.Errorf("open store: config.yaml names none; add a storage stanza with url: s3://bucket or file:///folder")
	}
	return nil, fmt.Errorf("open store: this version cannot write to %s:// (use s3:// or file://)", u.Scheme)
}

func layout(c *config.Config) logs.Layout {
	l := c.Storage.Layout
	return logs.Layout{
		Strategy: logs.Strategy(l.PathStrategy), DefaultOrg: l.DefaultOrg, DefaultRepo: l.DefaultRepo, Prefix: l.PathPrefix,
		DefaultConnection: c.DefaultConnection(),
	}
}
