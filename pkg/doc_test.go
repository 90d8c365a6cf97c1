package pkg_test

import (
	"bufio"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/pharos-ci/pharos/pkg/"

var entry = regexp.MustCompile(`^\t(?:\d{1,2})? +([a-z0-9/]+)  +\S`)

// order reads the map: each package's line number in it.
func order(t *testing.T) map[string]int {
	t.Helper()
	f, err := os.Open("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := map[string]int{}
	for s := bufio.NewScanner(f); s.Scan(); {
		text := regexp.MustCompile(`^\t(\d{1,2})`).ReplaceAllString(s.Text(), "\t ")
		if m := entry.FindStringSubmatch(text); m != nil {
			lines[m[1]] = len(lines)
		}
	}
	return lines
}

func TestPackagesImportOnlyWhatTheMapPrintsAboveThem(t *testing.T) {
	place := order(t)
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Dir(path) == "." {
			return err
		}
		if strings.Contains(path, "node_modules") || strings.Contains(path, "testdata") {
			return nil
		}
		self := filepath.ToSlash(filepath.Dir(path))
		seen[self] = true
		if _, ok := place[self]; !ok {
			t.Errorf("package %s is missing from the map in doc.go", self)
			return nil
		}
		for _, other := range ownImports(t, path) {
			above, ok := place[other]
			test := strings.HasSuffix(path, "_test.go")
			if !ok || (above >= place[self] && other != self && !test) {
				t.Errorf("%s imports %s, which the map does not print above it", path, other)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range place {
		if !seen[name] {
			t.Errorf("the map lists %s, which does not exist", name)
		}
	}
}

func ownImports(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var own []string
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if rest, ok := strings.CutPrefix(name, module); ok {
			own = append(own, rest)
		}
	}
	return own
}
