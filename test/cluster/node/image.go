package node

import (
	"context"
	"errors"
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/pharos-ci/pharos/test/cluster/debian"
	"github.com/pharos-ci/pharos/test/cluster/image"
)

// Images that every instance has. The shell image is for whoever needs a small one.
const (
	PauseImage = "pharos.local/pause:1"
	ShellImage = "pharos.local/busybox:1"
)

const busybox = "/bin/busybox"

// ImageNeeds are the Debian packages that the images here take.
func ImageNeeds() []debian.Need {
	return []debian.Need{{Package: "busybox-static", Have: []string{busybox}}}
}

// ImportImage loads an image archive into containerd, where the kubelet finds it at once.
func (n Node) ImportImage(ctx context.Context, file string) error {
	snapshotter, err := n.snapshotter()
	if err != nil {
		return err
	}
	return n.ctr(ctx, "images", "import", "--snapshotter", snapshotter, file)
}

// ImportOwn makes and imports images by tag.
func (n Node) ImportOwn(ctx context.Context, name string, images map[string]v1.Image) error {
	file := n.In.Path("images", name+".tar")
	if err := image.Write(file, images); err != nil {
		return err
	}
	if err := n.ImportImage(ctx, file); err != nil {
		return err
	}
	if err := os.Remove(file); err != nil {
		return fmt.Errorf("remove imported archive: %w", err)
	}
	return nil
}

// ImportBasics makes the pause and the shell image out of busybox.
func (n Node) ImportBasics(ctx context.Context) error {
	applets, err := image.Applets(ctx, busybox)
	if err != nil {
		return err
	}
	shell := image.NewTree()
	err = shell.HostFile("bin/busybox", busybox)
	for _, name := range applets {
		shell.Symlink("bin/"+name, "busybox")
	}
	shell.LinkMerged()
	shell.Dir("tmp", 0o1777)
	pause := image.NewTree()
	err = errors.Join(err, pause.HostFile("busybox", busybox))
	if err != nil {
		return err
	}
	env := []string{"PATH=/bin"}
	shellImage, shellErr := image.FromTree(shell, v1.Config{Cmd: []string{"sh"}, Env: env})
	// A sandbox only has to exist; containerd kills it, so it need not listen to signals.
	pauseImage, pauseErr := image.FromTree(pause, v1.Config{Entrypoint: []string{"/busybox", "sleep", "2147483647"}, Env: env})
	if err := errors.Join(shellErr, pauseErr); err != nil {
		return err
	}
	return n.ImportOwn(ctx, "basics", map[string]v1.Image{ShellImage: shellImage, PauseImage: pauseImage})
}
