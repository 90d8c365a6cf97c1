package strictyaml

import (
	"encoding/json"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// appendJSON writes a node as JSON, for types that decode themselves. It answers false when the limits are reached.
func (d *decoder) appendJSON(out []byte, n *yaml.Node) ([]byte, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if !d.enter() {
		d.exhausted(n)
		return out, false
	}
	defer d.leave()
	switch n.Kind {
	case yaml.MappingNode:
		return d.appendObject(out, n)
	case yaml.SequenceNode:
		return d.appendArray(out, n)
	}
	return appendScalar(out, n), true
}

func (d *decoder) appendObject(out []byte, n *yaml.Node) ([]byte, bool) {
	out = append(out, '{')
	content := expand(n, &d.budget)
	for i := 0; i+1 < len(content); i += 2 {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, content[i].Value), ':')
		var ok bool
		if out, ok = d.appendJSON(out, content[i+1]); !ok {
			return out, false
		}
	}
	return append(out, '}'), true
}

func (d *decoder) appendArray(out []byte, n *yaml.Node) ([]byte, bool) {
	out = append(out, '[')
	for i, item := range n.Content {
		if i > 0 {
			out = append(out, ',')
		}
		var ok bool
		if out, ok = d.appendJSON(out, item); !ok {
			return out, false
		}
	}
	return append(out, ']'), true
}

func appendScalar(out []byte, n *yaml.Node) []byte {
	switch n.ShortTag() {
	case tagNull:
		return append(out, "null"...)
	case tagBool:
		if b, ok := parseBool(n); ok {
			return strconv.AppendBool(out, b)
		}
	case tagInt:
		if i, ok := parseInt(n); ok {
			return strconv.AppendInt(out, i, 10)
		}
	case tagFloat:
		if json.Valid([]byte(n.Value)) { // keeps 0.10 as written
			return append(out, n.Value...)
		}
		if f, ok := parseFloat(n); ok {
			return strconv.AppendFloat(out, f, 'g', -1, 64)
		}
	}
	return appendText(out, n.Value)
}

func appendText(out []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic("strictyaml: a string always marshals")
	}
	return append(out, text...)
}
