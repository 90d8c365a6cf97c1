package strictyaml_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

type place struct{ At string }

func (p *place) Locate(file, path string, line, column int) {
	p.At = fmt.Sprintf("%s %s %d:%d", file, path, line, column)
}

type embedded struct {
	Inner string `json:"inner"`
	Name  string `json:"name"` // hidden by item's own
}

type item struct {
	Name string `json:"name"`
	embedded
	*Pointed
	place `json:"-"`
	Next  *item `json:"next"`
}

type Pointed struct {
	Far int8 `json:"far"`
}

type file struct {
	Items  []*item            `json:"items"`
	ByName map[string]item    `json:"by_name"`
	Texts  map[string]string  `json:"texts"`
	Bool   *bool              `json:"bool"`
	Int    int64              `json:"int"`
	Uint   uint8              `json:"uint"`
	Float  float64            `json:"float"`
	Any    any                `json:"any"`
	Bytes  []byte             `json:"bytes"`
	Size   resource.Quantity  `json:"size"`
	Port   intstr.IntOrString `json:"port"`
	Later  strictyaml.Raw     `json:"later"`
	Secret string             `json:"-"`
	Lists  [][]string         `json:"lists"`
}

func parse(t *testing.T, text string) (file, []string) {
	t.Helper()
	doc, problems := strictyaml.Parse("f", []byte(text))
	var f file
	if doc != nil {
		problems = append(problems, doc.Decode(&f)...)
	}
	var out []string
	for _, p := range problems {
		out = append(out, p.Error())
	}
	return f, out
}

func TestValuesOfEveryKindAreRead(t *testing.T) {
	f, problems := parse(t, `
items:
- name: a
  inner: i
  far: -3
  next: {name: b}
-
by_name: {x: {name: c}, y: }
texts: {a: 1.10, b: true, c: "q", d: , e: 0x10}
bool: Yes
int: 0644
uint: 2e2
float: 1_000.5
any: {k: [1, two, null, 1.50, on]}
bytes: aGk=
size: 2
port: http
later: [1]
lists: [[a], [b, c]]
`)
	if problems != nil {
		t.Fatal(problems)
	}
	far := &Pointed{Far: -3}
	yes := true
	want := file{
		Items: []*item{
			{Name: "a", embedded: embedded{Inner: "i"}, Pointed: far, place: place{"f items[0] 3:3"}, Next: &item{Name: "b", place: place{"f items[0].next 6:9"}}},
			{},
		},
		ByName: map[string]item{"x": {Name: "c", place: place{"f by_name[x] 8:14"}}, "y": {}},
		Texts:  map[string]string{"a": "1.10", "b": "true", "c": "q", "d": "", "e": "0x10"},
		Bool:   &yes,
		Int:    0o644,
		Uint:   200,
		Float:  1000.5,
		Any:    map[string]any{"k": []any{1.0, "two", nil, 1.5, "on"}},
		Bytes:  []byte("hi"),
		Size:   resource.MustParse("2"),
		Port:   intstr.FromString("http"),
		Lists:  [][]string{{"a"}, {"b", "c"}},
	}
	opts := cmp.Options{cmp.AllowUnexported(item{}, embedded{}, Pointed{}, place{}), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Later" }, cmp.Ignore())}
	if diff := cmp.Diff(want, f, opts); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	var later []int
	if problems := f.Later.Decode(&later); problems != nil || len(later) != 1 || !f.Later.IsList() {
		t.Errorf("later: %v %v", later, problems)
	}
}

func TestProblems(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"an empty file is fine":                     {"", ""},
		"so is one of comments":                     {"# nothing\n", ""},
		"so is an empty second document":            {"int: 1\n---\n", ""},
		"a list where the file must be a mapping":   {"- a\n", "f:1:1: the file must be a mapping, not a list"},
		"keys are matched without regard to case":   {"Int: 1\n", ""},
		"a number out of range":                     {"uint: 300\n", "f:1:7: uint must be a whole number that is not negative, not 300"},
		"a fraction for a whole number":             {"int: 1.5\n", "f:1:6: int must be a whole number, not 1.5"},
		"infinity":                                  {"float: .inf\n", "f:1:8: float must be a number, not .inf"},
		"a wrong key through an alias":              {"later: &l {nme: x}\nitems: [*l]\n", "f:1:12: unknown key \"nme\" in an item of items (did you mean name?)"},
		"a wrong value in a map":                    {"texts: {a: [1]}\n", "f:1:12: a must be a text, not a list"},
		"a wrong value below a stanza decoded late": {"later: {}\nlists: [x]\n", "f:2:9: an item of lists must be a list, not x (write [x])"},
		"a key nobody sees":                         {"Secret: x\n", "f:1:1: unknown key \"Secret\" in the file (remove it or correct its name)"},
		"anchors may be kept at the top":            {".a: &a {name: x}\nx-b: 1\nitems: [*a]\n", ""},
		"but not below":                             {"items: [{.a: 1}]\n", "f:1:10: unknown key \".a\" in an item of items (known keys: far, inner, name, next)"},
		"merged keys are no repetition":             {".a: &a {name: x, inner: y}\nitems: [{<<: *a, name: z}]\n", ""},
		"a merge of itself":                         {"items:\n- &a {<<: *a, name: x}\n", ""},
		"an item that contains itself":              {"items:\n- &a {next: *a}\n", "f:2:3: the file nests too deeply or its aliases expand to too much (use fewer aliases)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := parse(t, tc.text)
			if got := strings.Join(problems, "\n"); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestMergedKeysYieldToOwnOnesAndEarlierSources(t *testing.T) {
	f, problems := parse(t, ".a: &a {name: a, inner: a}\n.b: &b {inner: b, far: 2}\nitems:\n- {<<: [*a, *b], name: own}\n")
	if problems != nil {
		t.Fatal(problems)
	}
	if got := f.Items[0]; got.Name != "own" || got.Inner != "a" || got.Far != 2 {
		t.Errorf("merged %+v", got)
	}
}

func TestPositionOfAPath(t *testing.T) {
	doc, problems := strictyaml.Parse("f", []byte("items:\n- name: a\n  next:\n    name: b\nby_name:\n  acme/app.go: {name: c}\n"))
	if problems != nil {
		t.Fatal(problems)
	}
	for path, want := range map[string]string{
		"":                          "1:1",
		"items":                     "1:1",
		"items[0]":                  "2:3",
		"items[0].next.name":        "4:5",
		"items[0].next.gone.deeper": "3:3",
		"items[7]":                  "1:1",
		"by_name[acme/app.go].name": "6:17",
	} {
		line, column := doc.Position(path)
		if got := fmt.Sprintf("%d:%d", line, column); got != want {
			t.Errorf("%q is at %s, want %s", path, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"run_if_changed", "skip_branches", "spec", "max_concurrency"}
	for written, want := range map[string]string{
		"run-if-changed": "run_if_changed", "runIfChanged": "run_if_changed", "run_if_change": "run_if_changed",
		"skip_brnaches": "skip_branches", "sepc": "spec", "max_concurency": "max_concurrency", "x": "", "": "", "completely_else": "",
	} {
		if got := strictyaml.Nearest(written, names); got != want {
			t.Errorf("%q is nearest to %q, want %q", written, got, want)
		}
	}
}

// FuzzDecode looks for panics and endless work, and for values that change when they are written and read again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"items: [{name: a, next: {name: b}}]", "a: &a [*a]", "x: &x {<<: *x}", "any: {? [a] : b}", "texts: {a: !!binary aGk=}", "int: 0o17", "- a\n---\nb",
		"any: .nan", "any: 2001-01-01", "any: !!float x", "size: 1Gi", "\xff", "any: \"\\ud800\"", "<<: {int: 1}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, problems := strictyaml.Parse("f", []byte(text))
		if doc == nil {
			if len(problems) == 0 {
				t.Fatal("neither a document nor a problem")
			}
			return
		}
		var v file
		for _, p := range append(problems, doc.Decode(&v)...) {
			if p.Line < 1 || p.Column < 1 {
				t.Errorf("a problem without a place: %v", p)
			}
			doc.Position(p.Path)
		}
		data, err := json.Marshal(v.Any)
		if err != nil {
			t.Fatalf("any is not JSON: %v", err)
		}
		again, problems := strictyaml.Parse("f", append([]byte("any: "), data...))
		if again == nil {
			t.Fatalf("JSON is not YAML: %s: %v", data, problems)
		}
		var w file
		again.Decode(&w)
		if diff := cmp.Diff(v.Any, w.Any); diff != "" {
			t.Errorf("any changed (-first +second):\n%s", diff)
		}
	})
}
