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
		payload := map[string]any{"action": c.Action, "issue": v.issue(&c.Issue.Thing, nil)}
		if c.Label != nil {
			payload["label"] = v.label(c.Label)
		}
		add("issues", payload)
	case scm.KindStatus:
		payload := v.status(c.Repo, c.SHA, c.Status)
		payload["sha"], payload["name"], payload["commit"], payload["branches"] = c.SHA, c.Repo.FullName(), map[string]any{"sha": c.SHA}, []any{}
		add("status", payload)
	}
	return out
}

const noCommit = "0000000000000000000000000000000000000000"

func orNone(sha string) string {
	if sha == "" {
		return noCommit
	}
	return sha
}

func (v view) push(c *simulator.Change, ref simulator.RefChange) map[string]any {
	commits := []map[string]any{}
	if strings.HasPrefix(ref.Ref, "refs/heads/") && ref.Before != "" && ref.After != "" {
		all, err := c.Repo.Log(ref.Before, ref.After)
		if err != nil {
			all = nil
		}
		slices.Reverse(all)
		for _, one := range all {
			who := map[string]any{"name": one.Name, "email": one.Email}
			commits = append(commits, map[string]any{"id": one.SHA, "message": one.Message, "timestamp": one.Date, "author": who, "committer": who})
		}
	}
	return map[string]any{
		"ref": ref.Ref, "before": orNone(ref.Before), "after": orNone(ref.After), "created": ref.Before == "", "deleted": ref.After == "",
		"forced": false, "base_ref": nil, "compare": fmt.Sprintf("%s/%s/compare/%.12s...%.12s", v.base, c.Repo.FullName(), orNone(ref.Before), orNone(ref.After)),
		"commits": commits, "head_commit": nil, "pusher": map[string]any{"name": c.Actor.Login, "email": c.Actor.Email},
	}
}

func (v view) pullChange(c *simulator.Change) map[string]any {
	payload := map[string]any{"action": c.Action, "number": c.Pull.Number, "pull_request": v.pull(c.Pull)}
	switch c.Action {
	case scm.ActionMerged:
		payload["action"] = "closed"
	case scm.ActionSynchronize:
		payload["before"], payload["after"] = c.Was["head"], c.Pull.HeadSHA
	case scm.ActionEdited:
		changes := map[string]any{}
		for name, was := range c.Was {
			changes[name] = map[string]any{"from": was}
		}
		if was, moved := c.Was["base"]; moved {
			changes["base"] = map[string]any{"ref": map[string]any{"from": was}, "sha": map[string]any{"from": c.Pull.BaseSHA}}
		}
		payload["changes"] = changes
	}
	if c.Label != nil {
		payload["label"] = v.label(c.Label)
	}
	return payload
}

func (v view) commentChange(c *simulator.Change) (string, map[string]any) {
	payload := map[string]any{"action": c.Action}
	if c.Action == scm.ActionEdited {
		payload["changes"] = map[string]any{"body": map[string]any{"from": ""}}
	}
	if c.Comment.Path != "" {
		payload["comment"], payload["pull_request"] = v.inline(c.Thing(), c.Comment), v.pull(c.Pull)
		return "pull_request_review_comment", payload
	}
	payload["comment"], payload["issue"] = v.comment(c.Thing(), c.Comment), v.issue(c.Thing(), c.Pull)
	return "issue_comment", payload
}
