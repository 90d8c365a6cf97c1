package v1alpha1

import (
	"cmp"
	"strings"
)

// CompareBuilds orders build ids by age, older first. They are decimal numbers of up to 64 bits, so a shorter one is older.
func CompareBuilds(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
