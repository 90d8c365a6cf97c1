// Package image assembles container images without a registry, a container engine or root: from Debian packages and single files.
//
// The result depends on the inputs only: entries are sorted, owners are root and every time is the epoch.
package image

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// merged are the top-level folders that Debian keeps as links into /usr, though its packages still ship files under the old names.
var merged = []string{"bin", "sbin", "lib", "lib64"}

type entry struct {
	kind    byte
	mode    int64
	link    string
	content []byte
}

// Tree is a file system to become one layer. Paths have no leading slash.
type Tree struct{ entries map[string]entry }

// NewTree returns an empty tree.
func NewTree() *Tree { return &Tree{entries: map[string]entry{}} }

// File adds a regular file.
func (t *Tree) File(name string, mode fs.FileMode, content []byte) {
	t.put(name, entry{kind: tar.TypeReg, mode: int64(mode), content: content})
}

// HostFile adds an executable copy of a file of this machine.
func (t *Tree) HostFile(name, source string) error {
	content, err := os.ReadFile(source)
	if err != nil {
		return fmt.Errorf("add %s to image: %w", name, err)
	}
	t.File(name, 0o755, content)
	return nil
}

// Dir adds a folder; mode may hold the sticky bit as 0o1000.
func (t *Tree) Dir(name string, mode int64) { t.put(name, entry{kind: tar.TypeDir, mode: mode}) }

// Symlink adds a link unless something is there already.
func (t *Tree) Symlink(name, target string) {
	if !t.has(name) {
		t.put(name, entry{kind: tar.TypeSymlink, mode: 0o777, link: target})
	}
}

func (t *Tree) has(name string) bool {
	_, ok := t.entries[canonical(name)]
	return ok
}

// add takes one entry of a package's archive.
func (t *Tree) add(h *tar.Header, content []byte) error {
	switch h.Typeflag {
	case tar.TypeReg:
		t.put(h.Name, entry{kind: tar.TypeReg, mode: h.Mode, content: content})
	case tar.TypeDir:
		t.put(h.Name, entry{kind: tar.TypeDir, mode: h.Mode})
	case tar.TypeSymlink:
		t.put(h.Name, entry{kind: tar.TypeSymlink, mode: 0o777, link: h.Linkname})
	case tar.TypeLink:
		t.put(h.Name, entry{kind: tar.TypeLink, mode: h.Mode, link: canonical(h.Linkname)})
	default:
		return fmt.Errorf("add %s to image: unsupported kind %q", h.Name, h.Typeflag)
	}
	return nil
}

func (t *Tree) put(name string, e entry) {
	name = canonical(name)
	if name == "." || slices.Contains(merged, name) {
		return
	}
	t.entries[name] = e
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, ok := t.entries[dir]; ok {
			break
		}
		t.entries[dir] = entry{kind: tar.TypeDir, mode: 0o755}
	}
}

// canonical cleans a path and moves it below /usr where Debian's merged layout wants it.
func canonical(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name == "" {
		return "."
	}
	top, _, below := strings.Cut(name, "/")
	if below && slices.Contains(merged, top) {
		return "usr/" + name
	}
	return name
}

// LinkMerged adds /bin and its like as links into /usr, where put has moved their files.
func (t *Tree) LinkMerged() {
	for _, name := range merged {
		t.entries[name] = entry{kind: tar.TypeSymlink, mode: 0o777, link: "usr/" + name}
		if _, ok := t.entries["usr/"+name]; !ok {
			t.entries["usr/"+name] = entry{kind: tar.TypeDir, mode: 0o755}
		}
	}
}

// write writes the tree as a tar archive. Hard links come last, as their targets must precede them.
func (t *Tree) write(w io.Writer) error {
	out := tar.NewWriter(w)
	names := slices.Sorted(maps.Keys(t.entries))
	for _, links := range []bool{false, true} {
		for _, name := range names {
			e := t.entries[name]
			if (e.kind == tar.TypeLink) != links {
				continue
			}
			if err := writeEntry(out, name, e); err != nil {
				return fmt.Errorf("write %s: %w", name, err)
			}
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("finish layer: %w", err)
	}
	return nil
}

func writeEntry(out *tar.Writer, name string, e entry) error {
	if e.kind == tar.TypeDir {
		name += "/"
	}
	h := &tar.Header{Typeflag: e.kind, Name: name, Linkname: e.link, Mode: e.mode & 0o7777, Size: int64(len(e.content)), ModTime: epoch}
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	_, err := out.Write(e.content)
	return err
}

var epoch = time.Unix(0, 0).UTC()
