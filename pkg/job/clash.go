package job

import (
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Clashes compares jobs that a repository keeps itself, compiled on their own, with those that the configuration has for it.
// The problems are told at the repository's.
func Clashes(repo scm.Repo, configured, kept *Set) []Problem {
	c := &compiler{}
	names, contexts := map[string][]*Presubmit{}, map[string][]*Presubmit{}
	for _, p := range configured.presubmits[repo] {
		names[p.Name] = append(names[p.Name], p)
		if !p.SkipReport {
			contexts[p.Context] = append(contexts[p.Context], p)
		}
	}
	for _, p := range kept.presubmits[repo] {
		c.checkPresubmitClash(repo, p, names[p.Name], contexts[p.Context])
	}
	for _, p := range kept.postsubmits[repo] {
		for _, before := range configured.postsubmits[repo] {
			if before.Name == p.Name && before.intersects(&p.Brancher) {
				c.add(p.Source, "name", fmt.Sprintf("postsubmit %s of %s exists already at %s for the same branches", p.Name, repo.FullName(), before.Place()),
					"rename one of them or separate their branches")
				break
			}
		}
	}
	return c.problems
}
