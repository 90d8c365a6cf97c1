package image

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/test/cluster/component"
	"github.com/pharos-ci/pharos/test/cluster/debian"
	"github.com/pharos-ci/pharos/test/cluster/lock"
)

// recipe changes when the code below makes a different base from the same packages.
const recipe = "1"

// basePackages are what a job needs to clone, merge, run scripts and call make. Busybox stands in for the small tools.
var basePackages = []string{"base-files", "bash", "busybox-static", "ca-certificates", "git", "make", "openssh-client"}

// unwanted dependencies are needed by maintainer scripts or by parts of git that no job uses (git send-email, git svn, manuals).
var unwanted = []string{
	"debconf", "dpkg", "gcc-12-base", "git-man", "libdb5.3", "liberror-perl", "libgdbm-compat4", "libgdbm6", "libperl5.36", "mawk",
	"openssl", "perl", "perl-base", "perl-modules-5.36", "tar",
}

// base returns the base layer as a tar file, made once and kept in the cache.
func base(ctx context.Context, cache component.Cache) (string, error) {
	sum := sha256.Sum256([]byte(recipe + strings.Join(basePackages, " ") + strings.Join(unwanted, " ")))
	dir := filepath.Join(cache.Root, "image")
	file := filepath.Join(dir, "base-"+hex.EncodeToString(sum[:6])+".tar")
	unlock, err := lock.Take(ctx, filepath.Join(cache.Root, "image.lock"), func() {
		cache.Say("image: another command is making the base, waiting")
	})
	if err != nil {
		return "", err
	}
	if _, err = os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		cache.Say("image: making the base layer from Debian packages")
		err = makeBase(ctx, filepath.Join(dir, "packages"), file)
	}
	if err = errors.Join(err, unlock()); err != nil {
		return "", fmt.Errorf("make base layer: %w", err)
	}
	return file, nil
}

func makeBase(ctx context.Context, packages, file string) error {
	debs, err := debian.Fetch(ctx, packages, basePackages)
	if err != nil {
		return err
	}
	t := NewTree()
	for _, deb := range debs {
		if slices.Contains(unwanted, debian.Name(deb)) {
			continue
		}
		if err := addPackage(ctx, t, deb); err != nil {
			return err
		}
	}
	if err := configure(ctx, t); err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := t.write(&buf); err != nil {
		return err
	}
	tmp := file + ".unfinished"
	if err := os.WriteFile(tmp, buf.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write layer: %w", err)
	}
	if err := os.Rename(tmp, file); err != nil {
		return fmt.Errorf("publish layer: %w", err)
	}
	return nil
}

func addPackage(ctx context.Context, t *Tree, deb string) error {
	err := debian.Walk(ctx, deb, func(h *tar.Header, content []byte) error {
		if documentation(canonical(h.Name)) {
			return nil
		}
		return t.add(h, content)
	})
	if err != nil {
		return err
	}
	control, err := debian.Control(ctx, deb)
	if err != nil {
		return err
	}
	// Where image scanners look for the packages of an image without dpkg.
	t.File("var/lib/dpkg/status.d/"+debian.Name(deb), 0o644, control)
	return nil
}

// documentation tells what an image can do without. Licences stay, as their terms ask.
func documentation(name string) bool {
	for _, dir := range []string{"usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/doc-base", "usr/share/perl5"} {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return strings.HasPrefix(name, "usr/share/doc/") && path.Base(name) != "copyright"
}

// configure does what the packages' scripts would have done on installation.
func configure(ctx context.Context, t *Tree) error {
	t.LinkMerged()
	t.Dir("tmp", 0o1777)
	t.Dir("var/tmp", 0o1777)
	t.Dir("root", 0o700)
	t.Dir("home/pharos", 0o777) // any user id may be asked for
	t.File("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/sh\npharos:x:65532:65532:pharos:/home/pharos:/bin/sh\n"+
		"nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"))
	t.File("etc/group", 0o644, []byte("root:x:0:\npharos:x:65532:\nnogroup:x:65534:\n"))
	t.File("etc/nsswitch.conf", 0o644, []byte("passwd: files\ngroup: files\nhosts: files dns\n"))
	// Jobs work in folders that another user prepared; the folders are theirs alone, so git's owner check only gets in the way.
	t.File("etc/gitconfig", 0o644, []byte("[safe]\n\tdirectory = *\n"))
	trust(t)
	return applets(ctx, t)
}

// trust joins all certificate authorities into the bundle that programs read.
func trust(t *Tree) {
	var names []string
	for name := range t.entries {
		if strings.HasPrefix(name, "usr/share/ca-certificates/") && strings.HasSuffix(name, ".crt") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var bundle bytes.Buffer
	for _, name := range names {
		bundle.Write(bytes.TrimRight(t.entries[name].content, "\n"))
		bundle.WriteByte('\n')
	}
	t.File("etc/ssl/certs/ca-certificates.crt", 0o644, bundle.Bytes())
}

// applets links every busybox tool that no package brought. The packaged busybox itself is asked for their names.
func applets(ctx context.Context, t *Tree) (err error) {
	dir, err := os.MkdirTemp("", "busybox")
	if err != nil {
		return fmt.Errorf("create temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program := filepath.Join(dir, "busybox")
	if err := os.WriteFile(program, t.entries["usr/bin/busybox"].content, 0o700); err != nil {
		return fmt.Errorf("write busybox: %w", err)
	}
	names, err := Applets(ctx, program)
	if err != nil {
		return err
	}
	linkApplets(t, names)
	return nil
}

func linkApplets(t *Tree, names []string) {
	for _, name := range names {
		if t.has("usr/bin/"+name) || t.has("usr/sbin/"+name) {
			continue
		}
		t.Symlink("usr/bin/"+name, "busybox")
	}
}

// Applets lists the tools inside a busybox program.
func Applets(ctx context.Context, busybox string) ([]string, error) {
	out, err := exec.CommandContext(ctx, busybox, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("list busybox tools: %w", err)
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(n string) bool { return n == "busybox" }), nil
}
