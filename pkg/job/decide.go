package job

import (
	"errors"
	"fmt"
)

// Decision is one job that was considered. Exactly one of Presubmit and Postsubmit is set.
type Decision struct {
	// Name and Context are the job's.
	Name    string
	Context string
	Run     bool
	// Reason is a fragment of a sentence: "run_if_changed matched src/a.go", "needs /test e2e".
	Reason string
	// One of these is set.
	Presubmit  *Presubmit
	Postsubmit *Postsubmit
	Periodic   *Periodic
}

// Base is the job, whatever its kind.
func (d Decision) Base() *Base {
	switch {
	case d.Presubmit != nil:
		return &d.Presubmit.Base
	case d.Postsubmit != nil:
		return &d.Postsubmit.Base
	}
	return &d.Periodic.Base
}

// Ask is why presubmits are considered.
type Ask struct {
	// Auto is a new head, or a pull request that became trusted: every job that needs no command.
	Auto bool
	// Comment is the body of a comment; its commands choose jobs.
	Comment string
	// Failed are the contexts in failure or error on the head, Seen those with any status; needed for /retest.
	Failed, Seen map[string]bool
}

// ErrChangesUnknown is what the changed-files function of [Postsubmits] answers when nothing can tell: after a forced push
// whose old commit is gone, say. Every job counts as touched then.
var ErrChangesUnknown = errors.New("the changed files are not known")

// changes asks for the changed files once, and only if somebody wants them.
type changes struct {
	ask   func() ([]string, error)
	asked bool
	files []string
	err   error
}

func (c *changes) get() ([]string, error) {
	if c.asked {
		return c.files, c.err
	}
	c.asked = true
	if c.ask == nil {
		c.err = ErrChangesUnknown
	} else {
		c.files, c.err = c.ask()
	}
	return c.files, c.err
}

// Presubmits decides for every job of a repository whether it runs for a pull request onto base. The function changed is
// called at most once; its error is returned, because a job must not be skipped by mistake.
func Presubmits(jobs []*Presubmit, base string, ask Ask, changed func() ([]string, error)) ([]Decision, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	req := parse(ask.Comment)
	req.all = req.all || ask.Auto
	files := &changes{ask: changed}
	decisions := make([]Decision, 0, len(jobs))
	for _, p := range jobs {
		run, reason, err := p.decide(base, ask, &req, files)
		if err != nil {
			return nil, fmt.Errorf("decide about job %s: %w", p.Name, err)
		}
		decisions = append(decisions, Decision{Name: p.Name, Context: p.Context, Run: run, Reason: reason, Presubmit: p})
	}
	return decisions, nil
}

func (p *Presubmit) decide(base string, ask Ask, req *request, files *changes) (run bool, reason string, err error) {
	if why := p.unrunnable(); why != "" {
		return false, why, nil
	}
	if ok, why := p.branch(base); !ok {
		return false, why, nil
	}
	c := p.choose(ask, req)
	if !c.considered {
		return false, c.reason, nil
	}
	switch {
	case p.AlwaysRun && !c.forced:
		return true, "always_run", nil
	case p.AlwaysRun, c.forced:
		return true, c.reason, nil
	case c.byDefault: // what the changed files say cannot alter this, so they are not asked for
		return true, c.reason, nil
	case !p.conditional():
		return false, c.reason, nil
	}
	return p.holds(files)
}

// choice is what the commands say about a job before its own conditions are asked.
type choice struct {
	considered bool
	forced     bool // runs whatever its conditions say
	byDefault  bool // runs unless its branch forbids
	reason     string
}

// choose applies Prow's filters in their order; the first that fits decides.
func (p *Presubmit) choose(ask Ask, req *request) choice {
	manual := !p.AlwaysRun && !p.conditional()
	retestable := ask.Failed[p.Context] || (!manual && !ask.Seen[p.Context])
	switch {
	case req.names(p):
		return choice{considered: true, forced: true, reason: "asked for by " + p.RerunCommand}
	case req.retest && retestable, req.retestRequired && !p.Optional && retestable:
		failed := ask.Failed[p.Context]
		reason := "has no result yet"
		if failed {
			reason = "failed before"
		}
		return choice{considered: true, byDefault: failed, reason: reason}
	case req.manual && manual && !p.Optional:
		return choice{considered: true, forced: true, reason: "asked for by /test-manual-required"}
	case req.all && !manual:
		return choice{considered: true}
	}
	return choice{reason: p.unasked(ask, req, manual)}
}

// unasked says why no filter chose a job.
func (p *Presubmit) unasked(ask Ask, req *request, manual bool) string {
	switch {
	case req.retestRequired && !req.retest && p.Optional:
		return "is optional, and only required jobs were asked for"
	case (req.retest || req.retestRequired) && ask.Seen[p.Context]:
		return "did not fail before"
	case manual:
		return "needs " + p.RerunCommand
	}
	return "was not asked for"
}

// Postsubmits decides for every job of a repository whether it runs for a push to branch. A changed function that is nil, or
// answers [ErrChangesUnknown], makes every job count as touched; any other error is returned.
func Postsubmits(jobs []*Postsubmit, branch string, changed func() ([]string, error)) ([]Decision, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	files := &changes{ask: changed}
	decisions := make([]Decision, 0, len(jobs))
	for _, p := range jobs {
		run, reason, err := p.decide(branch, files)
		if err != nil {
			return nil, fmt.Errorf("decide about job %s: %w", p.Name, err)
		}
		decisions = append(decisions, Decision{Name: p.Name, Context: p.Context, Run: run, Reason: reason, Postsubmit: p})
	}
	return decisions, nil
}

func (p *Postsubmit) decide(branch string, files *changes) (run bool, reason string, err error) {
	if why := p.unrunnable(); why != "" {
		return false, why, nil
	}
	if ok, why := p.branch(branch); !ok {
		return false, why, nil
	}
	if !p.conditional() {
		if p.AlwaysRun != nil && !*p.AlwaysRun {
			return false, "always_run is false", nil
		}
		return true, "runs on every push", nil
	}
	run, reason, err = p.holds(files)
	if errors.Is(err, ErrChangesUnknown) {
		return true, "the changed files are not known, so it counts as touched", nil
	}
	return run, reason, err
}
