package bitbucketserver

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// Messages implements simulator.Dialect. Bitbucket tells nobody of builds and of pull requests that are opened again.
func (Dialect) Messages(f *simulator.Forge, c *simulator.Change) []simulator.Message {
	v := view{f.URL()}
	var event string
	var payload map[string]any
	switch c.Kind {
	case scm.KindPush:
		event, payload = "repo:refs_changed", v.push(c)
	case scm.KindPullRequest:
		event, payload = v.pullChange(c)
	case scm.KindReview:
		event, payload = v.reviewChange(c)
	case scm.KindComment:
		event, payload = v.commentChange(c)
	}
	if event == "" {
		return nil
	}
	payload["eventKey"], payload["date"], payload["actor"] = event, time.Now().Format("2006-01-02T15:04:05-0700"), v.user(c.Actor)
	if c.Pull != nil {
		payload["pullRequest"] = v.pull(c.Pull)
	} else {
		payload["repository"] = v.repo(c.Repo)
	}
	body, err := json.Marshal(payload)
	if err != nil {
		panic(fmt.Sprintf("encode %s: %v", event, err)) // maps of plain values always encode
	}
	return []simulator.Message{{Event: event, Body: body}}
}

const noCommit = "0000000000000000000000000000000000000000"

// maxPushed is how many commits a push tells.
const maxPushed = 5

func (v view) push(c *simulator.Change) map[string]any {
	changes := make([]any, len(c.Refs))
	out := map[string]any{"changes": changes}
	for i, one := range c.Refs {
		from, to, kind := one.Before, one.After, "UPDATE"
		switch {
		case from == "":
			from, kind = noCommit, "ADD"
		case to == "":
			to, kind = noCommit, "DELETE"
		}
		changes[i] = map[string]any{"ref": ref(one.Ref), "refId": one.Ref, "fromHash": from, "toHash": to, "type": kind}
	}
	if last := c.Refs[len(c.Refs)-1]; len(c.Refs) == 1 && last.Before != "" && last.After != "" {
		if all, err := c.Repo.Log(last.Before, last.After); err == nil && len(all) > 0 {
			commits := each(all[:min(len(all), maxPushed)], func(one simulator.Commit) map[string]any { return v.commit(one, nil) })
			out["commits"], out["toCommit"] = commits, commits[0]
		}
	}
	return out
}

func (v view) pullChange(c *simulator.Change) (string, map[string]any) {
	switch c.Action {
	case scm.ActionOpened:
		return "pr:opened", map[string]any{}
	case scm.ActionSynchronize:
		return "pr:from_ref_updated", map[string]any{"previousFromHash": c.Was["head"]}
	case scm.ActionEdited, scm.ActionDrafted, scm.ActionReady:
		return "pr:modified", former(c)
	case scm.ActionMerged:
		return "pr:merged", map[string]any{}
	case scm.ActionClosed:
		return "pr:declined", map[string]any{}
	case scm.ActionOther:
		return "pr:reviewer:updated", map[string]any{"addedReviewers": v.users(c.Asked), "removedReviewers": v.users(c.Unasked)}
	}
	return "", nil
}

// former is the whole of what an edit may change as it was before, changed or not.
func former(c *simulator.Change) map[string]any {
	p := c.Pull
	before := map[string]string{"title": p.Title, "body": p.Body, "base": p.Base}
	for name, was := range c.Was {
		before[name] = was
	}
	target, sha := ref("refs/heads/"+before["base"]), p.Repo.Tip(before["base"])
	target["latestCommit"], target["latestChangeset"] = sha, sha
	out := map[string]any{"previousTitle": before["title"], "previousTarget": target, "previousDraft": p.Draft != (c.Action != scm.ActionEdited)}
	if before["body"] != "" {
		out["previousDescription"] = before["body"]
	}
	return out
}

// reviewChange tells of a verdict; a review without one is no event, because what it says is a comment.
func (v view) reviewChange(c *simulator.Change) (string, map[string]any) {
	payload := map[string]any{"participant": v.participant(c.Pull, c.Review.Author, roleOf(c.Pull, c.Review.Author)), "previousStatus": previousStatus(c)}
	switch c.Review.State {
	case scm.ReviewApproved:
		return "pr:reviewer:approved", payload
	case scm.ReviewChangesRequested:
		return "pr:reviewer:needs_work", payload
	case scm.ReviewDismissed:
		return "pr:reviewer:unapproved", payload
	}
	return "", nil
}

// previousStatus is the one that a verdict, or its withdrawal, replaces.
func previousStatus(c *simulator.Change) string {
	if name, ok := statusNames[scm.ReviewState(c.Was["state"])]; ok {
		return name
	}
	for _, r := range slices.Backward(c.Pull.Reviews) {
		if r.Author == c.Review.Author && r != c.Review && statusNames[r.State] != "" {
			return statusNames[r.State]
		}
	}
	return "UNAPPROVED"
}

func (v view) commentChange(c *simulator.Change) (string, map[string]any) {
	if c.Pull == nil {
		return "", nil
	}
	payload := map[string]any{"comment": v.comment(&c.Pull.Thing, c.Comment, c.Actor)}
	if c.Comment.ReplyTo != 0 {
		payload["commentParentId"] = c.Comment.ReplyTo
	}
	switch c.Action {
	case scm.ActionCreated:
		return "pr:comment:added", payload
	case scm.ActionEdited:
		payload["previousComment"] = c.Was["body"]
		return "pr:comment:edited", payload
	case scm.ActionDeleted:
		return "pr:comment:deleted", payload
	}
	return "", nil
}
