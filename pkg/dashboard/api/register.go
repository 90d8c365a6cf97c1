package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// maxBody is more than any request of the API has, in bytes.
const maxBody = 16 << 10

// Prefix is where the API is on the server.
const Prefix = "/api/v1"

// adapter lets the last parameter of an operation called path hold slashes, which OpenAPI cannot say.
type adapter struct{ huma.Adapter }

func (a adapter) Handle(op *huma.Operation, handle func(huma.Context)) {
	if folder, ok := strings.CutSuffix(op.Path, "/{path}"); ok {
		wide := *op
		wide.Path = folder + "/{path...}"
		op = &wide
	}
	a.Adapter.Handle(op, handle)
}

// newHuma makes an empty API on mux.
func newHuma(mux *http.ServeMux) huma.API {
	c := huma.DefaultConfig("Pharos dashboard", "1")
	c.Info.Description = "Runs, logs, artifacts, tests, deliveries and configuration, as far as the caller may read them. " +
		"What a caller may not read answers 404, as if it did not exist."
	c.CreateHooks, c.DocsPath, c.SchemasPath = nil, "", "" // no $schema in answers, no page with scripts of others
	c.Servers = []*huma.Server{{URL: Prefix}}
	return huma.NewAPI(c, adapter{humago.NewAdapter(mux, Prefix)})
}

func operation(method, path, id, summary string) huma.Operation {
	tag, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary, Tags: []string{tag}}
}

func get(path, id, summary string) huma.Operation {
	return operation(http.MethodGet, path, id, summary)
}

func post(path, id, summary string) huma.Operation {
	op := operation(http.MethodPost, path, id, summary)
	op.MaxBodyBytes = maxBody
	return op
}

// answer registers an operation that answers JSON.
func answer[I, O any](a *API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[O](), true, "")
	respond(a, op, map[string]*huma.Schema{"application/json": schema}, func(w http.ResponseWriter, r *http.Request, in *I) error {
		out, err := handle(r.Context(), in)
		if err != nil {
			return err
		}
		return writeJSON(w, r, out)
	})
}

// respond registers an operation that writes its answer itself. An error is answered as a problem unless something was
// written before.
func respond[I any](a *API, op huma.Operation, content map[string]*huma.Schema, handle func(http.ResponseWriter, *http.Request, *I) error) {
	media := make(map[string]*huma.MediaType, len(content))
	for name, schema := range content {
		media[name] = &huma.MediaType{Schema: schema}
	}
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: media}}
	huma.Register(a.huma, op, func(_ context.Context, in *I) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(c huma.Context) {
			r, w := humago.Unwrap(c)
			if err := handle(w, r, in); err != nil {
				a.problem(c, err)
			}
		}}, nil
	})
}

// event is one kind of event of a stream: its name and an example of its data.
type event struct {
	name string
	data any
}

// streams registers an operation that answers server-sent events.
func streams[I any](a *API, op huma.Operation, events []event, handle func(http.ResponseWriter, *http.Request, *I) error) {
	kinds := make([]*huma.Schema, len(events))
	for i, e := range events {
		data := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(e.data), true, e.name)
		requireList(data)
		kinds[i] = &huma.Schema{
			Type: huma.TypeObject, Title: e.name, Required: []string{"event", "data"},
			Properties: map[string]*huma.Schema{
				"id":    {Type: huma.TypeString, Description: "Position behind this event."},
				"event": {Type: huma.TypeString, Enum: []any{e.name}},
				"data":  data,
			},
		}
	}
	schema := &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{OneOf: kinds}, Description: "Server-sent events; data is JSON."}
	respond(a, op, map[string]*huma.Schema{"text/event-stream": schema}, handle)
}

// requireLists says in the document that lists are never null, which huma cannot know.
func requireLists(doc *huma.OpenAPI) {
	for _, s := range doc.Components.Schemas.Map() {
		for _, property := range s.Properties {
			requireList(property)
		}
	}
	for _, path := range doc.Paths {
		if path.Get == nil {
			continue
		}
		for _, parameter := range path.Get.Parameters {
			requireList(parameter.Schema)
		}
	}
}

func requireList(s *huma.Schema) {
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
}

func text() *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

func binary() *huma.Schema { return &huma.Schema{Type: huma.TypeString, Format: "binary"} }
