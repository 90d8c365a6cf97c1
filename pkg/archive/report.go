package archive

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
)

// Format is how findings are printed.
type Format string

// Formats.
const (
	// Text is two lines for people.
	Text Format = "text"
	// JSON is one object a line.
	JSON Format = "json"
)

// Print writes findings as they come and returns how many are still wrong: with more than none a command ends with exit code
// 1. It stops after the first error.
func Print(w io.Writer, findings iter.Seq2[Finding, error], format Format) (wrong int, err error) {
	for finding, err := range findings {
		if err != nil {
			return wrong, err
		}
		if !finding.Repaired {
			wrong++
		}
		if err := finding.print(w, format); err != nil {
			return wrong, fmt.Errorf("print finding: %w", err)
		}
	}
	return wrong, nil
}

func (f Finding) print(w io.Writer, format Format) error {
	if format == JSON {
		return json.NewEncoder(w).Encode(f)
	}
	remedy := "remedy: " + f.Remedy
	if f.Repaired {
		remedy = "repaired"
	}
	_, err := fmt.Fprintf(w, "%s: %s: %s\n    %s\n", f.Path, f.Problem, f.Detail, remedy)
	return err
}
