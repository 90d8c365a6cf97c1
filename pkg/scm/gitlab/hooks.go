package gitlab

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// hooks are a project's or, in paid plans, a group's. GitLab can be asked for failed deliveries, but that makes up for
// nothing: after four failures it stops sending for a while, and keeps no trace of what it did not send.
type hooks struct {
	*api
	scm.Hooks
}

// events are what a webhook may be subscribed to; those of the second half GitLab may send for nothing.
type events struct {
	Push               bool `json:"push_events"`
	TagPush            bool `json:"tag_push_events"`
	MergeRequests      bool `json:"merge_requests_events"`
	Notes              bool `json:"note_events"`
	ConfidentialNotes  bool `json:"confidential_note_events"`
	Issues             bool `json:"issues_events"`
	ConfidentialIssues bool `json:"confidential_issues_events"`

	Pipelines    bool `json:"pipeline_events"`
	WikiPages    bool `json:"wiki_page_events"`
	Deployments  bool `json:"deployment_events"`
	Releases     bool `json:"releases_events"`
	FeatureFlags bool `json:"feature_flag_events"`
	Milestones   bool `json:"milestone_events"`
	Emoji        bool `json:"emoji_events"`
	AccessTokens bool `json:"resource_access_token_events"`
}

// subscribed are the events that Parse reads. Those of jobs it reads too, but they are left as they are: each job sends four,
// and GitLab drops the deliveries of all events of a namespace that has too many.
var subscribed = events{
	Push: true, TagPush: true, MergeRequests: true, Notes: true, ConfidentialNotes: true, Issues: true, ConfidentialIssues: true,
}

// hook is a webhook as the API writes it. The secrets are written only; newer servers tell whether there are any.
type hook struct {
	ID     int64  `json:"id,omitempty"`
	URL    string `json:"url"`
	Verify bool   `json:"enable_ssl_verification"`
	events
	// Subgroups and Members are events of groups, nil in a project's webhook.
	Subgroups *bool `json:"subgroup_events,omitempty"`
	Members   *bool `json:"member_events,omitempty"`

	Filter   string `json:"push_events_branch_filter"`
	Strategy string `json:"branch_filter_strategy,omitempty"`
	Template string `json:"custom_webhook_template"`
	Token    string `json:"token"`
	Signing  string `json:"signing_token,omitempty"`

	Status       string `json:"alert_status,omitempty"`
	TokenThere   *bool  `json:"token_present,omitempty"`
	SigningThere *bool  `json:"signing_token_present,omitempty"`
}

// disabled is the status of a webhook that GitLab has given up. One "temporarily_disabled" comes back by itself.
const disabled = "disabled"

func hookPath(on scm.HookTarget, more ...string) []string {
	more = append([]string{"hooks"}, more...)
	if repo, ok := on.Repo(); ok {
		return projectPath(repo, more...)
	}
	return groupPath(on.Org, more...)
}

// List implements scm.Hooks.
func (h hooks) List(ctx context.Context, on scm.HookTarget) ([]scm.Hook, error) {
	found, err := list[hook](ctx, h.api, rest.Get("hooks.list", hookPath(on)))
	if err != nil {
		return nil, fmt.Errorf("list webhooks of %v: %w", on, err)
	}
	var all []scm.Hook
	for i := range found {
		one := &found[i]
		all = append(all, scm.Hook{
			ID: number(one.ID), URL: one.URL, Active: one.Status != disabled, Complete: one.complete(), SecretSet: one.secretSet(),
		})
	}
	return all, nil
}

func (h *hook) complete() bool {
	everyBranch := h.Filter == "" || h.Strategy == "all_branches"
	return h.events == subscribed && !isTrue(h.Subgroups) && !isTrue(h.Members) && h.Verify && everyBranch && h.Template == ""
}

func (h *hook) secretSet() bool {
	if h.TokenThere == nil && h.SigningThere == nil {
		return true
	}
	return isTrue(h.TokenThere) || isTrue(h.SigningThere)
}

func isTrue(b *bool) bool { return b != nil && *b }

// newHook writes a secret of the form "whsec_..." as the key that signs deliveries, and takes the token away; any other is the
// token that comes with them.
func newHook(on scm.HookTarget, wanted scm.NewHook) hook {
	in := hook{URL: wanted.URL, Verify: true, events: subscribed, Strategy: "all_branches"}
	if _, ofProject := on.Repo(); !ofProject {
		in.Subgroups, in.Members = new(bool), new(bool)
	}
	if strings.HasPrefix(wanted.Secret, signingPrefix) {
		in.Signing = wanted.Secret
	} else {
		in.Token = wanted.Secret
	}
	return in
}

// Create implements scm.Hooks. A server that cannot sign answers ErrUnsupported for a secret that signs.
func (h hooks) Create(ctx context.Context, on scm.HookTarget, wanted scm.NewHook) error {
	if _, err := h.write(ctx, on, rest.Post("hooks.create", hookPath(on)), wanted); err != nil {
		return fmt.Errorf("create webhook on %v: %w", on, err)
	}
	return nil
}

func (h hooks) write(ctx context.Context, on scm.HookTarget, c rest.Call, wanted scm.NewHook) (*hook, error) {
	in := newHook(on, wanted)
	var after hook
	if _, err := h.Do(ctx, c, in, &after); err != nil {
		return nil, err
	}
	if in.Signing != "" && !isTrue(after.SigningThere) {
		return nil, fmt.Errorf("the server does not sign deliveries, so that a secret without %s is needed: %w", signingPrefix, scm.ErrUnsupported)
	}
	return &after, nil
}

// Update implements scm.Hooks. A webhook that GitLab has given up stays so, whatever is written, so another takes its place.
func (h hooks) Update(ctx context.Context, on scm.HookTarget, id string, wanted scm.NewHook) error {
	after, err := h.write(ctx, on, rest.Put("hooks.update", hookPath(on, id)), wanted)
	if err != nil {
		return fmt.Errorf("update webhook %s of %v: %w", id, on, err)
	}
	if after.Status != disabled {
		return nil
	}
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
