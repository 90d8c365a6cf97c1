package gitea

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type hooks struct {
	*api
	scm.Hooks // Gitea cannot be asked for failed deliveries
}

// subscribed are the events that Parse reads, by the names that a webhook is made with; listed is how Gitea tells of such
// a webhook.
var (
	subscribed = []string{
		"push", "delete", "issues_only", "issue_label", "issue_comment", "pull_request_only", "pull_request_label",
		"pull_request_comment", "pull_request_review", "pull_request_sync", "status",
	}
	listed = []string{
		"delete", "issue_comment", "issue_label", "issues", "pull_request", "pull_request_comment", "pull_request_label",
		"pull_request_review", "pull_request_sync", "push", "status",
	}
)

// hook is a webhook as the API writes it. The secret is written only.
type hook struct {
	ID     int64      `json:"id,omitempty"`
	Type   string     `json:"type,omitempty"`
	Active bool       `json:"active"`
	Config hookConfig `json:"config"`
	Events []string   `json:"events"`
}

type hookConfig struct {
	URL         string `json:"url"`
	ContentType string `json:"content_type"`
	Secret      string `json:"secret,omitempty"`
}

func hookPath(on scm.HookTarget, more ...string) []string {
	if repo, ok := on.Repo(); ok {
		return repoPath(repo, append([]string{"hooks"}, more...)...)
	}
	return append([]string{"orgs", on.Org, "hooks"}, more...)
}

// List implements scm.Hooks.
func (h hooks) List(ctx context.Context, on scm.HookTarget) ([]scm.Hook, error) {
	found, err := list[hook](ctx, h.api, rest.Get("hooks.list", hookPath(on)))
	if err != nil {
		return nil, fmt.Errorf("list webhooks of %v: %w", on, err)
	}
	var all []scm.Hook
	for _, one := range found {
		events := slices.Sorted(slices.Values(one.Events))
		all = append(all, scm.Hook{
			ID: strconv.FormatInt(one.ID, 10), URL: one.Config.URL, Active: one.Active, SecretSet: true,
			Complete: one.Config.ContentType == "json" && slices.Equal(events, listed),
		})
	}
	return all, nil
}

// Create implements scm.Hooks.
func (h hooks) Create(ctx context.Context, on scm.HookTarget, wanted scm.NewHook) error {
	in := hook{Type: "gitea", Active: true, Events: subscribed, Config: hookConfig{URL: wanted.URL, ContentType: "json", Secret: wanted.Secret}}
	if _, err := h.Do(ctx, rest.Post("hooks.create", hookPath(on)), in, nil); err != nil {
		return fmt.Errorf("create webhook on %v: %w", on, err)
	}
	return nil
}

// Update implements scm.Hooks. Gitea's API does not change a secret, so the webhook is made anew before the old one goes; an
// event in between comes twice, with one body, and is known as one.
func (h hooks) Update(ctx context.Context, on scm.HookTarget, id string, wanted scm.NewHook) error {
	if err := h.Create(ctx, on, wanted); err != nil {
		return err
	}
	return h.Delete(ctx, on, id)
}

// Delete implements scm.Hooks.
func (h hooks) Delete(ctx context.Context, on scm.HookTarget, id string) error {
	_, err := h.Do(ctx, rest.Delete("hooks.delete", hookPath(on, id)), nil, nil)
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return fmt.Errorf("delete webhook %s of %v: %w", id, on, err)
	}
	return nil
}
