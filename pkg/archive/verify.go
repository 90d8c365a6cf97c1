package archive

import (
	"context"
	"fmt"
	"iter"
	"path"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// Problem is a kind of finding.
type Problem string

// Problems.
const (
	// Unfinished is a run without finished.json that nobody is writing any more.
	Unfinished Problem = "unfinished"
	// HalfRemoved is a run whose removal was interrupted.
	HalfRemoved Problem = "half-removed"
	// FileMissing is a file that a finished run has to have.
	FileMissing Problem = "file-missing"
	// FileDamaged is a file that cannot be read or has another size than noted.
	FileDamaged Problem = "file-damaged"
	// LinesMissing is a log of which Pharos noted that lines may be missing.
	LinesMissing Problem = "lines-missing"
	// IndexMissing and IndexDamaged are about the index beside a step's log, without which reading it is slow.
	IndexMissing Problem = "index-missing"
	IndexDamaged Problem = "index-damaged"
	// Leftovers are live text behind a finished run.
	Leftovers Problem = "leftovers"
	// LatestWrong is a latest-build.txt that names another build than the newest.
	LatestWrong Problem = "latest-wrong"
	// StaleUploads are uploads that were begun and never completed.
	StaleUploads Problem = "stale-uploads"
)

// Finding is one thing that is wrong in the bucket.
type Finding struct {
	// Path is the run's folder, or that of a job's builds.
	Path    string  `json:"path"`
	Problem Problem `json:"problem"`
	// Detail says what exactly, Remedy what to do.
	Detail string `json:"detail"`
	Remedy string `json:"remedy"`
	// Repaired says that it is right now.
	Repaired bool `json:"repaired,omitempty"`
	repair   func(context.Context) error
}

// VerifyOptions say what counts as wrong.
type VerifyOptions struct {
	// Live says that a run's folder is still being written to, see [Live]. Nil means none is.
	Live func(folder string) bool
	// Age is how long ago the last file of a run has to be written before it counts as unfinished; 0 means a day.
	Age time.Duration
	// Repair puts right what can be: it removes live text that is archived and uploads that began a week ago, ends
	// interrupted removals, makes indexes anew and corrects latest-build.txt.
	Repair bool
}

// staleUpload is the age at which an upload cannot be of a live run any more.
const staleUpload = 7 * 24 * time.Hour

// verifier holds what all checks need.
type verifier struct {
	store  storage.Store
	layout logs.Layout
	o      VerifyOptions
	now    time.Time
}

// Verify yields what is wrong with the runs of the bucket and with what leads to them. It reads listings, records and
// indexes, eight at once, but no logs, and stops after the first error of the store. Runs of Prow itself are held to what
// Prow writes.
func Verify(ctx context.Context, store storage.Store, layout logs.Layout, o VerifyOptions) iter.Seq2[Finding, error] {
	if o.Live == nil {
		o.Live = func(string) bool { return false }
	}
	if o.Age == 0 {
		o.Age = 24 * time.Hour
	}
	v := &verifier{store: store, layout: layout, o: o, now: time.Now()}
	return func(yield func(Finding, error) bool) {
		for findings, err := range parallel(ctx, v.checks(ctx), v.run) {
			if err != nil {
				yield(Finding{}, fmt.Errorf("verify archive: %w", err))
				return
			}
			for _, finding := range findings {
				if !yield(finding, nil) {
					return
				}
			}
		}
	}
}

// check is one piece of work.
type check func(context.Context) ([]Finding, error)

func (v *verifier) run(ctx context.Context, c check) ([]Finding, error) {
	findings, err := c(ctx)
	if err != nil || !v.o.Repair {
		return findings, err
	}
	for i := range findings {
		if f := &findings[i]; f.repair != nil {
			if err := f.repair(ctx); err != nil {
				return nil, fmt.Errorf("repair %s of %s: %w", f.Problem, f.Path, err)
			}
			f.Repaired = true
		}
	}
	return findings, nil
}

// checks lists the work: each run, behind the runs of a job its latest build, and then what belongs to no run.
func (v *verifier) checks(ctx context.Context) iter.Seq2[check, error] {
	return func(yield func(check, error) bool) {
		job := ""
		for run, err := range Walk(ctx, v.store, v.layout) {
			if err != nil {
				yield(nil, err)
				return
			}
			if job != "" && job != run.JobFolder() && !yield(v.latest(job), nil) {
				return
			}
			job = run.JobFolder()
			if !yield(func(ctx context.Context) ([]Finding, error) { return v.inspect(ctx, run) }, nil) {
				return
			}
		}
		if job != "" && !yield(v.latest(job), nil) {
			return
		}
		w := &walker{ctx: ctx, store: v.store}
		on := w.roots(v.layout, func(root string) bool {
			return w.directories(root, func(folder string) bool { return yield(v.latest(folder), nil) })
		})
		switch {
		case w.err != nil:
			yield(nil, w.err)
		case on && v.o.Repair:
			yield(v.uploads, nil)
		}
	}
}

// inspect checks one run.
func (v *verifier) inspect(ctx context.Context, run Run) ([]Finding, error) {
	c, err := Inspect(ctx, v.store, run)
	if err != nil || v.o.Live(run.Path) {
		return nil, err
	}
	switch {
	case c.Has(deletingFile):
		return []Finding{{
			Path: run.Path, Problem: HalfRemoved, Detail: "retention began to remove the run and did not end",
			Remedy: "repair, or leave it to the next pass of retention",
			repair: func(ctx context.Context) error { return remove(ctx, v.store, v.layout, run) },
		}}, nil
	case !c.Has(logs.FinishedFile):
		return v.unfinished(c), nil
	}
	return v.finished(ctx, c)
}

// unfinished leaves alone what was written to lately.
func (v *verifier) unfinished(c Contents) []Finding {
	if v.now.Sub(c.Written()) < v.o.Age || v.now.Sub(madeAt(c.BuildID)) < v.o.Age {
		return nil
	}
	return []Finding{{
		Path: c.Path, Problem: Unfinished,
		Detail: fmt.Sprintf("no %s, and nobody writes to the run", logs.FinishedFile),
		Remedy: "what was printed may be in its files; rerun the job for a whole log, retention removes this one",
	}}
}

// finished checks that a run which says so is complete.
func (v *verifier) finished(ctx context.Context, c Contents) ([]Finding, error) {
	var findings []Finding
	if c.Has(liveFolder) {
		findings = append(findings, Finding{
			Path: c.Path, Problem: Leftovers, Detail: "live text is still there although the logs are archived",
			Remedy: "repair, which removes it",
			repair: func(ctx context.Context) error { return removeAll(ctx, v.store, c.Path+"/"+liveFolder) },
		})
	}
	for _, name := range []string{logs.StartedFile, logs.BuildLogFile} {
		if c.Has(name) || name == logs.BuildLogFile && hasContainerLog(c) {
			continue
		}
		findings = append(findings, missing(c, name))
	}
	if !c.Has(logs.PipelineJobFile) && !c.Has(logs.JobFile) {
		findings = append(findings, missing(c, logs.JobFile))
	}
	if !c.Has(logs.StepsFile) {
		return findings, nil
	}
	more, err := v.steps(ctx, c)
	return append(findings, more...), err
}

// hasContainerLog is for runs of Prow with several containers, which have a log for each.
func hasContainerLog(c Contents) bool {
	for name := range c.Files {
		if strings.HasSuffix(name, "-"+logs.BuildLogFile) {
			return true
		}
	}
	return false
}

func missing(c Contents, name string) Finding {
	return Finding{
		Path: c.Path, Problem: FileMissing, Detail: name + " is not there although the run is finished",
		Remedy: "restore the file from a copy of the bucket, or rerun the job",
	}
}

// uploads is done only when repairing, since a store tells of uploads only by aborting them.
func (v *verifier) uploads(ctx context.Context) ([]Finding, error) {
	prefix := strings.Trim(v.layout.Prefix, "/")
	n, err := v.store.AbortStale(ctx, folderPrefix(prefix), staleUpload)
	if err != nil || n == 0 {
		return nil, err
	}
	return []Finding{{
		Path: path.Join(prefix, "."), Problem: StaleUploads, Detail: fmt.Sprintf("%d uploads began a week ago and were never completed", n),
		Remedy: "repair, which aborts them", Repaired: true,
	}}, nil
}

func folderPrefix(folder string) string {
	if folder == "" {
		return ""
	}
	return folder + "/"
}
