package bitbucketserver

import (
	"slices"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// events are those that a webhook may subscribe to.
var events = []string{
	"project:modified", "repo:refs_changed", "repo:modified", "repo:forked", "repo:comment:added", "repo:comment:edited",
	"repo:comment:deleted", "repo:secret_detected", "mirror:repo_synchronized", "pr:opened", "pr:from_ref_updated", "pr:modified",
	"pr:reviewer:updated", "pr:reviewer:approved", "pr:reviewer:unapproved", "pr:reviewer:needs_work", "pr:merged", "pr:declined",
	"pr:deleted", "pr:comment:added", "pr:comment:edited", "pr:comment:deleted",
}

// hooked serves a pattern for the webhooks of repositories and of projects, to administrators.
func (s *server) hooked(method, path string, h func(*call, *simulator.Org) (answer, error)) {
	s.in("api", method+" /webhooks"+path, scm.PermissionAdmin, func(c *call) (answer, error) { return h(c, c.repo.Org) })
	s.on("api", method+" /projects/{project}/webhooks"+path, func(c *call) (answer, error) {
		o, err := c.project(c.PathValue("project"))
		if err != nil {
			return fail(err)
		}
		if o.Personal != c.actor && o.Members[strings.ToLower(c.actor.Login)] < scm.PermissionAdmin {
			return fail(denied())
		}
		return h(c, o)
	})
}

// withHook finds the webhook of the path.
func withHook(h func(*call, *simulator.Org, *simulator.Hook) (answer, error)) func(*call, *simulator.Org) (answer, error) {
	return func(c *call, o *simulator.Org) (answer, error) {
		hooks := c.HooksOf(o, c.repo)
		i := slices.IndexFunc(hooks, func(h *simulator.Hook) bool { return h.ID == c.number("id") })
		if i < 0 {
			return fail(missing("webhook.NoSuchWebhookException", "Webhook %s does not exist.", c.PathValue("id")))
		}
		return h(c, o, hooks[i])
	}
}

// hookForm is a webhook as it is written, the whole of it every time.
type hookForm struct {
	Name, URL     string
	Active        *bool
	Events        []string
	Configuration map[string]any
	VerifyTLS     *bool `json:"sslVerificationRequired"`
}

func (f *hookForm) check() error {
	switch {
	case f.Name == "":
		return invalid("name", "The name of the webhook must be supplied.")
	case !strings.HasPrefix(f.URL, "http://") && !strings.HasPrefix(f.URL, "https://"):
		return invalid("url", "The URL of the webhook must be http or https.")
	case len(f.Events) == 0:
		return invalid("events", "At least one event must be supplied.")
	}
	for _, name := range f.Events {
		if !slices.Contains(events, name) {
			return invalid("events", name+" is not a known event.")
		}
	}
	return nil
}

func (f *hookForm) onto(h *simulator.Hook) {
	secret, _ := f.Configuration["secret"].(string)
	h.URL, h.Events, h.Secret, h.Active = f.URL, f.Events, secret, f.Active == nil || *f.Active
	now := time.Now().UnixMilli()
	created, known := h.Form["createdDate"]
	if !known {
		created = now
	}
	h.Form = map[string]any{"name": f.Name, "createdDate": created, "updatedDate": now, "sslVerificationRequired": f.VerifyTLS == nil || *f.VerifyTLS}
}

// renderHook shows the secret too.
func renderHook(c *call) func(*simulator.Hook) map[string]any {
	scope := "project"
	if c.repo != nil {
		scope = "repository"
	}
	return func(h *simulator.Hook) map[string]any {
		configuration := map[string]any{}
		if h.Secret != "" {
			configuration["secret"] = h.Secret
		}
		out := map[string]any{"id": h.ID, "events": h.Events, "configuration": configuration, "url": h.URL, "active": h.Active, "scopeType": scope}
		for name, value := range h.Form {
			out[name] = value
		}
		return out
	}
}

func (s *server) hooks() {
	s.hooked("GET", "", func(c *call, o *simulator.Org) (answer, error) { return page(c, c.HooksOf(o, c.repo), renderHook(c)) })
	s.hooked("POST", "", func(c *call, o *simulator.Org) (answer, error) {
		in, err := decode[hookForm](c)
		if err == nil {
			err = in.check()
		}
		if err != nil {
			return fail(err)
		}
		h := &simulator.Hook{}
		in.onto(h)
		return made(renderHook(c)(c.AddHook(o, c.repo, h)))
	})
	s.hooked("GET", "/{id}", withHook(func(c *call, _ *simulator.Org, h *simulator.Hook) (answer, error) { return ok(renderHook(c)(h)) }))
	s.hooked("PUT", "/{id}", withHook(func(c *call, _ *simulator.Org, h *simulator.Hook) (answer, error) {
		in, err := decode[hookForm](c)
		if err == nil {
			err = in.check()
		}
		if err != nil {
			return fail(err)
		}
		in.onto(h)
		return ok(renderHook(c)(h))
	}))
	s.hooked("DELETE", "/{id}", withHook(func(c *call, o *simulator.Org, h *simulator.Hook) (answer, error) {
		c.RemoveHook(o, c.repo, h.ID)
		return none()
	}))
}
