package kube

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObjectsAreFoundByPath(t *testing.T) {
	objects, err := ParseObjects([]byte(`# a comment alone
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: ns}
data:
  text: |
    no --- separator
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: b}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: c}
`))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, o := range objects {
		p, err := o.path()
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	want := []string{
		"/api/v1/namespaces/ns/configmaps/a",
		"/apis/rbac.authorization.k8s.io/v1/clusterroles/b",
		"/api/v1/namespaces/default/serviceaccounts/c",
	}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestAnUnknownKindIsRefused(t *testing.T) {
	if _, err := (Object{"kind": "Deployment"}).path(); err == nil {
		t.Error("an unknown kind got a path")
	}
}

func TestMapAddsWhatIsMissing(t *testing.T) {
	o := Object{"kind": "ConfigMap"}
	o.Map("data")["a"] = "1"
	if diff := cmp.Diff(Object{"kind": "ConfigMap", "data": map[string]any{"a": "1"}}, o); diff != "" {
		t.Errorf("object (-want +got):\n%s", diff)
	}
}

func TestCertificatesAreIssuedOnceByOneAuthority(t *testing.T) {
	dir := t.TempDir()
	var serials [2]string
	for i := range serials { // the second time as after a restart
		p, err := openPKI(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.client("admin", "someone", "system:masters"); err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(p.file("admin.crt"), p.file("admin.key"))
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AddCert(p.cert)
		options := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if _, err := pair.Leaf.Verify(options); err != nil {
			t.Error(err)
		}
		if got := pair.Leaf.Subject.Organization; !cmp.Equal(got, []string{"system:masters"}) {
			t.Errorf("groups = %v", got)
		}
		serials[i] = pair.Leaf.SerialNumber.String()
	}
	if serials[0] != serials[1] {
		t.Error("the certificate was issued anew")
	}
}
