package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/app"
	"github.com/pharos-ci/pharos/pkg/config"
)

func TestCheckPrintsFindings(t *testing.T) {
	p := paths(t, map[string]string{"config.yaml": "sinkr: {}\npush_gateway: {endpoint: x}\n"})
	lenient := p
	lenient.Lenient = true
	for name, tc := range map[string]struct {
		options app.CheckOptions
		want    string
		err     error
	}{
		"an error": {app.CheckOptions{Config: p}, `:1:1: error: unknown key "sinkr" in the file (did you mean sinker?)`, app.ErrFindings},
		"warnings": {app.CheckOptions{Config: lenient}, `:1:1: warning: unknown key "sinkr" in the file (did you mean sinker?)
:2:1: warning: push_gateway is read, and nothing acts on it (scrape /metrics)`, nil},
		"warnings, strictly": {app.CheckOptions{Config: lenient, Check: config.CheckOptions{Strict: true, Exclude: []string{"unknown-fields"}}},
			`:2:1: error: push_gateway is read, and nothing acts on it (scrape /metrics)`, app.ErrFindings},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := app.Check(tc.options, &out); !errors.Is(err, tc.err) {
				t.Errorf("error %v, want %v", err, tc.err)
			}
			if diff := cmp.Diff(tc.want+"\n", strings.ReplaceAll(out.String(), p.Config, "")); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckAsJSON(t *testing.T) {
	for name, tc := range map[string]struct {
		content string
		want    []config.Finding
	}{
		"nothing to say": {"", []config.Finding{}},
		"one finding":    {"push_gateway: {endpoint: x}\n", []config.Finding{{Line: 1, Column: 1, Severity: "warning", Check: "not-acted-on", Message: "push_gateway is read, and nothing acts on it", Remedy: "scrape /metrics"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := app.Check(app.CheckOptions{Config: paths(t, map[string]string{"config.yaml": tc.content}), Output: "json"}, &out); err != nil {
				t.Fatal(err)
			}
			got := []config.Finding{}
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i].File = ""
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
