package supervisor

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// maxSecret bounds what is read of one file: Kubernetes' own limit for a Secret.
	maxSecret = 1 << 20
	// maxSecrets bounds the work for every line of the log.
	maxSecrets = 1000
	// readSize is what a censoring reader takes at a time.
	readSize = 32 << 10
)

// secrets are the texts to hide.
type secrets [][]byte

// secrets reads them; those that can be read are given beside an error.
func (c Censor) secrets(environ []string) (secrets, error) {
	var s secrets
	var errs []error
	for _, folder := range c.Folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				errs = append(errs, err)
				return skip(d)
			}
			if strings.HasPrefix(d.Name(), "..") && d.IsDir() { // the kubelet's own versions of the files
				return fs.SkipDir
			}
			text, err := readSecret(path)
			errs = append(errs, err) // the other files are hidden all the same
			s = s.add(text, c.MinLength)
			return nil
		})
		errs = append(errs, err)
	}
	for _, kv := range environ {
		if name, value, _ := strings.Cut(kv, "="); slices.Contains(c.Variables, name) {
			s = s.add([]byte(value), c.MinLength)
		}
	}
	// Longer ones first: one may be part of another.
	slices.SortFunc(s, func(a, b []byte) int { return len(b) - len(a) })
	s = slices.CompactFunc(s, bytes.Equal)
	if err := errors.Join(errs...); err != nil {
		return s, fmt.Errorf("read secrets: %w", err)
	}
	if len(s) > maxSecrets {
		return s[:maxSecrets], fmt.Errorf("more than %d secrets", maxSecrets)
	}
	return s, nil
}

func skip(d fs.DirEntry) error {
	if d != nil && d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// readSecret reads a file of a secret volume, where files are links; folders hold none.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSecret))
}

// add takes a secret in the forms in which programs print it.
func (s secrets) add(text []byte, minLength int) secrets {
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) == 0 {
		return s
	}
	for _, form := range [][]byte{trimmed, encoded(trimmed), encoded(text)} {
		if len(form) >= max(minLength, 1) {
			s = append(s, form)
		}
	}
	return s
}

func encoded(text []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(text)) }

// hide writes stars over the secrets of text, which keeps its size, into out: a copy of text.
func (s secrets) hide(text, out []byte) {
	for _, secret := range s {
		for at := 0; ; at++ { // secrets may overlap
			i := bytes.Index(text[at:], secret)
			if i < 0 {
				break
			}
			at += i
			for j := range secret {
				out[at+j] = '*'
			}
		}
	}
}

// begun is the size of the longest end of text with which a secret may begin.
func (s secrets) begun(text []byte) int {
	longest := 0
	for _, secret := range s {
		for n := min(len(secret)-1, len(text)); n > longest; n-- {
			if bytes.HasPrefix(secret, text[len(text)-n:]) {
				longest = n
			}
		}
	}
	return longest
}

// reader hides the secrets in what it reads, without holding back more than the beginning of one.
func (s secrets) reader(from io.Reader) io.Reader {
	if len(s) == 0 {
		return from
	}
	return &censor{secrets: s, from: from}
}

type censor struct {
	secrets secrets
	from    io.Reader
	// held is the end of what was read, with which a secret may begin; heldOut is the same with the secrets known by then
	// hidden. ready may be given.
	held, heldOut, ready []byte
	err                  error
}

// Read implements io.Reader.
func (c *censor) Read(p []byte) (int, error) {
	for len(c.ready) == 0 && c.err == nil {
		c.fill()
	}
	if len(c.ready) == 0 {
		return 0, c.err
	}
	n := copy(p, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

func (c *censor) fill() {
	before := len(c.held)
	raw := make([]byte, before+readSize)
	copy(raw, c.held)
	n, err := c.from.Read(raw[before:])
	raw, c.err = raw[:before+n], err
	out := bytes.Clone(raw)
	copy(out, c.heldOut)
	c.secrets.hide(raw, out)
	cut := len(raw)
	if err == nil {
		cut -= c.secrets.begun(raw)
	}
	c.held, c.heldOut, c.ready = raw[cut:], out[cut:], out[:cut]
}
