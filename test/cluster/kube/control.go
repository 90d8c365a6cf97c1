package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/test/cluster/instance"
	"github.com/pharos-ci/pharos/test/cluster/process"
)

// Part names of the control plane.
const (
	Etcd              = "etcd"
	APIServer         = "apiserver"
	ControllerManager = "controller-manager"
	Scheduler         = "scheduler"
)

// serviceCIDR is only there because the API server wants one: nothing routes to it, pods use the host's loopback.
const serviceCIDR = "10.96.0.0/16"

var serviceIP = net.IPv4(10, 96, 0, 1)

// patience is for a machine that compiles something else meanwhile; a quiet one needs a few seconds.
const patience = 3 * time.Minute

// Control is the control plane of one instance.
type Control struct {
	in  *instance.Instance
	bin string
	pki *pki
	url string
}

// New prepares keys, certificates and kubeconfigs. bin holds the programs.
func New(in *instance.Instance, bin string) (*Control, error) {
	addr, err := in.Address(APIServer)
	if err != nil {
		return nil, err
	}
	p, err := openPKI(in.Path("pki"))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(in.Path("kubeconfig"), 0o700); err != nil {
		return nil, fmt.Errorf("create kubeconfig folder: %w", err)
	}
	c := &Control{in: in, bin: bin, pki: p, url: "https://" + addr}
	err = errors.Join(
		p.keyPair("service-account"),
		p.server("apiserver", "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
		p.server("local"),
		p.client("apiserver-kubelet", "kube-apiserver", "system:masters"),
	)
	for name, user := range map[string][]string{
		"admin":              {"pharos-admin", "system:masters"},
		"controller-manager": {"system:kube-controller-manager"},
		"scheduler":          {"system:kube-scheduler"},
		"kubelet":            {"system:node:" + NodeName, "system:nodes"},
		// The name Kubernetes gives this service account, so that Tekton's own RBAC rules hold for the host process too.
		"tekton": {"system:serviceaccount:tekton-pipelines:tekton-pipelines-controller", "system:serviceaccounts"},
	} {
		err = errors.Join(err, p.client(name, user[0], user[1:]...))
		if err == nil {
			err = writeKubeconfig(c.Kubeconfig(name), c.url, p, name)
		}
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// NodeName is the only node. Being the loopback address, the API server reaches the kubelet by it without any name service.
const NodeName = "127.0.0.1"

// URL is the API server's base URL.
func (c *Control) URL() string { return c.url }

// Kubeconfig is the path of the kubeconfig of a user: admin, kubelet, tekton and so on.
func (c *Control) Kubeconfig(user string) string { return c.in.Path("kubeconfig", user+".yaml") }

// Authority is the certificate file of the instance's certificate authority.
func (c *Control) Authority() string { return c.pki.file("ca.crt") }

// LocalCert is a serving certificate and key for 127.0.0.1 and localhost.
func (c *Control) LocalCert() (cert, key string) {
	return c.pki.file("local.crt"), c.pki.file("local.key")
}

// Client talks to the API server as administrator.
func (c *Control) Client() (Client, error) { return newClient(c.url, c.pki) }

func (c *Control) program(name string) string { return filepath.Join(c.bin, name) }

// StartEtcd runs etcd and waits until it serves.
func (c *Control) StartEtcd(ctx context.Context) error {
	clients, err := c.in.Address("etcd")
	if err != nil {
		return err
	}
	peers, err := c.in.Address("etcd-peer")
	if err != nil {
		return err
	}
	clientURL, peerURL := "http://"+clients, "http://"+peers
	_, err = c.in.Start(process.Spec{Name: Etcd, Argv: []string{
		c.program("etcd"),
		"--name=pharos",
		"--data-dir=" + c.in.Path("etcd"),
		"--listen-client-urls=" + clientURL, "--advertise-client-urls=" + clientURL,
		"--listen-peer-urls=" + peerURL, "--initial-advertise-peer-urls=" + peerURL,
		"--initial-cluster=pharos=" + peerURL,
		// Only a power loss could cost data, and test data is not worth waiting for the disk. A killed process loses nothing.
		"--unsafe-no-fsync",
		"--log-level=warn",
	}})
	if err != nil {
		return err
	}
	client := plainClient()
	return c.in.AwaitReady(ctx, Etcd, patience, instance.ProbeHTTP(client, clientURL+"/health"))
}

// StartAPIServer runs the API server and waits until it is ready, start-up hooks included.
func (c *Control) StartAPIServer(ctx context.Context) error {
	etcd, err := c.in.Address("etcd")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(c.url, "https://"))
	if err != nil {
		return fmt.Errorf("read API server port: %w", err)
	}
	_, err = c.in.Start(process.Spec{Name: APIServer, Argv: []string{
		c.program("kube-apiserver"),
		"--etcd-servers=http://" + etcd,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=" + port,
		// A loopback address is refused as an endpoint of the kubernetes Service, which nobody uses here.
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=" + serviceCIDR,
		"--tls-cert-file=" + c.pki.file("apiserver.crt"), "--tls-private-key-file=" + c.pki.file("apiserver.key"),
		"--client-ca-file=" + c.Authority(),
		"--anonymous-auth=false",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + c.pki.file("service-account.key"),
		"--service-account-key-file=" + c.pki.file("service-account.pub"),
		"--kubelet-client-certificate=" + c.pki.file("apiserver-kubelet.crt"),
		"--kubelet-client-key=" + c.pki.file("apiserver-kubelet.key"),
		"--kubelet-certificate-authority=" + c.Authority(),
		"--kubelet-preferred-address-types=Hostname",
		"--allow-privileged=true",
		"--profiling=false",
	}})
	if err != nil {
		return err
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	return c.in.AwaitReady(ctx, APIServer, patience, instance.ProbeHTTP(client.HTTP, c.url+"/readyz"))
}

// AdminKubeconfig is the path of the kubeconfig with full rights of an instance.
func AdminKubeconfig(in *instance.Instance) string { return in.Path("kubeconfig", "admin.yaml") }
