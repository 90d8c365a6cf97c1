package github

import (
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) organisations() {
	s.on("GET /orgs/{org}/members/{login}", func(c *call) (answer, error) {
		o, err := c.Org(c.PathValue("org"))
		if err != nil || o.Personal != nil || !belongs(o, c.PathValue("login")) {
			return fail(simulator.ErrNotFound)
		}
		return none()
	})
	s.on("GET /orgs/{org}/teams/{team}/members", func(c *call) (answer, error) {
		o, err := c.Org(c.PathValue("org"))
		if err != nil {
			return fail(err)
		}
		team := o.Teams[strings.ToLower(c.PathValue("team"))]
		if team == nil {
			return fail(simulator.ErrNotFound)
		}
		return ok(page(c, c.view().users(team.Members)))
	})
	s.on("GET /orgs/{org}/repos", func(c *call) (answer, error) {
		o, err := c.Org(c.PathValue("org"))
		if err != nil || o.Personal != nil {
			return fail(simulator.ErrNotFound)
		}
		return c.repos(o)
	})
	s.on("GET /users/{org}/repos", func(c *call) (answer, error) {
		o, err := c.Org(c.PathValue("org"))
		if err != nil {
			return fail(err)
		}
		return c.repos(o)
	})
}

func belongs(o *simulator.Org, login string) bool {
	_, ok := o.Members[strings.ToLower(login)]
	return ok
}

func (c *call) repos(o *simulator.Org) (answer, error) {
	return ok(each(page(c, c.Repos(o.Path)), c.view().repo))
}
