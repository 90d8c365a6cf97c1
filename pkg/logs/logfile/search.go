package logfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync"
)

const (
	// LongestPattern limits what Compile takes, in bytes.
	LongestPattern = 1000
	// DefaultMatches is the limit of a page when none is given.
	DefaultMatches = 100
	// pageText is the most text of one page of matches.
	pageText = 4 << 20
	// window is how much of the text is looked at at one time.
	window = 256 << 10
)

// ErrPattern is returned by Compile.
var ErrPattern = errors.New("bad pattern")

// Compile reads a regular expression in Go's syntax, which takes time linear in the text for any pattern. The error is
// ErrPattern and says what to change.
func Compile(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > LongestPattern {
		return nil, fmt.Errorf("%w: it has %d bytes, use at most %d", ErrPattern, len(pattern), LongestPattern)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPattern, err)
	}
	return re, nil
}

// SearchOptions say what to look for.
type SearchOptions struct {
	// Pattern is matched against each line as it is seen on a terminal: without its line end and without control
	// sequences such as colours. Of a line longer than LongestLine only the start is.
	Pattern *regexp.Regexp
	// From is the first line to look at; below 1 it is 1.
	From int
	// Limit is the most matches of a page; 0 is DefaultMatches. A page also ends with 4 MiB of matching lines.
	Limit int
	// MaxBytes of text are read for one page, and little more; 0 is all.
	MaxBytes int64
}

// SearchPage is a part of what a search finds.
type SearchPage struct {
	// Matches are the matching lines in their order; their texts are the caller's.
	Matches []Line
	// Next is the line to go on from; 0 when the log was read to its end.
	Next int
	// Scanned counts the bytes of text that were read.
	Scanned int64
}

// Search gives the next page of matching lines. It holds 256 KiB besides the page. Where the pattern needs a fixed text
// to match, lines without it cost no more than finding it.
func (f *File) Search(ctx context.Context, o SearchOptions) (SearchPage, error) {
	if o.Pattern == nil {
		return SearchPage{}, fmt.Errorf("search log: %w: it is empty", ErrPattern)
	}
	from := int64(max(o.From, 1))
	if from > f.index.lines {
		return SearchPage{}, nil
	}
	start := f.index.byPlace[f.before(from)]
	body, err := f.open(ctx, start.text, f.index.text)
	if err != nil {
		return SearchPage{}, fmt.Errorf("search log: %w", err)
	}
	buf := windows.Get().(*[window]byte)
	defer windows.Put(buf)
	s := searcher{f: f, o: o, from: from, number: start.line, buf: buf[:], finder: newFinder(o.Pattern)}
	if s.o.Limit <= 0 {
		s.o.Limit = DefaultMatches
	}
	if err = s.run(ctx, body); err != nil {
		err = fmt.Errorf("search log: %w", err)
	}
	return s.page, errors.Join(err, body.Close())
}

var windows = sync.Pool{New: func() any { return new([window]byte) }}

// searcher is one call of Search.
type searcher struct {
	f      *File
	o      SearchOptions
	from   int64
	finder *finder

	number int64 // of the line that buf begins with
	inLine bool  // buf begins within that line, which is looked at already
	buf    []byte
	have   int // of buf
	clean  []byte
	found  int // bytes in the page
	page   SearchPage
}

func (s *searcher) run(ctx context.Context, text io.Reader) error {
	for {
		n, err := fill(text, s.buf[s.have:])
		s.have += n
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		used, full := s.look(s.buf[:s.have], end)
		s.page.Scanned += int64(used)
		if next := s.next(); full || s.o.MaxBytes > 0 && s.page.Scanned >= s.o.MaxBytes && next > s.from {
			if next <= s.f.index.lines {
				s.page.Next = int(next)
			}
			return nil
		}
		if end {
			return nil
		}
		s.have = copy(s.buf, s.buf[used:s.have])
	}
}

// next is the first line that is not looked at.
func (s *searcher) next() int64 {
	if s.inLine {
		return s.number + 1
	}
	return s.number
}

// look takes the whole lines in text, or a part of a line that is longer than it. Full says that the page is.
func (s *searcher) look(text []byte, end bool) (used int, full bool) {
	if s.inLine {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			return len(text), false
		}
		used, s.inLine = i+1, false
		s.number++
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if end {
		whole = len(text)
	}
	for used < whole && s.number < s.from {
		used = lineEnd(text, used)
		s.number++
	}
	if whole == 0 && len(text) == len(s.buf) {
		s.inLine = true
		return len(text), s.number >= s.from && s.match(text)
	}
	if used >= whole {
		return used, false
	}
	n, full := s.lines(text[used:whole])
	return used + n, full
}

// lineEnd is the offset behind the line that begins or goes on at pos.
func lineEnd(text []byte, pos int) int {
	if i := bytes.IndexByte(text[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(text)
}

// lines looks at whole lines.
func (s *searcher) lines(text []byte) (used int, full bool) {
	s.finder.reset(text)
	for used < len(text) {
		hit := s.finder.next(used)
		if hit < 0 {
			s.number += int64(bytes.Count(text[used:], []byte{'\n'}))
			return len(text), false
		}
		if i := bytes.LastIndexByte(text[used:hit], '\n'); i >= 0 {
			s.number += int64(bytes.Count(text[used:used+i+1], []byte{'\n'}))
			used += i + 1
		}
		end := used + lineEnd(text[used:], hit-used)
		full := s.match(text[used:end])
		used = end
		s.number++
		if full {
			return used, true
		}
	}
	return used, false
}

// match adds the line to the page if it matches, and says whether the page is full.
func (s *searcher) match(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	kept := bytes.TrimSuffix(line[:min(len(line), LongestLine)], []byte{'\r'})
	seen := kept
	if bytes.IndexByte(kept, escape) >= 0 {
		s.clean = appendVisible(s.clean[:0], kept)
		seen = s.clean
	}
	if !s.o.Pattern.Match(seen) {
		return false
	}
	s.page.Matches = append(s.page.Matches, Line{
		Number: int(s.number), Time: s.f.timeOf(s.number), Text: bytes.Clone(kept), Cut: int64(max(len(line)-LongestLine, 0)),
	})
	s.found += len(kept)
	return len(s.page.Matches) >= s.o.Limit || s.found >= pageText
}
