package gitea

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) users() {
	s.on("GET /version", func(*call) (answer, error) { return ok(map[string]any{"version": "1.26.0"}) })
	s.on("GET /user", func(c *call) (answer, error) {
		if c.actor.Login == "" {
			return fail(errNoToken)
		}
		return ok(c.view().user(c.actor))
	})
	s.on("GET /users/{login}", func(c *call) (answer, error) {
		u, err := c.User(c.PathValue("login"))
		if err != nil {
			return fail(&missing{message: redirect(c.PathValue("login"))})
		}
		return ok(c.view().user(u))
	})
	s.on("GET /users/{org}/repos", func(c *call) (answer, error) {
		o, err := c.Org(c.PathValue("org"))
		if err != nil {
			return fail(&missing{message: redirect(c.PathValue("org"))})
		}
		return c.repos(o)
	})
}

func redirect(name string) string {
	return fmt.Sprintf("user redirect does not exist [name: %s]", name)
}

// among serves a pattern below an organisation.
func (s *server) among(pattern string, h func(*call, *simulator.Org) (answer, error)) {
	method, path, _ := strings.Cut(pattern, " ")
	s.on(method+" /orgs/{org}"+path, func(c *call) (answer, error) {
		o, err := c.Org(c.PathValue("org"))
		if err != nil || o.Personal != nil {
			return fail(&missing{"GetOrgByName", []string{redirect(c.PathValue("org"))}})
		}
		return h(c, o)
	})
}

func (s *server) organisations() {
	s.among("GET /members/{login}", isMember)
	s.among("GET /public_members/{login}", func(*call, *simulator.Org) (answer, error) { return fail(simulator.ErrNotFound) }) // nobody shows it
	s.among("GET /repos", func(c *call, o *simulator.Org) (answer, error) { return c.repos(o) })
	s.among("GET /teams", func(c *call, o *simulator.Org) (answer, error) {
		if !belongs(o, c.actor) {
			return fail(errOutsider)
		}
		return ok(each(page(c, teams(c.Forge, o)), team))
	})
	s.among("GET /teams/search", searchTeams)
	s.on("GET /teams/{id}/members", teamMembers)
}

var errOutsider = forbidden("Must be an organization member")

func belongs(o *simulator.Org, u *simulator.User) bool {
	return o.Members[strings.ToLower(u.Login)] > scm.PermissionNone
}

func owns(o *simulator.Org, u *simulator.User) bool {
	return o.Members[strings.ToLower(u.Login)] >= scm.PermissionAdmin
}

// isMember sends whoever does not belong to an organisation to its public members.
func isMember(c *call, o *simulator.Org) (answer, error) {
	login := c.PathValue("login")
	u, err := c.User(login)
	switch {
	case err != nil:
		return fail(&missing{"not found", []string{fmt.Sprintf("user does not exist [uid: 0, name: %s]", login)}})
	case !belongs(o, c.actor) && u != c.actor:
		c.w.Header().Set("Location", fmt.Sprintf("%s/orgs/%s/public_members/%s", root, o.Path, u.Login))
		return answer{status: http.StatusSeeOther}, nil
	case !belongs(o, u):
		return fail(simulator.ErrNotFound)
	}
	return none()
}

func (c *call) repos(o *simulator.Org) (answer, error) {
	all := slices.DeleteFunc(c.Repos(o.Path), func(r *simulator.Repo) bool { return c.Permission(r, c.actor) < scm.PermissionRead })
	return ok(each(page(c, all), c.view().repo))
}

// teams are those of an organisation by name, its owners among them, whose number is the organisation's.
func teams(f *simulator.Forge, o *simulator.Org) []*simulator.Team {
	owners := &simulator.Team{ID: o.ID, Name: "Owners"}
	for _, login := range slices.Sorted(maps.Keys(o.Members)) {
		if u, err := f.User(login); err == nil && owns(o, u) {
			owners.Members = append(owners.Members, u)
		}
	}
	all := append([]*simulator.Team{owners}, slices.Collect(maps.Values(o.Teams))...)
	slices.SortFunc(all, func(a, b *simulator.Team) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return all
}

func team(t *simulator.Team) map[string]any {
	may, mode, units := "none", "write", map[string]any{}
	if t.Name == "Owners" {
		may, mode = "owner", "owner"
	}
	names := []string{"repo.code", "repo.issues", "repo.pulls"}
	for _, name := range names {
		units[name] = mode
	}
	return map[string]any{
		"id": t.ID, "name": t.Name, "description": "", "organization": nil, "includes_all_repositories": true, "permission": may,
		"units": names, "units_map": units, "can_create_org_repo": mode == "owner",
	}
}

// searchTeams leaves out the teams that the actor is not in.
func searchTeams(c *call, o *simulator.Org) (answer, error) {
	if !belongs(o, c.actor) {
		return fail(errOutsider)
	}
	all := slices.DeleteFunc(teams(c.Forge, o), func(t *simulator.Team) bool {
		return !slices.Contains(t.Members, c.actor) || !strings.Contains(strings.ToLower(t.Name), strings.ToLower(c.FormValue("q")))
	})
	return ok(map[string]any{"ok": true, "data": each(page(c, all), team)})
}

func teamMembers(c *call) (answer, error) {
	for _, o := range c.Orgs() {
		if o.Personal != nil {
			continue
		}
		all := teams(c.Forge, o)
		i := slices.IndexFunc(all, func(t *simulator.Team) bool { return t.ID == c.id() })
		switch {
		case i < 0:
			continue
		case owns(o, c.actor) || slices.Contains(all[i].Members, c.actor):
			return ok(c.view().users(page(c, all[i].Members)))
		case belongs(o, c.actor):
			return fail(forbidden("Must be a team member"))
		}
	}
	return fail(simulator.ErrNotFound)
}
