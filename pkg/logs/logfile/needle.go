package logfile

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// A needle is a text that stands in every line that a pattern matches, or one of several of which one does.
type needle struct {
	text []byte
	// fold says that the case of ASCII letters does not matter; text is in lower case.
	fold bool
	// head says that the line begins with text, which has the end of the line before in front.
	head bool
}

const (
	// maxNeedles may be looked for at one time; with more, matching every line is as fast.
	maxNeedles = 16
	// shortNeedle is found too often to be of use.
	shortNeedle = 2
)

// needles are nil when the pattern needs none.
func needles(pattern *regexp.Regexp) []needle {
	tree, err := syntax.Parse(pattern.String(), syntax.Perl)
	if err != nil {
		return nil
	}
	return needed(tree.Simplify())
}

func needed(tree *syntax.Regexp) []needle {
	switch tree.Op {
	case syntax.OpLiteral:
		return literal(tree)
	case syntax.OpCapture, syntax.OpPlus:
		return needed(tree.Sub[0])
	case syntax.OpRepeat:
		if tree.Min > 0 {
			return needed(tree.Sub[0])
		}
	case syntax.OpConcat:
		var best []needle
		for i, sub := range tree.Sub {
			set := needed(sub)
			if i > 0 && (tree.Sub[i-1].Op == syntax.OpBeginText || tree.Sub[i-1].Op == syntax.OpBeginLine) {
				if begin := heads(sub); shortest(begin) >= shortest(set) {
					set = begin
				}
			}
			if shortest(set) > shortest(best) {
				best = set
			}
		}
		return best
	case syntax.OpAlternate:
		return either(tree.Sub, needed)
	}
	return nil
}

// heads are what a line begins with where tree stands at its begin.
func heads(tree *syntax.Regexp) []needle {
	switch tree.Op {
	case syntax.OpLiteral:
		fold := tree.Flags&syntax.FoldCase != 0
		text := []byte{'\n'}
		for _, r := range tree.Rune {
			if !plainRune(r, fold) {
				break
			}
			text = utf8.AppendRune(text, r)
		}
		if len(text) < shortNeedle {
			return nil
		}
		if fold {
			lower(text, text)
		}
		return []needle{{text, fold, true}}
	case syntax.OpCapture, syntax.OpConcat:
		return heads(tree.Sub[0])
	case syntax.OpAlternate:
		return either(tree.Sub, heads)
	}
	return nil
}

// either joins what the branches of an alternative need; nil where one needs nothing.
func either(branches []*syntax.Regexp, need func(*syntax.Regexp) []needle) []needle {
	var all []needle
	for _, sub := range branches {
		set := need(sub)
		if set == nil || len(all)+len(set) > maxNeedles {
			return nil
		}
		all = append(all, set...)
	}
	return all
}

func shortest(set []needle) int {
	if len(set) == 0 {
		return 0
	}
	n := len(set[0].text)
	for _, needle := range set {
		n = min(n, len(needle.text))
	}
	return n
}

// literal is the longest part of a literal that is the same bytes wherever it matches.
func literal(tree *syntax.Regexp) []needle {
	fold := tree.Flags&syntax.FoldCase != 0
	var best, part []byte
	for _, r := range tree.Rune {
		if !plainRune(r, fold) {
			part = nil
			continue
		}
		part = utf8.AppendRune(part, r)
		if len(part) > len(best) {
			best = bytes.Clone(part)
		}
	}
	if len(best) < shortNeedle {
		return nil
	}
	if fold {
		lower(best, best)
	}
	return []needle{{best, fold, false}}
}

// plainRune excludes U+FFFD, which matches any invalid byte, and where case does not matter all runes that have a form
// outside ASCII: "k" is also the Kelvin sign, "s" also the long s.
func plainRune(r rune, fold bool) bool {
	if !fold {
		return r != utf8.RuneError
	}
	return r < utf8.RuneSelf && r|0x20 != 'k' && r|0x20 != 's'
}

// lower writes src to dst with ASCII letters in lower case.
func lower(dst, src []byte) {
	dst = dst[:len(src)]
	for i, c := range src {
		if c-'A' < 26 {
			c |= 0x20
		}
		dst[i] = c
	}
}

// finder tells which lines of a text a pattern can match at all.
type finder struct {
	needles []needle // empty: any
	text    []byte
	lower   []byte // text; nil when not needed
	hits    []int  // where each needle comes next; none is len(text)
}

func newFinder(pattern *regexp.Regexp) *finder {
	f := &finder{needles: needles(pattern)}
	if len(f.needles) > 0 {
		// Control sequences may stand within a needle.
		f.needles = append(f.needles, needle{text: []byte{escape}})
		f.hits = make([]int, len(f.needles))
	}
	for _, n := range f.needles {
		if n.fold && f.lower == nil {
			f.lower = make([]byte, window)
		}
	}
	return f
}

// reset begins with another text, of at most window bytes.
func (f *finder) reset(text []byte) {
	f.text = text
	if f.lower != nil {
		lower(f.lower, text)
	}
	for i := range f.hits {
		f.hits[i] = -1
	}
}

// next is an offset at or behind pos, which begins a line, that is within the next line that may match, or -1.
func (f *finder) next(pos int) int {
	if len(f.needles) == 0 {
		return pos
	}
	best := len(f.text)
	for i, n := range f.needles {
		if f.hits[i] < pos {
			f.hits[i] = f.find(n, pos)
		}
		best = min(best, f.hits[i])
	}
	if best == len(f.text) {
		return -1
	}
	return best
}

func (f *finder) find(n needle, pos int) int {
	text := f.text
	if n.fold {
		text = f.lower[:len(f.text)]
	}
	if n.head {
		if bytes.HasPrefix(text[pos:], n.text[1:]) {
			return pos
		}
		if i := bytes.Index(text[pos:], n.text); i >= 0 {
			return pos + i + 1
		}
		return len(text)
	}
	if i := bytes.Index(text[pos:], n.text); i >= 0 {
		return pos + i
	}
	return len(text)
}
