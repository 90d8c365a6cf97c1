package vendors_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"

	gl "gitlab.com/gitlab-org/api/client-go/v2"

	driver "github.com/pharos-ci/pharos/pkg/scm/gitlab"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/gitlab"
	"github.com/pharos-ci/pharos/test/vendors"
)

// typedGitLab is GitLab's dialect with everything that it hears and says held to the types of GitLab's own client.
type typedGitLab struct {
	gitlab.Dialect
	tally *vendors.Tally
	// driven holds the patterns that GitLab's own client called with success.
	driven *sync.Map
}

func (d typedGitLab) API(f *simulator.Forge) http.Handler {
	inner := d.Dialect.API(f)
	typed := &simulator.Router{Nothing: func(w http.ResponseWriter, r *http.Request) {
		d.tally.Checked(vendors.Requests, r.Method+" "+r.URL.Path, "no route has the client's types for it")
		inner.ServeHTTP(w, r)
	}}
	for _, route := range gitlabRoutes {
		typed.HandleFunc(route.pattern, func(w http.ResponseWriter, r *http.Request) { d.pass(&route, inner, w, r) })
	}
	return typed
}

func (d typedGitLab) Messages(f *simulator.Forge, c *simulator.Change) []simulator.Message {
	messages := d.Dialect.Messages(f, c)
	for _, m := range messages {
		d.tally.Checked(vendors.Webhooks, m.Header.Get("X-Gitlab-Event"), gitlabDelivery(m.Header, m.Body)...)
	}
	return messages
}

func TestGitLab(t *testing.T) {
	tally, driven := vendors.NewTally(vendors.GitLab), &sync.Map{}
	f := simulator.Start(typedGitLab{tally: tally, driven: driven}, t.TempDir())
	t.Cleanup(f.Close)
	w := contract.NewSimulated(f, driver.Driver{}, contract.Simulated{PageSize: 100, Nested: true})
	t.Run("driver", func(t *testing.T) { contract.Run(t, w) })
	t.Run("own client", func(t *testing.T) { driveGitLab(t, f, w) })
	t.Run("documented payloads", func(t *testing.T) { readDocumentedPayloads(t, tally) })
	for _, route := range gitlabRoutes {
		if _, called := driven.Load(route.pattern); !called {
			t.Errorf("GitLab's own client did not call %s", route.pattern)
		}
	}
	tally.Report(t, vendors.Requests, vendors.Responses, vendors.Webhooks)
}

// pass lets a request through and checks both ways.
func (d typedGitLab) pass(route *gitlabRoute, inner http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	d.tally.Checked(vendors.Requests, route.pattern, route.request(r.URL.Query(), body)...)
	answer := httptest.NewRecorder()
	inner.ServeHTTP(answer, r)
	d.tally.Checked(vendors.Responses, route.pattern, route.response(answer)...)
	if answer.Code < http.StatusBadRequest && strings.HasPrefix(r.UserAgent(), "go-gitlab") {
		d.driven.Store(route.pattern, true)
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // as above
}

// request finds what the client would not send.
func (r *gitlabRoute) request(query url.Values, body []byte) []string {
	var known map[string]reflect.Type
	if r.query != nil {
		known = fields(reflect.TypeOf(r.query), "url")
	}
	var found []string
	for name := range query {
		if _, has := known[name]; !has {
			found = append(found, "there is no parameter "+name)
		}
	}
	switch {
	case len(body) == 0:
		return found
	case r.body == nil:
		return append(found, fmt.Sprintf("there is no body such as %s", body))
	}
	return append(found, typed(body, reflect.TypeOf(r.body))...)
}

// response finds what the client would not understand.
func (r *gitlabRoute) response(answer *httptest.ResponseRecorder) []string {
	switch {
	case answer.Code >= http.StatusBadRequest:
		var refusal *gl.ErrorResponse
		if err := gl.CheckResponse(answer.Result()); !errors.As(err, &refusal) || refusal.Message == "" {
			return []string{fmt.Sprintf("no message in %d %s", answer.Code, answer.Body)}
		}
	case r.answer == nil:
		if answer.Code != http.StatusNoContent || answer.Body.Len() > 0 {
			return []string{fmt.Sprintf("there is no answer such as %d %s", answer.Code, answer.Body)}
		}
	case reflect.TypeOf(r.answer) != reflect.TypeFor[[]byte]():
		return typed(answer.Body.Bytes(), reflect.TypeOf(r.answer))
	}
	return nil
}

// typed reads JSON as a type, which has to have a place for all of it.
func typed(body []byte, of reflect.Type) []string {
	if err := json.Unmarshal(body, reflect.New(of).Interface()); err != nil {
		return []string{err.Error()}
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{err.Error()}
	}
	return surplus(value, of, nil)
}
