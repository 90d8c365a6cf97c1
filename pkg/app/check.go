package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/config"
)

// CheckOptions of `pharos check`, one for each flag.
type CheckOptions struct {
	Config config.Paths
	Check  config.CheckOptions
	// Output is text or json.
	Output string
	// PrintSchema names a file whose JSON Schema is printed; then nothing is checked.
	PrintSchema string
}

// ErrFindings says that errors were found, all of which were printed.
var ErrFindings = errors.New("errors were found")

// CheckNames lists the checks for the help text.
func CheckNames() string { return strings.Join(config.CheckNames(), ", ") }

// Check prints everything that is wrong or doubtful about a configuration. It answers ErrFindings if something is wrong.
func Check(o CheckOptions, out io.Writer) error {
	if o.PrintSchema != "" {
		return config.WriteSchema(out, o.PrintSchema)
	}
	debug.SetGCPercent(80) // a large configuration is garbage for the most part; a little more work keeps the process small
	_, findings, err := config.Check(o.Config, o.Check)
	if err != nil {
		return err
	}
	if err := printFindings(findings, o.Output, out); err != nil {
		return err
	}
	if slices.ContainsFunc(findings, func(f config.Finding) bool { return f.Severity == config.SeverityError }) {
		return ErrFindings
	}
	return nil
}

func printFindings(findings []config.Finding, format string, out io.Writer) error {
	switch format {
	case "json":
		if findings == nil {
			findings = []config.Finding{}
		}
		return json.NewEncoder(out).Encode(findings)
	case "text", "":
		for _, f := range findings {
			if _, err := fmt.Fprintln(out, f); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("--output=%s: write text or json", format)
}
