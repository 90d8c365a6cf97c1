package vendors_test

import (
	"maps"

	"github.com/getkin/kin-openapi/openapi3"
)

// named lets bodies of requests hold only fields that the document names: its shared schemas are open to any others, which
// the vendor would pass over without a word.
func named(doc *openapi3.T) {
	closed := map[*openapi3.Schema]*openapi3.Schema{}
	bitbucketOperations(doc, func(operation *openapi3.Operation) {
		if operation.RequestBody == nil {
			return
		}
		for _, content := range operation.RequestBody.Value.Content {
			content.Schema = closedRef(content.Schema, closed)
		}
	})
}

func closedRef(of *openapi3.SchemaRef, closed map[*openapi3.Schema]*openapi3.Schema) *openapi3.SchemaRef {
	if of == nil {
		return nil
	}
	return openapi3.NewSchemaRef("", closedSchema(of.Value, closed))
}

// closedSchema is a copy, which may contain itself as its original does.
func closedSchema(of *openapi3.Schema, closed map[*openapi3.Schema]*openapi3.Schema) *openapi3.Schema {
	if known := closed[of]; known != nil {
		return known
	}
	own := *of
	closed[of] = &own
	own.Properties = openapi3.Schemas{}
	for name, field := range propertiesOf(of) {
		own.Properties[name] = closedRef(field, closed)
	}
	own.Items = closedRef(of.Items, closed)
	own.AnyOf = nil
	for _, alternative := range of.AnyOf {
		own.AnyOf = append(own.AnyOf, closedRef(alternative, closed))
	}
	if len(own.Properties) > 0 {
		no := false
		own.AllOf, own.AdditionalProperties = nil, openapi3.AdditionalProperties{Has: &no}
	}
	return &own
}

// propertiesOf are those of a schema and of all that it is made of.
func propertiesOf(of *openapi3.Schema) openapi3.Schemas {
	all := maps.Clone(of.Properties)
	for _, part := range of.AllOf {
		if all == nil {
			all = openapi3.Schemas{}
		}
		maps.Copy(all, propertiesOf(part.Value))
	}
	return all
}
