package job

import (
	"slices"
	"strings"
)

// request is what a comment asks for, read from its commands.
type request struct {
	body    string // with the other spellings of a command made equal
	targets map[string]bool
	all     bool // /test all, /ok-to-test
	retest  bool
	// retestRequired and manual leave optional jobs out.
	retestRequired bool
	manual         bool
}

// parse reads the commands that begin a line. Windows line ends and the prefixed spellings /lh-test and /pharos-test are
// made equal first, so that expressions written for /test match them too.
func parse(comment string) request {
	r := request{body: normalise(comment)}
	for line := range strings.Lines(r.body) {
		if !strings.HasPrefix(line, "/") {
			continue
		}
		words := strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '\t' || c == ',' || c == '\n' })
		if len(words) == 0 {
			continue
		}
		r.command(words[0], words[1:])
	}
	return r
}

func (r *request) command(name string, args []string) {
	switch name {
	case "/test":
		for _, arg := range args {
			if arg == "all" {
				r.all = true
			}
			if r.targets == nil {
				r.targets = map[string]bool{}
			}
			r.targets[arg] = true
		}
	case "/ok-to-test":
		r.all = r.all || len(args) == 0
	case "/retest":
		r.retest = r.retest || len(args) == 0
	case "/retest-required":
		r.retestRequired = r.retestRequired || len(args) == 0
	case "/test-manual-required":
		r.manual = r.manual || len(args) == 0
	}
}

func normalise(comment string) string {
	if strings.Contains(comment, "\r") {
		comment = strings.ReplaceAll(comment, "\r\n", "\n")
	}
	if !strings.Contains(comment, "/lh-") && !strings.Contains(comment, "/pharos-") {
		return comment
	}
	lines := strings.SplitAfter(comment, "\n")
	for i, line := range lines {
		for _, prefix := range []string{"/lh-", "/pharos-"} {
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				lines[i] = "/" + rest
			}
		}
	}
	return strings.Join(lines, "")
}

// names says whether a comment asks for this very job: by its own trigger, else by "/test NAME".
func (r *request) names(p *Presubmit) bool {
	if len(p.trigger) > 0 {
		return p.trigger.match(r.body)
	}
	return r.targets[p.Name]
}

// Triggered says whether a comment names one of the jobs: with /test, or by a trigger of the job's own that no list of
// commands knows. Code blocks and quotes are the caller's to remove.
func Triggered(jobs []*Presubmit, comment string) bool {
	r := parse(comment)
	return slices.ContainsFunc(jobs, r.names)
}

// Asks says whether a comment asks for tests at all: any of the test commands, right or wrong, or the trigger of a job.
// Code blocks and quotes are the caller's to remove.
func Asks(jobs []*Presubmit, comment string) bool {
	for line := range strings.Lines(normalise(comment)) {
		words := strings.Fields(line)
		if len(words) == 0 || !strings.HasPrefix(line, "/") {
			continue
		}
		switch words[0] {
		case "/test", "/retest", "/retest-required", "/test-manual-required", "/ok-to-test":
			return true
		}
	}
	return Triggered(jobs, comment)
}

// HelpTargets lists the comments that start each job meant for a base branch, sorted: of jobs that block the merge, and
// of optional ones.
func HelpTargets(jobs []*Presubmit, base string) (required, optional []string) {
	for _, p := range jobs {
		if ok, _ := p.branch(base); !ok {
			continue
		}
		if p.Optional {
			optional = append(optional, p.RerunCommand)
		} else {
			required = append(required, p.RerunCommand)
		}
	}
	slices.Sort(required)
	slices.Sort(optional)
	return required, optional
}
