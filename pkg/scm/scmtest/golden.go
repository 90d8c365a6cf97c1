package scmtest

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Golden holds an event against the file that shows how it is stored, and storing against the event: nothing may be lost.
// With update the file is written first.
func Golden(t *testing.T, file string, event scm.Event, update bool) {
	t.Helper()
	stored, err := scm.EncodeEvent(event)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, stored, "", " "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	if update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(Read(t, file)), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
	again, err := scm.DecodeEvent(stored)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(event, again); diff != "" {
		t.Errorf("event after storing (-parsed +decoded):\n%s", diff)
	}
}

// Read is a file of testdata.
func Read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
