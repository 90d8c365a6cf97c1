package gitlab

import (
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) repository() {
	s.in("GET ", scm.PermissionRead, func(c *call) (answer, error) { return ok(c.view.project(c.repo)) })
	s.in("GET /repository/files/{path}/raw", scm.PermissionRead, func(c *call) (answer, error) {
		at := c.query("ref")
		if at == "" {
			at = c.repo.DefaultBranch
		}
		text, err := c.repo.File(at, c.PathValue("path"))
		if err != nil {
			return missing("File")
		}
		return ok(text)
	})
	s.in("GET /repository/branches/{branch}", scm.PermissionRead, withBranch(func(c *call, branch, sha string) (answer, error) {
		return ok(object{
			"name": branch, "commit": object{"id": sha, "short_id": sha[:8]}, "merged": false, "protected": false, "default": branch == c.repo.DefaultBranch,
			"can_push": true, "web_url": c.page(c.repo) + "/-/tree/" + branch,
		})
	}))
	s.in("DELETE /repository/branches/{branch}", scm.PermissionWrite, withBranch(func(c *call, branch, _ string) (answer, error) {
		if err := c.SetRef(c.actor, c.repo, "refs/heads/"+branch, ""); err != nil {
			return fail(err)
		}
		return none()
	}))
	s.in("GET /repository/compare", scm.PermissionRead, compare)
	s.in("GET /repository/commits", scm.PermissionRead, listHistory)
	s.in("GET /repository/commits/{sha}/merge_requests", scm.PermissionRead, listPullsOfCommit)
}

func withBranch(h func(c *call, branch, sha string) (answer, error)) handler {
	return func(c *call) (answer, error) {
		branch := c.PathValue("branch")
		sha := c.repo.Tip(branch)
		if sha == "" {
			return missing("Branch")
		}
		return h(c, branch, sha)
	}
}

func compare(c *call) (answer, error) {
	from, to := c.repo.Resolve(c.query("from")), c.repo.Resolve(c.query("to"))
	if from == "" || to == "" {
		return missing("Ref")
	}
	files, err := c.repo.Diff(from, to, c.query("straight") != "true")
	if err != nil {
		return fail(err)
	}
	commits, err := c.repo.Log(from, to)
	if err != nil {
		return fail(err)
	}
	return ok(object{
		"commits": each(commits, func(one simulator.Commit) object { return c.commit(c.repo, one) }), "diffs": each(files, diff),
		"compare_timeout": false, "compare_same_ref": from == to, "web_url": c.page(c.repo) + "/-/compare/" + from + "..." + to,
	})
}

// listHistory lists a branch's commits or a range's, newest first.
func listHistory(c *call) (answer, error) {
	name := c.query("ref_name")
	if name == "" {
		name = c.repo.DefaultBranch
	}
	from, to, isRange := strings.Cut(name, "..")
	if !isRange {
		from, to = "", name
	}
	if to = c.repo.Resolve(to); to == "" || isRange && c.repo.Resolve(from) == "" {
		return missing("Tree")
	}
	all, err := c.repo.Log(from, to)
	if err != nil {
		return fail(err)
	}
	return ok(each(page(c, all), func(one simulator.Commit) object { return c.commit(c.repo, one) }))
}

func listPullsOfCommit(c *call) (answer, error) {
	sha := c.repo.Resolve(c.PathValue("sha"))
	if sha == "" {
		return missing("Commit")
	}
	var all []*simulator.Pull
	for _, p := range c.repo.Pulls {
		if p.HeadSHA == sha || c.repo.MergeBase(p.HeadSHA, sha) == sha && c.repo.MergeBase(p.BaseSHA, sha) != sha {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *simulator.Pull) int { return b.Number - a.Number })
	return ok(each(page(c, all), c.listed))
}
