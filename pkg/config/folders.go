package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folders lists the folders whose entries decide what the configuration is: those that hold the files, those below the job
// folder, and for every symbolic link on the way the folder that holds the link. Mounted ConfigMaps and git checkouts are
// swapped by such a link.
func (p Paths) folders() map[string]bool {
	folders := map[string]bool{}
	for _, file := range append([]string{p.Config, p.Plugins, p.Jobs}, p.supplements()...) {
		if file == "" {
			continue
		}
		folders[filepath.Dir(file)] = true
		for at := file; at != filepath.Dir(at); at = filepath.Dir(at) {
			if info, err := os.Lstat(at); err == nil && info.Mode()&fs.ModeSymlink != 0 {
				folders[filepath.Dir(at)] = true
			}
		}
	}
	for _, top := range append(p.supplements(), p.Jobs) {
		root, err := filepath.EvalSymlinks(top)
		if top == "" || err != nil { // what cannot be read is told by read
			continue
		}
		_ = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				folders[name] = true
			}
			return nil
		})
	}
	return folders
}

// supplements are the folders of supplemental files.
func (p Paths) supplements() []string {
	return slices.Concat(p.SupplementalConfigs, p.SupplementalPlugins)
}

// stat is a text that changes when a file is added, removed, replaced or written, as far as its metadata show.
func (p Paths) stat() string {
	var b strings.Builder
	tell := func(name string) {
		if info, err := os.Stat(name); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
		}
	}
	tell(p.Config)
	tell(p.Plugins)
	for _, part := range p.parts() {
		names, err := filesBelow(part.root, part.wanted)
		if err != nil {
			b.WriteString(err.Error())
		}
		for _, name := range names {
			tell(name)
		}
	}
	return b.String()
}
