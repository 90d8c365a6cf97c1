package vendors_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	driver "github.com/pharos-ci/pharos/pkg/scm/github"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator/github"
	"github.com/pharos-ci/pharos/test/vendors"
)

var githubDocument = sync.OnceValues(func() (*vendors.Document, error) {
	return vendors.Load("github.json", "/api/v3", wholePaths, refusals, rawContents, vendors.Closed)
})

func TestGitHubKeepsToItsDocuments(t *testing.T) {
	document, err := githubDocument()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := vendors.LoadSchemas("github-webhooks.json")
	if err != nil {
		t.Fatal(err)
	}
	tally := vendors.NewTally(vendors.GitHub)
	f := simulator.Start(vendors.Checked{
		Dialect: github.Dialect{}, Document: document, Tally: tally,
		Message: func(m *simulator.Message) []string { return slices.Concat(schemas.Message(m), document.Message(m)) },
	}, t.TempDir())
	contract.Run(t, contract.NewSimulated(f, driver.Driver{}, contract.Simulated{PageSize: 100}))
	moreCallsOfGitHub(t, f)
	f.Close()
	tally.Report(t, vendors.Requests, vendors.Responses, vendors.Webhooks)
}

// wholePaths lets a parameter hold slashes where the document says so in words of its own, which routers do not know.
func wholePaths(doc *openapi3.T) {
	for _, path := range slices.Collect(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		whole := path
		for _, operation := range item.Operations() {
			for _, p := range operation.Parameters {
				if p.Value.Extensions["x-multi-segment"] == true {
					whole = strings.Replace(path, "{"+p.Value.Name+"}", "{"+p.Value.Name+":.+}", 1)
				}
			}
		}
		if whole != path {
			doc.Paths.Delete(path)
			doc.Paths.Set(whole, item)
		}
	}
}

// refusals lets every call be refused: the document lists for some operations only that a token may be wrong, or not enough.
func refusals(doc *openapi3.T) {
	refused := openapi3.NewResponse().WithDescription("refused").WithJSONSchemaRef(openapi3.NewSchemaRef("", doc.Components.Schemas["basic-error"].Value))
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, status := range []string{"401", "403", "404"} {
				if operation.Responses.Value(status) == nil {
					operation.Responses.Set(status, &openapi3.ResponseRef{Value: refused})
				}
			}
		}
	}
}

// rawContents lets a file be answered as it is, which the document says in the operation's description only.
func rawContents(doc *openapi3.T) {
	read := doc.Paths.Value("/repos/{owner}/{repo}/contents/{path:.+}").Get
	read.Responses.Value("200").Value.Content["application/vnd.github.raw+json"] = openapi3.NewMediaType()
}
