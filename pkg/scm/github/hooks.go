package github

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type hooks struct{ *api }

// subscribed are the events that Parse reads, sorted.
var subscribed = []string{
	"check_run", "issue_comment", "issues", "pull_request", "pull_request_review", "pull_request_review_comment", "push", "status",
}

// hook is a webhook as the API writes it. A secret is read as stars.
type hook struct {
	ID     int64      `json:"id,omitempty"`
	Name   string     `json:"name,omitempty"`
	Active bool       `json:"active"`
	Events []string   `json:"events"`
	Config hookConfig `json:"config"`
}

type hookConfig struct {
	URL         string `json:"url"`
	ContentType string `json:"content_type"`
	Secret      string `json:"secret,omitempty"`
	// InsecureSSL is "0" for the verification of certificates.
	InsecureSSL any `json:"insecure_ssl"`
}

func newHook(wanted scm.NewHook) hook {
	return hook{Name: "web", Active: true, Events: subscribed, Config: hookConfig{URL: wanted.URL, ContentType: "json", Secret: wanted.Secret, InsecureSSL: "0"}}
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
		verifies := fmt.Sprint(one.Config.InsecureSSL) == "0"
		all = append(all, scm.Hook{
			ID: strconv.FormatInt(one.ID, 10), URL: one.Config.URL, Active: one.Active, SecretSet: one.Config.Secret != "",
			Complete: verifies && one.Config.ContentType == "json" && slices.Equal(slices.Sorted(slices.Values(one.Events)), subscribed),
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
	in := newHook(wanted)
	in.Name = "" // it cannot be changed
	if _, err := h.Do(ctx, rest.Patch("hooks.update", hookPath(on, id)), in, nil); err != nil {
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

// attempt is one attempt to deliver, newest first in a listing. Attempts of the same delivery share its GUID.
type attempt struct {
	ID         int64     `json:"id"`
	GUID       string    `json:"guid"`
	Delivered  time.Time `json:"delivered_at"`
	StatusCode int       `json:"status_code"`
}

// Failed implements scm.Hooks. GitHub keeps deliveries for three days. What a later attempt delivered is not among them.
func (h hooks) Failed(ctx context.Context, on scm.HookTarget, id string, since time.Time) ([]scm.FailedDelivery, error) {
	done := map[string]bool{}
	var failed []scm.FailedDelivery
	cursor := ""
	for {
		var page []attempt
		get := rest.Get("hooks.deliveries", hookPath(on, id, "deliveries"))
		get.Query = url.Values{"per_page": {"100"}}
		if cursor != "" {
			get.Query.Set("cursor", cursor)
		}
		header, err := h.Do(ctx, get, nil, &page)
		if err != nil {
			return nil, fmt.Errorf("list deliveries of webhook %s of %v: %w", id, on, err)
		}
		for _, a := range page {
			if a.Delivered.Before(since) {
				return oldestFirst(failed), nil
			}
			ok := a.StatusCode >= 200 && a.StatusCode < 300
			if !ok && !done[a.GUID] {
				failed = append(failed, scm.FailedDelivery{ID: strconv.FormatInt(a.ID, 10), At: a.Delivered})
			}
			done[a.GUID] = true // the newest attempt counts
		}
		if cursor = nextCursor(header.Get("Link")); cursor == "" || len(page) == 0 {
			return oldestFirst(failed), nil
		}
	}
}

func oldestFirst(failed []scm.FailedDelivery) []scm.FailedDelivery {
	slices.Reverse(failed)
	return failed
}

// Redeliver implements scm.Hooks.
func (h hooks) Redeliver(ctx context.Context, on scm.HookTarget, id, delivery string) error {
	if _, err := h.Do(ctx, rest.Post("hooks.redeliver", hookPath(on, id, "deliveries", delivery, "attempts")), nil, nil); err != nil {
		return fmt.Errorf("ask for delivery %s of webhook %s of %v: %w", delivery, id, on, err)
	}
	return nil
}

// nextCursor reads the cursor of the following page from a Link header.
func nextCursor(link string) string {
	for part := range strings.SplitSeq(link, ",") {
		address, parameters, _ := strings.Cut(part, ";")
		if !strings.Contains(parameters, `rel="next"`) {
			continue
		}
		if u, err := url.Parse(strings.Trim(strings.TrimSpace(address), "<>")); err == nil {
			return u.Query().Get("cursor")
		}
	}
	return ""
}
