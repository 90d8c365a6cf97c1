package stanza

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"text/template/parse"
)

// Problem is something wrong with a stanza. Path leads to it from the top of the file: "tide.queries[2]".
type Problem struct {
	Path, Message, Remedy string
}

// Regexp is an expression that was compiled when it was read; the zero value was not given.
type Regexp struct{ *regexp.Regexp }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Regexp) UnmarshalText(text []byte) error {
	compiled, err := regexp.Compile(string(text))
	if err != nil {
		return fmt.Errorf("no regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	r.Regexp = compiled
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (r Regexp) MarshalText() ([]byte, error) {
	if r.Regexp == nil {
		return nil, nil
	}
	return []byte(r.String()), nil
}

// Template is a Go template whose syntax was checked when it was read; the zero value was not given. Which functions exist is
// for those who execute it: versions of Prow differ in that.
type Template string

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Template) UnmarshalText(text []byte) error {
	tree := parse.New("")
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(string(text), "", "", map[string]*parse.Tree{}); err != nil {
		return fmt.Errorf("no Go template: %s", strings.TrimPrefix(err.Error(), "template: :"))
	}
	*t = Template(text)
	return nil
}

// URL is an address that was parsed when it was read; the zero value was not given.
type URL struct{ *url.URL }

// UnmarshalText implements encoding.TextUnmarshaler.
func (u *URL) UnmarshalText(text []byte) error {
	parsed, err := url.Parse(string(text))
	if err != nil {
		return fmt.Errorf("%q is no address", text)
	}
	u.URL = parsed
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (u URL) MarshalText() ([]byte, error) {
	if u.URL == nil {
		return nil, nil
	}
	return []byte(u.String()), nil
}

// choose reports a word that is none of a few; nothing is fine.
func choose(path, got string, of ...string) []Problem {
	if got == "" {
		return nil
	}
	for _, word := range of {
		if got == word {
			return nil
		}
	}
	return []Problem{{Path: path, Message: fmt.Sprintf("%q is not known here", got), Remedy: fmt.Sprintf("use one of %v", of)}}
}
