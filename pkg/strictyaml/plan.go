package strictyaml

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// Located is a value that wants to know where it was written. Locate is called after the value was filled.
type Located interface {
	Locate(file, path string, line, column int)
}

type kind uint8

const (
	kindStruct kind = iota
	kindMap
	kindSlice
	kindPointer
	kindString
	kindBool
	kindInt
	kindUint
	kindFloat
	kindAny
	kindRaw
	kindCustom // decodes itself from JSON or text
	kindUnsupported
)

// plan says how a type is decoded; it is made once per type.
type plan struct {
	kind    kind
	typ     reflect.Type
	elem    *plan
	fields  map[string]*field
	located bool
}

type field struct {
	name string
	// index leads through embedded structs; ordinal numbers the fields of one plan.
	index   []int
	ordinal int
	plan    *plan
}

var (
	jsonType    = reflect.TypeFor[json.Unmarshaler]()
	textType    = reflect.TypeFor[encoding.TextUnmarshaler]()
	locatedType = reflect.TypeFor[Located]()
	rawType     = reflect.TypeFor[Raw]()
)

var plans struct {
	sync.RWMutex
	of map[reflect.Type]*plan
}

func planOf(t reflect.Type) *plan {
	plans.RLock()
	p := plans.of[t]
	plans.RUnlock()
	if p != nil {
		return p
	}
	plans.Lock()
	defer plans.Unlock()
	if plans.of == nil {
		plans.of = map[reflect.Type]*plan{}
	}
	// Types recurse, so a plan is entered before it is complete; the lock keeps half a plan from every reader.
	return build(t)
}

func build(t reflect.Type) *plan {
	if p := plans.of[t]; p != nil {
		return p
	}
	p := &plan{typ: t, kind: kindOf(t)}
	plans.of[t] = p
	switch p.kind {
	case kindStruct:
		p.located = reflect.PointerTo(t).Implements(locatedType)
		p.fields = map[string]*field{}
		addFields(p, t, nil)
	case kindMap, kindSlice, kindPointer:
		p.elem = build(t.Elem())
	}
	return p
}

func kindOf(t reflect.Type) kind {
	if t == rawType {
		return kindRaw
	}
	if pointer := reflect.PointerTo(t); t.Kind() != reflect.Pointer && (pointer.Implements(jsonType) || pointer.Implements(textType)) {
		return kindCustom
	}
	switch t.Kind() {
	case reflect.Struct:
		return kindStruct
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return kindMap
		}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return kindCustom // base64 text
		}
		return kindSlice
	case reflect.Pointer:
		return kindPointer
	case reflect.String:
		return kindString
	case reflect.Bool:
		return kindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return kindInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return kindUint
	case reflect.Float32, reflect.Float64:
		return kindFloat
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return kindAny
		}
	}
	return kindUnsupported
}

// addFields follows encoding/json: an embedded struct without a name of its own gives its fields to the outer one, and the
// outer one's win.
func addFields(p *plan, t reflect.Type, prefix []int) {
	var embedded []reflect.StructField
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || (!f.IsExported() && !f.Anonymous) {
			continue
		}
		if f.Anonymous && name == "" {
			embedded = append(embedded, f)
			continue
		}
		if name == "" {
			name = f.Name
		}
		if p.fields[name] == nil {
			p.fields[name] = &field{name: name, index: extend(prefix, i), ordinal: len(p.fields), plan: build(f.Type)}
		}
	}
	for _, f := range embedded {
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			if !f.IsExported() {
				panic(fmt.Sprintf("strictyaml: %v embeds a pointer that nobody can set: %s", t, f.Name))
			}
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			addFields(p, inner, extend(prefix, f.Index[0]))
		}
	}
}

func extend(prefix []int, i int) []int {
	return append(prefix[:len(prefix):len(prefix)], i)
}
