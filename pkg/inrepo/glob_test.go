package inrepo_test

import (
	"testing"

	"github.com/pharos-ci/pharos/pkg/inrepo"
)

func TestPatternsMatchAsInPipelinesAsCode(t *testing.T) {
	for pattern, tc := range map[string]struct{ yes, no string }{
		"main":          {"main", "mains"},
		"*":             {"a/b", ""},
		"***/*.go":      {"a/b.go", "b.go"},
		"docs/**.md":    {"docs/a/b.md", "doc/a.md"},
		"docs/***":      {"docs/a/b", "docs"},
		"v?.x":          {"v1.x", "v10.x"},
		"[a-c]x":        {"bx", "dx"},
		"[!a-c]x":       {"dx", "bx"},
		"[]]":           {"]", "["},
		"[.]":           {".", "a"},
		"{a,b/*}.y":     {"b/c.y", "c.y"},
		"a,b}":          {"a,b}", "a"},
		`\*`:            {"*", "a"},
		"(a|b)+":        {"(a|b)+", "a"},
		"refs/tags/1.*": {"refs/tags/1.2", "refs/tags/12"},
	} {
		re, err := inrepo.Glob(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		if !re.MatchString(tc.yes) || tc.no != "" && re.MatchString(tc.no) {
			t.Errorf("%s is %s: want it to match %q and not %q", pattern, re, tc.yes, tc.no)
		}
	}
	for _, broken := range []string{"[a", "{a,b", "[z-a]", "[!"} {
		if _, err := inrepo.Glob(broken); err == nil {
			t.Errorf("%s compiles", broken)
		}
	}
}

func FuzzGlob(f *testing.F) {
	for _, seed := range []string{"*", "[a-z]?{x,y}", `\`, "[]-a]", "[^]", "a{b,{c,d}}"} {
		f.Add(seed, "text")
	}
	f.Fuzz(func(_ *testing.T, pattern, text string) {
		if re, err := inrepo.Glob(pattern); err == nil {
			re.MatchString(text)
		}
	})
}
