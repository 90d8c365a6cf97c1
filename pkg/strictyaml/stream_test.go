package strictyaml_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

type named struct {
	Name string         `json:"name"`
	Any  any            `json:"any"`
	More map[string]any `json:"more"`
}

func names(docs []*strictyaml.Document) []string {
	var all []string
	for _, d := range docs {
		var n named
		d.Decode(&n)
		all = append(all, n.Name)
	}
	return all
}

func TestParseAll(t *testing.T) {
	for name, tc := range map[string]struct {
		text    string
		names   []string
		problem string
	}{
		"nothing":             {"", nil, ""},
		"one":                 {"name: a\n", []string{"a"}, ""},
		"several, some empty": {"---\nname: a\n---\n# nothing\n---\nname: b\n", []string{"a", "b"}, ""},
		"a fault behind one":  {"name: a\n---\nname: [b\n", []string{"a"}, "f:"},
	} {
		t.Run(name, func(t *testing.T) {
			docs, problems := strictyaml.ParseAll("f", []byte(tc.text))
			if diff := cmp.Diff(tc.names, names(docs)); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			if got := len(problems) > 0; got != (tc.problem != "") || got && !strings.HasPrefix(problems[0].Error(), tc.problem) {
				t.Errorf("problems %v, want one that begins with %q", problems, tc.problem)
			}
		})
	}
}

func TestParseAllPlacesProblems(t *testing.T) {
	docs, _ := strictyaml.ParseAll("f", []byte("name: a\n---\nnom: b\n"))
	problems := docs[1].Decode(&named{})
	if len(problems) != 1 || problems[0].Line != 3 {
		t.Errorf("problems %v, want one on line 3, counted through the whole file", problems)
	}
}

func TestReplace(t *testing.T) {
	docs, problems := strictyaml.ParseAll("f", []byte("name: &n hello NUMBER\nany: NUMBER\nmore:\n  NUMBER: *n\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	docs[0].Replace(func(s string) string { return strings.ReplaceAll(s, "NUMBER", "7: true") })
	var got named
	if found := docs[0].Decode(&got); len(found) > 0 {
		t.Fatal(found)
	}
	want := named{Name: "hello 7: true", Any: "7: true", More: map[string]any{"7: true": "hello 7: true"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after replacing (-want +got):\n%s", diff)
	}
}
