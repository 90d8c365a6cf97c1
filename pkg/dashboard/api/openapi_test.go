package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"testing"

	"github.com/pharos-ci/pharos/pkg/dashboard/api"
)

var update = flag.Bool("update", false, "write the OpenAPI document anew")

// document is what the web application's typed client is generated from.
const document = "../web/openapi.json"

func TestTheOpenAPIDocumentIsCurrent(t *testing.T) {
	text, err := json.MarshalIndent(api.New(http.NewServeMux(), api.Options{}).Document(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(document, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, text) {
		t.Errorf("%s is stale; run go test ./pkg/dashboard/api -run OpenAPI -update, then npm run generate in ../web", document)
	}
}
