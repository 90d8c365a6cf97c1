package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// Severity says what a finding means for the configuration.
type Severity string

// Severities: a configuration with an error is not used.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Finding is one thing that is wrong, or worth knowing, about a configuration. Line and Column count from 1; 0 means that
// the finding is about the file as a whole.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity Severity `json:"severity"`
	// Check is the name of what looked, for findings that can be left out by it.
	Check   string `json:"check,omitempty"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// String is "file:line:col: severity: what (what to do)".
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", f.Line, f.Column)
	}
	fmt.Fprintf(&b, ": %s: %s", f.Severity, f.Message)
	if f.Remedy != "" {
		fmt.Fprintf(&b, " (%s)", f.Remedy)
	}
	return b.String()
}

// Errors is why a configuration was not loaded: all findings, at least one of which is an error.
type Errors struct{ Findings []Finding }

// Error prints one finding a line.
func (e *Errors) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// findings collects what is found, from any step of loading.
type findings struct {
	lenient bool
	all     []Finding
	// undecoded are the places, file and path, whose value could not be read.
	undecoded [][2]string
}

// syntax adds what the reader of a file says. own stanzas are never read loosely.
func (f *findings) syntax(problems []strictyaml.Problem) {
	for _, p := range problems {
		severity, check := SeverityError, ""
		if p.Loose && !own(p.Path) {
			check = checkUnknownFields
			if f.lenient {
				severity = SeverityWarning
			}
		}
		if !p.Loose {
			f.undecoded = append(f.undecoded, [2]string{p.File, p.Path})
		}
		f.all = append(f.all, Finding{File: p.File, Line: p.Line, Column: p.Column, Severity: severity, Check: check, Message: p.Message, Remedy: p.Remedy})
	}
}

// own says that a path leads into a stanza that only Pharos knows.
func own(path string) bool {
	return strings.HasPrefix(path, "connections") || strings.HasPrefix(path, "storage") || strings.HasPrefix(path, "dashboard") || path == "inrepo" || strings.HasPrefix(path, "inrepo.")
}

// jobs adds what compiling the jobs says, with the exact place of each key. Only files with problems are parsed again for it,
// so that the trees of all others need not be kept.
func (f *findings) jobs(problems []job.Problem, files snapshot) {
	parsed := map[string]*strictyaml.Document{}
	for _, p := range problems {
		if f.halfRead(p.At) {
			continue
		}
		doc, ok := parsed[p.At.File]
		if !ok {
			doc, _ = strictyaml.Parse(p.At.File, files.data(p.At.File)) // it parsed before, or there would be no job
			parsed[p.At.File] = doc
		}
		finding := Finding{File: p.At.File, Line: p.At.Line, Column: p.At.Column, Severity: SeverityError, Message: p.Message, Remedy: p.Remedy}
		if p.Warning {
			finding.Severity = SeverityWarning
		}
		if doc != nil && p.At.Path != "" {
			finding.Line, finding.Column = doc.Position(p.Path())
		}
		f.all = append(f.all, finding)
	}
}

// halfRead says that some key of a job could not be read: what else seems wrong with the job may come from that.
func (f *findings) halfRead(at job.Source) bool {
	return slices.ContainsFunc(f.undecoded, func(place [2]string) bool {
		return place[0] == at.File && strings.HasPrefix(place[1], at.Path+".")
	})
}

// add takes over what was found elsewhere.
func (f *findings) add(other findings) {
	f.all = append(f.all, other.all...)
	f.undecoded = append(f.undecoded, other.undecoded...)
}

// sort orders by file and place, so that the same files always give the same text.
func (f *findings) sort() []Finding {
	slices.SortStableFunc(f.all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	f.all = slices.Compact(f.all) // aliases repeat the problems of what they stand for
	return f.all
}

func (f *findings) failed() bool {
	return slices.ContainsFunc(f.all, func(one Finding) bool { return one.Severity == SeverityError })
}
