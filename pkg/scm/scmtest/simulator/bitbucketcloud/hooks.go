package bitbucketcloud

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// events that hooks may subscribe to.
var events = []string{
	"issue:comment_created", "issue:created", "issue:updated", "pipeline:span_created", "project:updated", "pullrequest:approved",
	"pullrequest:changes_request_created", "pullrequest:changes_request_removed", "pullrequest:comment_created",
	"pullrequest:comment_deleted", "pullrequest:comment_reopened", "pullrequest:comment_resolved", "pullrequest:comment_updated",
	"pullrequest:created", "pullrequest:fulfilled", "pullrequest:push", "pullrequest:rejected", "pullrequest:unapproved",
	"pullrequest:updated", "repo:commit_comment_created", "repo:commit_status_created", "repo:commit_status_updated", "repo:created",
	"repo:deleted", "repo:fork", "repo:imported", "repo:push", "repo:transfer", "repo:updated",
}

// hooked serves a pattern for the webhooks of repositories and of workspaces, to administrators.
func (s *server) hooked(method, path string, h func(*call, *simulator.Org) (answer, error)) {
	s.in(method+" /hooks"+path, scm.PermissionAdmin, func(c *call) (answer, error) { return h(c, c.repo.Org) })
	s.on(method+" /workspaces/{workspace}/hooks"+path, func(c *call) (answer, error) {
		o, err := c.Org(c.PathValue("workspace"))
		switch {
		case err != nil:
			return fail(missing("Workspace"))
		case !owns(o, c.actor):
			return fail(denied(scm.PermissionAdmin))
		}
		return h(c, o)
	})
}

func (s *server) hooks() {
	s.hooked("GET", "", func(c *call, o *simulator.Org) (answer, error) {
		return list(c, things, c.HooksOf(o, c.repo), func(h *simulator.Hook) map[string]any { return c.view().hook(h, o, c.repo) })
	})
	s.hooked("POST", "", createHook)
	s.hooked("GET", "/{id}", withHook(func(c *call, o *simulator.Org, h *simulator.Hook) (answer, error) {
		return ok(c.view().hook(h, o, c.repo))
	}))
	s.hooked("PUT", "/{id}", withHook(func(c *call, o *simulator.Org, h *simulator.Hook) (answer, error) {
		if err := c.fill(h); err != nil {
			return fail(err)
		}
		return ok(c.view().hook(h, o, c.repo))
	}))
	s.hooked("DELETE", "/{id}", withHook(func(c *call, o *simulator.Org, h *simulator.Hook) (answer, error) {
		c.RemoveHook(o, c.repo, h.ID)
		return none()
	}))
}

func withHook(h func(*call, *simulator.Org, *simulator.Hook) (answer, error)) func(*call, *simulator.Org) (answer, error) {
	return func(c *call, o *simulator.Org) (answer, error) {
		hooks := c.HooksOf(o, c.repo)
		i := slices.IndexFunc(hooks, func(one *simulator.Hook) bool { return uuid(hookKind, one.ID) == c.PathValue("id") })
		if i < 0 {
			return fail(missing("Webhook"))
		}
		return h(c, o, hooks[i])
	}
}

func createHook(c *call, o *simulator.Org) (answer, error) {
	h := &simulator.Hook{Form: map[string]any{"description": "", "skip_cert_verification": false}}
	if err := c.fill(h); err != nil {
		return fail(err)
	}
	return made(c.view().hook(c.AddHook(o, c.repo, h), o, c.repo))
}

// hookForm is a webhook as it is written; what is nil stays, so that a secret goes only by being null.
type hookForm struct {
	Description, URL *string
	Active           *bool
	Events           []string
	Secret           json.RawMessage
	SkipVerification *bool `json:"skip_cert_verification"`
}

// check refuses a form that makes no webhook of one.
func (f *hookForm) check(h *simulator.Hook) error {
	for _, event := range f.Events {
		if !slices.Contains(events, event) {
			return bad("events", fmt.Sprintf("Select a valid choice. %s is not one of the available choices.", event))
		}
	}
	switch {
	case f.URL != nil && *f.URL == "", f.URL == nil && h.URL == "":
		return bad("url", "This field is required.")
	case f.Events != nil && len(f.Events) == 0, f.Events == nil && h.Events == nil:
		return bad("events", "This field is required.")
	}
	return nil
}

// fill writes onto a hook what the request names.
func (c *call) fill(h *simulator.Hook) error {
	in, err := decode[hookForm](c)
	if err != nil {
		return err
	}
	if err := in.check(h); err != nil {
		return err
	}
	if in.Secret != nil {
		h.Secret = ""
		if err := json.Unmarshal(in.Secret, &h.Secret); err != nil {
			return bad("secret", "Not a valid string.")
		}
	}
	if in.Events != nil {
		h.Events = in.Events
	}
	set(&h.URL, in.URL)
	set(&h.Active, in.Active)
	if in.Description != nil {
		h.Form["description"] = *in.Description
	}
	if in.SkipVerification != nil {
		h.Form["skip_cert_verification"] = *in.SkipVerification
	}
	return nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
