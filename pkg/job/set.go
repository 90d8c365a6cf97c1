package job

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Set is every job of one configuration, compiled. It never changes, and looking a repository up allocates nothing.
type Set struct {
	presubmits  map[scm.Repo][]*Presubmit
	postsubmits map[scm.Repo][]*Postsubmit
	periodics   []*Periodic
}

// Presubmits are the jobs of a repository's pull requests, in the order of the files; callers must not change them.
func (s *Set) Presubmits(repo scm.Repo) []*Presubmit { return s.presubmits[repo] }

// Postsubmits are the jobs of a repository's pushes, in the order of the files; callers must not change them.
func (s *Set) Postsubmits(repo scm.Repo) []*Postsubmit { return s.postsubmits[repo] }

// Periodics are the jobs of the clock; callers must not change them.
func (s *Set) Periodics() []*Periodic { return s.periodics }

// Find returns the job of a run, by its name and for its branch. Run and Reason of the decision are not set.
func (s *Set) Find(kind v1alpha1.JobType, name string, repo scm.Repo, branch string) (d Decision, ok bool) {
	switch kind {
	case v1alpha1.Presubmit, v1alpha1.Batch:
		for _, p := range s.presubmits[repo] {
			if p.Name == name && p.RunsOnBranch(branch) {
				return Decision{Name: name, Context: p.Context, Presubmit: p}, true
			}
		}
	case v1alpha1.Postsubmit:
		for _, p := range s.postsubmits[repo] {
			if p.Name == name && p.RunsOnBranch(branch) {
				return Decision{Name: name, Context: p.Context, Postsubmit: p}, true
			}
		}
	case v1alpha1.Periodic:
		for _, p := range s.periodics {
			if p.Name == name {
				return Decision{Name: name, Periodic: p}, true
			}
		}
	}
	return Decision{}, false
}

// Repos lists every repository that has a job, sorted.
func (s *Set) Repos() []scm.Repo {
	all := map[scm.Repo]bool{}
	for repo := range s.presubmits {
		all[repo] = true
	}
	for repo := range s.postsubmits {
		all[repo] = true
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b scm.Repo) int { return cmp.Compare(a.String(), b.String()) })
}

// ParseRepo reads a repository key of a configuration: "org/repo" on the default connection, or "connection:org/repo".
func ParseRepo(key, defaultConnection string) (scm.Repo, error) {
	connection, name := SplitKey(key, defaultConnection)
	repo, err := scm.ParseRepo(connection, name)
	if err != nil {
		return scm.Repo{}, fmt.Errorf("%q is not a repository: write org/repo or connection:org/repo", key)
	}
	return repo, nil
}

// SplitKey separates the connection that a key names from the rest. A key that is a URL names none.
func SplitKey(key, defaultConnection string) (connection, name string) {
	before, after, found := strings.Cut(key, ":")
	if !found || strings.HasPrefix(after, "//") {
		return defaultConnection, key
	}
	return before, after
}
