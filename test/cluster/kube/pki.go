// Package kube runs a Kubernetes control plane (etcd, API server, controller manager, scheduler) as processes of an instance, and talks
// to its API server.
package kube

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/pharos-ci/pharos/test/cluster/state"
)

// validity outlasts any test cluster; the keys never leave its root.
const validity = 10 * 365 * 24 * time.Hour

// pki is the certificate authority of one instance and the folder of all its keys.
type pki struct {
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

// file is the path of a key or certificate, such as ca.crt.
func (p *pki) file(name string) string { return filepath.Join(p.dir, name) }

// openPKI loads the authority in dir, or makes it.
func openPKI(dir string) (*pki, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create key folder: %w", err)
	}
	p := &pki{dir: dir}
	if _, err := os.Stat(p.file("ca.crt")); errors.Is(err, fs.ErrNotExist) {
		template := &x509.Certificate{
			Subject:               pkix.Name{CommonName: "pharos-cluster"},
			IsCA:                  true,
			BasicConstraintsValid: true,
			KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		}
		if err := p.issue("ca", template); err != nil {
			return nil, err
		}
	}
	key, err := readPEM(p.file("ca.key"))
	if err != nil {
		return nil, err
	}
	if p.key, err = x509.ParseECPrivateKey(key); err != nil {
		return nil, fmt.Errorf("parse authority key: %w", err)
	}
	cert, err := readPEM(p.file("ca.crt"))
	if err != nil {
		return nil, err
	}
	if p.cert, err = x509.ParseCertificate(cert); err != nil {
		return nil, fmt.Errorf("parse authority certificate: %w", err)
	}
	return p, nil
}

// server makes name.crt and name.key for a server on loopback, unless they are there.
func (p *pki) server(name string, names ...string) error {
	return p.issueOnce(name, &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		DNSNames:    append([]string{"localhost"}, names...),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), serviceIP},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// client makes name.crt and name.key for a user with groups, unless they are there.
func (p *pki) client(name, user string, groups ...string) error {
	return p.issueOnce(name, &x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// keyPair makes name.key and its public half name.pub, unless they are there.
func (p *pki) keyPair(name string) error {
	if _, err := os.Stat(p.file(name + ".pub")); err == nil {
		return nil
	}
	key, err := p.newKey(name)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("encode public key %s: %w", name, err)
	}
	return writePEM(p.file(name+".pub"), "PUBLIC KEY", der)
}

func (p *pki) issueOnce(name string, template *x509.Certificate) error {
	// The certificate is written after its key, so it stands for both.
	if _, err := os.Stat(p.file(name + ".crt")); err == nil {
		return nil
	}
	return p.issue(name, template)
}

func (p *pki) issue(name string, template *x509.Certificate) error {
	key, err := p.newKey(name)
	if err != nil {
		return err
	}
	parent, signer := p.cert, p.key
	if parent == nil {
		parent, signer = template, key
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return fmt.Errorf("draw serial number: %w", err)
	}
	template.SerialNumber = serial
	// An hour back, for clocks that step on resume.
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(validity)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return fmt.Errorf("sign certificate %s: %w", name, err)
	}
	return writePEM(p.file(name+".crt"), "CERTIFICATE", der)
}

func (p *pki) newKey(name string) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key %s: %w", name, err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key %s: %w", name, err)
	}
	return key, writePEM(p.file(name+".key"), "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return state.Replace(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func readPEM(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key material: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("read %s: not PEM", path)
	}
	return block.Bytes, nil
}
