// Package bucket runs the object store of an instance: versitygw in front of a folder. It creates no buckets.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/process"
	"github.com/pharos-ci/pharos/test/cluster/state"
)

// Part is the name of the object store's process.
const Part = "s3"

// Region is what clients must sign for.
const Region = "us-east-1"

const accessKey = "pharosaccess"

// Start runs the object store and waits until it serves. bin holds the program.
func Start(ctx context.Context, in *instance.Instance, bin string) error {
	access, err := describe(in)
	if err != nil {
		return err
	}
	addr, err := in.Address(Part)
	if err != nil {
		return err
	}
	data, sidecar := in.Path("s3", "data"), in.Path("s3", "metadata")
	if err := errors.Join(os.MkdirAll(data, 0o700), os.MkdirAll(sidecar, 0o700)); err != nil {
		return fmt.Errorf("create store folder: %w", err)
	}
	argv := []string{filepath.Join(bin, "versitygw"), "--port", addr, "--region", Region, "--quiet", "--health", "/healthz", "posix"}
	if !keepsAttributes(data) {
		argv = append(argv, "--sidecar", sidecar)
	}
	_, err = in.Start(process.Spec{
		Name: Part,
		Argv: append(argv, data),
		Env:  []string{"ROOT_ACCESS_KEY=" + access.AccessKey, "ROOT_SECRET_KEY=" + access.SecretKey},
	})
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 5 * time.Second}
	return in.AwaitReady(ctx, Part, time.Minute, instance.ProbeHTTP(client, access.Endpoint+"/healthz"))
}

// Describe tells how to use the object store; nil when this instance has none.
func Describe(in *instance.Instance) (*state.S3, error) {
	if in.KnownSecret("s3") == "" {
		return nil, nil
	}
	return describe(in)
}

func describe(in *instance.Instance) (*state.S3, error) {
	addr, err := in.Address(Part)
	if err != nil {
		return nil, err
	}
	secret, err := in.Secret("s3", instance.RandomSecret)
	if err != nil {
		return nil, err
	}
	return &state.S3{Endpoint: "http://" + addr, Region: Region, AccessKey: accessKey, SecretKey: secret}, nil
}

// keepsAttributes tells whether the file system stores user attributes, where the gateway keeps object metadata by default.
func keepsAttributes(dir string) bool {
	const name = "user.pharos-probe"
	if err := unix.Setxattr(dir, name, []byte("1"), 0); err != nil {
		return false
	}
	return unix.Removexattr(dir, name) == nil
}
