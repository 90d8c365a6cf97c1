package github

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// hooked serves a pattern for the webhooks of repositories and of organisations, to administrators.
func (s *server) hooked(method, path string, h func(*call, *simulator.Org) (answer, error)) {
	s.in(method+" /hooks"+path, scm.PermissionAdmin, func(c *call) (answer, error) { return h(c, c.repo.Org) })
	s.on(method+" /orgs/{org}/hooks"+path, func(c *call) (answer, error) {
		o, err := c.Org(c.PathValue("org"))
		if err != nil || o.Members[c.actor.Login] < scm.PermissionAdmin {
			return fail(simulator.ErrNotFound)
		}
		return h(c, o)
	})
}

func (c *call) hook(o *simulator.Org) (*simulator.Hook, error) {
	hooks := c.HooksOf(o, c.repo)
	if i := slices.IndexFunc(hooks, func(h *simulator.Hook) bool { return h.ID == c.id() }); i >= 0 {
		return hooks[i], nil
	}
	return nil, simulator.ErrNotFound
}

func (c *call) renderHook(o *simulator.Org, h *simulator.Hook) map[string]any {
	if c.repo == nil {
		return c.view().hook("Organization", c.base+root+"/orgs/"+o.Path, h)
	}
	return c.view().hook("Repository", c.view().repoAPI(c.repo), h)
}

// hookForm is a webhook as it is written.
type hookForm struct {
	Name   string
	Active *bool
	Events []string
	Config struct {
		URL         string
		ContentType string `json:"content_type"`
		Secret      string
		InsecureSSL any `json:"insecure_ssl"`
	}
}

func (f *hookForm) onto(h *simulator.Hook) {
	if f.Active != nil {
		h.Active = *f.Active
	}
	if f.Events != nil {
		h.Events = f.Events
	}
	if f.Config.URL != "" {
		h.URL, h.Secret = f.Config.URL, f.Config.Secret
		h.Form = map[string]any{"content_type": f.Config.ContentType, "insecure_ssl": f.Config.InsecureSSL}
	}
}

func (s *server) hooks() {
	s.hooked("GET", "", func(c *call, o *simulator.Org) (answer, error) {
		return ok(each(page(c, c.HooksOf(o, c.repo)), func(h *simulator.Hook) map[string]any { return c.renderHook(o, h) }))
	})
	s.hooked("POST", "", func(c *call, o *simulator.Org) (answer, error) {
		in, err := decode[hookForm](c)
		if err != nil {
			return fail(err)
		}
		for _, h := range c.HooksOf(o, c.repo) {
			if h.URL == in.Config.URL {
				return fail(&invalid{"Hook", "", "custom", "Hook already exists on this repository"})
			}
		}
		h := &simulator.Hook{Active: true, Events: []string{"push"}}
		in.onto(h)
		return made(c.renderHook(o, c.AddHook(o, c.repo, h)))
	})
	s.hooked("PATCH", "/{id}", func(c *call, o *simulator.Org) (answer, error) {
		h, err := c.hook(o)
		if err != nil {
			return fail(err)
		}
		in, err := decode[hookForm](c)
		if err != nil {
			return fail(err)
		}
		in.onto(h)
		return ok(c.renderHook(o, h))
	})
	s.hooked("DELETE", "/{id}", func(c *call, o *simulator.Org) (answer, error) {
		if !c.RemoveHook(o, c.repo, c.id()) {
			return fail(simulator.ErrNotFound)
		}
		return none()
	})
	s.hooked("GET", "/{id}/deliveries", listDeliveries)
	s.hooked("POST", "/{id}/deliveries/{delivery}/attempts", redeliver)
}

// listDeliveries gives all on one page, newest first.
func listDeliveries(c *call, o *simulator.Org) (answer, error) {
	h, err := c.hook(o)
	if err != nil {
		return fail(err)
	}
	all := c.Deliveries(h)
	slices.Reverse(all)
	return ok(each(all, func(d simulator.Sent) map[string]any {
		return map[string]any{
			"id": d.ID, "guid": d.Header.Get("X-Github-Delivery"), "delivered_at": d.At.Format(time.RFC3339Nano), "redelivery": false,
			"duration": 0.1, "status": http.StatusText(d.Status), "status_code": d.Status, "event": d.Event, "action": nil,
			"installation_id": nil, "repository_id": nil,
		}
	}))
}

func redeliver(c *call, o *simulator.Org) (answer, error) {
	h, err := c.hook(o)
	if err != nil {
		return fail(err)
	}
	var id int
	if _, err := fmt.Sscan(c.PathValue("delivery"), &id); err != nil {
		return fail(simulator.ErrNotFound)
	}
	if err := c.Redeliver(h, id); err != nil {
		return fail(err)
	}
	return answer{http.StatusAccepted, map[string]any{}}, nil
}
