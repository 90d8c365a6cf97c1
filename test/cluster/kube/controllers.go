package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/process"
	"github.com/pharos-ci/pharos/test/cluster/state"
)

// StartControllerManager runs the controllers and waits until they are healthy and namespaces get their default service account,
// without which no pod can be created.
func (c *Control) StartControllerManager(ctx context.Context) error {
	addr, port, err := c.servePort(ControllerManager)
	if err != nil {
		return err
	}
	cert, key := c.LocalCert()
	_, err = c.in.Start(process.Spec{Name: ControllerManager, Argv: []string{
		c.program("kube-controller-manager"),
		"--kubeconfig=" + c.Kubeconfig("controller-manager"),
		"--bind-address=127.0.0.1", "--secure-port=" + port,
		"--tls-cert-file=" + cert, "--tls-private-key-file=" + key,
		"--leader-elect=false",
		"--controllers=*,-node-ipam-controller,-node-route-controller,-service-lb-controller",
		"--service-account-private-key-file=" + c.pki.file("service-account.key"),
		"--root-ca-file=" + c.Authority(),
		// Each controller has rights under an account of its own; the manager itself has next to none.
		"--use-service-account-credentials=true",
		"--kube-api-qps=200", "--kube-api-burst=400",
		// A machine that compiles can starve the kubelet of time; its pods must not be evicted for that.
		"--node-monitor-grace-period=3m",
		"--terminated-pod-gc-threshold=1000",
		"--profiling=false",
	}})
	if err != nil {
		return err
	}
	if err := c.awaitHealthz(ctx, ControllerManager, addr); err != nil {
		return err
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	return c.in.AwaitReady(ctx, ControllerManager, patience,
		instance.ProbeHTTP(client.HTTP, c.url+"/api/v1/namespaces/default/serviceaccounts/default"))
}

// StartScheduler runs the scheduler and waits until it is healthy.
func (c *Control) StartScheduler(ctx context.Context) error {
	addr, port, err := c.servePort(Scheduler)
	if err != nil {
		return err
	}
	type object = map[string]any
	config, err := yaml.Marshal(object{
		"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration",
		"leaderElection":   object{"leaderElect": false},
		"clientConnection": object{"kubeconfig": c.Kubeconfig("scheduler"), "qps": 200, "burst": 400},
	})
	if err != nil {
		return fmt.Errorf("encode scheduler config: %w", err)
	}
	file := c.in.Path("kubeconfig", "scheduler-config.yaml")
	if err := state.Replace(file, config); err != nil {
		return err
	}
	cert, key := c.LocalCert()
	_, err = c.in.Start(process.Spec{Name: Scheduler, Argv: []string{
		c.program("kube-scheduler"),
		"--config=" + file,
		"--bind-address=127.0.0.1", "--secure-port=" + port,
		"--tls-cert-file=" + cert, "--tls-private-key-file=" + key,
	}})
	if err != nil {
		return err
	}
	return c.awaitHealthz(ctx, Scheduler, addr)
}

func (c *Control) servePort(part string) (addr, port string, err error) {
	if addr, err = c.in.Address(part); err != nil {
		return "", "", err
	}
	if _, port, err = net.SplitHostPort(addr); err != nil {
		return "", "", fmt.Errorf("read port of %s: %w", part, err)
	}
	return addr, port, nil
}

// awaitHealthz needs no credentials: the components answer on this path to anyone.
func (c *Control) awaitHealthz(ctx context.Context, part, addr string) error {
	roots := x509.NewCertPool()
	roots.AddCert(c.pki.cert)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	return c.in.AwaitReady(ctx, part, patience, instance.ProbeHTTP(client, "https://"+addr+"/healthz"))
}

func plainClient() *http.Client { return &http.Client{Timeout: 5 * time.Second} }
