package debian

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Fetch downloads packages and everything they depend on into dir, whatever is installed here, and returns the files in a stable order.
// apt checks the signatures.
func Fetch(ctx context.Context, dir string, packages []string) ([]string, error) {
	if err := os.MkdirAll(filepath.Join(dir, "partial"), 0o755); err != nil {
		return nil, fmt.Errorf("create package folder: %w", err)
	}
	// With an empty status file apt believes that nothing is installed, so it resolves the full set.
	nothing := filepath.Join(dir, "nothing-installed")
	if err := os.WriteFile(nothing, nil, 0o644); err != nil {
		return nil, fmt.Errorf("write empty package status: %w", err)
	}
	args := append([]string{
		"-o", "Dir::State::status=" + nothing,
		"-o", "Dir::State::extended_states=" + nothing,
		"-o", "Dir::Cache::archives=" + dir,
		"-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=",
		"-o", "Debug::NoLocking=true",
		"-o", "APT::Install-Recommends=false",
		"-o", "APT::Sandbox::User=root",
		"-y", "install"}, packages...)
	names, err := resolve(ctx, args)
	if err != nil {
		if updateErr := apt(ctx, "update"); updateErr != nil {
			return nil, errors.Join(err, updateErr)
		}
		if names, err = resolve(ctx, args); err != nil {
			return nil, err
		}
	}
	if err := apt(ctx, append([]string{"--download-only"}, args...)...); err != nil {
		return nil, err
	}
	files := make([]string, len(names))
	for i, n := range names {
		files[i] = filepath.Join(dir, n)
	}
	return files, nil
}

// resolve asks apt for the file names it would download.
func resolve(ctx context.Context, args []string) ([]string, error) {
	// An empty archive folder makes apt list also what was fetched before.
	args = append([]string{"--print-uris", "-qq", "-o", "Dir::Cache::archives=/nonexistent"}, withoutArchives(args)...)
	out, err := exec.CommandContext(ctx, "apt-get", args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("resolve packages: %w", err)
	}
	names := parseURIs(string(out))
	if len(names) == 0 {
		return nil, errors.New("resolve packages: apt named none")
	}
	return names, nil
}

func withoutArchives(args []string) []string {
	var kept []string
	for i := 0; i < len(args); i++ {
		if args[i] == "-o" && strings.HasPrefix(args[i+1], "Dir::Cache::archives=") {
			i++
			continue
		}
		kept = append(kept, args[i])
	}
	return kept
}

// parseURIs reads lines of the form 'URL' FILE SIZE HASH.
func parseURIs(out string) []string {
	var names []string
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) >= 3 && strings.HasPrefix(f[0], "'") && strings.HasSuffix(f[1], ".deb") {
			names = append(names, f[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Name is the package that a .deb file name belongs to.
func Name(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), "_")
	return name
}

// Control returns the control fields of a .deb file.
func Control(ctx context.Context, file string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, "dpkg-deb", "--field", file).Output()
	if err != nil {
		return nil, fmt.Errorf("read control fields of %s: %w", file, err)
	}
	return out, nil
}

// Walk calls visit for each file that a .deb would install; content is nil for anything but a regular file.
func Walk(ctx context.Context, file string, visit func(h *tar.Header, content []byte) error) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", file)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("open %s: %w", file, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("open %s: %w", file, err)
	}
	err = walkTar(tar.NewReader(pipe), visit)
	// Drained, so that dpkg-deb does not see a broken pipe.
	_, drainErr := io.Copy(io.Discard, pipe)
	if err = errors.Join(err, drainErr, cmd.Wait()); err != nil {
		return fmt.Errorf("unpack %s: %w", file, err)
	}
	return nil
}

func walkTar(r *tar.Reader, visit func(h *tar.Header, content []byte) error) error {
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		var content []byte
		if h.Typeflag == tar.TypeReg {
			if content, err = io.ReadAll(r); err != nil {
				return fmt.Errorf("read %s: %w", h.Name, err)
			}
		}
		if err := visit(h, content); err != nil {
			return err
		}
	}
}
