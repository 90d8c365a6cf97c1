package component

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// modulePath marks the source tree that holds the components with code of ours.
const modulePath = "module github.com/pharos-ci/pharos/test/cluster\n"

// Stamp identifies a build: whatever changes its result changes the stamp.
func (c Component) Stamp() (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, c.Version, c.Module, c.Sum, c.Packages, c.Binary, c.Flags, c.Env, c.Keep, c.Links)
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if c.Source != "" {
		if err := hashSource(h, c.Source); err != nil {
			return "", err
		}
	}
	return c.Version + "-" + hex.EncodeToString(h.Sum(nil)[:6]), nil
}

func hashSource(h hash.Hash, name string) error {
	dir, err := sourceDir(name)
	if err != nil {
		return err
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list source of %s: %w", name, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return fmt.Errorf("read source of %s: %w", name, err)
		}
		fmt.Fprintln(h, f.Name(), len(data))
		_, _ = h.Write(data) // a hash never errs
	}
	return nil
}

// sourceDir finds a folder of this module: beside the file this was compiled from, or upwards from the working folder when the command
// was built elsewhere or with trimmed paths.
func sourceDir(name string) (string, error) {
	var tries []string
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		tries = append(tries, filepath.Dir(filepath.Dir(file)))
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find working folder: %w", err)
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		tries = append(tries, dir, filepath.Join(dir, "test", "cluster"))
		if dir == filepath.Dir(dir) {
			break
		}
	}
	for _, dir := range tries {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), modulePath) {
			return filepath.Join(dir, name), nil
		}
	}
	return "", fmt.Errorf("find source of %s: run this inside the Pharos repository", name)
}

// dir returns the folder that holds the component's source, downloading and verifying its module when needed.
func (c Component) dir(ctx context.Context) (string, error) {
	if c.Source != "" {
		return sourceDir(c.Source)
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", c.Module+"@"+c.Version)
	cmd.Dir = os.TempDir() // outside any module, so that none of its settings apply
	cmd.Env = goEnv()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, runErr := cmd.Output()
	var got struct{ Dir, Sum, Error string }
	if err := json.Unmarshal(out, &got); err != nil {
		return "", fmt.Errorf("download %s: %w: %s", c.Module, errors.Join(runErr, err), stderr.String())
	}
	if got.Error != "" {
		return "", fmt.Errorf("download %s@%s: %s", c.Module, c.Version, got.Error)
	}
	if got.Sum != c.Sum {
		return "", fmt.Errorf("verify %s@%s: checksum is %s, want %s", c.Module, c.Version, got.Sum, c.Sum)
	}
	return got.Dir, nil
}

// goEnv is the environment of this command without what a surrounding module may have set.
func goEnv(extra ...string) []string {
	return append(append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=1"), extra...)
}

// countLines counts what a writer gets, for progress; lines that do not look like a package path are kept as the error text.
type countLines struct {
	rest  []byte
	count func()
	text  strings.Builder
}

var _ io.Writer = (*countLines)(nil)

func (c *countLines) Write(p []byte) (int, error) {
	c.rest = append(c.rest, p...)
	for {
		line, rest, ok := bytes.Cut(c.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		if bytes.ContainsAny(line, " \t:") {
			fmt.Fprintf(&c.text, "%s\n", line)
		} else {
			c.count()
		}
		c.rest = rest
	}
}
