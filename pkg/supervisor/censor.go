package supervisor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/censor"
)

// maxSecret bounds what is read of one file: Kubernetes' own limit for a Secret.
const maxSecret = 1 << 20

// secrets reads them; those that can be read are given beside an error.
func (c Censor) secrets(environ []string) (*censor.Secrets, error) {
	var values [][]byte
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
			values = append(values, text)
			return nil
		})
		errs = append(errs, err)
	}
	for _, kv := range environ {
		if name, value, _ := strings.Cut(kv, "="); slices.Contains(c.Variables, name) {
			values = append(values, []byte(value))
		}
	}
	s, err := censor.New(values, c.MinLength)
	if err := errors.Join(append(errs, err)...); err != nil {
		return s, fmt.Errorf("read secrets: %w", err)
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
