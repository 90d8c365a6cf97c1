package inrepo

import (
	"fmt"
	"regexp"
	"strings"
)

// maxGlob bounds the work of one pattern.
const maxGlob = 1024

// glob compiles a pattern as Pipelines-as-Code reads it: any number of stars stand for any text, slashes included, a question
// mark for one character, [a-z] and [!a-z] for one of a set, {a,b} for either; a backslash takes the meaning away.
func glob(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > maxGlob {
		return nil, fmt.Errorf("pattern is longer than %d characters", maxGlob)
	}
	g := globber{rest: []rune(pattern)}
	for len(g.rest) > 0 {
		if err := g.next(); err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	if g.depth > 0 {
		return nil, fmt.Errorf("pattern %q: a { is not closed", pattern)
	}
	re, err := regexp.Compile(`(?s)\A` + g.out.String() + `\z`)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return re, nil
}

// globber translates the rest of a pattern; depth is how many { are open.
type globber struct {
	rest  []rune
	out   strings.Builder
	depth int
}

func (g *globber) next() error {
	c := g.rest[0]
	g.rest = g.rest[1:]
	switch {
	case c == '*':
		for len(g.rest) > 0 && g.rest[0] == '*' {
			g.rest = g.rest[1:]
		}
		g.out.WriteString(`.*`)
	case c == '?':
		g.out.WriteString(`.`)
	case c == '[':
		n, set, err := globSet(g.rest)
		if err != nil {
			return err
		}
		g.out.WriteString(set)
		g.rest = g.rest[n:]
	case c == '{':
		g.depth++
		g.out.WriteString(`(?:`)
	case c == '}' && g.depth > 0:
		g.depth--
		g.out.WriteString(`)`)
	case c == ',' && g.depth > 0:
		g.out.WriteString(`|`)
	case c == '\\' && len(g.rest) > 0:
		g.out.WriteString(regexp.QuoteMeta(string(g.rest[0])))
		g.rest = g.rest[1:]
	default:
		g.out.WriteString(regexp.QuoteMeta(string(c)))
	}
	return nil
}

// globSet translates a set whose [ is read already, and answers how many runes it takes, the ] included.
func globSet(runes []rune) (n int, set string, err error) {
	var b strings.Builder
	b.WriteByte('[')
	i := 0
	if i < len(runes) && (runes[i] == '!' || runes[i] == '^') {
		b.WriteByte('^')
		i++
	}
	empty := true
	for ; i < len(runes); i++ {
		switch c := runes[i]; {
		case c == ']' && !empty:
			b.WriteByte(']')
			return i + 1, b.String(), nil
		case c == '-':
			b.WriteByte('-')
		case c == '\\' && i+1 < len(runes):
			i++
			b.WriteString(regexp.QuoteMeta(string(runes[i])))
		case c == '[' || c == ']' || c == '^' || c == '&' || c == '~' || c == '\\':
			b.WriteString(`\` + string(c))
		default:
			b.WriteString(string(c))
		}
		empty = false
	}
	return 0, "", fmt.Errorf("a [ is not closed")
}
