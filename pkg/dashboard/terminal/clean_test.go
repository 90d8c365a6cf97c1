package terminal_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/dashboard/terminal"
)

func TestLine(t *testing.T) {
	long := strings.Repeat("x", terminal.Longest)
	for name, tc := range map[string]struct{ text, want string }{
		"plain text stays":                      {"hello\tworld ✓", "hello\tworld ✓"},
		"colours stay":                          {"\x1b[1;31mFAIL\x1b[0m: x", "\x1b[1;31mFAIL\x1b[0m: x"},
		"true colours stay":                     {"\x1b[38;2;1;2;3mx\x1b[38:5:1m\x1b[m", "\x1b[38;2;1;2;3mx\x1b[38:5:1m\x1b[m"},
		"keyboard modes go":                     {"\x1b[>4;2mx\x1b[?1m", "x"},
		"cursor movements go":                   {"\x1b[2K\x1b[1Gdone", "done"},
		"a hyperlink leaves its text":           {"\x1b]8;;https://evil.test\x1b\\click\x1b]8;;\a!", "click!"},
		"a window title goes":                   {"\x1b]0;title\ahello", "hello"},
		"a character set goes":                  {"\x1b(Btext\x1b=", "text"},
		"an unfinished sequence goes":           {"text\x1b[31", "text"},
		"an unfinished title goes":              {"text\x1b]0;never ends", "text"},
		"a broken sequence ends":                {"\x1b[3\x1b[1mbold", "\x1b[1mbold"},
		"a lone escape goes":                    {"end\x1b", "end"},
		"a progress line keeps its end":         {"10%\r50%\r100%", "100%"},
		"a carriage return at the end is one":   {"windows\r", "windows"},
		"controls go":                           {"a\x00b\bc\x7fd\u0085e", "abcde"},
		"reordering goes":                       {"safe\u202egnp.exe\u2066", "safegnp.exe"},
		"bytes that are no text are shown":      {"a\xffb", "a�b"},
		"a long line is cut":                    {long + strings.Repeat("y", 100), long + " [cut; the raw log has the whole line]"},
		"a character is cut off as a whole":     {long[1:] + "ä" + long, long[1:] + " [cut; the raw log has the whole line]"},
		"a colour is cut off as a whole":        {long[3:] + "\x1b[31m" + long, long[3:] + " [cut; the raw log has the whole line]"},
		"a line that is hardly longer is whole": {long + "!", long + "!"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, terminal.Line(tc.text)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzLine(f *testing.F) {
	for _, seed := range []string{"\x1b[31mred\x1b[0m", "\x1b]8;;x\x1b\\y", "\x1b", "\x1bP\x1b\x1b", "a\rb", "\xff\u202e", strings.Repeat("x", terminal.Longest-2) + "\x1b[1mbold and more than fits into the line"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := terminal.Line(text)
		if !utf8.ValidString(got) {
			t.Errorf("%q becomes %q, which is no text", text, got)
		}
		if again := terminal.Line(got); again != got {
			t.Errorf("%q becomes %q the second time", got, again)
		}
		for i, r := range got {
			if r == '\x1b' {
				if rest := strings.TrimLeft(got[i+1:], "[0123456789;:"); !strings.HasPrefix(rest, "m") {
					t.Errorf("%q becomes %q, with a sequence that is no colour", text, got)
				}
			} else if unicode.IsControl(r) && r != '\t' {
				t.Errorf("%q becomes %q, with a control character", text, got)
			}
		}
	})
}
