package process

import "testing"

func TestParseStat(t *testing.T) {
	const fields = " 1 2 2 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 1"
	for name, tc := range map[string]struct {
		line  string
		state byte
		start uint64
		bad   bool
	}{
		"a plain name is skipped":                {line: "12 (sh) S" + fields, state: 'S', start: 98765},
		"a name may hold spaces and parentheses": {line: "12 (a) b (c)) Z" + fields, state: 'Z', start: 98765},
		"a line without a name is refused":       {line: "12 sh S" + fields, bad: true},
		"a short line is refused":                {line: "12 (sh) S 1 2", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat([]byte(tc.line))
			if (err != nil) != tc.bad {
				t.Fatalf("error = %v, want one: %v", err, tc.bad)
			}
			if got.state != tc.state || got.start != tc.start {
				t.Errorf("parseStat = %c %d, want %c %d", got.state, got.start, tc.state, tc.start)
			}
		})
	}
}
