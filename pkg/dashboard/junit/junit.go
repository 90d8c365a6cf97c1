// Package junit reads the test results that most tools write, in the XML that began with JUnit, from several files into
// one report. What a file says is not trusted: size, depth and number of everything are bounded.
package junit

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Limits of a report.
const (
	// MaxFile is how much of one file is read, MaxTotal how much of all, in bytes.
	MaxFile  = 16 << 20
	MaxTotal = 64 << 20
	maxCases = 20_000
	maxDepth = 100
	// longestText bounds what one test says, in bytes, and allText what all say.
	longestText = 16 << 10
	allText     = 4 << 20
	longestName = 1 << 10
)

// States of a test.
const (
	Passed  = "passed"
	Failed  = "failed"
	Skipped = "skipped"
	// Flaky failed and passed when it was tried again.
	Flaky = "flaky"
)

// TestReport is the union of a run's JUnit files.
type TestReport struct {
	Suites  []TestSuite `json:"suites" doc:"Those with failures first."`
	Tests   int         `json:"tests"`
	Failed  int         `json:"failed"`
	Skipped int         `json:"skipped"`
	Seconds float64     `json:"seconds"`
	Files   []string    `json:"files" doc:"Artifacts that were read."`
	Cut     string      `json:"cut,omitempty" doc:"Why some results are missing: a limit, or a file that cannot be read."`

	cases, text int
	read        int64
}

// TestSuite is one suite.
type TestSuite struct {
	Name    string     `json:"name"`
	File    string     `json:"file"`
	Tests   int        `json:"tests"`
	Failed  int        `json:"failed"`
	Skipped int        `json:"skipped"`
	Seconds float64    `json:"seconds"`
	Cases   []TestCase `json:"cases" doc:"Failures first, then flaky, skipped and passed."`
}

// TestCase is one test.
type TestCase struct {
	Name    string  `json:"name"`
	Class   string  `json:"class,omitempty"`
	State   string  `json:"state" enum:"passed,failed,skipped,flaky"`
	Seconds float64 `json:"seconds"`
	Message string  `json:"message,omitempty"`
	Text    string  `json:"text,omitempty" doc:"What the failure says, at most 16 KiB."`
	Output  string  `json:"output,omitempty" doc:"What the test printed, at most 16 KiB."`
}

// New is an empty report.
func New() *TestReport { return &TestReport{Suites: []TestSuite{}, Files: []string{}} }

// Full says that a limit is reached, so that further files would add nothing.
func (r *TestReport) Full() bool { return r.cases >= maxCases || r.read >= MaxTotal }

// Miss notes why results are missing; the first reason stays.
func (r *TestReport) Miss(reason string) { r.Cut = cmp.Or(r.Cut, reason) }

// Add reads one file. What is wrong with it is noted in the report, with the tests before the fault.
func (r *TestReport) Add(name string, body io.Reader) {
	if r.Full() {
		r.Miss("There are more results than one report can hold.")
		return
	}
	limit := min(MaxFile, MaxTotal-r.read)
	limited := &io.LimitedReader{R: body, N: limit + 1}
	p := &parser{report: r, file: name, xml: newDecoder(limited)}
	err := p.run()
	r.read += limit + 1 - limited.N
	switch {
	case limited.N <= 0:
		r.Miss(fmt.Sprintf("%s is larger than what is read of it.", name))
	case errors.Is(err, errFull):
		r.Miss("There are more results than one report can hold.")
	case err != nil:
		r.Miss(fmt.Sprintf("%s cannot be read: %v.", name, err))
	}
	r.Files = append(r.Files, name)
}

// Finish sorts and sums up.
func (r *TestReport) Finish() {
	r.Suites = slices.DeleteFunc(r.Suites, func(s TestSuite) bool { return len(s.Cases) == 0 })
	for i := range r.Suites {
		s := &r.Suites[i]
		slices.SortStableFunc(s.Cases, func(a, b TestCase) int { return cmp.Compare(urgency(a.State), urgency(b.State)) })
		for _, c := range s.Cases {
			s.Tests++
			s.Seconds += c.Seconds
			switch c.State {
			case Failed:
				s.Failed++
			case Skipped:
				s.Skipped++
			}
		}
		r.Tests, r.Failed, r.Skipped, r.Seconds = r.Tests+s.Tests, r.Failed+s.Failed, r.Skipped+s.Skipped, r.Seconds+s.Seconds
	}
	slices.SortStableFunc(r.Suites, func(a, b TestSuite) int { return cmp.Compare(min(b.Failed, 1), min(a.Failed, 1)) })
}

func urgency(state string) int { return slices.Index([]string{Failed, Flaky, Skipped, Passed}, state) }

// seconds reads a duration; some tools write a comma every three digits.
func seconds(text string) float64 {
	n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	if err != nil || n < 0 || n > 1e9 || n != n {
		return 0
	}
	return n
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return shorten(a.Value, longestName)
		}
	}
	return ""
}

func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}
