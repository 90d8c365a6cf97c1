package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// list shows a tree's archive as one line per entry.
func list(t *testing.T, tree *Tree) string {
	t.Helper()
	var buf bytes.Buffer
	if err := tree.write(&buf); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for r := tar.NewReader(&buf); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%c %o %s %s\n", h.Typeflag, h.Mode, h.Name, h.Linkname)
	}
}

func TestPackagesGoIntoTheMergedLayout(t *testing.T) {
	tree := NewTree()
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "./bin/", Mode: 0o755},
		{Typeflag: tar.TypeReg, Name: "./bin/bash", Mode: 0o755},
		{Typeflag: tar.TypeLink, Name: "./usr/bin/abash", Linkname: "./bin/bash", Mode: 0o755},
		{Typeflag: tar.TypeSymlink, Name: "./lib/ld.so", Linkname: "../x"},
	} {
		if err := tree.add(h, nil); err != nil {
			t.Fatal(err)
		}
	}
	tree.LinkMerged()
	want := `2 777 bin usr/bin
2 777 lib usr/lib
2 777 lib64 usr/lib64
2 777 sbin usr/sbin
5 755 usr/ 
5 755 usr/bin/ 
0 755 usr/bin/bash 
5 755 usr/lib/ 
2 777 usr/lib/ld.so ../x
5 755 usr/lib64/ 
5 755 usr/sbin/ 
1 755 usr/bin/abash usr/bin/bash
`
	if diff := cmp.Diff(want, list(t, tree)); diff != "" {
		t.Errorf("archive (-want +got):\n%s", diff)
	}
}

func TestDevicesAreRefused(t *testing.T) {
	if err := NewTree().add(&tar.Header{Typeflag: tar.TypeBlock, Name: "dev/x"}, nil); err == nil {
		t.Error("a block device was accepted")
	}
}

func TestAppletsDoNotReplaceRealTools(t *testing.T) {
	tree := NewTree()
	tree.File("bin/bash", 0o755, nil)
	linkApplets(tree, []string{"bash", "sed"})
	want := "5 755 usr/ \n5 755 usr/bin/ \n0 755 usr/bin/bash \n2 777 usr/bin/sed busybox\n"
	if diff := cmp.Diff(want, list(t, tree)); diff != "" {
		t.Errorf("archive (-want +got):\n%s", diff)
	}
}

func TestLicencesStayWhenDocumentationGoes(t *testing.T) {
	for name, gone := range map[string]bool{
		"usr/share/doc/git/copyright":    false,
		"usr/share/doc/git/changelog.gz": true,
		"usr/share/man/man1/git.1":       true,
		"usr/share/manual":               false,
		"usr/bin/git":                    false,
	} {
		if got := documentation(name); got != gone {
			t.Errorf("documentation(%s) = %v, want %v", name, got, gone)
		}
	}
}

func TestTheSameInputGivesTheSameImage(t *testing.T) {
	const tag = "pharos.local/test:1"
	var digests [2]v1.Hash
	for i := range digests {
		tree := NewTree()
		tree.File("app", 0o755, []byte("program"))
		img, err := FromTree(tree, v1.Config{Entrypoint: []string{"/app"}, User: "65532"})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "image.tar")
		if err := Write(file, map[string]v1.Image{tag: img}); err != nil {
			t.Fatal(err)
		}
		read, err := tarball.ImageFromPath(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		if digests[i], err = read.ConfigName(); err != nil {
			t.Fatal(err)
		}
	}
	if digests[0] != digests[1] {
		t.Errorf("digests differ: %v", digests)
	}
}
