package kube

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

// Object is a Kubernetes object as decoded YAML.
type Object map[string]any

// kinds maps each kind that the cluster command applies to its resource name and whether it lives in a namespace.
var kinds = map[string]struct {
	resource   string
	namespaced bool
}{
	"ClusterRole":                    {"clusterroles", false},
	"ClusterRoleBinding":             {"clusterrolebindings", false},
	"ConfigMap":                      {"configmaps", true},
	"CustomResourceDefinition":       {"customresourcedefinitions", false},
	"MutatingWebhookConfiguration":   {"mutatingwebhookconfigurations", false},
	"Namespace":                      {"namespaces", false},
	"Role":                           {"roles", true},
	"RoleBinding":                    {"rolebindings", true},
	"Secret":                         {"secrets", true},
	"Service":                        {"services", true},
	"ServiceAccount":                 {"serviceaccounts", true},
	"ValidatingWebhookConfiguration": {"validatingwebhookconfigurations", false},
}

// ReadObjects decodes all documents of a YAML file.
func ReadObjects(path string) ([]Object, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	objects, err := ParseObjects(data)
	if err != nil {
		return nil, fmt.Errorf("parse manifest %s: %w", path, err)
	}
	return objects, nil
}

// ParseObjects decodes all documents of a YAML text, leaving out empty ones.
func ParseObjects(data []byte) ([]Object, error) {
	var objects []Object
	for _, doc := range bytes.Split(append([]byte("\n"), data...), []byte("\n---")) {
		var o Object
		if err := yaml.Unmarshal(doc, &o); err != nil {
			return nil, fmt.Errorf("decode document: %w", err)
		}
		if len(o) > 0 {
			objects = append(objects, o)
		}
	}
	return objects, nil
}

// Kind returns the object's kind.
func (o Object) Kind() string { return o.text("kind") }

// Name returns the object's name.
func (o Object) Name() string { return o.Map("metadata").text("name") }

// Map returns the map at key, adding an empty one when there is none.
func (o Object) Map(key string) Object {
	switch m := o[key].(type) {
	case map[string]any:
		return m
	case Object:
		return m
	}
	m := map[string]any{}
	o[key] = m
	return m
}

func (o Object) text(key string) string {
	s, _ := o[key].(string)
	return s
}

// path is where the API server keeps the object.
func (o Object) path() (string, error) {
	kind, ok := kinds[o.Kind()]
	if !ok {
		return "", fmt.Errorf("find resource of %s %s: unknown kind", o.Kind(), o.Name())
	}
	version := o.text("apiVersion")
	path := "/apis/" + version
	if !strings.Contains(version, "/") {
		path = "/api/" + version
	}
	if kind.namespaced {
		namespace := o.Map("metadata").text("namespace")
		if namespace == "" {
			namespace = "default"
		}
		path += "/namespaces/" + namespace
	}
	return path + "/" + kind.resource + "/" + o.Name(), nil
}
