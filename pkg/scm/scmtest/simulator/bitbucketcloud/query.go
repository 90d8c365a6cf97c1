package bitbucketcloud

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// condition is one comparison of a query.
type condition struct{ field, operator, value string }

var (
	conditionForm = regexp.MustCompile(`^\s*([a-z_.]+)\s*(=|!=|~|!~)\s*("(?:[^"\\]|\\.)*"|[A-Za-z0-9_.:+-]+)\s*`)
	connector     = regexp.MustCompile(`^(AND|OR|and|or)\s`)
)

// parseQuery reads a query as alternatives of conditions that hold together; parentheses and comparisons of size are
// refused as the API refuses what it cannot read.
func parseQuery(text string) ([][]condition, error) {
	all := [][]condition{nil}
	for rest := text; ; {
		found := conditionForm.FindStringSubmatch(rest)
		if found == nil {
			return nil, bad("q", fmt.Sprintf("Invalid query expression %q", rest))
		}
		value := found[3]
		if whole, err := strconv.Unquote(value); err == nil {
			value = whole
		}
		all[len(all)-1] = append(all[len(all)-1], condition{found[1], found[2], value})
		if rest = rest[len(found[0]):]; rest == "" {
			return all, nil
		}
		word := connector.FindString(rest)
		if word == "" {
			return nil, bad("q", fmt.Sprintf("Invalid query expression %q", rest))
		}
		if strings.EqualFold(strings.TrimSpace(word), "or") {
			all = append(all, nil)
		}
		rest = rest[len(word):]
	}
}

// filter leaves what the request's query asks for, by the fields that show gives of each.
func filter[T any](c *call, all []T, show func(T) map[string]any) ([]T, error) {
	text := c.Request.URL.Query().Get("q")
	if text == "" {
		return all, nil
	}
	alternatives, err := parseQuery(text)
	if err != nil {
		return nil, err
	}
	var left []T
	for _, one := range all {
		shown := show(one)
		for _, together := range alternatives {
			if holds(together, shown) {
				left = append(left, one)
				break
			}
		}
	}
	return left, nil
}

func holds(together []condition, shown map[string]any) bool {
	for _, c := range together {
		if !c.holds(shown) {
			return false
		}
	}
	return true
}

func (c condition) holds(shown map[string]any) bool {
	var at any = shown
	for name := range strings.SplitSeq(c.field, ".") {
		fields, _ := at.(map[string]any) // nothing is below what is no object
		at = fields[name]
	}
	has := "null"
	if at != nil {
		has = fmt.Sprint(at)
	}
	switch c.operator {
	case "=":
		return has == c.value
	case "!=":
		return has != c.value
	case "~":
		return strings.Contains(strings.ToLower(has), strings.ToLower(c.value))
	default:
		return !strings.Contains(strings.ToLower(has), strings.ToLower(c.value))
	}
}

// chosen is what the parameter "fields" leaves of an answer: the fields that it names, or all but those after a minus sign.
func chosen(parameter string, body any) any {
	if parameter == "" {
		return body
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("encode answer: %v", err)) // maps of plain values always encode
	}
	var plain any
	_ = json.Unmarshal(encoded, &plain) // it was encoded just now
	var kept [][]string
	for name := range strings.SplitSeq(parameter, ",") {
		switch {
		case strings.HasPrefix(name, "-"):
			drop(plain, strings.Split(name[1:], "."))
		case !strings.HasPrefix(name, "+"):
			kept = append(kept, strings.Split(name, "."))
		}
	}
	if len(kept) == 0 {
		return plain
	}
	return keep(plain, kept)
}

func drop(at any, path []string) {
	switch at := at.(type) {
	case []any:
		for _, one := range at {
			drop(one, path)
		}
	case map[string]any:
		if len(path) == 1 {
			delete(at, path[0])
			return
		}
		drop(at[path[0]], path[1:])
	}
}

func keep(at any, paths [][]string) any {
	switch at := at.(type) {
	case []any:
		for i, one := range at {
			at[i] = keep(one, paths)
		}
	case map[string]any:
		left := map[string]any{}
		for name, value := range at {
			var below [][]string
			whole := false
			for _, path := range paths {
				if path[0] != name && path[0] != "*" {
					continue
				}
				if len(path) == 1 {
					whole = true
				} else {
					below = append(below, path[1:])
				}
			}
			switch {
			case whole:
				left[name] = value
			case len(below) > 0:
				left[name] = keep(value, below)
			}
		}
		return left
	}
	return at
}
