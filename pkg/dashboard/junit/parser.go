package junit

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

var errFull = errors.New("too many tests")

// parser walks through one file. Its stack of open suites is the index of each in the report.
type parser struct {
	report *TestReport
	file   string
	xml    *xml.Decoder
	suites []int
	depth  int
}

func newDecoder(r io.Reader) *xml.Decoder {
	d := xml.NewDecoder(&legal{r: r})
	d.Strict = false // a test may print an ampersand
	d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(label) {
		case "ascii", "us-ascii", "utf8":
			return in, nil
		case "iso-8859-1", "latin1", "windows-1252":
			return &latin{r: in}, nil
		}
		return nil, fmt.Errorf("its encoding is %.20q; write UTF-8", label)
	}
	return d
}

func (p *parser) run() error {
	for {
		token, err := p.xml.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch e := token.(type) {
		case xml.StartElement:
			if err := p.start(e); err != nil {
				return err
			}
		case xml.EndElement:
			p.depth--
			if e.Name.Local == "testsuite" && len(p.suites) > 0 {
				p.suites = p.suites[:len(p.suites)-1]
			}
		}
	}
}

func (p *parser) start(e xml.StartElement) error {
	switch e.Name.Local {
	case "testcase":
		return p.testCase(e)
	case "testsuite":
		p.open(attribute(e, "name"))
	}
	if p.depth++; p.depth > maxDepth {
		return fmt.Errorf("elements are nested deeper than %d", maxDepth)
	}
	return nil
}

// open begins a suite; one inside another bears both names.
func (p *parser) open(name string) {
	if n := len(p.suites); n > 0 {
		outer := p.report.Suites[p.suites[n-1]].Name
		if name != "" && outer != "" && len(outer)+len(name) < longestName {
			name = outer + " / " + name
		} else if name == "" {
			name = outer
		}
	}
	p.report.Suites = append(p.report.Suites, TestSuite{Name: name, File: p.file, Cases: []TestCase{}})
	p.suites = append(p.suites, len(p.report.Suites)-1)
}

func (p *parser) testCase(e xml.StartElement) error {
	if p.report.cases++; p.report.cases > maxCases {
		return errFull
	}
	c := TestCase{Name: attribute(e, "name"), Class: attribute(e, "classname"), Seconds: seconds(attribute(e, "time")), State: Passed}
	switch strings.ToLower(attribute(e, "status")) {
	case "failed":
		c.State = Failed
	case "skipped", "disabled", "notrun":
		c.State = Skipped
	}
	if len(p.suites) == 0 {
		p.open("")
	}
	err := p.parts(&c)
	suite := &p.report.Suites[p.suites[len(p.suites)-1]]
	suite.Cases = append(suite.Cases, c)
	return err
}

// parts reads what is inside a test until its end.
func (p *parser) parts(c *TestCase) error {
	for {
		token, err := p.xml.Token()
		if err != nil {
			return unexpected(err)
		}
		switch e := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			text, err := p.text()
			p.part(c, e, text)
			if err != nil {
				return err
			}
		}
	}
}

func (p *parser) part(c *TestCase, e xml.StartElement, text string) {
	switch e.Name.Local {
	case "failure", "error":
		c.State = Failed
		p.say(c, e, text)
	case "flakyFailure", "flakyError":
		if c.State == Passed {
			c.State = Flaky
		}
		p.say(c, e, text)
	case "skipped":
		if c.State == Passed {
			c.State = Skipped
		}
		p.say(c, e, text)
	case "system-out", "system-err":
		c.Output = p.keep(c.Output, text)
	}
}

func (p *parser) say(c *TestCase, e xml.StartElement, text string) {
	if c.Message == "" {
		c.Message = attribute(e, "message")
	}
	c.Text = p.keep(c.Text, text)
}

// keep adds text as long as there is room for it.
func (p *parser) keep(old, text string) string {
	text = strings.Trim(text, "\r\n")
	room := min(longestText-len(old), allText-p.report.text)
	if text == "" || room <= 0 {
		return old
	}
	if old != "" {
		text = "\n" + text
	}
	text = shorten(text, room)
	p.report.text += len(text)
	return old + text
}

// text is the character data of the element that just began, with that of the elements in it, up to its end.
func (p *parser) text() (string, error) {
	var b strings.Builder
	for depth := 1; ; {
		token, err := p.xml.Token()
		if err != nil {
			return b.String(), unexpected(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return b.String(), fmt.Errorf("elements are nested deeper than %d", maxDepth)
			}
		case xml.EndElement:
			if depth--; depth == 0 {
				return b.String(), nil
			}
		case xml.CharData:
			if b.Len() <= longestText {
				b.Write(e)
			}
		}
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
