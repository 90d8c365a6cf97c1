package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folders lists the folders whose entries decide what the configuration is: those that hold the files, those below the job
// folder, and for every symbolic link on the way the folder that holds the link. Mounted ConfigMaps and git checkouts are
// swapped by such a link.
func (p Paths) folders() map[string]bool {
	folders := map[string]bool{}
	for _, file := range []string{p.Config, p.Plugins, p.Jobs} {
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
	if root, err := filepath.EvalSymlinks(p.Jobs); p.Jobs != "" && err == nil {
		_ = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error { // what cannot be read is told by read
			if err == nil && d.IsDir() {
				folders[name] = true
			}
			return nil
		})
	}
	return folders
}

// stat is a text that changes when a file is added, removed, replaced or written, as far as its metadata show.
func (p Paths) stat() string {
	names, err := jobFiles(p.Jobs)
	if err != nil {
		names = []string{err.Error()}
	}
	var b strings.Builder
	for _, name := range append(names, p.Config, p.Plugins) {
		if info, err := os.Stat(name); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}
