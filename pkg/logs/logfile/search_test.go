package logfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/logs/logfile"
)

func pattern(t testing.TB, text string) *regexp.Regexp {
	t.Helper()
	re, err := logfile.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return re
}

// find pages through a search.
func find(t testing.TB, f *logfile.File, o logfile.SearchOptions) (numbers []int, pages int) {
	t.Helper()
	for {
		page, err := f.Search(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Matches {
			numbers = append(numbers, m.Number)
		}
		pages++
		if page.Next == 0 {
			return numbers, pages
		}
		if page.Next <= o.From {
			t.Fatalf("next page begins at %d, this one at %d", page.Next, o.From)
		}
		o.From = page.Next
	}
}

func TestSearchFindsWhatEachLineMatches(t *testing.T) {
	patterns := []string{
		"line", "(?i)LINE", "[Ll]ine [0-9a-f]+7 of", "of the log (7|42)$", "^$", "long long$", "open|before", "(?i)Task|wiTH", "nowhere",
		"e{2,}", `^piece`, "(ab|cd|ef)+0", `\d{15}`, "return$", "K", "(?i)kelvin|open",
		"^l", "^(p|(?i)O)", "(?i)^(L[io]|nothing)", "^(l[a-z]|x)|pie", "^K|^o", "(?i)^k",
	}
	for form, compress := range forms {
		t.Run(form, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 7))
			m := random(r, 600)
			_, f := m.store(t, compress, func() bool { return r.IntN(300) == 0 })
			for _, text := range patterns {
				re := pattern(t, text)
				from := 1 + r.IntN(len(m.lines))
				var want []int
				for _, l := range m.lines[from-1:] {
					if re.MatchString(l.Text) {
						want = append(want, l.Number)
					}
				}
				for _, o := range []logfile.SearchOptions{{Limit: 1 << 20}, {Limit: 100 + r.IntN(300)}, {Limit: 1 << 20, MaxBytes: 200<<10 + r.Int64N(1<<20)}} {
					o.Pattern, o.From = re, from
					got, _ := find(t, f, o)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("%s from %d, limit %d, %d bytes (-want +got):\n%s", text, from, o.Limit, o.MaxBytes, diff)
					}
				}
			}
		})
	}
}

func TestSearchSeesWhatATerminalShows(t *testing.T) {
	for name, tc := range map[string]struct {
		line, pattern string
		want          bool
	}{
		"colour within the text":        {"\x1b[31mERR\x1b[1;4mOR\x1b[0m: no", "^ERROR: no$", true},
		"colour's digits are not text":  {"\x1b[31mred", "31", false},
		"link":                          {"see \x1b]8;;https://example.org\x1b\\the page\x1b]8;;\x07 now", "see the page now", true},
		"a two byte sequence":           {"a\x1bMb", "ab", true},
		"cut off sequence":              {"text\x1b[3", "^text$", true},
		"escape at the end":             {"text\x1b", "^text$", true},
		"carriage return at the end":    {"text\r", "text$", true},
		"any case":                      {"FATAL: it broke", "(?i)fatal|panic", true},
		"the Kelvin sign is a k":        {"tas\u212a", "(?i)task", true},
		"the long s is an s":            {"ta\u017fk", "(?i)task", true},
		"an invalid byte is U+FFFD":     {"ab\xffcd", "b\ufffdc", true},
		"text of Unicode":               {"Größe", "Größ", true},
		"Unicode in any case":           {"GRÖSSE ÄÖ", "(?i)äö", true},
		"optional text is not needed":   {"warn", "(error: )?warn", true},
		"repeated no times":             {"x", "(foo){0}x", true},
		"one of many":                   {"n19", "n0|n1|n2|n3|n4|n5|n6|n7|n8|n9|n10|m1|m2|m3|m4|m5|m6|m19|k19|n19", true},
		"behind the kept start":         {strings.Repeat("x", logfile.LongestLine) + "error", "error", false},
		"at the end of the kept start":  {strings.Repeat("x", logfile.LongestLine-5) + "error and more", "error$", true},
		"not across lines":              {"error", "error\\s+next", false},
		"space is not the line's end":   {"error", "error\\s", false},
		"empty pattern matches":         {"anything", "", true},
		"a word in a very long line":    {"error" + strings.Repeat("x", 1<<20), "^error", true},
		"an empty line is found by ^$ ": {"", "^$", true},
	} {
		t.Run(name, func(t *testing.T) {
			m := &model{}
			m.print("a first line\n"+tc.line+"\nnext\n", 0)
			_, f := m.finish().store(t, false, never)
			got, _ := find(t, f, logfile.SearchOptions{Pattern: pattern(t, tc.pattern), From: 2})
			if found := len(got) > 0 && got[0] == 2; found != tc.want {
				t.Errorf("matches %v, want line 2: %v", got, tc.want)
			}
		})
	}
}

func TestSearchPagesAreBounded(t *testing.T) {
	m := &model{}
	for i := range 300 {
		m.print(fmt.Sprintf("%d %s\n", i, bytes.Repeat([]byte("x"), 60<<10)), 0)
	}
	_, f := m.finish().store(t, true, never)
	page, err := f.Search(t.Context(), logfile.SearchOptions{Pattern: pattern(t, "x"), Limit: 1000})
	if err != nil || len(page.Matches) > 70 || page.Next != len(page.Matches)+1 {
		t.Errorf("%d matches, next %d, %v", len(page.Matches), page.Next, err)
	}
	page, err = f.Search(t.Context(), logfile.SearchOptions{Pattern: pattern(t, "nowhere"), MaxBytes: 1 << 20})
	if err != nil || page.Scanned < 1<<20 || page.Scanned > 2<<20 || page.Next == 0 {
		t.Errorf("scanned %d bytes, next %d, %v", page.Scanned, page.Next, err)
	}
	if numbers, pages := find(t, f, logfile.SearchOptions{Pattern: pattern(t, "x")}); len(numbers) != 300 || pages < 4 {
		t.Errorf("%d matches in %d pages", len(numbers), pages)
	}
}

func TestSearchRefuses(t *testing.T) {
	for name, text := range map[string]string{"too long": strings.Repeat("a", 1001), "no regular expression": "(", "back-references": `(a)\1`} {
		t.Run(name, func(t *testing.T) {
			if _, err := logfile.Compile(text); !errors.Is(err, logfile.ErrPattern) {
				t.Errorf("Compile: %v", err)
			}
		})
	}
	_, f := new(model).store(t, false, never)
	if _, err := f.Search(t.Context(), logfile.SearchOptions{}); !errors.Is(err, logfile.ErrPattern) {
		t.Errorf("Search without a pattern: %v", err)
	}
}
