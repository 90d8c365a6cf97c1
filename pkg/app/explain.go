package app

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/plugins"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// ExplainOptions of `pharos explain`, one for each flag.
type ExplainOptions struct {
	Config config.Paths
	// Repo is a repository key: org/repo or connection:org/repo.
	Repo, Base string
	// Event is pull_request, push or comment.
	Event   string
	Comment string
	// Changed files, or the file that lists them, one a line. Both nil and "" mean that they are not known.
	Changed     []string
	ChangedFile string
	Labels      []string
	// Author of the pull request and the comment: trusted or untrusted.
	Author string
	// Failed are the contexts whose last result was a failure; all others count as passed.
	Failed []string
	// Output is text or json.
	Output string
}

// Explanation says of every job of a repository whether it runs, and why.
type Explanation struct {
	Run  []Runs  `json:"run"`
	Skip []Skips `json:"skip"`
}

// Runs is a job that an event starts.
type Runs struct {
	Name     string `json:"name"`
	Context  string `json:"context"`
	Optional bool   `json:"optional"`
	reason   string
}

// Skips is a job that it does not start.
type Skips struct {
	Name    string `json:"name"`
	Context string `json:"context"`
	Reason  string `json:"reason"`
}

// Explain says which jobs an event would start, by the same code that starts them, without a cluster or a forge.
func Explain(o ExplainOptions, out io.Writer) error {
	o.Config.Lenient = true // what runs is the question; `pharos check` judges the rest
	c, err := config.Load(o.Config)
	if err != nil {
		return err
	}
	e, err := explain(c, o)
	if err != nil {
		return err
	}
	switch o.Output {
	case "json":
		return json.NewEncoder(out).Encode(e)
	case "text", "":
		return e.print(out)
	}
	return fmt.Errorf("--output=%s: write text or json", o.Output)
}

func explain(c *config.Config, o ExplainOptions) (*Explanation, error) {
	repo, err := job.ParseRepo(o.Repo, c.DefaultConnection())
	if err != nil {
		return nil, fmt.Errorf("--repo: %w", err)
	}
	changed, err := o.changed()
	if err != nil {
		return nil, err
	}
	e := &Explanation{Run: []Runs{}, Skip: []Skips{}}
	if err := e.fill(c, o, repo, changed); err != nil {
		return nil, err
	}
	slices.SortStableFunc(e.Run, func(a, b Runs) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(e.Skip, func(a, b Skips) int { return cmp.Compare(a.Name, b.Name) })
	return e, nil
}

// changed gives the list of changed files, or job.ErrChangesUnknown.
func (o ExplainOptions) changed() (func() ([]string, error), error) {
	files := o.Changed
	if o.ChangedFile != "" {
		data, err := os.ReadFile(o.ChangedFile)
		if err != nil {
			return nil, fmt.Errorf("--changed-file: %w", err)
		}
		files = append(files, strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' || r == '\r' })...)
	}
	if files == nil && o.ChangedFile == "" {
		return func() ([]string, error) { return nil, job.ErrChangesUnknown }, nil
	}
	return func() ([]string, error) { return files, nil }, nil
}

func (e *Explanation) fill(c *config.Config, o ExplainOptions, repo scm.Repo, changed func() ([]string, error)) error {
	why, err := o.closed(c, repo)
	if err != nil {
		return err
	}
	if o.Event == "push" {
		for _, p := range c.Jobs.Postsubmits(repo) {
			decisions, err := job.Postsubmits([]*job.Postsubmit{p}, o.Base, changed)
			if err := e.add(&p.Base, p.Context, true, why, decisions, err); err != nil {
				return err
			}
		}
		return nil
	}
	jobs := c.Jobs.Presubmits(repo)
	ask := job.Ask{Auto: o.Event == "pull_request", Comment: o.Comment, Failed: set(o.Failed), Seen: contexts(jobs)}
	for _, p := range jobs {
		decisions, err := job.Presubmits([]*job.Presubmit{p}, o.Base, ask, changed)
		if err := e.add(&p.Base, p.Context, p.Optional, why, decisions, err); err != nil {
			return err
		}
	}
	return nil
}

// closed says why nothing at all would run, or "".
func (o ExplainOptions) closed(c *config.Config, repo scm.Repo) (string, error) {
	switch o.Event {
	case "pull_request", "comment", "push":
	default:
		return "", fmt.Errorf("--event=%s: write pull_request, push or comment", o.Event)
	}
	if o.Config.Plugins != "" && !slices.Contains(c.Plugins.Enabled(repo), "trigger") {
		return "the plugin trigger is not enabled for " + repo.FullName(), nil
	}
	switch o.Author {
	case "trusted", "":
		return "", nil
	case "untrusted":
		trusted := o.Event == "push" || slices.Contains(o.Labels, plugins.LabelOKToTest) && !c.Plugins.Triggers(repo).IgnoreOKToTest
		if trusted {
			return "", nil
		}
		return "the author is not trusted: a member must comment /ok-to-test", nil
	}
	return "", fmt.Errorf("--author=%s: write trusted or untrusted", o.Author)
}

// add takes over what was decided about one job.
func (e *Explanation) add(b *job.Base, context string, optional bool, closed string, decisions []job.Decision, err error) error {
	switch {
	case closed != "":
		e.Skip = append(e.Skip, Skips{Name: b.Name, Context: context, Reason: closed})
	case errors.Is(err, job.ErrChangesUnknown):
		e.Skip = append(e.Skip, Skips{Name: b.Name, Context: context, Reason: "depends on the changed files, which were not given (--changed)"})
	case err != nil:
		return err
	}
	if closed != "" {
		return nil
	}
	for _, d := range decisions {
		if d.Run {
			e.Run = append(e.Run, Runs{Name: d.Name, Context: d.Context, Optional: optional, reason: d.Reason})
		} else {
			e.Skip = append(e.Skip, Skips{Name: d.Name, Context: d.Context, Reason: d.Reason})
		}
	}
	return nil
}

func (e *Explanation) print(out io.Writer) error {
	for _, r := range e.Run {
		if _, err := fmt.Fprintf(out, "run   %s (%s): %s\n", r.Name, r.Context, r.reason); err != nil {
			return err
		}
	}
	for _, s := range e.Skip {
		if _, err := fmt.Fprintf(out, "skip  %s (%s): %s\n", s.Name, s.Context, s.Reason); err != nil {
			return err
		}
	}
	return nil
}

func set(names []string) map[string]bool {
	all := make(map[string]bool, len(names))
	for _, n := range names {
		all[n] = true
	}
	return all
}
