package node

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/process"
)

// groupRoots are where containerd's control groups for Kubernetes lie: below each hierarchy of cgroup version 1, or in the one of
// version 2. All instances on a machine share them, with one group per container.
var groupRoots = []string{"/sys/fs/cgroup/*/k8s.io", "/sys/fs/cgroup/k8s.io"}

// Clean removes what a node leaves outside its processes: pods, shims, mounts, control groups, sockets and links. containerd and the
// kubelet must be stopped. It does not count on an orderly end of either, so it also cleans up after a crash.
func Clean(ctx context.Context, in *instance.Instance) error {
	ids, err := containers(in)
	if err != nil {
		return err
	}
	groups, err := containerGroups(ids)
	if err != nil {
		return err
	}
	if err := killPods(ctx, in, groups); err != nil {
		return err
	}
	err = errors.Join(unmountBelow(in.Root), removeGroups(ctx, groups))
	for _, s := range shimSockets(in, ids) {
		err = errors.Join(err, removeIfThere(s))
	}
	removeEmpty(groupRoots...)
	removeEmpty("/run/containerd/s", "/run/containerd")
	return errors.Join(err, removeLogLinks(in.Root), removeDevicePlugins())
}

// containers lists the ids of all containers and sandboxes that this instance's containerd keeps anything of.
func containers(in *instance.Instance) ([]string, error) {
	var ids []string
	for _, place := range []string{"root", "state"} {
		dirs, err := filepath.Glob(in.Path("containerd", place, "*", "*", strings.Repeat("[0-9a-f]", 64)))
		if err != nil {
			return nil, fmt.Errorf("find containers: %w", err)
		}
		for _, dir := range dirs {
			ids = append(ids, filepath.Base(dir))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// containerGroups finds the control groups of containers.
func containerGroups(ids []string) ([]string, error) {
	var groups []string
	for _, id := range ids {
		for _, root := range groupRoots {
			found, err := filepath.Glob(filepath.Join(root, id))
			if err != nil {
				return nil, fmt.Errorf("find control groups: %w", err)
			}
			groups = append(groups, found...)
		}
	}
	return groups, nil
}

// removeEmpty removes those of the folders that are empty. What others keep in them stays.
func removeEmpty(patterns ...string) {
	for _, pattern := range patterns {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			continue // only a malformed pattern
		}
		for _, dir := range dirs {
			_ = unix.Rmdir(dir) // refused unless empty, which is the point
		}
	}
}

// killPods ends the processes of this instance's pods, known by their control group, and the shims that watch them, known by this
// instance's socket on their command line. New ones may appear while it looks, so it looks until there are none.
func killPods(ctx context.Context, in *instance.Instance, groups []string) error {
	for range 100 {
		ids, err := process.WithArg(Socket(in))
		if err != nil {
			return err
		}
		for _, g := range groups {
			ids = append(ids, members(g)...)
		}
		if len(ids) == 0 {
			return nil
		}
		for _, id := range ids {
			if err := process.Kill(ctx, id); err != nil {
				return err
			}
		}
	}
	return errors.New("end pods: new processes keep appearing")
}

// members lists the live processes in a control group and below.
func members(group string) []process.ID {
	var ids []process.ID
	_ = filepath.WalkDir(group, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "cgroup.procs" {
			return nil //nolint:nilerr // a group that vanishes has no members
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // a group that vanishes has no members
		}
		for _, field := range strings.Fields(string(data)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				continue
			}
			if id, err := process.Identify(pid); err == nil && id.Alive() {
				ids = append(ids, id)
			}
		}
		return nil
	})
	return ids
}

// shimSockets lists where the shims of containers may listen: in a folder of the machine, under a hash that containerd derives from its
// own socket and the container. A shim that was killed leaves its socket there.
func shimSockets(in *instance.Instance, ids []string) []string {
	var sockets []string
	for _, id := range ids {
		for _, use := range []string{"", "debug"} {
			sum := sha256.Sum256([]byte(filepath.Join(Socket(in), "k8s.io", id, use)))
			sockets = append(sockets, filepath.Join("/run/containerd/s", hex.EncodeToString(sum[:])))
		}
	}
	return sockets
}

// unmountBelow detaches every mount under dir, the innermost first.
func unmountBelow(dir string) error {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("list mounts: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	var points []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if point, ok := mountPoint(lines.Text()); ok && strings.HasPrefix(point, dir+"/") {
			points = append(points, point)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("list mounts: %w", err)
	}
	slices.Reverse(points)
	for _, p := range points {
		if e := unix.Unmount(p, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); e != nil && !errors.Is(e, unix.EINVAL) {
			err = errors.Join(err, fmt.Errorf("unmount %s: %w", p, e))
		}
	}
	return err
}

// mountPoint takes the fifth field of a line of proc(5) mountinfo and undoes its octal escapes.
func mountPoint(line string) (string, bool) {
	fields := strings.Fields(line)
	if len(fields) < 5 {
		return "", false
	}
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(fields[4]), true
}

func removeGroups(ctx context.Context, groups []string) error {
	for _, group := range groups {
		if err := removeGroup(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

// removeGroup removes a control group and all below it. The kernel lets go of a group a moment after its last process has died.
func removeGroup(ctx context.Context, group string) error {
	var dirs []string
	_ = filepath.WalkDir(group, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	slices.Reverse(dirs)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, dir := range dirs {
		for tries := 0; ; tries++ {
			err := unix.Rmdir(dir)
			if err == nil || errors.Is(err, unix.ENOENT) {
				break
			}
			if tries == 250 || ctx.Err() != nil {
				return fmt.Errorf("remove control group %s: %w", dir, err)
			}
			<-tick.C
		}
	}
	return nil
}

// removeLogLinks removes the kubelet's links to this instance's logs from a folder that it does not let one choose.
func removeLogLinks(root string) error {
	const dir = "/var/log/containers"
	links, err := filepath.Glob(dir + "/*.log")
	if err != nil {
		return fmt.Errorf("find log links: %w", err)
	}
	for _, link := range links {
		if target, e := os.Readlink(link); e == nil && strings.HasPrefix(target, root+"/") {
			err = errors.Join(err, removeIfThere(link))
		}
	}
	removeEmpty(dir)
	return err
}

// removeDevicePlugins removes the socket that the kubelet makes in a folder it does not let one choose, unless a kubelet still
// listens: that of another instance, or the machine's own.
func removeDevicePlugins() error {
	const dir, socket = "/var/lib/kubelet/device-plugins", "/var/lib/kubelet/device-plugins/kubelet.sock"
	if c, err := net.Dial("unix", socket); err == nil {
		return c.Close()
	}
	err := errors.Join(removeIfThere(socket), removeIfThere(dir+"/DEPRECATION"), removeIfThere(dir+"/kubelet_internal_checkpoint"))
	removeEmpty(dir, filepath.Dir(dir))
	return err
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove leftover: %w", err)
	}
	return nil
}
