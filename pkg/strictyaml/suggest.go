package strictyaml

import (
	"maps"
	"slices"
	"strings"
)

// suggest names the known key nearest to the one that was written, or all keys where they are few.
func suggest(written string, known map[string]*field) string {
	names := slices.Sorted(maps.Keys(known))
	if near := Nearest(written, names); near != "" {
		return "did you mean " + near + "?"
	}
	const few = 8
	switch {
	case len(names) == 0:
		return "no key is known here"
	case len(names) <= few:
		return "known keys: " + strings.Join(names, ", ")
	}
	return "remove it or correct its name"
}

// Nearest is the name that a person most likely meant by what they wrote, or "" when none is near.
func Nearest(written string, names []string) string {
	best, near := 1+len(written)/3, ""
	from := fold(written)
	for _, name := range names {
		if d := distance(from, fold(name)); d < best {
			best, near = d, name
		}
	}
	return near
}

// fold drops what people confuse most: case, and - against _.
func fold(s string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(s))
}

// distance counts the letters to insert, delete, replace or swap with their neighbour.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
