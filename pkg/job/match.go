package job

import (
	"regexp"
	"slices"
)

// matcher is a list of expressions of which any may match.
type matcher []*regexp.Regexp

func (m matcher) match(s string) bool {
	for _, re := range m {
		if re.MatchString(s) {
			return true
		}
	}
	return false
}

// expressions compiles each distinct expression once: the jobs of a large configuration share a few hundred.
type expressions map[string]*regexp.Regexp

func (e expressions) compile(text string) (*regexp.Regexp, error) {
	if re := e[text]; re != nil {
		return re, nil
	}
	re, err := regexp.Compile(text)
	if err == nil {
		e[text] = re
	}
	return re, err
}

// RunsOnBranch says whether a job is meant for a branch.
func (b *Brancher) RunsOnBranch(name string) bool {
	ok, _ := b.branch(name)
	return ok
}

// branch says whether a job is meant for a branch, with the reason when it is not.
func (b *Brancher) branch(name string) (ok bool, why string) {
	switch {
	case b.skip.match(name):
		return false, "branch " + name + " is in skip_branches"
	case len(b.Branches) > 0 && !b.only.match(name):
		return false, "branch " + name + " is not in branches"
	}
	return true, ""
}

// intersects says whether some branch is meant by both. Expressions cannot be compared in general, so lists of branches are
// compared as text, and as samples against a list of skipped ones; as in Prow.
func (b *Brancher) intersects(other *Brancher) bool {
	meant := func(of *Brancher, names []string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			ok, _ := of.branch(name)
			return ok
		})
	}
	switch {
	case len(b.Branches) > 0 && len(other.Branches) > 0:
		return slices.ContainsFunc(b.Branches, func(name string) bool { return slices.Contains(other.Branches, name) })
	case len(b.Branches) > 0:
		return len(other.SkipBranches) == 0 || meant(other, b.Branches)
	case len(other.Branches) > 0:
		return len(b.SkipBranches) == 0 || meant(b, other.Branches)
	}
	return true
}

// conditional says that the changed files decide.
func (c *ChangeMatcher) conditional() bool {
	return c.RunIfChanged != "" || c.SkipIfOnlyChanged != "" || c.When != nil
}

// holds asks the condition, whichever form it has.
func (c *ChangeMatcher) holds(files *changes) (ok bool, why string, err error) {
	if c.When != nil {
		return c.When(files.get)
	}
	changed, err := files.get()
	if err != nil {
		return false, "", err
	}
	ok, why = c.changed(changed)
	return ok, why, nil
}

// changed says whether the changed files call for the job, and why. No files call for nothing.
func (c *ChangeMatcher) changed(files []string) (ok bool, why string) {
	if c.RunIfChanged != "" {
		for _, f := range files {
			if c.files.match(f) {
				return true, "run_if_changed matched " + f
			}
		}
		return false, "no changed file matches run_if_changed"
	}
	for _, f := range files {
		if !c.files.match(f) {
			return true, "skip_if_only_changed does not cover " + f
		}
	}
	if len(files) == 0 {
		return false, "no file changed"
	}
	return false, "skip_if_only_changed covers every changed file"
}
