package strictyaml

import (
	"bytes"
	"errors"
	"io"

	"go.yaml.in/yaml/v4"
)

// ParseAll reads every document of a file, leaving out empty ones. After a fault of syntax it answers the documents before
// it with the problem, because nothing behind such a place can be trusted.
func ParseAll(file string, data []byte) ([]*Document, []Problem) {
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithUniqueKeys(false))
	if err != nil {
		return nil, []Problem{syntaxProblem(file, data, err)}
	}
	var docs []*Document
	for {
		var n yaml.Node
		switch err := loader.Load(&n); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return docs, []Problem{syntaxProblem(file, data, err)}
		}
		if root := content(&n); root != nil && !isNull(root) {
			docs = append(docs, &Document{file: file, size: len(data), root: root})
		}
	}
}

// Replace passes every key and scalar through a function; what it answers is text, whatever it looks like. It is for filling
// in placeholders right after parsing, before the document is shared.
func (d *Document) Replace(with func(string) string) {
	if d.root != nil {
		replace(d.root, with)
	}
}

func replace(n *yaml.Node, with func(string) string) {
	if n.Kind == yaml.ScalarNode {
		n.Value = with(n.Value)
	}
	for _, child := range n.Content { // an alias has none: its target is replaced where it stands
		replace(child, with)
	}
}
