package junit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/dashboard/junit"
)

func report(files ...string) *junit.TestReport {
	r := junit.New()
	for i, text := range files {
		r.Add(fmt.Sprintf("junit_%d.xml", i), strings.NewReader(text))
	}
	r.Finish()
	return r
}

func sketch(r *junit.TestReport) string {
	var b strings.Builder
	for _, s := range r.Suites {
		fmt.Fprintf(&b, "[%s]", s.Name)
		for _, c := range s.Cases {
			fmt.Fprintf(&b, " %s:%s", c.Name, c.State)
		}
		b.WriteString(" ")
	}
	return strings.TrimSpace(b.String())
}

func TestReports(t *testing.T) {
	for name, tc := range map[string]struct{ xml, want, cut string }{
		"failures come first": {
			`<testsuites><testsuite name="a"><testcase name="1"/></testsuite><testsuite name="b"><testcase name="2"/><testcase name="3"><failure/></testcase></testsuite></testsuites>`,
			"[b] 3:failed 2:passed [a] 1:passed", "",
		},
		"a suite without suites around it": {`<?xml version="1.0" encoding="UTF-8"?><testsuite name="a"><testcase name="1"><error/></testcase></testsuite>`, "[a] 1:failed", ""},
		"suites in suites bear both names": {`<testsuite name="a"><testsuite name="b"><testcase name="1"/></testsuite><testcase name="2"/></testsuite>`, "[a] 2:passed [a / b] 1:passed", ""},
		"a test without a suite":           {`<testcase name="1"/>`, "[] 1:passed", ""},
		"all states": {
			`<testsuite name="a"><testcase name="1"><skipped/></testcase><testcase name="2"><flakyFailure/></testcase><testcase name="3" status="disabled"/><testcase name="4"><failure/><flakyFailure/></testcase></testsuite>`,
			"[a] 4:failed 2:flaky 1:skipped 3:skipped", "",
		},
		"control characters and ampersands are borne": {"<testsuite name='a'><testcase name='1'><failure>\x1b[31mred & dead\x00</failure></testcase></testsuite>", "[a] 1:failed", ""},
		"latin letters":                        {"<?xml version='1.0' encoding='ISO-8859-1'?><testsuite name='a'><testcase name='gr\xfc\xdfe'/></testsuite>", "[a] grüße:passed", ""},
		"an encoding that is not known":        {"<?xml version='1.0' encoding='EBCDIC'?><testsuite name='a'/>", "", "EBCDIC"},
		"a file that breaks off keeps a part":  {`<testsuite name="a"><testcase name="1"/><testcase name="2"><failure>x`, "[a] 2:failed 1:passed", "junit_0.xml cannot be read"},
		"another kind of XML has no tests":     {`<html><body>hello</body></html>`, "", ""},
		"something else":                       {`{"tests": 3}`, "", ""},
		"deep nesting ends":                    {strings.Repeat("<testsuite>", 200), "", "nested"},
		"deep nesting ends in a test as well":  {"<testcase><failure>" + strings.Repeat("<a>", 200), "[] :failed", "nested"},
		"so many tests end":                    {"<testsuite>" + strings.Repeat("<testcase/>", 20_001), "[] " + strings.TrimSpace(strings.Repeat(":passed ", 20_000)), "more results"},
		"entities are not expanded from a DTD": {`<!DOCTYPE x [<!ENTITY a "aaaa">]><testsuite name="a"><testcase name="&a;"/></testsuite>`, "[a] &a;:passed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := report(tc.xml)
			if diff := cmp.Diff(tc.want, strings.ReplaceAll(sketch(r), "  ", " ")); diff != "" {
				t.Errorf("report (-want +got):\n%.2000s", diff)
			}
			if (tc.cut == "") != (r.Cut == "") || !strings.Contains(r.Cut, tc.cut) {
				t.Errorf("cut because %q, want %q", r.Cut, tc.cut)
			}
		})
	}
}

func TestATestKeepsItsWords(t *testing.T) {
	r := report(`<testsuite name="s" time="9"><testcase classname="c" name="n" time="1,234.5"><failure message="m" type="x">line 1
line <b>2</b></failure><system-out>out</system-out><system-err>err</system-err></testcase></testsuite>`)
	want := junit.TestCase{Name: "n", Class: "c", State: junit.Failed, Seconds: 1234.5, Message: "m", Text: "line 1\nline 2", Output: "out\nerr"}
	if diff := cmp.Diff(want, r.Suites[0].Cases[0]); diff != "" {
		t.Errorf("case (-want +got):\n%s", diff)
	}
	if r.Tests != 1 || r.Failed != 1 || r.Seconds != 1234.5 || r.Files[0] != "junit_0.xml" {
		t.Errorf("report %+v", r)
	}
}

func TestWhatTestsSayIsBounded(t *testing.T) {
	long := "<testcase name='x'><failure>" + strings.Repeat("ä", 100_000) + "</failure></testcase>"
	r := report("<testsuite>" + strings.Repeat(long, 50) + "</testsuite>")
	if n := len(r.Suites[0].Cases[0].Text); n > 17<<10 || n < 15<<10 {
		t.Errorf("a text of %d bytes", n)
	}
	big := junit.New()
	big.Add("big.xml", strings.NewReader("<testsuite><testcase/>"+strings.Repeat(" ", junit.MaxFile)+"<testcase/></testsuite>"))
	if big.Finish(); big.Tests != 1 || !strings.Contains(big.Cut, "larger") {
		t.Errorf("of a large file: %d tests, cut because %q", big.Tests, big.Cut)
	}
}

func FuzzAdd(f *testing.F) {
	f.Add(`<testsuite name="a"><testcase name="1"><failure>x</failure></testcase></testsuite>`)
	f.Add(`</testsuite></testsuite><testcase`)
	f.Fuzz(func(t *testing.T, text string) {
		if r := report(text, text); r.Tests < r.Failed+r.Skipped {
			t.Errorf("%q gives %+v", text, r)
		}
	})
}
