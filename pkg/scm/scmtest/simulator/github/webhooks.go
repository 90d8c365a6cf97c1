package github

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// Messages implements simulator.Dialect.
func (Dialect) Messages(f *simulator.Forge, c *simulator.Change) []simulator.Message {
	v := view{f.URL()}
	var out []simulator.Message
	add := func(event string, payload map[string]any) {
		payload["repository"], payload["sender"] = v.repo(c.Repo), v.user(c.Actor)
		body, err := json.Marshal(payload)
		if err != nil {
			panic(fmt.Sprintf("encode %s: %v", event, err)) // maps of plain values always encode
		}
		out = append(out, simulator.Message{Event: event, Body: body})
	}
	switch c.Kind {
	case scm.KindPush:
		for _, ref := range c.Refs { // each ref has a delivery of its own
			add("push", v.push(c, ref))
		}
	case scm.KindPullRequest:
		add("pull_request", v.pullChange(c))
	case scm.KindReview:
		add("pull_request_review", map[string]any{"action": c.Action, "pull_request": v.pull(c.Pull), "review": v.review(c.Pull, c.Review, string(c.Review.State))})
	case scm.KindComment:
		event, payload := v.commentChange(c)
		add(event, payload)
	case scm.KindIssue:
		add("issues", v.issueChange(c))
	case scm.KindStatus:
		add("status", v.statusChange(c))
	}
	return out
}

func (v view) issueChange(c *simulator.Change) map[string]any {
	payload := map[string]any{"action": c.Action, "issue": v.issue(&c.Issue.Thing, nil)}
	if c.Action == scm.ActionEdited {
		payload["changes"] = changes(c)
	}
	if c.Label != nil {
		payload["label"] = v.label(c.Repo, c.Label)
	}
	return payload
}

// statusChange is a status with its commit, and without a link of its own.
func (v view) statusChange(c *simulator.Change) map[string]any {
	payload := v.status(c.Repo, c.SHA, c.Status)
	delete(payload, "url")
	delete(payload, "node_id")
	payload["sha"], payload["name"], payload["branches"] = c.SHA, c.Repo.FullName(), []any{}
	if found, err := one(c.Repo, c.SHA); err == nil {
		payload["commit"] = v.commit(c.Repo, found, nil)
	}
	return payload
}

const noCommit = "0000000000000000000000000000000000000000"

func orNone(sha string) string {
	if sha == "" {
		return noCommit
	}
	return sha
}

func (v view) push(c *simulator.Change, ref simulator.RefChange) map[string]any {
	payload := map[string]any{
		"ref": ref.Ref, "before": orNone(ref.Before), "after": orNone(ref.After), "created": ref.Before == "", "deleted": ref.After == "",
		"forced": false, "base_ref": nil, "compare": fmt.Sprintf("%s/%s/compare/%.12s...%.12s", v.base, c.Repo.FullName(), orNone(ref.Before), orNone(ref.After)),
		"commits": v.news(c.Repo, ref), "head_commit": nil, "pusher": map[string]any{"name": c.Actor.Login, "email": c.Actor.Email},
	}
	if ref.After != "" {
		if last, err := one(c.Repo, ref.After); err == nil {
			payload["head_commit"] = v.pushed(c.Repo, last)
		}
	}
	return payload
}

// news are the commits that a branch got, oldest first.
func (v view) news(r *simulator.Repo, ref simulator.RefChange) []map[string]any {
	if !strings.HasPrefix(ref.Ref, "refs/heads/") || ref.Before == "" || ref.After == "" {
		return []map[string]any{}
	}
	all, err := r.Log(ref.Before, ref.After)
	if err != nil {
		return []map[string]any{}
	}
	slices.Reverse(all)
	return each(all, func(one simulator.Commit) map[string]any { return v.pushed(r, one) })
}

func (v view) pullChange(c *simulator.Change) map[string]any {
	payload := map[string]any{"action": c.Action, "number": c.Pull.Number, "pull_request": v.fullPull(c.Pull)}
	switch c.Action {
	case scm.ActionMerged:
		payload["action"] = "closed"
	case scm.ActionSynchronize:
		payload["before"], payload["after"] = c.Was["head"], c.Pull.HeadSHA
	case scm.ActionEdited:
		payload["changes"] = changes(c)
	}
	if c.Label != nil {
		payload["label"] = v.label(c.Repo, c.Label)
	}
	return payload
}

// changes are what an edit replaced.
func changes(c *simulator.Change) map[string]any {
	out := map[string]any{}
	for name, was := range c.Was {
		out[name] = map[string]any{"from": was}
	}
	if was, moved := c.Was["base"]; moved {
		out["base"] = map[string]any{"ref": map[string]any{"from": was}, "sha": map[string]any{"from": c.Pull.BaseSHA}}
	}
	return out
}

func (v view) commentChange(c *simulator.Change) (string, map[string]any) {
	payload := map[string]any{"action": c.Action}
	if c.Action == scm.ActionEdited {
		payload["changes"] = changes(c)
	}
	if c.Comment.Path != "" {
		payload["comment"], payload["pull_request"] = v.inline(c.Thing(), c.Comment), v.pull(c.Pull)
		return "pull_request_review_comment", payload
	}
	payload["comment"], payload["issue"] = v.comment(c.Thing(), c.Comment), v.issue(c.Thing(), c.Pull)
	return "issue_comment", payload
}
