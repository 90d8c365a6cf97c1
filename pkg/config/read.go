package config

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Paths says which files to read and how.
type Paths struct {
	// Config is config.yaml. Jobs is a job file or a folder of them, Plugins is plugins.yaml; both may be empty.
	Config, Jobs, Plugins string
	// Lenient turns into warnings what Prow let pass: keys that nobody knows, and keys given twice.
	Lenient bool
}

// input is one file as it was read.
type input struct {
	name string
	data []byte
}

// snapshot is every file of a configuration at one moment.
type snapshot struct {
	config  input
	jobs    []input
	plugins *input
}

// data returns the content of the file with that name.
func (s snapshot) data(name string) []byte {
	for f := range s.all() {
		if f.name == name {
			return f.data
		}
	}
	return nil
}

func (s snapshot) all() func(yield func(input) bool) {
	return func(yield func(input) bool) {
		if !yield(s.config) {
			return
		}
		if s.plugins != nil && !yield(*s.plugins) {
			return
		}
		for _, f := range s.jobs {
			if !yield(f) {
				return
			}
		}
	}
}

// hash names the content of all files.
func (s snapshot) hash() string {
	h := sha256.New()
	for f := range s.all() {
		fmt.Fprintf(h, "%d:%s%d:", len(f.name), f.name, len(f.data)) // writing to a hash never fails
		h.Write(f.data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// read reads every file; what cannot be read is an error of type *Errors.
func (p Paths) read() (snapshot, error) {
	var s snapshot
	var failed Errors
	get := func(name string) input {
		data, err := readFile(name)
		if err != nil {
			failed.Findings = append(failed.Findings, unreadable(name, err))
		}
		return input{name: name, data: data}
	}
	s.config = get(p.Config)
	if p.Plugins != "" {
		f := get(p.Plugins)
		s.plugins = &f
	}
	names, err := jobFiles(p.Jobs)
	if err != nil {
		failed.Findings = append(failed.Findings, unreadable(p.Jobs, err))
	}
	for _, name := range names {
		s.jobs = append(s.jobs, get(name))
	}
	if len(failed.Findings) > 0 {
		return s, &failed
	}
	return s, nil
}

func unreadable(name string, err error) Finding {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return Finding{File: name, Severity: SeverityError, Message: fmt.Sprintf("cannot be read: %v", err), Remedy: "check the path and its permissions"}
}

// jobFiles lists the job files at a path in a stable order: the file itself, or every .yaml and .yml below a folder. Names
// that begin with ".." are what a mounted ConfigMap keeps its versions in.
func jobFiles(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	root, err := filepath.EvalSymlinks(path) // WalkDir does not enter a folder that is itself a link
	if err != nil {
		return nil, err
	}
	var names []string
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(d.Name(), "..") && d.IsDir():
			return fs.SkipDir
		case d.IsDir() || strings.HasPrefix(d.Name(), ".."):
			return nil
		}
		if ext := filepath.Ext(name); ext == ".yaml" || ext == ".yml" {
			names = append(names, path+strings.TrimPrefix(name, root))
		}
		return nil
	})
	return names, err
}

// readFile reads a file, decompressing it if it is gzip: job files are compressed to fit into a ConfigMap.
func readFile(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, err
	}
	unzip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	const limit = 64 << 20 // far above any real file; a small file must not fill the memory
	data, err = io.ReadAll(io.LimitReader(unzip, limit+1))
	if err == nil && len(data) > limit {
		err = errors.New("decompress: larger than 64 MiB")
	}
	return data, err
}
