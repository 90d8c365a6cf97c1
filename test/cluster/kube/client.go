package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/test/cluster/state"
)

// Client talks to the API server with full rights. It is a plain HTTP client on purpose: the cluster command applies manifests and reads
// a few fields, and a typed client would multiply its build time.
type Client struct {
	Base string
	HTTP *http.Client
}

func newClient(base string, p *pki) (Client, error) {
	pair, err := tls.LoadX509KeyPair(p.file("admin.crt"), p.file("admin.key"))
	if err != nil {
		return Client{}, fmt.Errorf("load admin certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.cert)
	return Client{Base: base, HTTP: &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}},
	}}, nil
}

// StatusError is an answer of the API server other than success.
type StatusError struct {
	Code int
	Body string
}

func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %s", e.Code, e.Body) }

// Get decodes the object at path into out.
func (c Client) Get(ctx context.Context, path string, out any) error {
	data, err := c.do(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(data, out); err != nil {
		return fmt.Errorf("decode %s: %w", path, err)
	}
	return nil
}

// Apply creates or updates the object by server-side apply.
func (c Client) Apply(ctx context.Context, o Object) error {
	path, err := o.path()
	if err != nil {
		return err
	}
	data, err := yaml.Marshal(o)
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	_, err = c.do(ctx, http.MethodPatch, path+"?fieldManager=pharos-cluster&force=true", "application/apply-patch+yaml", data)
	return err
}

// Delete removes the object at path; one that is gone already is fine.
func (c Client) Delete(ctx context.Context, path string) error {
	_, err := c.do(ctx, http.MethodDelete, path, "", nil)
	if answer := new(StatusError); errors.As(err, &answer) && answer.Code == http.StatusNotFound {
		return nil
	}
	return err
}

func (c Client) do(ctx context.Context, method, path, kind string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", strings.ToLower(method), path, err)
	}
	data, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("read answer to %s: %w", path, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s: %w", strings.ToLower(method), path, &StatusError{resp.StatusCode, string(data)})
	}
	return data, nil
}

// writeKubeconfig stores a kubeconfig for the client certificate called name, with all key material inside so that it can be copied.
func writeKubeconfig(path, server string, p *pki, name string) error {
	encoded := map[string]string{}
	for _, file := range []string{"ca.crt", name + ".crt", name + ".key"} {
		data, err := os.ReadFile(p.file(file))
		if err != nil {
			return fmt.Errorf("read key material: %w", err)
		}
		encoded[file] = base64.StdEncoding.EncodeToString(data)
	}
	type object = map[string]any
	data, err := yaml.Marshal(object{
		"apiVersion": "v1", "kind": "Config", "current-context": "pharos",
		"clusters": []object{{"name": "pharos", "cluster": object{"server": server, "certificate-authority-data": encoded["ca.crt"]}}},
		"users": []object{{"name": name, "user": object{
			"client-certificate-data": encoded[name+".crt"], "client-key-data": encoded[name+".key"],
		}}},
		"contexts": []object{{"name": "pharos", "context": object{"cluster": "pharos", "user": name, "namespace": "default"}}},
	})
	if err != nil {
		return fmt.Errorf("encode kubeconfig: %w", err)
	}
	return state.Replace(path, data)
}
