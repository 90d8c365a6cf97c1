package bitbucketcloud

import (
	"maps"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) workspaces() {
	s.on("GET /user", func(c *call) (answer, error) { return ok(c.view().user(c.actor)) })
	s.on("GET /workspaces/{workspace}/members", inside(listMembers))
	s.on("GET /workspaces/{workspace}/members/{member}", inside(func(c *call, o *simulator.Org) (answer, error) {
		u, err := c.person(c.PathValue("member"))
		if err != nil || !belongs(o, u) {
			return fail(missing("Member"))
		}
		return ok(c.view().membership(o, u))
	}))
	s.on("GET /workspaces/{workspace}/permissions/repositories/{repo}", listPermissions)
	s.in("GET /permissions-config/users/{user}", scm.PermissionAdmin, func(c *call) (answer, error) {
		u, err := c.person(c.PathValue("user"))
		if err != nil {
			return fail(missing("User"))
		}
		return ok(c.view().permission("repository_user_permission", c.repo, u, c.repo.Collaborators[strings.ToLower(u.Login)]))
	})
}

// inside shows a workspace to its own people.
func inside(h func(*call, *simulator.Org) (answer, error)) handler {
	return func(c *call) (answer, error) {
		o, err := c.Org(c.PathValue("workspace"))
		switch {
		case err != nil:
			return fail(missing("Workspace"))
		case !belongs(o, c.actor):
			return fail(denied(scm.PermissionWrite))
		}
		return h(c, o)
	}
}

func belongs(o *simulator.Org, u *simulator.User) bool {
	_, member := o.Members[strings.ToLower(u.Login)]
	return member || o.Personal == u
}

func owns(o *simulator.Org, u *simulator.User) bool {
	return o.Personal == u || o.Members[strings.ToLower(u.Login)] == scm.PermissionAdmin
}

// people finds accounts by their names in the state, in order.
func (c *call) people(logins []string) []*simulator.User {
	slices.Sort(logins)
	var all []*simulator.User
	for _, login := range slices.Compact(logins) {
		if u, err := c.User(login); err == nil {
			all = append(all, u)
		}
	}
	return all
}

func listMembers(c *call, o *simulator.Org) (answer, error) {
	logins := slices.Collect(maps.Keys(o.Members))
	if o.Personal != nil {
		logins = append(logins, strings.ToLower(o.Personal.Login))
	}
	show := func(u *simulator.User) map[string]any { return c.view().membership(o, u) }
	all, err := filter(c, c.people(logins), show)
	if err != nil {
		return fail(err)
	}
	return list(c, things, all, show)
}

func (v view) membership(o *simulator.Org, u *simulator.User) map[string]any {
	return map[string]any{
		"type": "workspace_membership", "user": v.user(u), "workspace": v.workspace(o),
		"links": map[string]any{"self": link(v.api("workspaces", o.Path, "members", uuid(userKind, u.ID)))},
	}
}

// permissions by their names: there is nothing between reading and writing, and nothing between writing and all.
var permissions = map[scm.Permission]string{
	scm.PermissionNone: "none", scm.PermissionRead: "read", scm.PermissionTriage: "read",
	scm.PermissionWrite: "write", scm.PermissionMaintain: "write", scm.PermissionAdmin: "admin",
}

func (v view) permission(kind string, r *simulator.Repo, u *simulator.User, p scm.Permission) map[string]any {
	return map[string]any{"type": kind, "user": v.user(u), "repository": v.brief(r), "permission": permissions[p]}
}

// listPermissions tells administrators what everybody with a permission of their own may do, the highest of several; that
// anybody may read a public repository is not among it.
func listPermissions(c *call) (answer, error) {
	r, err := c.repository(c.PathValue("workspace"), c.PathValue("repo"))
	switch {
	case err != nil || c.Permission(r, c.actor) < scm.PermissionRead:
		return fail(errNoRepository)
	case c.Permission(r, c.actor) < scm.PermissionAdmin:
		return fail(denied(scm.PermissionAdmin))
	}
	logins := slices.AppendSeq(slices.Collect(maps.Keys(r.Org.Members)), maps.Keys(r.Collaborators))
	if r.Org.Personal != nil {
		logins = append(logins, strings.ToLower(r.Org.Personal.Login))
	}
	show := func(u *simulator.User) map[string]any {
		return c.view().permission("repository_permission", r, u, c.Permission(r, u))
	}
	all, err := filter(c, c.people(logins), show)
	if err != nil {
		return fail(err)
	}
	return list(c, things, all, show)
}
