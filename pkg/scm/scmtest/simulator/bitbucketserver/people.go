package bitbucketserver

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// maxFilters is how many filters by permission a question may have; more are dropped.
const maxFilters = 50

func (s *server) people() {
	s.on("api", "GET /users", listUsers)
	s.on("api", "GET /users/{slug}", func(c *call) (answer, error) {
		u, err := c.User(c.PathValue("slug"))
		if err != nil {
			return fail(missing("user.NoSuchUserException", "User %s does not exist.", c.PathValue("slug")))
		}
		return ok(c.view().user(u))
	})
}

// accounts are all users by name.
func (c *call) accounts() []*simulator.User {
	var all []*simulator.User
	for _, o := range c.Orgs() {
		if o.Personal != nil {
			all = append(all, o.Personal)
		}
	}
	return all
}

// byEmail finds whose an address is, nil if it is nobody's.
func (c *call) byEmail(email string) *simulator.User {
	all := c.accounts()
	if i := slices.IndexFunc(all, func(u *simulator.User) bool { return strings.EqualFold(u.Email, email) }); i >= 0 {
		return all[i]
	}
	return nil
}

// listUsers gives the users who pass every filter: by a part of their names, by a group, and by what they may do.
func listUsers(c *call) (answer, error) {
	may, err := c.filters()
	if err != nil {
		return fail(err)
	}
	part, group := strings.ToLower(c.query("filter")), c.query("group")
	found := slices.DeleteFunc(c.accounts(), func(u *simulator.User) bool {
		named := slices.ContainsFunc([]string{u.Login, u.Name, u.Email}, func(s string) bool { return strings.Contains(strings.ToLower(s), part) })
		return !named || group != "" && !c.grouped(group, u) || slices.ContainsFunc(may, func(passes filter) bool { return !passes(u) })
	})
	return page(c, found, c.view().user)
}

func (c *call) grouped(group string, u *simulator.User) bool {
	return slices.ContainsFunc(c.Orgs(), func(o *simulator.Org) bool {
		team := o.Teams[strings.ToLower(group)]
		return team != nil && slices.Contains(team.Members, u)
	})
}

// filter says whether a user has a permission.
type filter func(*simulator.User) bool

// filters reads "permission" and "permission.1", "permission.2" and so on; numbers behind a gap are ignored.
func (c *call) filters() ([]filter, error) {
	names := []string{"permission"}
	for i := 1; i <= maxFilters && c.query(fmt.Sprintf("permission.%d", i)) != ""; i++ {
		names = append(names, fmt.Sprintf("permission.%d", i))
	}
	var all []filter
	for _, name := range names {
		if c.query(name) == "" {
			continue
		}
		one, err := c.filter(name)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

var levels = map[string]scm.Permission{"READ": scm.PermissionRead, "WRITE": scm.PermissionWrite, "ADMIN": scm.PermissionAdmin}

// filter reads one filter. What counts are grants, not that everybody may read a public repository.
func (c *call) filter(name string) (filter, error) {
	scope, level, _ := strings.Cut(c.query(name), "_")
	wanted, known := levels[level]
	if !known || scope != "PROJECT" && scope != "REPO" {
		if c.query(name) == "LICENSED_USER" {
			return func(*simulator.User) bool { return true }, nil
		}
		return nil, invalid(name, c.query(name)+" is not a permission that can be filtered by.")
	}
	if c.query(name+".projectKey") == "" || scope == "REPO" && c.query(name+".repositorySlug") == "" {
		return nil, invalid(name, "The project or repository of the permission must be supplied.")
	}
	o, err := c.project(c.query(name + ".projectKey"))
	if err != nil {
		return nil, err
	}
	if scope == "PROJECT" {
		return func(u *simulator.User) bool { return o.Members[strings.ToLower(u.Login)] >= wanted }, nil
	}
	r, err := c.repository(o, c.query(name+".repositorySlug"))
	if err != nil {
		return nil, err
	}
	return func(u *simulator.User) bool {
		login := strings.ToLower(u.Login)
		return max(o.Members[login], r.Collaborators[login]) >= wanted
	}, nil
}
