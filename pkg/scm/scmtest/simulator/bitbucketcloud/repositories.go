package bitbucketcloud

import (
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) repositories() {
	s.in("GET ", scm.PermissionRead, func(c *call) (answer, error) { return ok(c.view().repo(c.repo, c.actor)) })
	s.on("GET /repositories/{workspace}", listRepositories)
	s.in("GET /refs/branches", scm.PermissionRead, listBranches)
	s.in("GET /refs/branches/{branch...}", scm.PermissionRead, withBranch(func(c *call, name string) (answer, error) {
		return ok(c.view().branch(c.repo, name))
	}))
	s.in("DELETE /refs/branches/{branch...}", scm.PermissionWrite, withBranch(deleteBranch))
}

func listRepositories(c *call) (answer, error) {
	o, err := c.Org(c.PathValue("workspace"))
	if err != nil {
		return fail(missing("Workspace"))
	}
	show := func(r *simulator.Repo) map[string]any { return c.view().repo(r, c.actor) }
	all := slices.DeleteFunc(c.Repos(o.Path), func(r *simulator.Repo) bool { return c.Permission(r, c.actor) < scm.PermissionRead })
	if all, err = filter(c, all, show); err != nil {
		return fail(err)
	}
	return list(c, things, all, show)
}

// listBranches looks for branches by what a query says of their names.
func listBranches(c *call) (answer, error) {
	names, err := filter(c, c.repo.Branches(), func(name string) map[string]any { return map[string]any{"name": name} })
	if err != nil {
		return fail(err)
	}
	return list(c, things, names, func(name string) map[string]any { return c.view().branch(c.repo, name) })
}

func withBranch(h func(*call, string) (answer, error)) handler {
	return func(c *call) (answer, error) {
		name := c.PathValue("branch")
		if c.repo.Tip(name) == "" {
			return fail(missing("Branch"))
		}
		return h(c, name)
	}
}

func deleteBranch(c *call, name string) (answer, error) {
	if name == c.repo.DefaultBranch {
		return fail(invalid("The main branch cannot be deleted."))
	}
	if err := c.SetRef(c.actor, c.repo, "refs/heads/"+name, ""); err != nil {
		return fail(err)
	}
	return none()
}
