package archive

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
)

// Keep says how long runs stay. The zero value keeps them for ever.
type Keep struct {
	// Age is how long after it was made a run is kept; 0 is without end.
	Age time.Duration
	// Count is how many of the newest runs of a job are kept; 0 is all. Presubmits of a job count together over the pull
	// requests of a repository, others over what the layout keeps in one folder.
	Count int
}

// Rule is what applies to some jobs instead of the default. Empty fields apply to all.
type Rule struct {
	Connection string
	// Repo is "org/name"; it applies to runs that test the repository, or check it out first.
	Repo string
	// Job is the name, or a pattern as of [path.Match].
	Job string
	Keep
}

// Policy is what retention goes by: the first rule that applies, else the default.
type Policy struct {
	Default Keep
	Rules   []Rule
}

// empty says that everything is kept.
func (p Policy) empty() bool {
	return p.Default == Keep{} && !slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Keep != Keep{} })
}

// mostCount is the largest count of all rules.
func (p Policy) mostCount() int {
	most := p.Default.Count
	for _, r := range p.Rules {
		most = max(most, r.Count)
	}
	return most
}

// rules that a run's path does not exclude, in order, the default at the end. Whether one applies that names a repository
// may need a look into the run.
func (p Policy) rules(layout logs.Layout, run Run) []Rule {
	var rules []Rule
	for _, r := range p.Rules {
		applies, sure := r.applies(layout, run)
		if !applies {
			continue
		}
		if sure {
			r.Repo = ""
		}
		if rules = append(rules, r); sure {
			return rules
		}
	}
	return append(rules, Rule{Keep: p.Default})
}

// applies goes by the path. It is not sure where that does not tell the repository.
func (r Rule) applies(layout logs.Layout, run Run) (applies, sure bool) {
	if r.Connection != "" && r.Connection != run.Connection || !r.matchesJob(run.Job) {
		return false, true
	}
	if r.Repo == "" {
		return true, true
	}
	if run.Type != v1alpha1.Presubmit {
		return true, false
	}
	i := strings.LastIndexByte(r.Repo, '/')
	return i > 0 && layout.RepoSegment(r.Repo[:i], r.Repo[i+1:]) == run.RepoSegment, true
}

func (r Rule) matchesJob(job string) bool {
	if r.Job == "" || r.Job == job {
		return true
	}
	ok, err := path.Match(r.Job, job)
	return err == nil && ok
}

// repoName is the repository that a run tests, or checks out first; empty when there is none.
func repoName(job *v1alpha1.PipelineJob) string {
	refs := job.Spec.Refs
	if refs == nil && len(job.Spec.ExtraRefs) > 0 {
		refs = &job.Spec.ExtraRefs[0]
	}
	if refs == nil {
		return ""
	}
	return refs.Org + "/" + refs.Repo
}

// group is what runs are counted by.
type group struct {
	connection, repo, job string
	kind                  v1alpha1.JobType
}

func groupOf(run Run) group {
	return group{connection: run.Connection, kind: run.Type, repo: run.RepoSegment, job: run.Job}
}

// newestBuilds are the newest builds of each group, newest first.
type newestBuilds struct {
	most   int
	builds map[group][]string
}

func (n *newestBuilds) add(run Run) {
	builds := n.builds[groupOf(run)]
	i, _ := slices.BinarySearchFunc(builds, run.BuildID, newestFirst)
	if i >= n.most {
		return
	}
	if len(builds) == n.most {
		builds = builds[:n.most-1]
	}
	n.builds[groupOf(run)] = slices.Insert(builds, i, run.BuildID)
}

func newestFirst(a, b string) int { return cmp.Compare(0, v1alpha1.CompareBuilds(a, b)) }

// exceeds says that count newer builds are there.
func (n *newestBuilds) exceeds(run Run, count int) bool {
	builds := n.builds[groupOf(run)]
	return count > 0 && len(builds) >= count && v1alpha1.CompareBuilds(run.BuildID, builds[count-1]) < 0
}
