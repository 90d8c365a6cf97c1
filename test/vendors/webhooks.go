package vendors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// Schemas are JSON schemas of webhook bodies, one for each event and action.
type Schemas struct {
	compiler *jsonschema.Compiler
	known    map[string]any
}

const schemasURL = "webhooks.json"

// LoadSchemas reads schemas that specs.sh fetched, whose definitions are named NAME$ACTION, or NAME$event where
// events have no action.
func LoadSchemas(file string) (*Schemas, error) {
	path, err := Path(file)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	known, _ := document.(map[string]any)["definitions"].(map[string]any)
	compiler := jsonschema.NewCompiler()
	// The library knows no templates of the form "{/x}", which GitHub's links end with.
	compiler.RegisterFormat(&jsonschema.Format{Name: "uri-template", Validate: func(any) error { return nil }})
	if err := compiler.AddResource(schemasURL, document); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return &Schemas{compiler, known}, nil
}

// Message finds what is wrong with a delivery's body. It is not to be called at once.
func (s *Schemas) Message(m *simulator.Message) []string {
	name, body, err := read(m)
	if err != nil {
		return []string{err.Error()}
	}
	name = m.Event + "$" + cmp.Or(name, "event")
	if s.known[name] == nil {
		return []string{"there is no event " + name}
	}
	schema, err := s.compiler.Compile(schemasURL + "#/definitions/" + name)
	if err != nil {
		return []string{err.Error()}
	}
	var broken *jsonschema.ValidationError
	if !errors.As(schema.Validate(body), &broken) {
		return nil
	}
	return leaves(name, broken)
}

// read decodes a delivery and finds its action, which is empty where the event has none.
func read(m *simulator.Message) (action string, body any, err error) {
	if err := json.Unmarshal(m.Body, &body); err != nil {
		return "", nil, fmt.Errorf("read the delivery: %w", err)
	}
	if fields, ok := body.(map[string]any); ok {
		action, _ = fields["action"].(string)
	}
	return action, body, nil
}

// Message finds what is wrong with a delivery's body by the document's own schemas of webhooks, which are named as in
// "webhook-pull-request-opened".
func (d *Document) Message(m *simulator.Message) []string {
	action, body, err := read(m)
	if err != nil {
		return []string{err.Error()}
	}
	name := strings.ReplaceAll(strings.TrimSuffix("webhook-"+m.Event+"-"+action, "-"), "_", "-")
	schema := d.spec.Components.Schemas[name]
	if schema == nil {
		return []string{"there is no schema " + name}
	}
	return flat(schema.Value.VisitJSON(body, openapi3.MultiErrors()))
}

// leaves are the innermost causes, each with the place in the body.
func leaves(name string, e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		return []string{name + " body" + place(e.InstanceLocation) + ": " + e.ErrorKind.LocalizedString(english)}
	}
	var all []string
	for _, cause := range e.Causes {
		all = append(all, leaves(name, cause)...)
	}
	return all
}

var english = message.NewPrinter(language.English)
