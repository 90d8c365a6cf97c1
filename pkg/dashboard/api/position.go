package api

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what a client may send as its position.
const (
	longestPosition = 16 << 10
	mostPositions   = 1000
)

// position is where a client stands: the last line number that it has of each step, by "task/step". Its text is the id
// of a log event, which browsers send back when they reconnect.
type position map[string]int

// parsePosition reads an event id. Anything that is not one, such as a stranger's text, is the beginning.
func parsePosition(id string) position {
	p := position{}
	if len(id) > longestPosition {
		return p
	}
	values, err := url.ParseQuery(id)
	if err != nil || len(values) > mostPositions {
		return p
	}
	for step, numbers := range values {
		n, err := strconv.Atoi(numbers[0])
		if err != nil || n <= 0 || !strings.Contains(step, "/") {
			return position{}
		}
		p[step] = n
	}
	return p
}

// String is the event id: form-encoded, sorted by step.
func (p position) String() string {
	var b []byte
	for _, step := range slices.Sorted(maps.Keys(p)) {
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(b, url.QueryEscape(step)...)
		b = append(b, '=')
		b = strconv.AppendInt(b, int64(p[step]), 10)
	}
	return string(b)
}

func (p position) clone() position { return maps.Clone(p) }
