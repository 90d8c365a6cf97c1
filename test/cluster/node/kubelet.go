package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/test/cluster/kube"
	"github.com/pharos-ci/pharos/test/cluster/process"
	"github.com/pharos-ci/pharos/test/cluster/state"
)

// Logs says when the kubelet rotates container logs. The zero value keeps Kubernetes' defaults.
type Logs struct {
	// MaxSize is a quantity such as 64Ki.
	MaxSize string
	// MaxFiles is at least 2; 0 keeps the default.
	MaxFiles int
}

type object = map[string]any

// StartKubelet runs the kubelet and waits until the node takes pods.
func (n Node) StartKubelet(ctx context.Context) error {
	config, err := n.kubeletConfig()
	if err != nil {
		return err
	}
	data, err := yaml.Marshal(config)
	if err != nil {
		return fmt.Errorf("encode kubelet config: %w", err)
	}
	file := n.In.Path("kubeconfig", "kubelet-config.yaml")
	if err := state.Replace(file, data); err != nil {
		return err
	}
	var since time.Time
	began := time.Now().Truncate(time.Second)
	started, err := n.In.Start(process.Spec{Name: Kubelet, Argv: []string{
		filepath.Join(n.Bin, "kubelet"),
		"--config=" + file,
		"--kubeconfig=" + n.Control.Kubeconfig("kubelet"),
		"--root-dir=" + n.In.Path("kubelet"),
		"--cert-dir=" + n.In.Path("kubelet", "pki"),
		"--hostname-override=" + kube.NodeName,
	}})
	if err != nil {
		return err
	}
	if started {
		since = began
	}
	client, err := n.Control.Client()
	if err != nil {
		return err
	}
	return n.In.AwaitReady(ctx, Kubelet, patience, func(ctx context.Context) error { return nodeReady(ctx, client, since) })
}

func (n Node) kubeletConfig() (object, error) {
	port, err := n.In.Port("kubelet")
	if err != nil {
		return nil, err
	}
	health, err := n.In.Port("kubelet-health")
	if err != nil {
		return nil, err
	}
	cert, key := n.Control.LocalCert()
	config := object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"address": "127.0.0.1", "port": port, "healthzBindAddress": "127.0.0.1", "healthzPort": health,
		"tlsCertFile": cert, "tlsPrivateKeyFile": key,
		// Only holders of a certificate of this instance get in, and they may do all.
		"authentication": object{
			"anonymous": object{"enabled": false},
			"webhook":   object{"enabled": false},
			"x509":      object{"clientCAFile": n.Control.Authority()},
		},
		"authorization": object{"mode": "AlwaysAllow"},

		"containerRuntimeEndpoint": "unix://" + Socket(n.In),
		"podLogsDir":               n.In.Path("pod-logs"),
		"volumePluginDir":          n.In.Path("kubelet", "volume-plugins"),

		// The machine may have any kind of cgroups and few rights over them, so the kubelet makes none; containerd's remain.
		"failCgroupV1": false, "cgroupDriver": "cgroupfs", "cgroupsPerQOS": false, "enforceNodeAllocatable": []string{},
		"failSwapOn": false, "localStorageCapacityIsolation": false,
		"makeIPTablesUtilChains": false,

		// A full disk elsewhere must not evict test pods, and imported images could not be pulled again.
		"evictionHard":                           object{"memory.available": "50Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%", "imagefs.available": "1%"},
		"imageGCHighThresholdPercent":            100,
		"imagePullCredentialsVerificationPolicy": "NeverVerify",

		"maxPods":                250,
		"kubeAPIQPS":             200,
		"kubeAPIBurst":           400,
		"eventRecordQPS":         0,
		"registryPullQPS":        0,
		"syncFrequency":          "10s",
		"serializeImagePulls":    false,
		"enableProfilingHandler": false,
		"shutdownGracePeriod":    "0s",
	}
	if n.Logs.MaxSize != "" {
		config["containerLogMaxSize"] = n.Logs.MaxSize
		// The default of 10 s lets a small log grow far past its size.
		config["containerLogMonitorInterval"] = "3s"
	}
	if n.Logs.MaxFiles != 0 {
		config["containerLogMaxFiles"] = n.Logs.MaxFiles
	}
	return config, nil
}

// nodeReady succeeds when the kubelet has reported after since that the node is ready, and the controllers have taken off the taint that
// keeps pods away. An older report is that of a kubelet that is gone.
func nodeReady(ctx context.Context, client kube.Client, since time.Time) error {
	var node struct {
		Spec   struct{ Taints []struct{ Key string } }
		Status struct {
			Conditions []struct {
				Type, Status, Message string
				LastHeartbeatTime     time.Time
			}
		}
	}
	if err := client.Get(ctx, "/api/v1/nodes/"+kube.NodeName, &node); err != nil {
		return err
	}
	for _, c := range node.Status.Conditions {
		if c.Type != "Ready" {
			continue
		}
		if c.LastHeartbeatTime.Before(since) {
			return errors.New("kubelet has not reported yet")
		}
		if c.Status != "True" {
			return fmt.Errorf("node is not ready: %s", c.Message)
		}
		if len(node.Spec.Taints) > 0 {
			return fmt.Errorf("node is tainted: %s", node.Spec.Taints[0].Key)
		}
		return nil
	}
	return errors.New("node has no status yet")
}
