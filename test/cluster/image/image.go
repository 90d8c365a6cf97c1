package image

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/pharos-ci/pharos/test/cluster/component"
)

// Spec says what image to make around the pharos program.
type Spec struct {
	// Binary is a static Linux program; it becomes /usr/local/bin/pharos and the entrypoint.
	Binary string
	// Tag is the full name, for example pharos.local/pharos:dev.
	Tag string
	// User is the default user, "" for root. User 65532 exists in the image.
	User string
	// Output is the image archive to write.
	Output string
}

// Build makes the pharos image: git, make, shells and certificates from Debian below, the program on top.
func Build(ctx context.Context, cache component.Cache, spec Spec) error {
	file, err := base(ctx, cache)
	if err != nil {
		return err
	}
	lower, err := tarball.LayerFromFile(file)
	if err != nil {
		return fmt.Errorf("read base layer: %w", err)
	}
	top := NewTree()
	if err := top.HostFile("usr/local/bin/pharos", spec.Binary); err != nil {
		return err
	}
	upper, err := layer(top, gzip.DefaultCompression)
	if err != nil {
		return err
	}
	img, err := assemble(v1.Config{
		Entrypoint: []string{"/usr/local/bin/pharos"},
		Env: []string{
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"LANG=C.UTF-8",
			"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
		},
		User:       spec.User,
		WorkingDir: "/",
	}, lower, upper)
	if err != nil {
		return err
	}
	return Write(spec.Output, map[string]v1.Image{spec.Tag: img})
}

// FromTree makes an image of one layer. It is packed for speed, as it only travels to this machine's containerd.
func FromTree(t *Tree, config v1.Config) (v1.Image, error) {
	l, err := layer(t, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	return assemble(config, l)
}

func layer(t *Tree, level int) (v1.Layer, error) {
	var buf bytes.Buffer
	if err := t.write(&buf); err != nil {
		return nil, err
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(buf.Bytes())), nil
	}, tarball.WithCompressionLevel(level), tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("make layer: %w", err)
	}
	return l, nil
}

func assemble(config v1.Config, layers ...v1.Layer) (v1.Image, error) {
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		return nil, fmt.Errorf("append layers: %w", err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read image config: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", runtime.GOARCH
	file.Created = v1.Time{Time: epoch}
	file.Config = config
	img, err = mutate.ConfigFile(img, file)
	if err != nil {
		return nil, fmt.Errorf("set image config: %w", err)
	}
	return img, nil
}

// Write stores images by tag as one archive that `ctr images import` and `docker load` take.
func Write(path string, images map[string]v1.Image) error {
	tagged := make(map[name.Tag]v1.Image, len(images))
	for tag, img := range images {
		ref, err := name.NewTag(tag, name.StrictValidation)
		if err != nil {
			return fmt.Errorf("parse image name: %w", err)
		}
		tagged[ref] = img
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("create folder of image archive: %w", err)
	}
	tmp := path + ".unfinished"
	if err := tarball.MultiWriteToFile(tmp, tagged); err != nil {
		return fmt.Errorf("write image archive: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("publish image archive: %w", err)
	}
	return nil
}
