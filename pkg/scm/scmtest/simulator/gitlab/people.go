package gitlab

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) people() {
	s.on("GET /user", func(c *call) (answer, error) { return ok(c.user(c.actor)) })
	s.on("GET /users", func(c *call) (answer, error) {
		found := []any{}
		if u, err := c.User(c.query("username")); err == nil {
			found = append(found, c.user(u))
		}
		return ok(page(c, found))
	})
	s.in("GET /members/all/{user}", scm.PermissionRead, func(c *call) (answer, error) {
		u, err := c.UserByID(c.number("user"))
		if err != nil || c.level(c.repo, u) == 0 {
			return fail(simulator.ErrNotFound)
		}
		return ok(c.member(u, c.level(c.repo, u)))
	})
	s.grouped("GET /members/all/{user}", func(c *call, o *simulator.Org) (answer, error) {
		u, err := c.UserByID(c.number("user"))
		if err != nil || c.groupLevel(o.Path, u) == 0 {
			return fail(simulator.ErrNotFound)
		}
		return ok(c.member(u, c.groupLevel(o.Path, u)))
	})
	s.grouped("GET /members", func(c *call, o *simulator.Org) (answer, error) {
		var all []object
		for login, p := range o.Members {
			if u, err := c.User(login); err == nil {
				all = append(all, c.member(u, levels[p]))
			}
		}
		slices.SortFunc(all, func(a, b object) int { return cmp.Compare(a["id"].(int), b["id"].(int)) })
		return ok(page(c, all))
	})
	s.grouped("GET /projects", func(c *call, o *simulator.Org) (answer, error) {
		return ok(each(page(c, c.Repos(o.Path)), c.view.project))
	})
	s.on("GET /users/{login}/projects", func(c *call) (answer, error) {
		o, err := c.Org(c.PathValue("login"))
		if err != nil || o.Personal == nil {
			return missing("User")
		}
		return ok(each(page(c, c.Repos(o.Path)), c.view.project))
	})
}

// grouped serves a pattern below a group; teams are subgroups.
func (s *server) grouped(pattern string, h func(*call, *simulator.Org) (answer, error)) {
	method, path, _ := strings.Cut(pattern, " ")
	s.on(method+" /groups/{group}"+path, func(c *call) (answer, error) {
		o := c.group(c.PathValue("group"))
		if o == nil {
			return missing("Group")
		}
		return h(c, o)
	})
}

// group finds one by its whole path, nil if there is none.
func (c *call) group(path string) *simulator.Org {
	if o, err := c.Org(path); err == nil && o.Personal == nil {
		return o
	}
	above, name, ok := cutLast(path)
	if !ok {
		return nil
	}
	o, err := c.Org(above)
	if err != nil {
		return nil
	}
	team := o.Teams[strings.ToLower(name)]
	if team == nil {
		return nil
	}
	sub := &simulator.Org{ID: team.ID, Path: path, Members: map[string]scm.Permission{}}
	for _, u := range team.Members {
		sub.Members[strings.ToLower(u.Login)] = scm.PermissionWrite
	}
	return sub
}

func cutLast(path string) (before, after string, ok bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// levels are the roles' numbers.
var levels = map[scm.Permission]int{
	scm.PermissionRead: 10, scm.PermissionTriage: 20, scm.PermissionWrite: 30, scm.PermissionMaintain: 40, scm.PermissionAdmin: 50,
}

// groupLevel counts the groups above too.
func (c *call) groupLevel(path string, u *simulator.User) int {
	level := 0
	for ok := true; ok; path, _, ok = cutLast(path) {
		if o := c.group(path); o != nil {
			level = max(level, levels[o.Members[strings.ToLower(u.Login)]])
		}
	}
	return level
}

// level of a member, 0 for whoever is none.
func (c *call) level(r *simulator.Repo, u *simulator.User) int {
	if r.Org.Personal == u {
		return levels[scm.PermissionAdmin]
	}
	return max(c.groupLevel(r.Org.Path, u), levels[r.Collaborators[strings.ToLower(u.Login)]])
}

func (v view) member(u *simulator.User, level int) object {
	out, _ := v.user(u).(object)
	out["access_level"], out["expires_at"], out["membership_state"] = level, nil, "active"
	return out
}
