package gitea

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// telling collects the deliveries that tell of one change.
type telling struct {
	view
	*simulator.Change
	out []simulator.Message
}

// Messages implements simulator.Dialect.
func (Dialect) Messages(f *simulator.Forge, c *simulator.Change) []simulator.Message {
	t := &telling{view: view{forge: f}, Change: c}
	switch c.Kind {
	case scm.KindPush:
		for _, ref := range c.Refs { // each ref has deliveries of its own
			t.pushed(ref)
		}
	case scm.KindPullRequest:
		t.pulled()
	case scm.KindReview:
		t.reviewed(c.Review.State, c.Action, c.Review.Body)
	case scm.KindComment:
		t.commented()
	case scm.KindIssue:
		t.issued()
	case scm.KindStatus:
		t.stated()
	}
	return t.out
}

// names are those of one kind of delivery: what hooks subscribe to, and the two that the headers have.
type names struct{ kind, event, eventType string }

func same(name string) names { return names{name, name, name} }

func (t *telling) add(n names, payload map[string]any) {
	payload["repository"], payload["sender"] = t.repo(t.Repo), t.user(t.Actor)
	body, err := json.Marshal(payload)
	if err != nil {
		panic(fmt.Sprintf("encode %s: %v", n.kind, err)) // maps of plain values always encode
	}
	header := http.Header{}
	for _, prefix := range []string{"X-Gitea-", "X-GitHub-", "X-Gogs-"} {
		header.Set(prefix+"Event", n.event)
		header.Set(prefix+"Event-Type", n.eventType)
	}
	t.out = append(t.out, simulator.Message{Event: n.kind, Header: header, Body: body})
}

// pushed tells of a ref: of a branch that is new or gone by an event more or instead, of a tag by one more.
func (t *telling) pushed(ref simulator.RefChange) {
	kind, name := "branch", strings.TrimPrefix(ref.Ref, "refs/heads/")
	if tag, is := strings.CutPrefix(ref.Ref, "refs/tags/"); is {
		kind, name = "tag", tag
	}
	made := map[string]any{"sha": ref.After, "ref": name, "ref_type": kind}
	switch {
	case ref.After == "":
		if kind == "tag" {
			t.add(same("push"), t.push(ref))
		}
		t.add(same("delete"), map[string]any{"ref": name, "ref_type": kind, "pusher_type": "user"})
	case ref.Before != "":
		t.add(same("push"), t.push(ref))
	case kind == "tag":
		t.add(same("push"), t.push(ref))
		t.add(same("create"), made)
	default:
		t.add(same("create"), made)
		t.add(same("push"), t.push(ref))
	}
}

const noCommit = "0000000000000000000000000000000000000000"

// feed is how many commits a push names at most.
const feed = 5

func (t *telling) push(ref simulator.RefChange) map[string]any {
	before, after := cmp.Or(ref.Before, noCommit), cmp.Or(ref.After, noCommit)
	payload := map[string]any{
		"ref": ref.Ref, "before": before, "after": after, "compare_url": t.forge.URL() + "/", "commits": []any{}, "total_commits": 0,
		"head_commit": nil, "pusher": t.user(t.Actor),
	}
	if ref.After == "" {
		return payload
	}
	if head, err := one(t.Repo, ref.After); err == nil {
		payload["head_commit"] = t.payload(t.Repo, head, true)
	}
	from := before
	if strings.HasPrefix(ref.Ref, "refs/heads/") {
		if ref.Before == "" { // counted from where it left the default branch
			from = t.Repo.MergeBase(t.Repo.Tip(t.Repo.DefaultBranch), ref.After)
		}
		if all, err := t.Repo.Log(from, ref.After); err == nil {
			payload["total_commits"] = len(all)
			payload["commits"] = each(all[:min(len(all), feed)], func(one simulator.Commit) map[string]any { return t.payload(t.Repo, one, true) })
		}
	}
	payload["compare_url"] = fmt.Sprintf("%s/compare/%s...%s", t.html(t.Repo), from, after)
	return payload
}

func (t *telling) pulled() {
	kind, payload := same(pullKind), t.aboutPull(string(t.Action))
	switch t.Action {
	case scm.ActionMerged:
		payload["action"] = "closed"
	case scm.ActionSynchronize:
		kind.kind, kind.eventType, payload["action"] = "pull_request_sync", "pull_request_sync", "synchronized"
	case scm.ActionEdited:
		payload["changes"] = t.changes()
	case scm.ActionLabeled, scm.ActionUnlabeled: // nothing says which of the two, nor which label
		kind.kind, kind.eventType, payload["action"] = pullLabelKind, pullLabelKind, "label_updated"
	case scm.ActionOther:
		t.requested("review_requested", t.Asked)
		t.requested("review_request_removed", t.Unasked)
		return
	}
	t.add(kind, payload)
}

func (t *telling) aboutPull(action string) map[string]any {
	return map[string]any{
		"action": action, "number": t.Pull.Number, "pull_request": t.pull(t.Pull), "requested_reviewer": nil, "commit_id": "", "review": nil,
	}
}

func (t *telling) requested(action string, people []*simulator.User) {
	for _, u := range people {
		payload := t.aboutPull(action)
		payload["requested_reviewer"] = t.user(u)
		t.add(names{"pull_request_review_request", pullKind, "pull_request_review_request"}, payload)
	}
}

// changes are what an edit replaced; of a base it is told what it became.
func (t *telling) changes() map[string]any {
	out := map[string]any{"added_labels": nil, "removed_labels": nil}
	for name, was := range t.Was {
		if name == "base" {
			name, was = "ref", t.Pull.Base
		}
		out[name] = map[string]any{"from": was}
	}
	return out
}

// reviewed tells of a verdict, and never of its withdrawal. It has no number.
func (t *telling) reviewed(state scm.ReviewState, action scm.Action, text string) {
	word := map[scm.ReviewState]string{scm.ReviewApproved: "approved", scm.ReviewChangesRequested: "rejected", scm.ReviewCommented: "comment"}[state]
	if action != scm.ActionSubmitted {
		return
	}
	payload := t.aboutPull("reviewed")
	payload["requested_reviewer"] = t.user(t.Actor)
	payload["review"] = map[string]any{"type": "pull_request_review_" + word, "content": text}
	t.add(names{pullReviewKind, "pull_request_" + word, "pull_request_review_" + word}, payload)
}

// commented tells of a new comment on a line of code as of a review without a text.
func (t *telling) commented() {
	if t.Comment.Path != "" && t.Action == scm.ActionCreated {
		t.reviewed(scm.ReviewCommented, scm.ActionSubmitted, "")
		return
	}
	about := t.Thing()
	kind := "issue_comment"
	payload := map[string]any{"action": t.Action, "issue": t.issue(about), "comment": t.comment(about, t.Comment), "is_pull": about.IsPull}
	if about.IsPull {
		kind, payload["pull_request"] = "pull_request_comment", t.pull(t.Pull)
	}
	if t.Action == scm.ActionEdited {
		payload["changes"] = t.changes()
	}
	t.add(names{kind, "issue_comment", kind}, payload)
}

func (t *telling) issued() {
	kind, payload := same(issuesKind), map[string]any{"action": t.Action, "number": t.Issue.Number, "issue": t.issue(&t.Issue.Thing), "commit_id": ""}
	switch t.Action {
	case scm.ActionEdited:
		payload["changes"] = t.changes()
	case scm.ActionLabeled, scm.ActionUnlabeled:
		kind.kind, kind.eventType, payload["action"] = "issue_label", "issue_label", "label_updated"
	}
	t.add(kind, payload)
}

// stated tells of a status, numbered among all, with the server's address where it has none.
func (t *telling) stated() {
	st := t.Status
	payload := map[string]any{
		"id": st.ID, "sha": t.SHA, "context": st.Context, "state": st.State, "description": st.Description,
		"target_url": cmp.Or(st.TargetURL, t.forge.URL()+"/"), "created_at": stamp(st.Created), "updated_at": stamp(st.Created), "commit": nil,
	}
	if found, err := one(t.Repo, t.SHA); err == nil {
		payload["commit"] = t.payload(t.Repo, found, true)
	}
	t.add(same("status"), payload)
}
