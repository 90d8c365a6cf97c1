package job

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

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
