// Package debian installs missing Debian packages and fetches others for use in images. It needs apt and dpkg, and root to install.
package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Need is one package, with a way to see that the machine already has what it brings.
type Need struct {
	Package string
	// Have names files; when one of them exists the package is not needed, whoever put the file there.
	Have []string
	// Commands work like Have, but are searched in the PATH.
	Commands []string
}

// Missing returns the packages of those needs that nothing on this machine fulfils, sorted and without doubles.
func Missing(needs []Need) []string {
	var names []string
	for _, n := range needs {
		if !n.met() {
			names = append(names, n.Package)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (n Need) met() bool {
	for _, f := range n.Have {
		if _, err := os.Stat(f); err == nil {
			return true
		}
	}
	for _, c := range n.Commands {
		if _, err := exec.LookPath(c); err == nil {
			return true
		}
	}
	return false
}

// Install installs packages without their recommendations. The package index is refreshed only when the first try does not succeed,
// as a fresh container image comes without one.
func Install(ctx context.Context, packages []string) error {
	if len(packages) == 0 {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("install %s: not root; install them yourself or run this as root", strings.Join(packages, " "))
	}
	install := append([]string{"install", "-y", "--no-install-recommends"}, packages...)
	first := apt(ctx, install...)
	if first == nil {
		return nil
	}
	if err := apt(ctx, "update"); err != nil {
		return errors.Join(first, err)
	}
	return apt(ctx, install...)
}

func apt(ctx context.Context, args ...string) error {
	// Another installation may be under way; it holds dpkg's lock for minutes at most.
	args = append([]string{"-o", "DPkg::Lock::Timeout=300"}, args...)
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run apt-get %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
