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
)

// Paths says which files to read and how.
type Paths struct {
	// Config is config.yaml. Jobs is a job file or a folder of them, Plugins is plugins.yaml; both may be empty.
	Config, Jobs, Plugins string
	// SupplementalConfigs and SupplementalPlugins are folders with files that add to config.yaml and plugins.yaml; read is
	// whatever ends in ConfigSuffix and PluginSuffix, or if these are empty in Prow's _prowconfig.yaml and _pluginconfig.yaml.
	SupplementalConfigs, SupplementalPlugins []string
	ConfigSuffix, PluginSuffix               string
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
	// moreConfig and morePlugins are the supplemental files.
	moreConfig, morePlugins []input
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
		for _, files := range [][]input{s.moreConfig, s.morePlugins, s.jobs} {
			for _, f := range files {
				if !yield(f) {
					return
				}
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
	for _, part := range p.parts() {
		names, err := filesBelow(part.root, part.wanted)
		if err != nil {
			failed.Findings = append(failed.Findings, unreadable(part.root, err))
		}
		for _, name := range names {
			into := part.of(&s)
			*into = append(*into, get(name))
		}
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
