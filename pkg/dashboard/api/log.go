package api

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/dashboard/raw"
	"github.com/pharos-ci/pharos/pkg/dashboard/terminal"
	"github.com/pharos-ci/pharos/pkg/logs/logfile"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// searchBytes is how much text one request searches; the client goes on with the next.
const searchBytes = 64 << 20

// stepOf reads "task/step".
func stepOf(name string) (gate.StepName, error) {
	task, step, ok := strings.Cut(name, "/")
	if !ok || task == "" || step == "" {
		return gate.StepName{}, fmt.Errorf("%w: step %q is not task/step", errBadQuery, name)
	}
	return gate.StepName{Task: task, Step: step}, nil
}

// openStep opens the run and reads the step's name.
func (a *API) openStep(ctx context.Context, in StepInput) (*gate.Run, gate.StepName, error) {
	step, err := stepOf(in.Step)
	if err != nil {
		return nil, step, err
	}
	run, err := a.Gate.Run(ctx, in.Name)
	return run, step, err
}

func (a *API) lines(ctx context.Context, in *linesInput) (*Lines, error) {
	run, step, err := a.openStep(ctx, in.StepInput)
	if err != nil {
		return nil, err
	}
	page, err := run.Lines(ctx, step, in.From, in.To)
	if err != nil {
		return nil, err
	}
	out := &Lines{Lines: make([]StepLine, len(page.Lines)), Total: page.Total, Complete: page.Complete, Incomplete: page.Incomplete}
	for i, l := range page.Lines {
		out.Lines[i] = StepLine{Number: l.Number, Time: instant(l.Time), Text: terminal.Line(l.Text)}
	}
	return out, nil
}

func (a *API) lineAt(ctx context.Context, in *lineAtInput) (*LineAt, error) {
	run, step, err := a.openStep(ctx, in.StepInput)
	if err != nil {
		return nil, err
	}
	line, err := run.LineAt(ctx, step, in.Time)
	if err != nil {
		return nil, err
	}
	return &LineAt{Line: line}, nil
}

func (a *API) search(ctx context.Context, in *searchInput) (*Matches, error) {
	pattern, err := logfile.Compile(in.Q)
	if err != nil {
		return nil, err
	}
	run, step, err := a.openStep(ctx, in.StepInput)
	if err != nil {
		return nil, err
	}
	end, err := a.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	page, err := run.Search(ctx, step, logfile.SearchOptions{Pattern: pattern, From: in.From, Limit: in.Limit, MaxBytes: searchBytes})
	if err != nil {
		return nil, err
	}
	out := &Matches{Matches: make([]StepLine, len(page.Matches)), Next: page.Next, Scanned: page.Scanned, Total: page.Total, Complete: page.Complete}
	for i, l := range page.Matches {
		out.Matches[i] = StepLine{Number: l.Number, Time: instant(l.Time), Text: terminal.Line(l.Text)}
	}
	return out, nil
}

// raw serves the stored log of a run, or of one step, byte for byte.
func (a *API) raw(w http.ResponseWriter, r *http.Request, in *rawInput) error {
	run, err := a.Gate.Run(r.Context(), in.Name)
	if err != nil {
		return err
	}
	var step gate.StepName
	if in.Step != "" {
		if step, err = stepOf(in.Step); err != nil {
			return err
		}
	}
	disposition := "inline"
	if in.Download {
		disposition = "attachment"
	}
	name := fileName(run.Job().Spec.Job, run.Job().Spec.BuildID, step.Task, step.Step) + ".log"
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	if r.Header.Get("Range") == "" && acceptsGzip(r) {
		if sent, err := a.storedLog(w, r, run, step); sent || err != nil {
			return err
		}
	}
	return raw.Serve(r.Context(), w, r, func(ctx context.Context, rng storage.Range) (*storage.Object, error) {
		object, err := run.OpenLog(ctx, step, rng)
		if errors.Is(err, gate.ErrNotFound) {
			return nil, fmt.Errorf("the log is not in the store, or not yet: %w", err)
		}
		return object, err
	})
}

// storedLog serves a log that is stored compressed as it is, to a client that takes that. It is false for any other.
func (a *API) storedLog(w http.ResponseWriter, r *http.Request, run *gate.Run, step gate.StepName) (bool, error) {
	object, err := run.OpenStoredLog(r.Context(), step)
	if errors.Is(err, gate.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = object.Body.Close() }() // all that matters was read, or reading failed
	if object.ContentEncoding != "gzip" {
		return false, nil
	}
	h := w.Header()
	h.Set("Content-Encoding", "gzip")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Length", strconv.FormatInt(object.Size, 10))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		raw.Copy(w, r, object.Body)
	}
	return true, nil
}

// fileName joins what is safe in the name of a file.
func fileName(parts ...string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, strings.TrimRight(strings.Join(parts, "-"), "-"))
}
