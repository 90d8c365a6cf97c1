package strictyaml

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

const (
	tagNull  = "!!null"
	tagBool  = "!!bool"
	tagInt   = "!!int"
	tagFloat = "!!float"
	tagMerge = "!!merge"
)

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == tagNull }

// quoted says that the writer made the scalar a text on purpose.
func quoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// text keeps what was written: an unquoted 1.10 or true is a fine label value, and Prow took them too.
func (d *decoder) text(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		d.wrong(n, "a text")
		return
	}
	v.SetString(n.Value)
}

func (d *decoder) boolean(n *yaml.Node, v reflect.Value) {
	b, ok := parseBool(n)
	if !ok {
		d.wrong(n, "true or false")
		return
	}
	v.SetBool(b)
}

func parseBool(n *yaml.Node) (value, ok bool) {
	if n.Kind != yaml.ScalarNode || quoted(n) {
		return false, false
	}
	switch strings.ToLower(n.Value) {
	case "true", "yes", "on", "y":
		return true, true
	case "false", "no", "off", "n":
		return false, true
	}
	return false, false
}

func (d *decoder) integer(n *yaml.Node, v reflect.Value) {
	i, ok := parseInt(n)
	if !ok || v.OverflowInt(i) {
		d.wrong(n, "a whole number")
		return
	}
	v.SetInt(i)
}

func (d *decoder) unsigned(n *yaml.Node, v reflect.Value) {
	i, ok := parseInt(n)
	if !ok || i < 0 || v.OverflowUint(uint64(i)) {
		d.wrong(n, "a whole number that is not negative")
		return
	}
	v.SetUint(uint64(i))
}

func parseInt(n *yaml.Node) (int64, bool) {
	if n.Kind != yaml.ScalarNode || quoted(n) {
		return 0, false
	}
	if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
		return i, true
	}
	f, err := strconv.ParseFloat(n.Value, 64) // 1e6 is whole
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

func (d *decoder) float(n *yaml.Node, v reflect.Value) {
	f, ok := parseFloat(n)
	if !ok {
		d.wrong(n, "a number")
		return
	}
	v.SetFloat(f)
}

func parseFloat(n *yaml.Node) (float64, bool) {
	if i, ok := parseInt(n); ok {
		return float64(i), true
	}
	if n.Kind != yaml.ScalarNode || quoted(n) {
		return 0, false
	}
	f, err := strconv.ParseFloat(n.Value, 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// wrong reports a value of the wrong type in words.
func (d *decoder) wrong(n *yaml.Node, want string) {
	remedy := ""
	if n.Kind == yaml.ScalarNode && quoted(n) && want != "a text" {
		bare := *n
		bare.Style = 0
		_, isBool := parseBool(&bare)
		_, isNumber := parseFloat(&bare)
		if (isBool && want == "true or false") || (isNumber && strings.Contains(want, "number")) {
			remedy = "remove the quotes"
		}
	}
	if n.Kind == yaml.ScalarNode && want == "a list" {
		remedy = "write [" + excerpt(n.Value) + "]"
	}
	d.report(n, fmt.Sprintf("%s must be %s, not %s", d.name(), want, describe(n)), remedy)
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch {
	case isNull(n):
		return "empty"
	case quoted(n):
		return fmt.Sprintf("the text %q", excerpt(n.Value))
	}
	return excerpt(n.Value)
}

func excerpt(s string) string {
	const limit = 40
	if line, _, more := strings.Cut(s, "\n"); more {
		s = line + "..."
	}
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "..."
	}
	return s
}
