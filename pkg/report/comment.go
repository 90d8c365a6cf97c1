package report

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Plan is what brings a pull request's test report up to date. The zero Plan changes nothing.
type Plan struct {
	// Create is the body of a new comment; empty for none.
	Create string
	// Edit is the id of the comment that gets EditBody; empty for none.
	Edit, EditBody string
	// Delete are the ids of comments to remove.
	Delete []string
}

// Comment plans the test report: one comment with a row for each context whose newest result is a failure. Results are
// those of [Results]; old is the whole thread, of which only the bot's reports count. Rows of contexts without a result
// are carried over. A failure that the thread does not show yet makes a new comment, so that people are notified;
// anything else is an edit, and a report without rows goes.
func Comment(results []*v1alpha1.PipelineJob, old []scm.Comment, isBot func(scm.User) bool) Plan {
	reports := reportsOf(old, isBot)
	rows, fresh := mergeRows(results, reports)
	if len(rows) == 0 {
		return Plan{Delete: ids(reports)}
	}
	body := render(rows, results)
	if len(reports) == 0 || fresh {
		return Plan{Create: body, Delete: ids(reports)}
	}
	last := reports[len(reports)-1]
	plan := Plan{Delete: ids(reports[:len(reports)-1])}
	if normal(last.Body) != normal(body) {
		plan.Edit, plan.EditBody = last.ID, body
	}
	return plan
}

// Apply carries the plan out. What is new comes before what is deleted, so that a crash in between loses no row.
func (p Plan) Apply(ctx context.Context, comments scm.Comments, ref scm.PullRef) error {
	if p.Create != "" {
		if _, err := comments.Create(ctx, ref, p.Create); err != nil {
			return fmt.Errorf("create test report on %s: %w", ref, err)
		}
	}
	if p.Edit != "" {
		if err := comments.Edit(ctx, ref, p.Edit, p.EditBody); err != nil {
			return fmt.Errorf("edit test report on %s: %w", ref, err)
		}
	}
	for _, id := range p.Delete {
		if err := comments.Delete(ctx, ref, id); err != nil {
			return fmt.Errorf("delete old test report on %s: %w", ref, err)
		}
	}
	return nil
}

func reportsOf(thread []scm.Comment, isBot func(scm.User) bool) []scm.Comment {
	var reports []scm.Comment
	for _, c := range thread {
		if isBot(c.Author) && strings.Contains(c.Body, marker) {
			reports = append(reports, c)
		}
	}
	return reports
}

func ids(comments []scm.Comment) []string {
	var result []string
	for _, c := range comments {
		result = append(result, c.ID)
	}
	return result
}

// mergeRows lays the results over the rows that the thread shows; fresh says that one of them is not shown yet.
func mergeRows(results []*v1alpha1.PipelineJob, reports []scm.Comment) (rows []Row, fresh bool) {
	byContext, shown := map[string]Row{}, map[Row]bool{}
	for _, c := range reports {
		for _, row := range ParseRows(c.Body) {
			byContext[row.Context], shown[row] = row, true
		}
	}
	for _, pj := range results {
		row := rowOf(pj)
		if pj.Status.State == v1alpha1.StateFailure {
			byContext[row.Context] = row
		} else {
			delete(byContext, row.Context)
		}
	}
	rows = slices.SortedFunc(maps.Values(byContext), func(a, b Row) int { return cmp.Compare(a.Context, b.Context) })
	for _, row := range rows[:min(len(rows), maxRows)] {
		fresh = fresh || !shown[row]
	}
	return rows, fresh
}

func render(rows []Row, results []*v1alpha1.PipelineJob) string {
	var b strings.Builder
	if len(results) > 0 {
		fmt.Fprintf(&b, "@%s: ", results[0].Spec.Refs.Pulls[0].Author)
	}
	tests := "1 test"
	if len(rows) > 1 {
		tests = fmt.Sprintf("%d tests", len(rows))
	}
	fmt.Fprintf(&b, "%s **failed**. Comment `/retest` to repeat what failed, or the command of a row to repeat only that.\n\n", tests)
	b.WriteString(header + "\n" + separator + "\n")
	for _, row := range rows[:min(len(rows), maxRows)] {
		b.WriteString(row.line() + "\n")
	}
	if more := len(rows) - maxRows; more > 0 {
		fmt.Fprintf(&b, "\n%d more are not shown.\n", more)
	}
	b.WriteString(footer)
	return b.String()
}

const footer = `
<details>
<summary>Commands you can use here</summary>

- ` + "`/test NAME`" + ` runs one test, ` + "`/test all`" + ` every test that runs without being asked for, ` + "`/test ?`" + ` lists them.
- ` + "`/retest`" + ` repeats the tests that failed on the newest commit.
- ` + "`/ok-to-test`" + ` lets the tests of a new contributor run; members only.

A command stands on a line of its own.
</details>
` + marker

// normal evens out what forges change when they store a text.
func normal(body string) string {
	return strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
}
