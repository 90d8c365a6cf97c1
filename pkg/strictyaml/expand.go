package strictyaml

import "go.yaml.in/yaml/v4"

// Limits on what one document may expand to: this many values, and a few for each of its bytes.
const (
	baseValues    = 100_000
	valuesPerByte = 4
	maxDepth      = 200
)

// budget counts values and nesting, so that aliases of aliases cannot expand without bound.
type budget struct{ left, depth int }

func newBudget(size int) budget { return budget{left: baseValues + valuesPerByte*size} }

func (b *budget) enter() bool {
	if b.left <= 0 || b.depth >= maxDepth {
		return false
	}
	b.left--
	b.depth++
	return true
}

func (b *budget) leave() { b.depth-- }

// expand returns the keys and values of a mapping with its merge keys (<<) resolved: what the mapping says itself wins over
// what it merges, and an earlier source over a later one. A mapping without merge keys is returned as it is.
func expand(n *yaml.Node, b *budget) []*yaml.Node {
	merges := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		merges = merges || isMerge(n.Content[i])
	}
	if !merges {
		return n.Content
	}
	seen := map[string]bool{}
	var out []*yaml.Node
	var sources []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			sources = append(sources, mergeSources(n.Content[i+1])...)
			continue
		}
		seen[n.Content[i].Value] = true
		out = append(out, n.Content[i], n.Content[i+1])
	}
	for _, source := range sources {
		if !b.enter() { // a mapping that merges itself
			return out
		}
		inner := expand(source, b)
		b.leave()
		for i := 0; i+1 < len(inner); i += 2 {
			if !seen[inner[i].Value] {
				seen[inner[i].Value] = true
				out = append(out, inner[i], inner[i+1])
			}
		}
	}
	return out
}

func isMerge(key *yaml.Node) bool {
	return key.Value == "<<" && key.Kind == yaml.ScalarNode && !quoted(key)
}

func mergeSources(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.MappingNode:
		return []*yaml.Node{n}
	case yaml.SequenceNode:
		var out []*yaml.Node
		for _, item := range n.Content {
			if item.Kind == yaml.AliasNode {
				item = item.Alias
			}
			if item.Kind == yaml.MappingNode {
				out = append(out, item)
			}
		}
		return out
	}
	return nil
}
