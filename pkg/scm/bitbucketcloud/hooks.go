package bitbucketcloud

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type hooks struct {
	*api
	scm.Hooks // Bitbucket's API does not list deliveries
}

// subscribed are the events that Parse reads, sorted.
var subscribed = []string{
	"issue:comment_created", "issue:created", "issue:updated",
	"pullrequest:approved", "pullrequest:changes_request_created", "pullrequest:changes_request_removed",
	"pullrequest:comment_created", "pullrequest:comment_deleted", "pullrequest:comment_reopened", "pullrequest:comment_resolved",
	"pullrequest:comment_updated", "pullrequest:created", "pullrequest:fulfilled", "pullrequest:push", "pullrequest:rejected",
	"pullrequest:unapproved", "pullrequest:updated",
	"repo:commit_status_created", "repo:commit_status_updated", "repo:push",
}

// hook is a webhook as the API writes it. The secret is written only.
type hook struct {
	UUID        string   `json:"uuid,omitempty"` // in braces
	Description string   `json:"description"`
	URL         string   `json:"url"`
	Active      bool     `json:"active"`
	Events      []string `json:"events"`
	Secret      string   `json:"secret,omitempty"`
	SecretSet   *bool    `json:"secret_set,omitempty"`
	// SkipVerification says that the receiver's certificate is not looked at.
	SkipVerification bool `json:"skip_cert_verification,omitempty"`
}

func hookPath(on scm.HookTarget, more ...string) []string {
	if repo, ok := on.Repo(); ok {
		return repoPath(repo, append([]string{"hooks"}, more...)...)
	}
	return append([]string{"workspaces", on.Org, "hooks"}, more...)
}

func newHook(wanted scm.NewHook) hook {
	return hook{Description: "Pharos", URL: wanted.URL, Active: true, Events: subscribed, Secret: wanted.Secret}
}

// List implements scm.Hooks.
func (h hooks) List(ctx context.Context, on scm.HookTarget) ([]scm.Hook, error) {
	found, err := list[hook](ctx, h.api, rest.Get("hooks.list", hookPath(on)))
	if err != nil {
		return nil, fmt.Errorf("list webhooks of %v: %w", on, err)
	}
	var all []scm.Hook
	for _, one := range found {
		all = append(all, scm.Hook{
			ID: one.UUID, URL: one.URL, Active: one.Active, SecretSet: one.SecretSet == nil || *one.SecretSet,
			Complete: !one.SkipVerification && slices.Equal(slices.Sorted(slices.Values(one.Events)), subscribed),
		})
	}
	return all, nil
}

// Create implements scm.Hooks. The token needs the scope webhook and those of the events: repository, pullrequest and issue.
// Webhooks of a workspace need one of its owners. Bitbucket refuses addresses that only a private network knows.
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
