package read

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
)

const (
	// pageLines and pageText bound a page.
	pageLines = 5000
	pageText  = 4 << 20
)

// Page is a range of lines.
type Page struct {
	// Lines may be fewer than asked for: at most 5,000, and of 4 MiB. The next page begins behind the last.
	Lines []logs.Line
	// Total is how many lines there are now.
	Total int
	// Complete says that there will be no more.
	Complete bool
	// Incomplete says why lines may be missing.
	Incomplete string
}

// Lines gives the lines of a step from one number to another, both included. Zero and negative numbers count from the
// end: 0 is the last line, -99 the one 99 before it. It reads what is stored; of a step that runs that is all but what it
// printed in the last seconds. Task and step are empty for build-log.txt. An unknown step is storage.ErrNotExist.
func (r *Reader) Lines(ctx context.Context, job *v1alpha1.PipelineJob, task, step string, from, to int) (Page, error) {
	var page Page
	err := r.with(ctx, job, task, step, func(t stepText) error {
		page = Page{Total: t.lines(), Complete: t.final, Incomplete: t.lost}
		first, last := fromEnd(from, page.Total), min(fromEnd(to, page.Total), page.Total)
		size := 0
		err := t.file.Lines(ctx, first, min(last, first+pageLines-1), func(l logfile.Line) error {
			if size += len(l.Text); size > pageText && len(page.Lines) > 0 {
				return errPage
			}
			page.Lines = append(page.Lines, newLine(task, step, l))
			return nil
		})
		if errors.Is(err, errPage) {
			return nil
		}
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("read log of %s: %w", job.Name, err)
	}
	return page, nil
}

// errPage says that the page is full.
var errPage = errors.New("page is full")

// fromEnd makes a number that counts from the end one from the start.
func fromEnd(number, total int) int {
	if number > 0 {
		return number
	}
	return max(total+number, 1)
}

func newLine(task, step string, l logfile.Line) logs.Line {
	return logs.Line{Task: task, Step: step, Number: l.Number, Time: l.Time, Text: shown(l.Text, l.Cut)}
}

// LineAt is the number of the first line of a step printed at a time or later, to 0.1 s; the last line when all are
// earlier, and 0 when it is not known when lines were printed.
func (r *Reader) LineAt(ctx context.Context, job *v1alpha1.PipelineJob, task, step string, at time.Time) (int, error) {
	var number int
	err := r.with(ctx, job, task, step, func(t stepText) error {
		number = min(t.file.LineAt(at), t.lines())
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("find line of %s: %w", job.Name, err)
	}
	return number, nil
}

// SearchPage is a part of what a search finds.
type SearchPage struct {
	// Matches are the matching lines, in order.
	Matches []logs.Line
	// Next is the line to go on from, as SearchOptions.From; 0 when the log was read to its present end.
	Next int
	// Scanned counts the bytes of text that were read.
	Scanned int64
	// Total and Complete are those of a Page.
	Total    int
	Complete bool
}

// Search gives the next page of a step's lines that match. Of a step that runs it sees what Lines does.
func (r *Reader) Search(ctx context.Context, job *v1alpha1.PipelineJob, task, step string, o logfile.SearchOptions) (SearchPage, error) {
	var page SearchPage
	err := r.with(ctx, job, task, step, func(t stepText) error {
		found, err := t.file.Search(ctx, o)
		if err != nil {
			return err
		}
		page = SearchPage{Next: found.Next, Scanned: found.Scanned, Total: t.lines(), Complete: t.final}
		for _, l := range found.Matches {
			if l.Number <= page.Total {
				page.Matches = append(page.Matches, newLine(task, step, l))
			}
		}
		if page.Next > page.Total {
			page.Next = 0
		}
		return nil
	})
	if err != nil {
		return SearchPage{}, fmt.Errorf("search log of %s: %w", job.Name, err)
	}
	return page, nil
}
