package vendors_test

import (
	"reflect"
	"strings"
)

// fields of a struct as a tag names them, those of embedded structs among them.
func fields(of reflect.Type, tag string) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(field.Tag.Get(tag), ",")
		if field.IsExported() && name != "" && name != "-" {
			all[name] = field.Type
		}
	}
	return all
}

// surplus lists what a JSON value has and both a Go type and a sample lack. The sample may be nil.
func surplus(value any, of reflect.Type, sample any) []string {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	var all []string
	switch value := value.(type) {
	case []any:
		if of.Kind() != reflect.Slice {
			break
		}
		for _, one := range value {
			all = append(all, surplus(one, of.Elem(), first(sample))...)
		}
	case map[string]any:
		if of.Kind() != reflect.Struct {
			break
		}
		known := fields(of, "json")
		samples, _ := sample.(map[string]any)
		for name, inner := range value {
			shown, documented := samples[name]
			if field, has := known[name]; has {
				all = append(all, surplus(inner, field, shown)...)
			} else if !documented {
				all = append(all, "there is no field "+of.Name()+"."+name)
			}
		}
	}
	return all
}

// first is a list's first value, nil if there is none.
func first(list any) any {
	if all, is := list.([]any); is && len(all) > 0 {
		return all[0]
	}
	return nil
}
