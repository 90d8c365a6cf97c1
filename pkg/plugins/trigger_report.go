package plugins

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// configContext is the status that mistakes in a repository's own pipelines are reported as.
const configContext = "pharos/config"

// configMarker begins the one comment about them on a pull request.
const configMarker = "<!-- pharos: config -->"

// keptReport is what people are told about a repository's own pipelines.
type keptReport struct {
	// state is success when there is nothing to tell.
	state   scm.StatusState
	summary string
	body    string
}

func reportOf(found *inrepo.Found, waiting bool) keptReport {
	var rows strings.Builder
	first := ""
	for _, p := range found.Problems {
		if p.Warning {
			continue
		}
		place := p.File
		if p.Line > 0 {
			place = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
		}
		if first == "" {
			first = p.Error()
		}
		text := p.Message
		if p.Remedy != "" {
			text += " (" + p.Remedy + ")"
		}
		fmt.Fprintf(&rows, "| %s | %s |\n", cell(place), cell(text))
	}
	switch {
	case first != "":
		return keptReport{state: scm.StatusFailure, summary: first, body: "There are mistakes in the pipelines that this repository keeps. " +
			"The jobs of these files do not run; all others do.\n\n| Place | What is wrong |\n|---|---|\n" + rows.String()}
	case waiting:
		return keptReport{state: scm.StatusPending, summary: "changed pipelines wait for /ok-to-test",
			body: "This pull request changes the pipelines that the repository keeps. A member has to look at them and comment " +
				"`/ok-to-test` again; until then the ones of the base branch run.\n"}
	}
	return keptReport{state: scm.StatusSuccess, summary: "the repository's own pipelines are valid"}
}

// cell keeps text within a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\r", " ", "\n", " ", "<", "&lt;", "@", "&#64;").Replace(text)
}

// reports remembers what was last reported on each pull request, so that the forge need not be asked at every event.
type reports struct {
	mu   sync.Mutex
	last map[scm.PullRef]string
}

// maxReports bounds the memory; past it the forge is asked again.
const maxReports = 8192

// clean is remembered of a pull request without a report.
const clean = "clean"

func (r *reports) get(ref scm.PullRef) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[ref]
}

func (r *reports) set(ref scm.PullRef, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil || len(r.last) >= maxReports {
		r.last = map[scm.PullRef]string{}
	}
	r.last[ref] = what
}

// report keeps one status and one comment about the repository's own pipelines as they should be. While there is nothing to
// tell and never was, it does nothing.
func (t trigger) report(ctx context.Context, run *chatops.Run, p *scm.PullRequest, why cause, r keptReport) error {
	known := t.reports.get(p.Ref)
	want := p.Head.SHA + " " + string(r.state) + " " + r.body
	good := r.state == scm.StatusSuccess
	switch {
	case known == want && !good, known == clean && good && why.standing != pinned:
		return nil
	case known == "" && good && why.opened && why.standing != pinned:
		t.reports.set(p.Ref, clean)
		return nil
	}
	changed, err := t.tell(ctx, run, p, r)
	if err != nil {
		return err
	}
	if !good || changed || why.standing == pinned {
		status := scm.Status{Context: configContext, State: r.state, Description: cut(r.summary, run.Client.StatusDescriptionLimit), TargetURL: p.Link}
		if err := run.Client.Statuses.Set(ctx, p.Ref.Repo, p.Head.SHA, status); err != nil {
			return fmt.Errorf("report pipelines of %v: %w", p.Ref, err)
		}
	}
	if good {
		want = clean
	} else {
		run.Did("reported on the repository's own pipelines: %s", r.summary)
	}
	t.reports.set(p.Ref, want)
	return nil
}

// tell makes, edits or removes the one comment, and says whether there was one before.
func (t trigger) tell(ctx context.Context, run *chatops.Run, p *scm.PullRequest, r keptReport) (existed bool, err error) {
	comments, err := run.Client.Comments.List(ctx, p.Ref)
	if err != nil {
		return false, fmt.Errorf("list comments of %v: %w", p.Ref, err)
	}
	body := configMarker + "\n" + r.body
	for _, c := range comments {
		if !run.IsBot(c.Author) || !strings.HasPrefix(c.Body, configMarker) {
			continue
		}
		switch {
		case r.body == "":
			err = run.Client.Comments.Delete(ctx, p.Ref, c.ID)
		case strings.TrimSpace(c.Body) != strings.TrimSpace(body):
			err = run.Client.Comments.Edit(ctx, p.Ref, c.ID, body)
		}
		if err != nil {
			return true, fmt.Errorf("update comment on %v: %w", p.Ref, err)
		}
		return true, nil
	}
	if r.body == "" {
		return false, nil
	}
	if _, err := run.Client.Comments.Create(ctx, p.Ref, body); err != nil {
		return false, fmt.Errorf("comment on %v: %w", p.Ref, err)
	}
	return false, nil
}

// defaultDescription is the longest status description where the forge states no limit of its own.
const defaultDescription = 140

// cut shortens text to limit characters.
func cut(text string, limit int) string {
	if limit <= 0 {
		limit = defaultDescription
	}
	runes := []rune(strings.ReplaceAll(text, "\n", " "))
	if len(runes) <= limit {
		return string(runes)
	}
	return string(runes[:limit-1]) + "…"
}
