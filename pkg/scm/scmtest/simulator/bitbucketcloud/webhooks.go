package bitbucketcloud

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// Messages implements simulator.Dialect.
func (Dialect) Messages(f *simulator.Forge, c *simulator.Change) []simulator.Message {
	v := view{f}
	var names []string
	var payload map[string]any
	switch c.Kind {
	case scm.KindPush:
		names, payload = []string{"repo:push"}, v.push(c)
	case scm.KindPullRequest:
		names, payload = pullEvents[c.Action], map[string]any{}
	case scm.KindReview:
		names, payload = v.verdict(c)
	case scm.KindComment:
		names, payload = v.commented(c)
	case scm.KindIssue:
		names, payload = v.issueChange(c)
	case scm.KindStatus:
		names, payload = []string{statusEvent(c)}, map[string]any{"commit_status": v.status(c.Repo, c.SHA, c.Status)}
	}
	if len(names) == 0 {
		return nil
	}
	payload["repository"], payload["actor"] = v.told(c.Repo), v.user(c.Actor)
	if c.Pull != nil {
		payload["pullrequest"] = v.pull(c.Pull)
	}
	body, err := json.Marshal(payload)
	if err != nil {
		panic(fmt.Sprintf("encode %s: %v", names[0], err)) // maps of plain values always encode
	}
	var out []simulator.Message
	for _, name := range names {
		out = append(out, simulator.Message{Event: name, Body: body})
	}
	return out
}

// pullEvents tell what happened to a pull request. What an update changed is not told, but that new commits are among it.
var pullEvents = map[scm.Action][]string{
	scm.ActionOpened: {"pullrequest:created"}, scm.ActionSynchronize: {"pullrequest:push", "pullrequest:updated"},
	scm.ActionEdited: {"pullrequest:updated"}, scm.ActionOther: {"pullrequest:updated"}, scm.ActionReady: {"pullrequest:updated"}, scm.ActionDrafted: {"pullrequest:updated"},
	scm.ActionMerged: {"pullrequest:fulfilled"}, scm.ActionClosed: {"pullrequest:rejected"},
}

// push tells of all refs in one delivery.
func (v view) push(c *simulator.Change) map[string]any {
	changes := []any{}
	for _, ref := range c.Refs {
		changes = append(changes, v.refChange(c.Repo, ref))
	}
	return map[string]any{"push": map[string]any{"changes": changes}}
}

// mostCommits is how many commits one change of a ref tells of.
const mostCommits = 5

func (v view) refChange(r *simulator.Repo, change simulator.RefChange) map[string]any {
	kind, name := "branch", strings.TrimPrefix(change.Ref, "refs/heads/")
	if tag, ok := strings.CutPrefix(change.Ref, "refs/tags/"); ok {
		kind, name = "tag", tag
	}
	end := func(object string) any {
		if object == "" {
			return nil
		}
		return v.ref(r, kind, name, r.Resolve(object)) // what an annotated tag points at
	}
	since := change.Before
	if since == "" {
		since = r.Tip(r.DefaultBranch)
	}
	var added []simulator.Commit
	if kind == "branch" && change.After != "" {
		if found, err := r.Log(since, change.After); err == nil {
			added = found
		}
	}
	compare := v.page(r, "branches", "compare", change.After+".."+change.Before)
	return map[string]any{
		"old": end(change.Before), "new": end(change.After), "created": change.Before == "", "closed": change.After == "",
		"forced":    change.Before != "" && change.After != "" && r.MergeBase(change.Before, change.After) != r.Resolve(change.Before),
		"truncated": len(added) > mostCommits,
		"commits":   each(added[:min(len(added), mostCommits)], func(one simulator.Commit) map[string]any { return v.commit(r, one) }),
		"links": map[string]any{
			"html": link(compare), "commits": link(v.repoAPI(r, "commits?include="+change.After+"&exclude="+change.Before)),
			"diff": link(v.repoAPI(r, "diff", change.After+".."+change.Before)),
		},
	}
}

// verdict tells of no review that is neither an approval nor a request for changes.
func (v view) verdict(c *simulator.Change) ([]string, map[string]any) {
	state := c.Review.State
	if c.Action == scm.ActionDismissed {
		state = scm.ReviewState(c.Was["state"])
	}
	said := map[string]any{"date": stamp(c.Review.Submitted), "user": v.user(c.Review.Author)}
	submitted := c.Action == scm.ActionSubmitted
	switch {
	case state == scm.ReviewApproved && submitted:
		return []string{"pullrequest:approved"}, map[string]any{"approval": said}
	case state == scm.ReviewApproved:
		return []string{"pullrequest:unapproved"}, map[string]any{"approval": said}
	case state == scm.ReviewChangesRequested && submitted:
		return []string{"pullrequest:changes_request_created"}, map[string]any{"changes_request": said}
	case state == scm.ReviewChangesRequested:
		return []string{"pullrequest:changes_request_removed"}, map[string]any{"changes_request": said}
	}
	return nil, nil
}

// commented tells of issues' comments only when they are made.
func (v view) commented(c *simulator.Change) ([]string, map[string]any) {
	payload := map[string]any{"comment": v.comment(c.Thing(), c.Comment)}
	if c.Pull != nil {
		word := map[scm.Action]string{scm.ActionCreated: "created", scm.ActionEdited: "updated", scm.ActionDeleted: "deleted"}[c.Action]
		return []string{"pullrequest:comment_" + word}, payload
	}
	payload["issue"] = v.issue(c.Issue)
	if c.Action != scm.ActionCreated {
		return nil, nil
	}
	return []string{"issue:comment_created"}, payload
}

func (v view) issueChange(c *simulator.Change) ([]string, map[string]any) {
	payload := map[string]any{"issue": v.issue(c.Issue)}
	changes := map[string]any{}
	changed := func(name, was, now string) { changes[name] = map[string]any{"old": was, "new": now} }
	switch c.Action {
	case scm.ActionOpened:
		return []string{"issue:created"}, payload
	case scm.ActionClosed:
		changed("status", "open", issueState(c.Issue))
	case scm.ActionReopened:
		changed("status", "resolved", issueState(c.Issue))
	case scm.ActionEdited:
		if was, ok := c.Was["title"]; ok {
			changed("title", was, c.Issue.Title)
		}
		if was, ok := c.Was["body"]; ok {
			changed("content", was, c.Issue.Body)
		}
	default:
		return nil, nil
	}
	payload["changes"] = changes
	return []string{"issue:updated"}, payload
}

// statusEvent tells the first status of a key from those that replace it.
func statusEvent(c *simulator.Change) string {
	of := 0
	for _, s := range c.Repo.Statuses[c.SHA] {
		if s.Key == c.Status.Key {
			of++
		}
	}
	if of > 1 {
		return "repo:commit_status_updated"
	}
	return "repo:commit_status_created"
}
