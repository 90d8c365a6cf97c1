package censor

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
)

const (
	// maxPattern bounds the text that a stream holds back. A longer secret is hidden in pieces, each for itself.
	maxPattern = 1 << 10
	// lineWidth is where base64(1) breaks its lines.
	lineWidth = 76
	// minInner is the least part of an encoded value that is told from chance.
	minInner = 8
	// minLine is the least line of a longer secret that is a secret for itself.
	minLine = 16
)

// forms are the texts that a value shows as. Those of a long value are several pieces.
func forms(value []byte) [][]byte {
	trimmed := bytes.TrimSpace(value)
	out := pieces(nil, trimmed, maxPattern)
	out = append(out, lines(trimmed)...)
	for _, text := range [][]byte{trimmed, value} {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			out = pieces(out, encoding.AppendEncode(nil, text), lineWidth)
		}
	}
	out = append(out, inner(trimmed)...)
	for _, html := range []bool{false, true} {
		out = pieces(out, quoted(trimmed, html), maxPattern)
	}
	for _, text := range []string{url.QueryEscape(string(trimmed)), url.PathEscape(string(trimmed)), url.UserPassword("", string(trimmed)).String()[1:]} {
		out = pieces(out, []byte(text), maxPattern)
	}
	return out
}

// quoted is the inside of a string of JSON; with html as Go's encoder writes it by default.
func quoted(text []byte, html bool) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(html)
	if encoder.Encode(string(text)) != nil {
		return nil // no string fails
	}
	return b.Bytes()[1 : b.Len()-len("\"\n")]
}

// pieces cuts a text at every size bytes. What is left at its end is given with as much before it as makes a piece, since
// alone it could be anything.
func pieces(out [][]byte, text []byte, size int) [][]byte {
	if len(text) <= size {
		return append(out, text)
	}
	for at := 0; at+size <= len(text); at += size {
		out = append(out, text[at:at+size])
	}
	if rest := len(text) % size; rest >= minInner {
		out = append(out, text[len(text)-rest:])
	}
	return append(out, text[len(text)-size:])
}

// lines are those that are worth hiding alone: a key is often printed with each line indented.
func lines(text []byte) [][]byte {
	var out [][]byte
	if bytes.IndexByte(text, '\n') < 0 {
		return nil
	}
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		line = bytes.TrimSpace(line)
		if len(line) >= minLine && !bytes.ContainsAny(line, " \t") {
			out = pieces(out, line, maxPattern)
		}
	}
	return out
}

// inner is how a value shows within a longer text in base64, as a password does after its user's name: its bits begin in
// the first, the second or the third byte of a group. Characters that hold bits of a neighbour are left out.
func inner(text []byte) [][]byte {
	var out [][]byte
	for shift := range 3 {
		padded := append(make([]byte, shift, shift+len(text)), text...)
		first, last := (shift*8+5)/6, len(padded)*8/6
		if last-first < minInner {
			continue
		}
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			out = pieces(out, encoding.AppendEncode(nil, padded)[first:last], maxPattern)
		}
	}
	return out
}
