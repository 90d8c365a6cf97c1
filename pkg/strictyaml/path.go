package strictyaml

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// path leads from the root to a value.
type path []segment

// segment is a key of a mapping with fixed keys, a key of a free map, or an index.
type segment struct {
	key   string
	index int
	kind  segmentKind
}

type segmentKind uint8

const (
	fieldSegment segmentKind = iota
	keySegment
	indexSegment
)

// String is as in "presubmits[acme/app][2].run_if_changed".
func (p path) String() string {
	var b strings.Builder
	for _, s := range p {
		switch s.kind {
		case fieldSegment:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.key)
		case keySegment:
			b.WriteString("[" + s.key + "]")
		case indexSegment:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		}
	}
	return b.String()
}

// Position finds the line and column of the place that a path names: of the key, where it names a key. When the path leads
// further than the document does, the position of the last part that exists answers.
func (d *Document) Position(place string) (line, column int) {
	if d.root == nil {
		return 1, 1
	}
	at, _ := d.find(place)
	return at.Line, at.Column
}

// Has says that the document has the place that a path names.
func (d *Document) Has(place string) bool {
	if d.root == nil {
		return false
	}
	_, whole := d.find(place)
	return whole
}

// find goes down a path as far as the document does.
func (d *Document) find(place string) (at *yaml.Node, whole bool) {
	at, n, limit := d.root, d.root, newBudget(d.size)
	for part := range split(place) {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		key, value := child(n, part, &limit)
		if value == nil {
			return at, false
		}
		at, n = key, value
	}
	return at, true
}

// split yields the parts of a rendered path.
func split(place string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for place != "" {
			var part string
			if rest, bracket := strings.CutPrefix(place, "["); bracket {
				part, place, _ = strings.Cut(rest, "]")
			} else {
				place = strings.TrimPrefix(place, ".")
				end := strings.IndexAny(place, ".[")
				if end < 0 {
					end = len(place)
				}
				part, place = place[:end], place[end:]
			}
			if !yield(part) {
				return
			}
		}
	}
}

// child finds the part below n, with the node that people would point at.
func child(n *yaml.Node, part string, limit *budget) (at, value *yaml.Node) {
	switch n.Kind {
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	case yaml.MappingNode:
		content := expand(n, limit)
		for i := 0; i+1 < len(content); i += 2 {
			if content[i].Value == part {
				return content[i], content[i+1]
			}
		}
	}
	return nil, nil
}
