// Package terminal turns a line of a log into what a page may show of it: text, colours and weights, nothing that moves a
// cursor, sets a title, links or reorders text.
package terminal

import (
	"strings"
	"unicode/utf8"
)

const (
	escape = '\x1b'
	bell   = '\a'
)

// Longest is what a page shows of a line, in bytes; the raw log has all of it.
const Longest = 8 << 10

const cutNote = " [cut; the raw log has the whole line]"

// Line is what a terminal would leave of a line, at most Longest bytes and a note: without control characters but tabs,
// and of a progress line that was overwritten only the last state. Of escape sequences those for colours and weights
// (SGR) stay. Characters that reorder text go, because they can make a line lie. The result is valid UTF-8.
func Line(text string) string { return cut(clean(text)) }

func clean(text string) string {
	text = strings.TrimRight(text, "\r\n")
	if i := strings.LastIndexByte(text, '\r'); i >= 0 {
		text = text[i+1:]
	}
	if strings.IndexFunc(text, special) < 0 && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == escape:
			size = escapeLength(text)
			if isColour(text[:size]) {
				b.WriteString(text[:size])
			}
		case special(r):
		default:
			b.WriteRune(r) // a byte that is no UTF-8 becomes the replacement character
		}
		text = text[size:]
	}
	return b.String()
}

// special says that a character must not reach a page by itself.
func special(r rune) bool {
	switch {
	case r == '\t':
		return false
	case r < ' ', r >= 0x7f && r < 0xa0: // C0, DEL, C1
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // bidirectional overrides and isolates
		return true
	}
	return false
}

// isColour says that an escape sequence is a standard SGR: numbers with separators, ended by m.
func isColour(sequence string) bool {
	parameters, ok := strings.CutPrefix(sequence, "\x1b[")
	if !ok {
		return false
	}
	parameters, ok = strings.CutSuffix(parameters, "m")
	return ok && strings.Trim(parameters, "0123456789;:") == ""
}

// escapeLength is the length of the escape sequence that text starts with, at least one byte.
func escapeLength(text string) int {
	if len(text) < 2 {
		return len(text)
	}
	switch text[1] {
	case '[': // CSI: parameters and intermediates up to a final byte
		for i := 2; i < len(text); i++ {
			if text[i] < 0x20 || text[i] > 0x3f {
				return i + isFinal(text[i])
			}
		}
		return len(text)
	case ']', 'P', 'X', '^', '_': // OSC, DCS, SOS, PM, APC: up to BEL or ESC \
		for i := 2; i < len(text); i++ {
			if text[i] == bell {
				return i + 1
			}
			if text[i] == escape {
				return i + strings.Count(text[i:min(i+2, len(text))], "\\") + 1
			}
		}
		return len(text)
	}
	i := 1
	for i < len(text) && text[i] >= 0x20 && text[i] <= 0x2f { // intermediates, as in ESC ( B
		i++
	}
	if i < len(text) {
		i += isFinal(text[i])
	}
	return i
}

// isFinal is 1 for a byte that ends an escape sequence and 0 for one that only broke it off.
func isFinal(c byte) int {
	if c >= 0x30 && c <= 0x7e {
		return 1
	}
	return 0
}

// cut keeps the start of a line that is too long, without a part of a character or of a sequence at its end.
func cut(text string) string {
	if len(text) <= Longest+len(cutNote) {
		return text
	}
	end := Longest
	for end > Longest-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	if i := strings.LastIndexByte(text[:end], escape); i >= 0 && i+escapeLength(text[i:]) > end {
		end = i
	}
	return text[:end] + cutNote
}
