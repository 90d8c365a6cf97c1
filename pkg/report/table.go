package report

import (
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Wire contracts with Prow: tools and earlier installs find and read the comment by them.
const (
	marker    = "<!-- test report -->"
	header    = "Test name | Commit | Details | Required | Rerun command"
	separator = "--- | --- | --- | --- | ---"
	columns   = 5
)

// maxRows keeps the comment well under the 64 KiB that forges take.
const maxRows = 100

// Row is one line of the table, each field as it stands in the Markdown of its cell.
type Row struct {
	Context, Commit, Details, Required, Rerun string
}

func rowOf(pj *v1alpha1.PipelineJob) Row {
	_, sha := Commit(pj)
	details := "no page"
	if pj.Status.URL != "" {
		details = "[link](" + strings.NewReplacer(" ", "%20", ")", "%29", "|", "%7C").Replace(pj.Status.URL) + ")"
	}
	rerun := "`" + strings.ReplaceAll(pj.Spec.RerunCommand, "`", "'") + "`"
	return Row{
		Context:  cell(pj.Spec.Context),
		Commit:   cell(sha),
		Details:  cell(details),
		Required: strconv.FormatBool(!pj.Spec.Optional),
		Rerun:    cell(rerun),
	}
}

// cell makes any text safe inside one cell.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

func (r Row) line() string {
	return strings.Join([]string{r.Context, r.Commit, r.Details, r.Required, r.Rerun}, " | ")
}

// ParseRows reads the table of a test report back, Prow's or ours. What is not a row of five cells is left out, so it
// takes any text; it reads at most a few hundred rows.
func ParseRows(body string) []Row {
	var rows []Row
	inTable := false
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "---"):
			inTable = true
		case line == "":
			inTable = false
		case inTable && len(rows) < 4*maxRows:
			if row, ok := parseRow(line); ok {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func parseRow(line string) (Row, bool) {
	var cells []string
	start := 0
	for i := range len(line) {
		if line[i] == '|' && (i == 0 || line[i-1] != '\\') {
			cells = append(cells, strings.TrimSpace(line[start:i]))
			start = i + 1
		}
	}
	cells = append(cells, strings.TrimSpace(line[start:]))
	if len(cells) != columns || cells[0] == "" {
		return Row{}, false
	}
	return Row{Context: cells[0], Commit: cells[1], Details: cells[2], Required: cells[3], Rerun: cells[4]}, true
}
