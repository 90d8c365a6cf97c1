package inrepo

import (
	"context"
	"path"
	"strings"

	gitignore "github.com/sabhiram/go-gitignore"

	"github.com/pharos-ci/pharos/pkg/git"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// prowFile is .prow.yaml, or a file below .prow/.
type prowFile struct {
	Presets     []*job.Preset     `json:"presets"`
	Presubmits  []*job.Presubmit  `json:"presubmits"`
	Postsubmits []*job.Postsubmit `json:"postsubmits"`
	// Periodics are no business of a single commit.
	Periodics strictyaml.Raw `json:"periodics"`
	// ProwIgnored is a place for anchors.
	ProwIgnored strictyaml.Raw `json:"prow_ignored"`
}

// prow reads what Prow would.
func (g *reading) prow(context.Context) {
	for _, f := range g.prowFiles() {
		doc, found := strictyaml.Parse(f.Path, f.Data)
		var file prowFile
		if doc != nil {
			found = append(found, doc.Decode(&file)...)
			g.documents[f.Path] = document{Document: doc, file: f.Path}
		}
		g.syntax(found)
		if !file.Periodics.IsZero() {
			line, column := doc.Position("periodics")
			g.add(Problem{File: f.Path, Line: line, Column: column, Warning: true,
				Message: "periodics are not read from a repository", Remedy: "write them into the job files of the configuration"})
		}
		if g.broken(f.Path) {
			continue
		}
		g.found.Presets = append(g.found.Presets, file.Presets...)
		for _, p := range file.Presubmits {
			g.presubmit(p)
		}
		for _, p := range file.Postsubmits {
			g.postsubmit(p)
		}
	}
}

// prowFiles are the files in .prow/ if there are any, else .prow.yaml; as in Prow, whose ignore files hold too.
func (g *reading) prowFiles() []git.File {
	var files []git.File
	folder := g.below(".prow")
	ignored := g.ignored()
	for _, f := range folder {
		if !ignored(f.Path) {
			files = append(files, f)
		}
	}
	if len(folder) > 0 {
		return files
	}
	for _, f := range g.tree.Files {
		if f.Path == ".prow.yaml" && f.Data != nil {
			files = append(files, f)
		}
	}
	return files
}

// ignored reads the .prowignore files, each of which holds for its own folder.
func (g *reading) ignored() func(name string) bool {
	rules := map[string]*gitignore.GitIgnore{}
	for _, f := range g.tree.Files {
		if path.Base(f.Path) == ".prowignore" && f.Data != nil {
			rules[path.Dir(f.Path)] = gitignore.CompileIgnoreLines(strings.Split(string(f.Data), "\n")...)
		}
	}
	return func(name string) bool {
		for dir, rest := path.Dir(name), path.Base(name); ; dir, rest = path.Dir(dir), path.Join(path.Base(dir), rest) {
			if r := rules[dir]; r != nil && r.MatchesPath(rest) {
				return true
			}
			if dir == "." {
				return false
			}
		}
	}
}
