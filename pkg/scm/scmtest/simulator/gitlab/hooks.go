package gitlab

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// known are what a webhook may be subscribed to.
var known = []string{
	"push_events", "tag_push_events", "merge_requests_events", "note_events", "confidential_note_events", "issues_events",
	"confidential_issues_events", "job_events", "pipeline_events", "wiki_page_events", "deployment_events", "releases_events",
	"feature_flag_events", "milestone_events", "emoji_events", "resource_access_token_events",
}

// hooked serves a pattern for the webhooks of projects, to maintainers, and of groups, to owners.
func (s *server) hooked(method, path string, h func(*call, *simulator.Org) (answer, error)) {
	s.in(method+" /hooks"+path, scm.PermissionMaintain, func(c *call) (answer, error) { return h(c, c.repo.Org) })
	s.grouped(method+" /hooks"+path, func(c *call, o *simulator.Org) (answer, error) {
		if c.groupLevel(o.Path, c.actor) < levels[scm.PermissionAdmin] {
			return fail(simulator.ErrForbidden)
		}
		return h(c, o)
	})
}

func (s *server) hooks() {
	s.hooked("GET", "", func(c *call, o *simulator.Org) (answer, error) { return ok(each(page(c, c.HooksOf(o, c.repo)), hook)) })
	s.hooked("POST", "", func(c *call, o *simulator.Org) (answer, error) {
		h := &simulator.Hook{Active: true, Events: []string{"push_events"}, Form: object{
			"enable_ssl_verification": true, "push_events_branch_filter": "", "branch_filter_strategy": "wildcard", "custom_webhook_template": nil,
		}}
		if c.repo == nil {
			h.Form["subgroup_events"], h.Form["member_events"] = false, false
		}
		if err := c.onto(h); err != nil {
			return fail(err)
		}
		if h.URL == "" {
			return answer{http.StatusBadRequest, object{"error": "url is missing"}}, nil
		}
		return made(hook(c.AddHook(o, c.repo, h)))
	})
	s.hooked("PUT", "/{hook}", withHook(func(c *call, _ *simulator.Org, h *simulator.Hook) (answer, error) {
		if err := c.onto(h); err != nil {
			return fail(err)
		}
		return ok(hook(h))
	}))
	s.hooked("DELETE", "/{hook}", withHook(func(c *call, o *simulator.Org, h *simulator.Hook) (answer, error) {
		c.RemoveHook(o, c.repo, h.ID)
		return none()
	}))
}

func withHook(h func(*call, *simulator.Org, *simulator.Hook) (answer, error)) func(*call, *simulator.Org) (answer, error) {
	return func(c *call, o *simulator.Org) (answer, error) {
		hooks := c.HooksOf(o, c.repo)
		i := slices.IndexFunc(hooks, func(one *simulator.Hook) bool { return one.ID == c.number("hook") })
		if i < 0 {
			return fail(simulator.ErrNotFound)
		}
		return h(c, o, hooks[i])
	}
}

// onto writes what a call gives, and leaves the rest. Another address forgets the secret.
func (c *call) onto(h *simulator.Hook) error {
	in, err := decode[map[string]json.RawMessage](c)
	if err != nil {
		return err
	}
	text := func(name string) string {
		var s string
		_ = json.Unmarshal(in[name], &s) // of another type it is none
		return s
	}
	if url := text("url"); url != "" && url != h.URL {
		h.URL, h.Secret = url, ""
	}
	if token := text("token"); token != "" {
		h.Secret = token
	}
	if key := text("signing_token"); key != "" {
		if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_")); err != nil || len(raw) != 32 || !strings.HasPrefix(key, "whsec_") {
			return &refusal{http.StatusUnprocessableEntity, "Signing token is invalid"}
		}
		h.Secret = key
	}
	for name, value := range in {
		switch _, isForm := h.Form[name]; {
		case isForm:
			var v any
			_ = json.Unmarshal(value, &v) // as above
			h.Form[name] = v
		case slices.Contains(known, name):
			h.Events = slices.DeleteFunc(h.Events, func(e string) bool { return e == name })
			if string(value) == "true" {
				h.Events = append(h.Events, name)
			}
		}
	}
	return nil
}

func hook(h *simulator.Hook) object {
	signs := strings.HasPrefix(h.Secret, "whsec_")
	out := object{
		"id": h.ID, "url": h.URL, "name": nil, "alert_status": "executable", "disabled_until": nil, "url_variables": []any{}, "custom_headers": []any{},
		"token_present": h.Secret != "" && !signs, "signing_token_present": signs,
	}
	for name, value := range h.Form {
		out[name] = value
	}
	for _, name := range known {
		out[name] = slices.Contains(h.Events, name)
	}
	return out
}
