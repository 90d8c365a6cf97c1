package gitea

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) repositories() {
	s.in("GET ", scm.PermissionRead, func(c *call) (answer, error) { return ok(c.view().repo(c.repo)) })
	s.in("GET /raw/{path...}", scm.PermissionRead, readFile)
	s.in("GET /branches/{branch...}", scm.PermissionRead, getBranch)
	s.in("DELETE /branches/{branch...}", scm.PermissionWrite, deleteBranch)
	s.in("GET /compare/{range...}", scm.PermissionRead, compare)
	s.in("GET /collaborators/{login}/permission", scm.PermissionRead, permission)
}

func readFile(c *call) (answer, error) {
	at := c.FormValue("ref")
	if at == "" {
		at = c.repo.DefaultBranch
	}
	text, err := c.repo.File(at, c.PathValue("path"))
	if err != nil {
		return fail(err)
	}
	return ok([]byte(text))
}

func getBranch(c *call) (answer, error) {
	name := c.PathValue("branch")
	tip, err := one(c.repo, c.repo.Tip(name))
	if c.repo.Tip(name) == "" || err != nil {
		return fail(simulator.ErrNotFound)
	}
	return ok(map[string]any{
		"name": name, "commit": c.view().payload(c.repo, tip, false), "protected": false, "required_approvals": 0, "enable_status_check": false,
		"status_check_contexts": []any{}, "user_can_push": c.may(scm.PermissionWrite), "user_can_merge": c.may(scm.PermissionWrite),
		"effective_branch_protection_name": "",
	})
}

// deleteBranch also closes the pull requests from the branch.
func deleteBranch(c *call) (answer, error) {
	name := c.PathValue("branch")
	if c.repo.Tip(name) == "" {
		return fail(&missing{"not found", []string{fmt.Sprintf("branch does not exist [name: %s]", name)}})
	}
	var from []*simulator.Pull
	for _, p := range c.repo.Pulls {
		if p.State == scm.StateOpen && p.HeadRepo == c.repo && p.Head == name {
			from = append(from, p)
		}
		if name == c.repo.DefaultBranch || p.State == scm.StateOpen && p.Base == name {
			return fail(forbidden("can not delete default or pull request target branch"))
		}
	}
	if err := c.SetRef(c.actor, c.repo, "refs/heads/"+name, ""); err != nil {
		return fail(err)
	}
	closed := scm.StateClosed
	for _, p := range from {
		if err := c.EditPull(c.actor, p, simulator.Patch{State: &closed}); err != nil {
			return fail(err)
		}
	}
	return none()
}

// compare lists the commits of the head that the base has not, newest first, with the files of each.
func compare(c *call) (answer, error) {
	from, to, _ := strings.Cut(c.PathValue("range"), "...")
	base, head := c.repo.Resolve(from), c.repo.Resolve(to)
	if base == "" || head == "" {
		return fail(simulator.ErrNotFound)
	}
	all, err := c.repo.Log(base, head)
	if err != nil {
		return fail(err)
	}
	return ok(map[string]any{"total_commits": len(all), "commits": c.commits(all)})
}

// writers are those who may write, by name.
func (c *call) writers() []*simulator.User {
	var all []*simulator.User
	add := func(login string) {
		u, err := c.User(login)
		if err == nil && !slices.Contains(all, u) && c.Permission(c.repo, u) >= scm.PermissionWrite {
			all = append(all, u)
		}
	}
	for _, people := range []map[string]scm.Permission{c.repo.Org.Members, c.repo.Collaborators} {
		for login := range people {
			add(login)
		}
	}
	if owner := c.repo.Org.Personal; owner != nil {
		add(owner.Login)
	}
	slices.SortFunc(all, func(a, b *simulator.User) int { return strings.Compare(a.Login, b.Login) })
	return all
}

// permission is told to administrators, and to everybody about themselves. It leaves out what a team may do by its units.
func permission(c *call) (answer, error) {
	login := c.PathValue("login")
	if !c.may(scm.PermissionAdmin) && !strings.EqualFold(login, c.actor.Login) {
		return fail(forbidden("Only admins can query all permissions, repo admins can query all repo permissions, collaborators can query only their own"))
	}
	u, err := c.User(login)
	if err != nil {
		return fail(&missing{message: fmt.Sprintf("user does not exist [uid: 0, name: %s]", login)})
	}
	name := c.mode(u)
	return ok(map[string]any{"permission": name, "role_name": name, "user": c.view().user(u)})
}

func (c *call) mode(u *simulator.User) string {
	own := c.repo.Collaborators[strings.ToLower(u.Login)]
	switch {
	case c.repo.Org.Personal == u || c.repo.Org.Members[strings.ToLower(u.Login)] >= scm.PermissionAdmin:
		return "owner"
	case own >= scm.PermissionAdmin:
		return "admin"
	case own >= scm.PermissionWrite:
		return "write"
	case own >= scm.PermissionRead || !c.repo.Private:
		return "read"
	}
	return "none"
}
