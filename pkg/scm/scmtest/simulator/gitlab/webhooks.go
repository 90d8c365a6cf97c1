package gitlab

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// Messages implements simulator.Dialect. GitLab tells of no comment that is deleted, of no verdict but approvals, and of no
// status that its API set.
func (Dialect) Messages(f *simulator.Forge, c *simulator.Change) []simulator.Message {
	v := view{f.URL()}
	switch c.Kind {
	case scm.KindPush:
		return v.pushes(c)
	case scm.KindPullRequest:
		return message("merge_requests_events", "Merge Request Hook", v.pullChange(c))
	case scm.KindReview:
		action, isApproval := map[scm.Action]string{scm.ActionSubmitted: "approved", scm.ActionDismissed: "unapproved"}[c.Action]
		if isApproval && (c.Review.State == scm.ReviewApproved || c.Action == scm.ActionDismissed) {
			return message("merge_requests_events", "Merge Request Hook", v.pullPayload(c, action, object{}))
		}
	case scm.KindComment:
		if c.Action != scm.ActionDeleted {
			return message("note_events", "Note Hook", v.noteChange(c))
		}
	case scm.KindIssue:
		return message("issues_events", "Issue Hook", v.issueChange(c))
	}
	return nil
}

func message(event, header string, payload object) []simulator.Message {
	body, err := json.Marshal(payload)
	if err != nil {
		panic(fmt.Sprintf("encode %s: %v", header, err)) // maps of plain values always encode
	}
	return []simulator.Message{{Event: event, Header: http.Header{"X-Gitlab-Event": {header}}, Body: body}}
}

const noCommit = "0000000000000000000000000000000000000000"

func orNone(sha string) string {
	if sha == "" {
		return noCommit
	}
	return sha
}

// pushLimit is how many branches, or tags, one push may move for webhooks to be sent at all.
const pushLimit = 3

func (v view) pushes(c *simulator.Change) []simulator.Message {
	kinds := []struct{ prefix, kind, event, header string }{
		{"refs/heads/", "push", "push_events", "Push Hook"}, {"refs/tags/", "tag_push", "tag_push_events", "Tag Push Hook"},
	}
	var all []simulator.Message
	for _, k := range kinds {
		var refs []simulator.RefChange
		for _, ref := range c.Refs {
			if strings.HasPrefix(ref.Ref, k.prefix) {
				refs = append(refs, ref)
			}
		}
		if len(refs) > pushLimit {
			continue
		}
		for _, ref := range refs {
			all = append(all, message(k.event, k.header, v.push(c, ref, k.kind))...)
		}
	}
	return all
}

func (v view) push(c *simulator.Change, ref simulator.RefChange, kind string) object {
	commits := []object{}
	if kind == "push" && ref.Before != "" && ref.After != "" {
		all, err := c.Repo.Log(ref.Before, ref.After)
		if err != nil {
			all = nil
		}
		for _, one := range slices.Backward(all) {
			commits = append(commits, lastCommit(v, c.Repo, one))
		}
	}
	var checkout any
	if ref.After != "" {
		checkout = ref.After
	}
	out := object{
		"object_kind": kind, "event_name": kind, "before": orNone(ref.Before), "after": orNone(ref.After), "ref": ref.Ref,
		"checkout_sha": checkout, "user_id": c.Actor.ID, "user_name": c.Actor.Name, "user_username": c.Actor.Login, "user_email": "",
		"user_avatar": nil, "project_id": c.Repo.ID, "project": v.hookProject(c.Repo), "repository": v.hookRepository(c.Repo),
		"commits": commits, "total_commits_count": len(commits),
	}
	if kind == "push" {
		out["ref_protected"] = false
	} else {
		out["message"] = nil
	}
	return out
}

func lastCommit(v view, r *simulator.Repo, c simulator.Commit) object {
	return object{
		"id": c.SHA, "message": c.Message, "title": c.Message, "timestamp": c.Date, "url": v.page(r) + "/-/commit/" + c.SHA,
		"author": object{"name": c.Name, "email": "[REDACTED]"},
	}
}

func (v view) hookProject(r *simulator.Repo) any {
	if r == nil {
		return nil
	}
	ssh := "git@gitlab.test:" + r.FullName() + ".git"
	return object{
		"id": r.ID, "name": r.Name, "description": "", "web_url": v.page(r), "avatar_url": nil, "git_ssh_url": ssh, "git_http_url": v.page(r) + ".git",
		"namespace": r.Org.Path, "visibility_level": 20, "path_with_namespace": r.FullName(), "default_branch": r.DefaultBranch,
		"homepage": v.page(r), "url": ssh, "ssh_url": ssh, "http_url": v.page(r) + ".git",
	}
}

func (v view) hookRepository(r *simulator.Repo) object {
	return object{"name": r.Name, "url": "git@gitlab.test:" + r.FullName() + ".git", "description": "", "homepage": v.page(r)}
}

func hookUser(u *simulator.User) object {
	return object{"id": u.ID, "name": u.Name, "username": u.Login, "avatar_url": nil, "email": "[REDACTED]"}
}

func hookUsers(all []*simulator.User) []object { return each(all, hookUser) }

func hookLabel(l *simulator.Label) object {
	return object{"id": l.ID, "title": l.Name, "color": "#6699cc", "template": false, "description": nil, "type": "ProjectLabel", "group_id": nil}
}

// utc is the other form in which webhooks write times.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func ids(all []*simulator.User) []int {
	out := make([]int, len(all))
	for i, u := range all {
		out[i] = u.ID
	}
	return out
}

// thingAttributes tell the author by his number alone.
func (v view) thingAttributes(t *simulator.Thing) object {
	return object{
		"id": t.ID, "iid": t.Number, "title": t.Title, "description": t.Body, "author_id": t.Author.ID, "assignee_ids": ids(t.Assignees),
		"created_at": utc(t.Created), "updated_at": utc(t.Updated), "state": state(t.State), "url": v.thingPage(t), "labels": each(t.Labels, hookLabel),
	}
}

func (v view) pullAttributes(p *simulator.Pull) object {
	out := v.thingAttributes(&p.Thing)
	maps.Copy(out, object{
		"title": title(p), "draft": p.Draft, "work_in_progress": p.Draft, "source_branch": p.Head, "target_branch": p.Base,
		"source_project_id": nil, "target_project_id": p.Repo.ID, "source": v.hookProject(p.HeadRepo), "target": v.hookProject(p.Repo),
		"last_commit": nil, "merge_status": "unchecked", "detailed_merge_status": "unchecked", "merge_commit_sha": nil,
		"reviewer_ids": ids(p.Reviewers),
	})
	if p.HeadRepo != nil {
		out["source_project_id"] = p.HeadRepo.ID
	}
	if p.State == scm.StateMerged && p.MergeSHA != p.HeadSHA {
		out["merge_commit_sha"] = p.MergeSHA
	}
	if commits, err := p.Repo.Log(p.HeadSHA+"^", p.HeadSHA); err == nil && len(commits) > 0 {
		out["last_commit"] = lastCommit(v, p.Repo, commits[0])
	}
	return out
}

func (v view) pullPayload(c *simulator.Change, action string, changes object) object {
	attributes := v.pullAttributes(c.Pull)
	attributes["action"], attributes["system"] = action, false
	out := object{
		"object_kind": "merge_request", "event_type": "merge_request", "user": hookUser(c.Actor), "project": v.hookProject(c.Repo),
		"object_attributes": attributes, "labels": each(c.Pull.Labels, hookLabel), "changes": changes, "repository": v.hookRepository(c.Repo),
	}
	if len(c.Pull.Assignees) > 0 {
		out["assignees"] = hookUsers(c.Pull.Assignees)
	}
	if len(c.Pull.Reviewers) > 0 {
		out["reviewers"] = hookUsers(c.Pull.Reviewers)
	}
	return out
}

// actions are GitLab's words for those that have one; all others are updates.
var actions = map[scm.Action]string{
	scm.ActionOpened: "open", scm.ActionReopened: "reopen", scm.ActionClosed: "close", scm.ActionMerged: "merge",
}

func actionOf(c *simulator.Change) string {
	if native, has := actions[c.Action]; has {
		return native
	}
	return "update"
}

func (v view) pullChange(c *simulator.Change) object {
	p := c.Pull
	now := map[string]string{"title": title(p), "body": p.Body, "base": p.Base}
	changes := textChanges(c, now)
	labelChanges(c, &p.Thing, changes)
	switch c.Action {
	case scm.ActionDrafted:
		changes["draft"], changes["title"] = changed(false, true), changed(p.Title, title(p))
	case scm.ActionReady:
		changes["draft"], changes["title"] = changed(true, false), changed(draftPrefix+p.Title, p.Title)
	}
	out := v.pullPayload(c, actionOf(c), changes)
	if c.Action == scm.ActionSynchronize {
		out["object_attributes"].(object)["oldrev"] = c.Was["head"]
	}
	return out
}

func changed(previous, current any) object { return object{"previous": previous, "current": current} }

var fields = map[string]string{"title": "title", "body": "description", "base": "target_branch"}

func textChanges(c *simulator.Change, now map[string]string) object {
	changes := object{}
	for name, field := range fields {
		if was, edited := c.Was[name]; edited {
			changes[field] = changed(was, now[name])
		}
	}
	return changes
}

func labelChanges(c *simulator.Change, t *simulator.Thing, changes object) {
	if c.Label == nil {
		return
	}
	before := slices.DeleteFunc(slices.Clone(t.Labels), func(l *simulator.Label) bool { return l == c.Label })
	if c.Action == scm.ActionUnlabeled {
		before = append(before, c.Label)
	}
	changes["labels"] = changed(each(before, hookLabel), each(t.Labels, hookLabel))
}

func (v view) issueChange(c *simulator.Change) object {
	t := &c.Issue.Thing
	changes := textChanges(c, map[string]string{"title": t.Title, "body": t.Body})
	labelChanges(c, t, changes)
	attributes := v.thingAttributes(t)
	attributes["action"], attributes["confidential"] = actionOf(c), false
	out := object{
		"object_kind": "issue", "event_type": "issue", "user": hookUser(c.Actor), "project": v.hookProject(c.Repo), "object_attributes": attributes,
		"labels": each(t.Labels, hookLabel), "changes": changes, "repository": v.hookRepository(c.Repo),
	}
	if len(t.Assignees) > 0 {
		out["assignees"] = hookUsers(t.Assignees)
	}
	return out
}

func (v view) noteChange(c *simulator.Change) object {
	t, n := c.Thing(), c.Comment
	attributes := object{
		"id": n.ID, "note": n.Body, "description": n.Body, "noteable_type": "Issue", "noteable_id": t.ID, "author_id": n.Author.ID,
		"created_at": utc(n.Created), "updated_at": utc(n.Updated), "project_id": c.Repo.ID, "discussion_id": discussion(n), "system": false,
		"internal": false, "type": nil, "position": position(n), "commit_id": nil, "line_code": nil, "st_diff": nil, "action": "create",
		"url": fmt.Sprintf("%s#note_%d", v.thingPage(t), n.ID),
	}
	if c.Action == scm.ActionEdited {
		attributes["action"] = "update"
	}
	out := object{
		"object_kind": "note", "event_type": "note", "user": hookUser(c.Actor), "project_id": c.Repo.ID, "project": v.hookProject(c.Repo),
		"object_attributes": attributes, "repository": v.hookRepository(c.Repo),
	}
	if c.Pull == nil {
		out["issue"] = v.thingAttributes(t)
		return out
	}
	attributes["noteable_type"] = "MergeRequest"
	if n.Path != "" {
		attributes["type"] = "DiffNote"
	}
	out["merge_request"] = v.pullAttributes(c.Pull)
	return out
}
