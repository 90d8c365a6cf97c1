package vendors_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/test/vendors"
)

// report is what a tally says to a test.
type report struct {
	testing.TB
	said []string
}

func (*report) Helper() {}

func (*report) Logf(string, ...any) {}

func (r *report) Errorf(format string, args ...any) {
	if strings.Contains(format, "%s (%s)") {
		r.said = append(r.said, args[0].(string))
		return
	}
	r.said = append(r.said, format)
}

func TestWhatDisagreesIsFound(t *testing.T) {
	document, err := githubDocument()
	if err != nil {
		t.Fatal(err)
	}
	const status, right = "POST /api/v3/repos/acme/app/statuses/abc", `{"state":"success"}`
	for name, tc := range map[string]struct {
		call, body string
		code       int
		answer     string
		want       []string
	}{
		"a path that does not exist": {"GET /api/v3/nowhere", "", 404, "{}", []string{"GET /api/v3/nowhere: no matching operation was found"}},
		"a query parameter that does not exist": {"GET /api/v3/repos/acme/app/labels?size=3", "", 200, "[]",
			[]string{"GET /repos/{owner}/{repo}/labels: there is no query parameter size"}},
		"a field of a request that does not exist": {status, `{"state":"success","colour":"red"}`, 404, `{"message":"no"}`,
			[]string{`POST /repos/{owner}/{repo}/statuses/{sha:.+}: body/: property "colour" is unsupported`}},
		"a value that is not allowed": {status, `{"state":"green"}`, 404, `{"message":"no"}`,
			[]string{`POST /repos/{owner}/{repo}/statuses/{sha:.+}: body/state: value is not one of the allowed values ["error","failure","pending","success"]`}},
		"a status that is not documented": {status, right, 418, "{}", []string{"POST /repos/{owner}/{repo}/statuses/{sha:.+} 418: status is not supported"}},
		"a field of an answer that is missing": {"GET /api/v3/repos/acme/app/labels", "", 200, `[{"id":1,"node_id":"","url":"https://x.test","name":"a","color":"red","default":false}]`,
			[]string{`GET /repos/{owner}/{repo}/labels 200: body/*/description: property "description" is missing`}},
		"nothing": {status, right, 404, `{"message":"no"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tally := vendors.NewTally(nil)
			server := httptest.NewServer(document.Wrap(tally, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tc.code)
				_, _ = w.Write([]byte(tc.answer)) // the client reads what there is
			})))
			defer server.Close()
			method, path, _ := strings.Cut(tc.call, " ")
			req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			res, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			found := &report{}
			tally.Report(found, vendors.Requests)
			if diff := cmp.Diff(tc.want, found.said); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAWebhookThatDisagreesIsFound(t *testing.T) {
	schemas, err := vendors.LoadSchemas("github-webhooks.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := githubDocument()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []simulator.Message{
		{Event: "push", Body: []byte(`{"ref":"refs/heads/main"}`)},
		{Event: "issues", Body: []byte(`{"action":"danced"}`)},
		{Event: "issues", Body: []byte(`{"act`)},
	} {
		if len(schemas.Message(&m)) == 0 || len(document.Message(&m)) == 0 {
			t.Errorf("nothing is wrong with %s %s", m.Event, m.Body)
		}
	}
}

func TestATallyOfNothingFails(t *testing.T) {
	found := &report{}
	vendors.NewTally([]vendors.Exception{{Subject: "GET /", Finding: "x", Reason: "y"}}).Report(found, vendors.Webhooks)
	if diff := cmp.Diff([]string{"no %s were checked", "the exception %q of %q is not needed"}, found.said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
