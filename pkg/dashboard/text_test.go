package dashboard_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/dashboard"
)

func TestCleanLine(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"plain text stays":                   {"hello\tworld ✓", "hello\tworld ✓"},
		"colours go":                         {"\x1b[1;31mFAIL\x1b[0m: x", "FAIL: x"},
		"cursor movements go":                {"\x1b[2K\x1b[1Gdone", "done"},
		"a hyperlink leaves its text":        {"\x1b]8;;https://evil.test\x1b\\click\x1b]8;;\a!", "click!"},
		"a window title goes":                {"\x1b]0;title\ahello", "hello"},
		"a character set goes":               {"\x1b(Btext\x1b=", "text"},
		"an unfinished sequence goes":        {"text\x1b[31", "text"},
		"an unfinished title goes":           {"text\x1b]0;never ends", "text"},
		"a broken sequence ends":             {"\x1b[3\x1b[1mbold", "bold"},
		"a lone escape goes":                 {"end\x1b", "end"},
		"a progress line keeps its end":      {"10%\r50%\r100%", "100%"},
		"a carriage return at the end stays": {"windows\r", "windows"},
		"controls go":                        {"a\x00b\bc\x7fd\u0085e", "abcde"},
		"reordering goes":                    {"safe\u202egnp.exe\u2066", "safegnp.exe"},
		"bytes that are no text are shown":   {"a\xffb", "a�b"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, dashboard.CleanLine(tc.text)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzCleanLine(f *testing.F) {
	for _, seed := range []string{"\x1b[31mred\x1b[0m", "\x1b]8;;x\x1b\\y", "\x1b", "\x1bP\x1b\x1b", "a\rb", "\xff\u202e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := dashboard.CutLine(dashboard.CleanLine(text))
		if !utf8.ValidString(got) {
			t.Errorf("%q becomes %q, which is no text", text, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }); i >= 0 {
			t.Errorf("%q becomes %q, with a control character", text, got)
		}
		if again := dashboard.CleanLine(got); again != got {
			t.Errorf("%q becomes %q the second time", got, again)
		}
	})
}

func FuzzParsePosition(f *testing.F) {
	for _, seed := range []string{"build%2Ftest=12&build%2Fclone=3", "", "a=1", "a/b=-1", "a/b=1&a/b=2", "%", ";"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		position, text := dashboard.ParsePosition(id)
		for step, n := range position {
			if n <= 0 || !strings.Contains(step, "/") {
				t.Errorf("%q gives %q: %d", id, step, n)
			}
		}
		again, _ := dashboard.ParsePosition(text)
		if len(text) < 16000 {
			if diff := cmp.Diff(position, again); diff != "" {
				t.Errorf("position changes when written and read (-want +got):\n%s", diff)
			}
		}
	})
}
