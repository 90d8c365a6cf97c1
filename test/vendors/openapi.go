package vendors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// Path is where specs.sh keeps a document.
func Path(file string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the vendors' documents: %w", err)
	}
	path := filepath.Join(cache, "pharos-specs", file)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("vendor's document (make specs fetches it): %w", err)
	}
	return path, nil
}

// Document is a vendor's OpenAPI document.
type Document struct {
	spec   *openapi3.T
	router routers.Router
}

// Load reads a document that specs.sh fetched, for an API that is served below a path of the simulator. Corrections mend
// what is wrong with the document itself.
func Load(file, below string, corrections ...func(*openapi3.T)) (*Document, error) {
	path, err := Path(file)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", file, err)
	}
	for _, correct := range corrections {
		correct(doc)
	}
	doc.Servers = openapi3.Servers{{URL: below}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("route by %s: %w", file, err)
	}
	return &Document{doc, router}, nil
}

// Closed corrects a document so that no body of a request may hold a field that the document does not name: a field that the
// vendor passes over is a mistake of the driver's. Bodies of shared schemas stay open.
func Closed(doc *openapi3.T) {
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.RequestBody == nil {
				continue
			}
			for _, content := range operation.RequestBody.Value.Content {
				closeBody(content.Schema)
			}
		}
	}
}

func closeBody(s *openapi3.SchemaRef) {
	if s == nil || s.Ref != "" {
		return
	}
	for _, alternative := range slices.Concat(s.Value.OneOf, s.Value.AnyOf) {
		closeBody(alternative)
	}
	for _, field := range s.Value.Properties {
		closeBody(field)
	}
	if len(s.Value.Properties) > 0 && len(s.Value.OneOf)+len(s.Value.AnyOf)+len(s.Value.AllOf) == 0 && s.Value.AdditionalProperties.Has == nil && s.Value.AdditionalProperties.Schema == nil {
		no := false
		s.Value.AdditionalProperties.Has = &no
	}
}

// Checked is a dialect whose every call is held to a document, and every delivery to Message.
type Checked struct {
	simulator.Dialect
	Document *Document
	// Message finds what is wrong with a delivery; nil checks none.
	Message func(*simulator.Message) []string
	Tally   *Tally
}

// API implements simulator.Dialect.
func (c Checked) API(f *simulator.Forge) http.Handler {
	return c.Document.Wrap(c.Tally, c.Dialect.API(f))
}

// Messages implements simulator.Dialect.
func (c Checked) Messages(f *simulator.Forge, change *simulator.Change) []simulator.Message {
	messages := c.Dialect.Messages(f, change)
	if c.Message != nil {
		for i := range messages {
			c.Tally.Checked(Webhooks, messages[i].Event, c.Message(&messages[i])...)
		}
	}
	return messages
}

// Wrap checks every request that a handler gets and every response that it gives. The handler sees the request as it was
// sent, whatever is found.
func (d *Document) Wrap(t *Tally, inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call, err := d.request(t, r)
		answer := httptest.NewRecorder()
		inner.ServeHTTP(answer, r)
		if err == nil {
			response(t, call, answer)
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // the client is gone, which is its own affair
	})
}

var options = &openapi3filter.Options{
	AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true, IncludeResponseStatus: true,
	RejectWhenRequestBodyNotSpecified: true, SkipSettingDefaults: true,
}

// request checks a request and finds its operation.
func (d *Document) request(t *Tally, r *http.Request) (*openapi3filter.RequestValidationInput, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	defer func() { r.Body = io.NopCloser(bytes.NewReader(body)) }()
	route, values, err := d.router.FindRoute(r)
	if err != nil {
		t.Checked(Requests, r.Method+" "+r.URL.Path, err.Error())
		return nil, err
	}
	seen := r.Clone(r.Context())
	seen.Body = io.NopCloser(bytes.NewReader(body))
	call := &openapi3filter.RequestValidationInput{Request: seen, PathParams: values, Route: route, Options: options}
	found := append(unknown(call), flat(openapi3filter.ValidateRequest(r.Context(), call))...)
	t.Checked(Requests, r.Method+" "+route.Path, found...)
	return call, nil
}

// unknown finds query parameters that the operation does not have.
func unknown(call *openapi3filter.RequestValidationInput) []string {
	var found []string
	for name := range call.Request.URL.Query() {
		is := func(p *openapi3.ParameterRef) bool {
			return p.Value.In == openapi3.ParameterInQuery && p.Value.Name == name
		}
		if !slices.ContainsFunc(call.Route.Operation.Parameters, is) && !slices.ContainsFunc(call.Route.PathItem.Parameters, is) {
			found = append(found, "there is no query parameter "+name)
		}
	}
	return found
}

func response(t *Tally, call *openapi3filter.RequestValidationInput, answer *httptest.ResponseRecorder) {
	input := &openapi3filter.ResponseValidationInput{RequestValidationInput: call, Status: answer.Code, Header: answer.Header(), Options: options}
	input.SetBodyBytes(answer.Body.Bytes())
	found := flat(openapi3filter.ValidateResponse(call.Request.Context(), input))
	t.Checked(Responses, fmt.Sprint(call.Request.Method, " ", call.Route.Path, " ", answer.Code), found...)
}

// flat is every single finding of an error.
func flat(err error) []string {
	if err == nil {
		return nil
	}
	var all []string
	var many openapi3.MultiError
	if errors.As(err, &many) {
		for _, one := range many {
			all = append(all, flat(one)...)
		}
		return all
	}
	var schema *openapi3.SchemaError
	if !errors.As(err, &schema) {
		return []string{err.Error()}
	}
	var request *openapi3filter.RequestError
	subject := "body"
	if errors.As(err, &request) && request.Parameter != nil {
		subject = request.Parameter.In + " parameter " + request.Parameter.Name
	}
	return append([]string{subject + place(schema.JSONPointer()) + ": " + schema.Reason}, flat(schema.Origin)...)
}

var index = regexp.MustCompile(`^\d+$`)

// place names a part of a body; the items of a list are one place.
func place(pointer []string) string {
	for i, one := range pointer {
		if index.MatchString(one) {
			pointer[i] = "*"
		}
	}
	return "/" + strings.Join(pointer, "/")
}
