package bitbucketserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type hooks struct {
	*api
	scm.Hooks // Bitbucket tells the last delivery of each event only, and sends none again
}

// subscribed are the events that Parse reads. Bitbucket refuses names that it does not know, among them
// pr:reviewer:changes_requested, which its documentation has for pr:reviewer:needs_work.
var subscribed = []string{
	"pr:comment:added", "pr:comment:deleted", "pr:comment:edited", "pr:declined", "pr:deleted", "pr:from_ref_updated", "pr:merged",
	"pr:modified", "pr:opened", "pr:reviewer:approved", "pr:reviewer:needs_work", "pr:reviewer:unapproved", "pr:reviewer:updated",
	"repo:refs_changed",
}

// hook is a webhook as the API writes it. A write without a secret takes the secret off.
type hook struct {
	ID            int64             `json:"id,omitempty"`
	Name          string            `json:"name"`
	URL           string            `json:"url"`
	Active        bool              `json:"active"`
	Events        []string          `json:"events"`
	Configuration map[string]string `json:"configuration"`
	// VerifyTLS is told since 8.0; servers before it always do.
	VerifyTLS *bool `json:"sslVerificationRequired,omitempty"`
}

func newHook(wanted scm.NewHook) hook {
	verify := true
	return hook{
		Name: "Pharos", URL: wanted.URL, Active: true, Events: subscribed,
		Configuration: map[string]string{"secret": wanted.Secret}, VerifyTLS: &verify,
	}
}

func hookPath(on scm.HookTarget, more ...string) []string {
	if repo, ok := on.Repo(); ok {
		return repoPath(repo, append([]string{"webhooks"}, more...)...)
	}
	return append([]string{"api", "1.0", "projects", on.Org, "webhooks"}, more...)
}

// List implements scm.Hooks. Bitbucket shows the secret of a webhook to its administrators. Webhooks of another scope, as of a
// repository's project, are left out.
func (h hooks) List(ctx context.Context, on scm.HookTarget) ([]scm.Hook, error) {
	type listed struct {
		hook
		Scope         string         `json:"scopeType"`
		Configuration map[string]any `json:"configuration"`
	}
	found, err := list[listed](ctx, h.api, rest.Get("hooks.list", hookPath(on)))
	if err != nil {
		return nil, fmt.Errorf("list webhooks of %v: %w", on, err)
	}
	scope := "project"
	if _, ok := on.Repo(); ok {
		scope = "repository"
	}
	var all []scm.Hook
	for _, one := range found {
		if one.Scope != "" && !strings.EqualFold(one.Scope, scope) {
			continue
		}
		secret, _ := one.Configuration["secret"].(string)
		all = append(all, scm.Hook{
			ID: strconv.FormatInt(one.ID, 10), URL: one.URL, Active: one.Active, SecretSet: secret != "",
			Complete: slices.Equal(slices.Sorted(slices.Values(one.Events)), subscribed) && (one.VerifyTLS == nil || *one.VerifyTLS),
		})
	}
	return all, nil
}

// Create implements scm.Hooks.
func (h hooks) Create(ctx context.Context, on scm.HookTarget, wanted scm.NewHook) error {
	if _, err := h.Do(ctx, rest.Post("hooks.create", hookPath(on)), newHook(wanted), nil); err != nil {
		return fmt.Errorf("create webhook on %v: %w", on, err)
	}
	return nil
}

// Update implements scm.Hooks.
func (h hooks) Update(ctx context.Context, on scm.HookTarget, id string, wanted scm.NewHook) error {
	if _, err := h.Do(ctx, rest.Put("hooks.update", hookPath(on, id)), newHook(wanted), nil); err != nil {
		return fmt.Errorf("update webhook %s of %v: %w", id, on, err)
	}
	return nil
}

// Delete implements scm.Hooks.
func (h hooks) Delete(ctx context.Context, on scm.HookTarget, id string) error {
	_, err := h.Do(ctx, rest.Delete("hooks.delete", hookPath(on, id)), nil, nil)
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("delete webhook %s of %v: %w", id, on, err)
	}
	return nil
}
