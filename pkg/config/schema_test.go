package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/pharos-ci/pharos/pkg/config"
)

func schema(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	var out bytes.Buffer
	if err := config.WriteSchema(&out, kind); err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(&out)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemas(t *testing.T) {
	samples := filepath.Join("..", "..", "config")
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(samples, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	jobs := "presubmits:\n  acme/app:\n  - name: a\n    decorate: true\n    decoration_config: {timeout: 2h, grace_period: 15}\n" +
		"    labels: {n: 1.10, on: true}\n    spec: {containers: [{image: i, resources: {limits: {cpu: 2, memory: 1Gi}}, ports: [{containerPort: 1}]}]}\n"
	for name, tc := range map[string]struct {
		kind, text string
		valid      bool
	}{
		"the sample config.yaml":           {config.SchemaConfig, read("config.yaml"), true},
		"the sample plugins.yaml":          {config.SchemaPlugins, read("plugins.yaml"), true},
		"a job file":                       {config.SchemaJobs, jobs, true},
		"a job in config.yaml":             {config.SchemaConfig, jobs, true},
		"a place for anchors":              {config.SchemaConfig, "x-defaults: {a: 1}\n.b: 2\n", true},
		"a query":                          {config.SchemaConfig, "tide: {queries: [{orgs: [acme]}], merge_method: {acme: squash, acme/app: {main: merge}}}\n", true},
		"an unknown key":                   {config.SchemaConfig, "sinkr: {}\n", false},
		"an unknown key deep in a job":     {config.SchemaJobs, "periodics: [{name: p, spec: {containers: [{img: x}]}}]\n", false},
		"a wrong type":                     {config.SchemaPlugins, "size: {s: small}\n", false},
		"a key of the other file":          {config.SchemaPlugins, "tide: {}\n", false},
		"a stanza where jobs alone may be": {config.SchemaJobs, "tide: {}\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := yaml.YAMLToJSON([]byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema(t, tc.kind).Validate(value); (err == nil) != tc.valid {
				t.Errorf("valid %v: %v", tc.valid, err)
			}
		})
	}
	if err := config.WriteSchema(&bytes.Buffer{}, "typo"); err == nil {
		t.Error("a schema of nothing")
	}
}
