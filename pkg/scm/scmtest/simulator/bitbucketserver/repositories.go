package bitbucketserver

import (
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// maxChanges is how many changed files a server tells at most, on one page without another.
const maxChanges = 1000

func (s *server) repositories() {
	s.on("api", "GET /projects/{project}/repos", func(c *call) (answer, error) {
		o, err := c.project(c.PathValue("project"))
		if err != nil {
			return fail(err)
		}
		seen := slices.DeleteFunc(c.Repos(o.Path), func(r *simulator.Repo) bool { return c.Permission(r, c.actor) < scm.PermissionRead })
		return page(c, seen, c.view().repo)
	})
	s.in("api", "GET ", scm.PermissionRead, func(c *call) (answer, error) { return ok(c.view().repo(c.repo)) })
	s.in("api", "GET /default-branch", scm.PermissionRead, defaultBranch)
	s.in("api", "GET /commits", scm.PermissionRead, func(c *call) (answer, error) {
		until, err := c.commitOf("until")
		if err != nil {
			return fail(err)
		}
		since, err := c.commitOf("since")
		if err != nil {
			return fail(err)
		}
		return c.commits(since, until)
	})
	s.in("api", "GET /changes", scm.PermissionRead, compare)
	s.in("api", "GET /raw/{path...}", scm.PermissionRead, readFile)
	s.in("api", "GET /settings/pull-requests", scm.PermissionRead, pullSettings)
	s.in("branch-utils", "DELETE /branches", scm.PermissionWrite, deleteBranch)
}

func defaultBranch(c *call) (answer, error) {
	name := c.repo.DefaultBranch
	sha := c.repo.Tip(name)
	if sha == "" {
		return fail(missing("repository.NoSuchBranchException", "Branch %s does not exist in %s.", name, c.repo.FullName()))
	}
	out := ref("refs/heads/" + name)
	out["latestCommit"], out["latestChangeset"], out["isDefault"] = sha, sha, true
	return ok(out)
}

func (c *call) noCommit(name string) error {
	return missing("commit.NoSuchCommitException", "Commit '%s' does not exist in repository '%s'.", name, slugOf(c.repo))
}

// commitOf is the commit that a parameter names: empty for an absent one, but the default branch's for "until".
func (c *call) commitOf(parameter string) (string, error) {
	name := c.query(parameter)
	if name == "" && parameter != "until" {
		return "", nil
	}
	if name == "" {
		name = "refs/heads/" + c.repo.DefaultBranch
	}
	sha := c.repo.Resolve(name)
	if sha == "" {
		return "", c.noCommit(name)
	}
	return sha, nil
}

// commits lists what is reachable from one commit and not from another, the newest first.
func (c *call) commits(since, until string) (answer, error) {
	all, err := c.repo.Log(since, until)
	if err != nil {
		return fail(err)
	}
	return page(c, all, func(one simulator.Commit) map[string]any { return c.view().commit(one, c.byEmail(one.Email)) })
}

// changes lists the files that differ between two commits, on one page only.
func (c *call) changes(from, to string, sinceBase bool) (answer, error) {
	start, limit, err := c.paging(maxChanges)
	if err != nil {
		return fail(err)
	}
	files, err := c.repo.Diff(from, to, sinceBase)
	if err != nil {
		return fail(err)
	}
	end := min(start+limit, len(files))
	values := each(files[min(start, end):end], change)
	return ok(map[string]any{
		"fromHash": from, "toHash": to, "properties": map[string]any{"changeScope": "ALL"}, "values": values, "size": len(values),
		"isLastPage": end == len(files), "start": start, "limit": limit, "nextPageStart": nil,
	})
}

// compare is the difference between two commits, or of one from its first parent.
func compare(c *call) (answer, error) {
	if c.query("until") == "" {
		return fail(invalid("until", "The commit must be supplied."))
	}
	until, err := c.commitOf("until")
	if err != nil {
		return fail(err)
	}
	since, err := c.commitOf("since")
	if err != nil {
		return fail(err)
	}
	if since == "" {
		if since = c.repo.Resolve(until + "^"); since == "" {
			return fail(c.noCommit(until + "^"))
		}
	}
	return c.changes(since, until, false)
}

func readFile(c *call) (answer, error) {
	at := c.query("at")
	if at == "" {
		at = "refs/heads/" + c.repo.DefaultBranch
	}
	sha := c.repo.Resolve(at)
	if sha == "" {
		return fail(c.noCommit(at))
	}
	text, err := c.repo.File(sha, c.PathValue("path"))
	if err != nil {
		return fail(missing("content.NoSuchPathException", "The path \"%s\" does not exist at revision \"%s\"", c.PathValue("path"), at))
	}
	return ok([]byte(text))
}

// deleteBranch is content with a branch that is gone already.
func deleteBranch(c *call) (answer, error) {
	in, err := decode[struct {
		Name   string
		DryRun bool
	}](c)
	if err != nil {
		return fail(err)
	}
	name := strings.TrimPrefix(in.Name, "refs/heads/")
	switch {
	case name == "":
		return fail(invalid("name", "The name of the branch must be supplied."))
	case name == c.repo.DefaultBranch:
		return fail(invalid("name", "The default branch cannot be deleted."))
	case in.DryRun || c.repo.Tip(name) == "":
		return none()
	}
	if err := c.SetRef(c.actor, c.repo, "refs/heads/"+name, ""); err != nil {
		return fail(err)
	}
	return none()
}
