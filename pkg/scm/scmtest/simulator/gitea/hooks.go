package gitea

import (
	"net/url"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// hooked serves a pattern for the webhooks of repositories and of organisations, to those who may administer them.
func (s *server) hooked(method, path string, h func(*call, *simulator.Org) (answer, error)) {
	s.in(method+" /hooks"+path, scm.PermissionAdmin, func(c *call) (answer, error) { return h(c, c.repo.Org) })
	s.among(method+" /hooks"+path, func(c *call, o *simulator.Org) (answer, error) {
		if !owns(o, c.actor) {
			return fail(forbidden("Must be an organization owner"))
		}
		return h(c, o)
	})
}

func (s *server) hooks() {
	s.hooked("GET", "", listHooks)
	s.hooked("POST", "", createHook)
	s.hooked("GET", "/{id}", withHook(func(_ *call, h *simulator.Hook) (answer, error) { return ok(hook(h)) }))
	s.hooked("PATCH", "/{id}", withHook(editHook))
	s.hooked("DELETE", "/{id}", func(c *call, o *simulator.Org) (answer, error) {
		if !c.RemoveHook(o, c.repo, c.id()) {
			return fail(simulator.ErrNotFound)
		}
		return none()
	})
}

func withHook(h func(*call, *simulator.Hook) (answer, error)) func(*call, *simulator.Org) (answer, error) {
	return func(c *call, o *simulator.Org) (answer, error) {
		all := c.HooksOf(o, c.repo)
		i := slices.IndexFunc(all, func(h *simulator.Hook) bool { return h.ID == c.id() })
		if i < 0 {
			return fail(simulator.ErrNotFound)
		}
		return h(c, all[i])
	}
}

// listHooks links to other pages only for organisations.
func listHooks(c *call, o *simulator.Org) (answer, error) {
	all := c.HooksOf(o, c.repo)
	if c.repo == nil {
		return ok(each(page(c, all), hook))
	}
	return ok(each(counted(c, all), hook))
}

// hookForm is a webhook as it is written.
type hookForm struct {
	Type   string
	Active *bool
	Events []string
	Config map[string]string
}

func createHook(c *call, o *simulator.Org) (answer, error) {
	in, err := decode[hookForm](c)
	if err != nil {
		return fail(err)
	}
	if !slices.Contains([]string{"gitea", "forgejo", "gogs"}, in.Type) {
		return fail(invalid("Invalid hook type: " + in.Type))
	}
	for _, name := range []string{"url", "content_type"} {
		if _, told := in.Config[name]; !told {
			return fail(invalid("Missing config option: " + name))
		}
	}
	if !slices.Contains([]string{"json", "form"}, in.Config["content_type"]) {
		return fail(invalid("Invalid content type"))
	}
	if u, err := url.Parse(in.Config["url"]); err != nil || u.Host == "" {
		return fail(invalid("Invalid url"))
	}
	target := "repository"
	if c.repo == nil {
		target = "organization"
	}
	h := &simulator.Hook{
		URL: in.Config["url"], Secret: in.Config["secret"], Active: in.Active != nil && *in.Active, Events: listed(in.Events),
		Form: map[string]any{"content_type": in.Config["content_type"], "target": target},
	}
	return made(hook(c.AddHook(o, c.repo, h)))
}

// editHook cannot change the secret. A webhook without events listens to pushes.
func editHook(c *call, h *simulator.Hook) (answer, error) {
	in, err := decode[hookForm](c)
	if err != nil {
		return fail(err)
	}
	if address, told := in.Config["url"]; told {
		h.URL = address
	}
	if kind, told := in.Config["content_type"]; told {
		if !slices.Contains([]string{"json", "form"}, kind) {
			return fail(invalid("Invalid content type"))
		}
		h.Form["content_type"] = kind
	}
	if h.Events = listed(in.Events); in.Active != nil {
		h.Active = *in.Active
	}
	return ok(hook(h))
}

// Kinds of events, by the names that webhooks are listed with.
const (
	issuesKind     = "issues"
	pullKind       = "pull_request"
	pullLabelKind  = "pull_request_label"
	pullReviewKind = "pull_request_review"
)

// groups are the names that stand for several kinds when a webhook is written.
var groups = map[string][]string{
	issuesKind: {issuesKind, "issue_assign", "issue_label", "issue_milestone", "issue_comment"},
	pullKind: {
		pullKind, "pull_request_assign", pullLabelKind, "pull_request_milestone", "pull_request_comment", pullReviewKind,
		"pull_request_review_request", "pull_request_sync",
	},
	"issues_only": {issuesKind}, "pull_request_only": {pullKind},
}

// single are the other kinds. Gitea passes over what it does not know.
var single = []string{
	"create", "push", "delete", "fork", "repository", "wiki", "release", "package", "status", "workflow_run", "workflow_job",
	"issue_assign", "issue_label", "issue_milestone", "issue_comment", "pull_request_assign", pullLabelKind, "pull_request_milestone",
	"pull_request_comment", pullReviewKind, "pull_request_review_request", "pull_request_sync",
}

func listed(written []string) []string {
	if len(written) == 0 {
		written = []string{"push"}
	}
	all := []string{}
	for _, name := range written {
		all = append(all, groups[name]...)
		if slices.Contains(single, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
