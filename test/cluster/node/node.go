// Package node runs the one Kubernetes node of an instance: its own containerd and kubelet, beside any that the machine has.
//
// There is no pod network. Pods must use the host's network, and so reach everything on loopback; nothing on the machine's interfaces,
// routes or packet filter is touched. Images are imported, never pulled.
package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pharos-ci/pharos/test/cluster/debian"
	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/kube"
	"github.com/pharos-ci/pharos/test/cluster/process"
	"github.com/pharos-ci/pharos/test/cluster/state"
)

// Part names of the node.
const (
	Containerd = "containerd"
	Kubelet    = "kubelet"
)

const patience = 3 * time.Minute

// cniDirs are where distributions put the network plugins.
var cniDirs = []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}

// Needs are the Debian packages that a node takes.
func Needs() []debian.Need {
	loopback := make([]string, len(cniDirs))
	for i, dir := range cniDirs {
		loopback[i] = filepath.Join(dir, "loopback")
	}
	return []debian.Need{
		{Package: "containerd", Commands: []string{"containerd"}},
		{Package: "runc", Commands: []string{"runc"}},
		{Package: "containernetworking-plugins", Have: loopback},
	}
}

// Node is the node of one instance.
type Node struct {
	In *instance.Instance
	// Control is only needed to run the kubelet.
	Control *kube.Control
	// Bin holds the kubelet.
	Bin string
	// Logs sets the kubelet's log rotation.
	Logs Logs
}

// Socket is where the instance's containerd listens.
func Socket(in *instance.Instance) string { return in.Path("containerd", "containerd.sock") }

// StartContainerd runs containerd and waits until it answers.
func (n Node) StartContainerd(ctx context.Context) error {
	for _, dir := range []string{"containerd/cni", "containerd/root", "containerd/state"} {
		if err := os.MkdirAll(n.In.Path(dir), 0o711); err != nil {
			return fmt.Errorf("create containerd folder: %w", err)
		}
	}
	config, err := n.containerdConfig()
	if err != nil {
		return err
	}
	file := n.In.Path("containerd", "config.toml")
	if err := state.Replace(file, []byte(config)); err != nil {
		return err
	}
	if err := state.Replace(n.In.Path("containerd", "cni", "10-loopback.conflist"), []byte(loopbackOnly)); err != nil {
		return err
	}
	if _, err = n.In.Start(process.Spec{Name: Containerd, Argv: []string{"containerd", "--config", file}}); err != nil {
		return err
	}
	return n.In.AwaitReady(ctx, Containerd, patience, func(ctx context.Context) error {
		return n.ctr(ctx, "version")
	})
}

// loopbackOnly makes containerd report a working network. Pods with a network of their own get no address from it and stay pending.
const loopbackOnly = `{"cniVersion": "0.4.0", "name": "loopback-only", "plugins": [{"type": "loopback"}]}` + "\n"

func (n Node) containerdConfig() (string, error) {
	i := slices.IndexFunc(cniDirs, func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "loopback"))
		return err == nil
	})
	if i < 0 {
		return "", errors.New("find network plugins: none installed")
	}
	snapshotter, err := n.snapshotter()
	if err != nil {
		return "", err
	}
	// restrict_oom_score_adj: without CAP_SYS_RESOURCE runc may not lower the score, and every sandbox would die.
	// The opt plugin would make a folder under /opt that nothing here uses.
	// netns_mounts_under_state_dir: else network namespaces are mounted in the machine's own folder.
	return fmt.Sprintf(`version = 2
root = %q
state = %q
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
  address = %q

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = %q

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = %q
`, n.In.Path("containerd", "root"), n.In.Path("containerd", "state"), Socket(n.In), PauseImage,
		cniDirs[i], n.In.Path("containerd", "cni"), snapshotter, n.In.Path("containerd", "runc")), nil
}

// snapshotter is overlayfs where that works: it cannot be stacked on another overlay, as in a container.
func (n Node) snapshotter() (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(n.In.Root, &st); err != nil {
		return "", fmt.Errorf("look at file system of %s: %w", n.In.Root, err)
	}
	if st.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return "native", nil
	}
	return "overlayfs", nil
}

// ctr calls containerd's own client in Kubernetes' namespace.
func (n Node) ctr(ctx context.Context, args ...string) error {
	args = append([]string{"--address", Socket(n.In), "--namespace", "k8s.io"}, args...)
	out, err := exec.CommandContext(ctx, "ctr", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("run ctr %v: %w: %s", args[4:], err, out)
	}
	return nil
}
