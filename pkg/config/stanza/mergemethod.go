package stanza

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

var methods = []string{"merge", "squash", "rebase", "if-necessary", "fast-forward"}

// MergeMethod is the method of an organisation, a repository or a branch ("org/repo@branch"): one word, or a mapping from
// repositories, and in these from expressions for branches, to such words.
type MergeMethod struct {
	Method string
	// Below holds what is narrower: repositories or "*" of an organisation, expressions for branches of a repository.
	Below map[string]MergeMethod
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *MergeMethod) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &m.Method) == nil {
		return nil
	}
	if json.Unmarshal(data, &m.Below) == nil {
		return nil
	}
	return errors.New("write a method, or a mapping from repositories or branches to methods")
}

// MarshalJSON implements json.Marshaler.
func (m MergeMethod) MarshalJSON() ([]byte, error) {
	if m.Below != nil {
		return json.Marshal(m.Below)
	}
	return json.Marshal(m.Method)
}

func (m MergeMethod) check(path string) []Problem {
	found := choose(path, m.Method, methods...)
	for _, key := range sorted(m.Below) {
		below := path + "[" + key + "]"
		if _, err := regexp.Compile(key); err != nil && key != "*" {
			found = append(found, Problem{below, fmt.Sprintf("%q is neither a name nor a regular expression", key), "correct it"})
		}
		found = append(found, m.Below[key].check(below)...)
	}
	return found
}
