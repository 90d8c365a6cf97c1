// Package censor hides secrets in text: every byte of one becomes a star, so that text keeps its size, and line ends stay,
// so that it keeps its lines.
//
// It is given the values and the text; where values come from, and what becomes of the text, is the caller's. It knows the
// forms in which programs print a value (see [New]) and finds them also where they cross the borders of pieces. It does
// not guess: what is no form of a value that it was given is printed.
package censor

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

const (
	// maxValues and maxBytes bound the memory and the work for each byte of text.
	maxValues = 1000
	maxBytes  = 4 << 20
)

// Secrets are the texts to hide. They do not change, so any number of goroutines may use them; nil hides nothing.
type Secrets struct {
	filter [1 << 16 / 64]uint64 // one bit for each hash of the first headSize bytes of a pattern
	long   map[uint32][][]byte  // patterns by their first headSize bytes
	short  [][]byte             // patterns of fewer bytes
	heads  map[uint32]struct{}  // the first 1 to headSize-1 bytes of every pattern that is longer than them
	known  map[string]struct{}  // all patterns
}

// headSize is how many bytes of a pattern are looked up at once.
const headSize = 4

// New makes secrets of values. White space around a value does not count. Each is hidden as it is, in base64 (standard
// and URL alphabet, alone or inside a longer text that was encoded), as a string of JSON and as a part of a URL. Of a
// value of several lines the lines are hidden one by one too, when they are 16 bytes or more without a space. A value of
// less than minLength bytes is no secret.
//
// Beyond 1000 values or 4 MiB the rest is left out, which the error says; the secrets can be used all the same.
func New(values [][]byte, minLength int) (*Secrets, error) {
	s := &Secrets{long: map[uint32][][]byte{}, heads: map[uint32]struct{}{}, known: map[string]struct{}{}}
	count, size := 0, 0
	for _, value := range values {
		if len(bytes.TrimSpace(value)) < max(minLength, 1) {
			continue
		}
		count, size = count+1, size+len(value)
		if count > maxValues || size > maxBytes {
			return s.orNil(), fmt.Errorf("more than %d secrets or %d bytes of them: the rest is not hidden", maxValues, maxBytes)
		}
		for _, form := range forms(value) {
			s.add(form)
		}
	}
	return s.orNil(), nil
}

// orNil spares the work where there is nothing to hide.
func (s *Secrets) orNil() *Secrets {
	if len(s.known) == 0 {
		return nil
	}
	return s
}

func (s *Secrets) add(pattern []byte) {
	if _, ok := s.known[string(pattern)]; ok || len(pattern) == 0 {
		return
	}
	s.known[string(pattern)] = struct{}{}
	for n := 1; n < min(headSize, len(pattern)); n++ {
		s.heads[head(pattern[:n])] = struct{}{}
	}
	if len(pattern) < headSize {
		s.short = append(s.short, pattern)
		return
	}
	key := binary.LittleEndian.Uint32(pattern)
	s.long[key] = append(s.long[key], pattern)
	h := hash(key)
	s.filter[h/64] |= 1 << (h % 64)
}

// head is a number for 1 to 3 bytes, another for each.
func head(b []byte) uint32 {
	n := uint32(len(b)) << 24
	for i, c := range b {
		n |= uint32(c) << (8 * i)
	}
	return n
}

// hash spreads the bits of four bytes over two.
func hash(key uint32) uint32 { return key * 0x9E3779B1 >> 16 }

// Hide writes stars over every secret of text.
func (s *Secrets) Hide(text []byte) {
	if s == nil {
		return
	}
	spans, _ := s.scan(text, 0, nil)
	for _, found := range spans {
		stars(text[found.start:found.end])
	}
}

// HideString is Hide for a text that stays as it is.
func (s *Secrets) HideString(text string) string {
	if s == nil || text == "" {
		return text
	}
	hidden := []byte(text)
	s.Hide(hidden)
	return string(hidden)
}

func stars(text []byte) {
	for i, c := range text {
		if c != '\n' {
			text[i] = '*'
		}
	}
}

// span is where a secret stands in a text.
type span struct{ start, end int }

// scan adds the secrets that begin at or after from, in no order and perhaps over each other, and returns where the
// first one begins of which text holds only the start; that is the end of text when there is none.
func (s *Secrets) scan(text []byte, from int, spans []span) ([]span, int) {
	open := len(text)
	p := from
	for ; p+headSize <= len(text); p++ {
		key := binary.LittleEndian.Uint32(text[p:])
		if h := hash(key); s.filter[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		rest, longest := text[p:], 0
		for _, pattern := range s.long[key] {
			switch {
			case len(pattern) > len(rest):
				if p < open && bytes.HasPrefix(pattern, rest) {
					open = p
				}
			case len(pattern) > longest && bytes.HasPrefix(rest, pattern):
				longest = len(pattern)
			}
		}
		if longest > 0 {
			spans = join(spans, span{p, p + longest})
		}
	}
	for ; p < open; p++ {
		if _, ok := s.heads[head(text[p:])]; ok {
			open = p
		}
	}
	return s.scanShort(text, from, spans), open
}

func (s *Secrets) scanShort(text []byte, from int, spans []span) []span {
	for _, pattern := range s.short {
		for p := from; ; p++ { // they may overlap
			i := bytes.Index(text[p:], pattern)
			if i < 0 {
				break
			}
			p += i
			spans = join(spans, span{p, p + len(pattern)})
		}
	}
	return spans
}

// join adds a span, to the last one where they touch.
func join(spans []span, next span) []span {
	if n := len(spans); n > 0 && spans[n-1].start <= next.start && next.start <= spans[n-1].end {
		spans[n-1].end = max(spans[n-1].end, next.end)
		return spans
	}
	return append(spans, next)
}
