package inrepo

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// Problem is one thing wrong with a file. Line and Column count from 1; 0 means that the file as a whole is meant, and an
// empty File that none is.
type Problem struct {
	File         string
	Line, Column int
	// Warning does not keep the file's jobs from running.
	Warning bool
	// Message says what is wrong, Remedy what to do; Remedy may be empty.
	Message, Remedy string

	// single problems are about one job; the others of the file are good.
	single bool
}

// Error is "file:line:col: what (what to do)".
func (p Problem) Error() string {
	text := p.Message
	if p.Remedy != "" {
		text += " (" + p.Remedy + ")"
	}
	switch {
	case p.File == "":
		return text
	case p.Line == 0:
		return p.File + ": " + text
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, text)
}

// problems collects what is found in the files of one reading.
type problems struct{ all []Problem }

func (p *problems) add(one Problem) { p.all = append(p.all, one) }

// syntax adds what the reader of a file says. The tools that these files were written for ignore what they do not know, so
// that is a warning.
func (p *problems) syntax(found []strictyaml.Problem) {
	for _, one := range found {
		p.add(Problem{File: one.File, Line: one.Line, Column: one.Column, Warning: one.Loose, Message: one.Message, Remedy: one.Remedy})
	}
}

// broken says whether a file has more than warnings.
func (p *problems) broken(file string) bool {
	return slices.ContainsFunc(p.all, func(one Problem) bool { return one.File == file && !one.Warning && !one.single })
}

func (p *problems) sorted() []Problem {
	slices.SortStableFunc(p.all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(p.all)
}

// document is a file that jobs were read from. Below is where in it the jobs' Tekton specs are, for those that were not
// written under the job's own key.
type document struct {
	*strictyaml.Document
	file, below string
}

// at finds the place of a key. The key of the spec differs between a job and the object that the spec was taken from.
func (d document) at(p job.Problem) (line, column int) {
	path := p.Path()
	if d.below != "" {
		path = specPath(p.Field, d.below)
	}
	return d.Position(path)
}
