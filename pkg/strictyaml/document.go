package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"
)

// Problem is one thing wrong with a file. Line and Column count from 1; 0 means that the place is not known.
type Problem struct {
	File         string
	Line, Column int
	// Path leads to the place, for example "presubmits[acme/app][2].run_if_changed".
	Path string
	// Loose says that Prow and Lighthouse read such a file all the same, ignoring the key.
	Loose bool
	// Message says what is wrong, Remedy what to do; Remedy may be empty.
	Message, Remedy string
}

// Error is "file:line:col: message (remedy)".
func (p Problem) Error() string {
	if p.Remedy == "" {
		return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s (%s)", p.File, p.Line, p.Column, p.Message, p.Remedy)
}

// Document is one parsed file. It is never changed after [Parse], so it may be read from several goroutines.
type Document struct {
	file string
	size int
	root *yaml.Node // nil for an empty file
}

// Parse reads the syntax of a file. The document is nil when a problem without Loose is among those returned; the file
// name only labels problems. A second document in the same file is a problem, because nobody would read it.
func Parse(file string, data []byte) (*Document, []Problem) {
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithUniqueKeys(false))
	if err != nil {
		return nil, []Problem{syntaxProblem(file, data, err)}
	}
	var first, second yaml.Node
	switch err := loader.Load(&first); {
	case errors.Is(err, io.EOF):
		return &Document{file: file}, nil
	case err != nil:
		return nil, []Problem{syntaxProblem(file, data, err)}
	}
	doc := &Document{file: file, size: len(data), root: content(&first)}
	switch err := loader.Load(&second); {
	case errors.Is(err, io.EOF):
		return doc, nil
	case err != nil:
		return nil, []Problem{syntaxProblem(file, data, err)}
	}
	rest := content(&second)
	if rest == nil || isNull(rest) {
		return doc, nil
	}
	return doc, []Problem{{
		File: file, Line: rest.Line, Column: rest.Column, Loose: true,
		Message: "a second YAML document starts here and is not read",
		Remedy:  "put it into a file of its own, or remove the --- line",
	}}
}

func content(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.DocumentNode {
		return n
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n.Content[0]
}

func syntaxProblem(file string, data []byte, err error) Problem {
	p := Problem{File: file, Message: err.Error(), Remedy: "correct the YAML syntax"}
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return p
	}
	p.Message, p.Line, p.Column = load.Message, load.Mark.Line, load.Mark.Column
	if load.ContextMsg != "" {
		p.Message += " " + load.ContextMsg
		if load.ContextMark.Line > 0 && load.ContextMark.Line != p.Line {
			p.Message += fmt.Sprintf(" that starts on line %d", load.ContextMark.Line)
		}
	}
	if p.Line == 0 && load.Mark.Index <= len(data) { // the reader knows only the byte
		before := data[:max(load.Mark.Index, 0)]
		p.Line = bytes.Count(before, []byte{'\n'}) + 1
		p.Column = len(before) - bytes.LastIndexByte(before, '\n')
	}
	return p
}

// Decode fills into, a pointer, from the document and returns every problem. Fields of places with a problem keep their
// zero value, so a caller that tolerates problems can go on.
func (d *Document) Decode(into any) []Problem {
	if d.root == nil {
		return nil
	}
	return decode(Raw{file: d.file, size: d.size, node: d.root}, into)
}

// Raw is a part of a document that is kept undecoded: a stanza whose owner decodes it later.
type Raw struct {
	file string
	size int
	path path
	node *yaml.Node
}

// IsZero says that the stanza is absent or empty.
func (r Raw) IsZero() bool { return r.node == nil || isNull(r.node) }

// Decode fills into, a pointer, from the stanza and returns every problem; an absent stanza changes nothing.
func (r Raw) Decode(into any) []Problem {
	if r.IsZero() {
		return nil
	}
	return decode(r, into)
}

// IsList says that the stanza is written as a list; some have an older form that is.
func (r Raw) IsList() bool {
	n := r.node
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n != nil && n.Kind == yaml.SequenceNode
}
