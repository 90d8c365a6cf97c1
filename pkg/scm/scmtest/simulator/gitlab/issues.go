package gitlab

import (
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (s *server) issues() {
	s.in("POST /issues", scm.PermissionRead, createIssue)
	s.in("GET /issues/{iid}", scm.PermissionRead, withIssue(func(c *call, i *simulator.Issue) (answer, error) { return ok(c.issue(i)) }))
	s.in("PUT /issues/{iid}", scm.PermissionRead, withIssue(editIssue))
	s.in("GET /labels", scm.PermissionRead, func(c *call) (answer, error) {
		return ok(each(page(c, c.repo.Labels), func(l *simulator.Label) object {
			return object{"id": l.ID, "name": l.Name, "color": "#6699cc", "text_color": "#FFFFFF", "description": nil, "is_project_label": true}
		}))
	})
	s.in("GET /milestones", scm.PermissionRead, func(c *call) (answer, error) { return ok(each(page(c, c.repo.Milestones), milestone)) })
}

// withIssue finds the issue of the path.
func withIssue(h func(*call, *simulator.Issue) (answer, error)) handler {
	return func(c *call) (answer, error) {
		i := c.repo.Issues[c.number("iid")]
		if i == nil {
			return fail(simulator.ErrNotFound)
		}
		return h(c, i)
	}
}

func (v view) issue(i *simulator.Issue) object {
	out := v.thing(&i.Thing)
	out["issue_type"], out["confidential"] = "issue", false
	return out
}

func createIssue(c *call) (answer, error) {
	in, err := decode[parameters](c)
	if err != nil {
		return fail(err)
	}
	if in.Title == nil || *in.Title == "" {
		return answer{http.StatusBadRequest, object{"error": "title is missing"}}, nil
	}
	body := ""
	if in.Description != nil {
		body = *in.Description
	}
	return made(c.issue(c.OpenIssue(c.actor, c.repo, *in.Title, body)))
}

// editIssue is for its author and for reporters.
func editIssue(c *call, i *simulator.Issue) (answer, error) {
	if i.Author != c.actor && c.Permission(c.repo, c.actor) < scm.PermissionTriage {
		return fail(simulator.ErrForbidden)
	}
	in, err := decode[parameters](c)
	if err != nil {
		return fail(err)
	}
	patch, err := in.patch()
	if err != nil {
		return fail(err)
	}
	c.EditIssue(c.actor, i, patch)
	c.describe(&i.Thing, in)
	return ok(c.issue(i))
}

// onThings serves a pattern below both merge requests and issues.
func (s *server) onThings(pattern string, h func(*call, *simulator.Thing) (answer, error)) {
	method, path, _ := strings.Cut(pattern, " ")
	s.in(method+" /merge_requests/{iid}"+path, scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) {
		return h(c, &p.Thing)
	}))
	s.in(method+" /issues/{iid}"+path, scm.PermissionRead, withIssue(func(c *call, i *simulator.Issue) (answer, error) {
		return h(c, &i.Thing)
	}))
}
