package strictyaml

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

type decoder struct {
	file     string
	size     int
	path     path
	problems []Problem
	budget
	refused bool
}

func decode(from Raw, into any) []Problem {
	d := &decoder{file: from.file, size: from.size, budget: newBudget(from.size)}
	d.path = append(make(path, 0, len(from.path)+16), from.path...)
	v := reflect.ValueOf(into).Elem()
	d.value(from.node, v, planOf(v.Type()))
	return d.problems
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, p *plan) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if !d.enter() {
		d.exhausted(n)
		return
	}
	defer d.leave()
	if p.kind == kindRaw {
		v.Set(reflect.ValueOf(Raw{file: d.file, size: d.size, path: append(path{}, d.path...), node: n}))
		return
	}
	if isNull(n) {
		return
	}
	switch p.kind {
	case kindPointer:
		if v.IsNil() {
			v.Set(reflect.New(p.elem.typ))
		}
		d.value(n, v.Elem(), p.elem)
	case kindStruct:
		d.object(n, v, p)
	case kindMap:
		d.dictionary(n, v, p)
	case kindSlice:
		d.list(n, v, p)
	case kindString:
		d.text(n, v)
	case kindBool:
		d.boolean(n, v)
	case kindInt:
		d.integer(n, v)
	case kindUint:
		d.unsigned(n, v)
	case kindFloat:
		d.float(n, v)
	case kindAny:
		d.custom(n, v)
	case kindCustom:
		d.custom(n, v)
	default:
		panic(fmt.Sprintf("strictyaml: no way to decode %v", p.typ))
	}
}

// exhausted says once that the document is larger than its limits.
func (d *decoder) exhausted(n *yaml.Node) {
	if !d.refused {
		d.report(n, "the file nests too deeply or its aliases expand to too much", "use fewer aliases")
		d.refused = true
	}
}

func (d *decoder) object(n *yaml.Node, v reflect.Value, p *plan) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, "a mapping")
		return
	}
	var lines [128]int32 // where each field was first given
	content := expand(n, &d.budget)
	for i := 0; i+1 < len(content); i += 2 {
		key, value := content[i], content[i+1]
		f := p.find(key.Value)
		if f == nil {
			if len(d.path) > 0 || !hidden(key.Value) {
				d.unknown(key, p)
			}
			continue
		}
		if f.ordinal < len(lines) {
			if first := lines[f.ordinal]; first != 0 {
				d.repeated(key, first)
			}
			lines[f.ordinal] = int32(key.Line)
		}
		d.path = append(d.path, segment{key: f.name})
		d.value(value, fieldOf(v, f.index), f.plan)
		d.path = d.path[:len(d.path)-1]
	}
	if p.located {
		v.Addr().Interface().(Located).Locate(d.file, d.path.String(), n.Line, n.Column)
	}
}

// hidden keys at the top of a file are where people keep anchors: ".defaults", "x-defaults".
func hidden(key string) bool { return strings.HasPrefix(key, ".") || strings.HasPrefix(key, "x-") }

// find looks a key up as encoding/json would: exactly, else without regard to case.
func (p *plan) find(key string) *field {
	if f := p.fields[key]; f != nil {
		return f
	}
	for name, f := range p.fields {
		if strings.EqualFold(name, key) {
			return f
		}
	}
	return nil
}

func fieldOf(v reflect.Value, index []int) reflect.Value {
	for _, i := range index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

func (d *decoder) dictionary(n *yaml.Node, v reflect.Value, p *plan) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, "a mapping")
		return
	}
	content := expand(n, &d.budget)
	if v.IsNil() {
		v.Set(reflect.MakeMapWithSize(p.typ, len(content)/2))
	}
	keyType := p.typ.Key()
	item := reflect.New(p.elem.typ).Elem()
	for i := 0; i+1 < len(content); i += 2 {
		key := reflect.ValueOf(content[i].Value).Convert(keyType)
		if v.MapIndex(key).IsValid() {
			d.repeated(content[i], 0)
		}
		item.SetZero()
		d.path = append(d.path, segment{key: content[i].Value, kind: keySegment})
		d.value(content[i+1], item, p.elem)
		d.path = d.path[:len(d.path)-1]
		v.SetMapIndex(key, item)
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, p *plan) {
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, "a list")
		return
	}
	items := reflect.MakeSlice(p.typ, len(n.Content), len(n.Content))
	for i, child := range n.Content {
		item := items.Index(i)
		if p.elem.kind == kindPointer { // an empty item must not become nil
			item.Set(reflect.New(p.elem.elem.typ))
		}
		d.path = append(d.path, segment{index: i, kind: indexSegment})
		d.value(child, item, p.elem)
		d.path = d.path[:len(d.path)-1]
	}
	v.Set(items)
}

// custom hands the value to a type that decodes itself.
func (d *decoder) custom(n *yaml.Node, v reflect.Value) {
	data, ok := d.appendJSON(nil, n)
	if !ok {
		return
	}
	if err := json.Unmarshal(data, v.Addr().Interface()); err != nil {
		text, _, _ := strings.Cut(err.Error(), "\n")
		d.report(n, fmt.Sprintf("%s is not valid: %s", d.name(), strings.TrimPrefix(text, "json: ")), "")
	}
}

// name is the last key on the path: what people call the value.
func (d *decoder) name() string {
	for i := len(d.path) - 1; i >= 0; i-- {
		if s := d.path[i]; s.kind != indexSegment {
			if i < len(d.path)-1 {
				return "an item of " + s.key
			}
			return s.key
		}
	}
	return "the file"
}

func (d *decoder) report(n *yaml.Node, message, remedy string) {
	d.problems = append(d.problems, Problem{
		File: d.file, Line: n.Line, Column: n.Column, Path: d.path.String(), Message: message, Remedy: remedy,
	})
}

func (d *decoder) repeated(key *yaml.Node, first int32) {
	message := fmt.Sprintf("key %q is given twice", excerpt(key.Value))
	if first > 0 {
		message += fmt.Sprintf(", first on line %d", first)
	}
	d.report(key, message, "keep one of them")
	d.problems[len(d.problems)-1].Loose = true
}

func (d *decoder) unknown(key *yaml.Node, p *plan) {
	where := d.name()
	message := fmt.Sprintf("unknown key %q in %s", excerpt(key.Value), where)
	d.report(key, message, suggest(key.Value, p.fields))
	d.problems[len(d.problems)-1].Loose = true
	d.problems[len(d.problems)-1].Path = append(d.path, segment{key: key.Value}).String()
}
