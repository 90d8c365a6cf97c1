package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"reflect"

	"github.com/invopop/jsonschema"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// Kinds of files that there is a schema for.
const (
	SchemaConfig  = "config"
	SchemaJobs    = "jobs"
	SchemaPlugins = "plugins"
)

// WriteSchema writes the JSON Schema (draft 2020-12) of config.yaml, of a job file or of plugins.yaml, made from the types
// that read them. Editors that know YAML check and complete with it.
func WriteSchema(out io.Writer, kind string) error {
	types := map[string]any{SchemaConfig: &mainFile{}, SchemaJobs: &jobFile{}, SchemaPlugins: &pluginFile{}}
	file, ok := types[kind]
	if !ok {
		return fmt.Errorf("there is no schema %q: write %s, %s or %s", kind, SchemaConfig, SchemaJobs, SchemaPlugins)
	}
	r := jsonschema.Reflector{
		ExpandedStruct: true, RequiredFromJSONSchemaTags: true, Anonymous: true, Mapper: ownForm,
		Namer: func(t reflect.Type) string { // types of several packages have the same name
			if t.Name() == "" {
				return ""
			}
			return path.Base(t.PkgPath()) + "." + t.Name()
		},
	}
	schema := r.Reflect(file)
	schema.Title = "Pharos: " + kind
	schema.PatternProperties = map[string]*jsonschema.Schema{`^(\.|x-)`: jsonschema.TrueSchema} // where people keep anchors
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(schema)
}

var (
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
	jsonType = reflect.TypeFor[json.Unmarshaler]()
)

// ownForm describes types that decode themselves; nil leaves a type to its fields.
func ownForm(t reflect.Type) *jsonschema.Schema {
	either := func(types ...string) *jsonschema.Schema {
		s := &jsonschema.Schema{}
		for _, name := range types {
			s.OneOf = append(s.OneOf, &jsonschema.Schema{Type: name})
		}
		return s
	}
	switch t {
	case reflect.TypeFor[strictyaml.Raw]():
		return &jsonschema.Schema{}
	case reflect.TypeFor[resource.Quantity](), reflect.TypeFor[intstr.IntOrString]():
		return either("string", "number")
	case reflect.TypeFor[job.Duration]():
		return either("string", "integer")
	}
	// A text may be written as a number or a word that YAML reads as true; Prow took them too.
	if t.Kind() == reflect.String {
		return either("string", "number", "boolean")
	}
	if p := reflect.PointerTo(t); t.Kind() != reflect.Pointer && p.Implements(jsonType) {
		return &jsonschema.Schema{}
	} else if t.Kind() != reflect.Pointer && p.Implements(textType) {
		return either("string")
	}
	return nil
}
