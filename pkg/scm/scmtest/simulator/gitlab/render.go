package gitlab

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// view renders the state as GitLab's JSON, with links below base.
type view struct{ base string }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (v view) user(u *simulator.User) any {
	if u == nil {
		return nil
	}
	return object{
		"id": u.ID, "username": u.Login, "name": u.Name, "state": "active", "avatar_url": nil, "web_url": v.base + "/" + u.Login,
	}
}

func (v view) users(all []*simulator.User) []any {
	out := make([]any, len(all))
	for i, u := range all {
		out[i] = v.user(u)
	}
	return out
}

func (v view) page(r *simulator.Repo) string { return v.base + "/" + r.FullName() }

func (v view) thingPage(t *simulator.Thing) string {
	kind := "issues"
	if t.IsPull {
		kind = "merge_requests"
	}
	return fmt.Sprintf("%s/-/%s/%d", v.page(t.Repo), kind, t.Number)
}

func visibility(r *simulator.Repo) string {
	if r.Private {
		return "private"
	}
	return "public"
}

// project tells of the one way to merge that a project has, besides squashing.
func (v view) project(r *simulator.Repo) object {
	has := map[scm.MergeMethod]bool{}
	for _, m := range r.Methods {
		has[m] = true
	}
	method, squash := "ff", "never"
	if has[scm.MergeCommit] {
		method = "merge"
	}
	if has[scm.MergeSquash] {
		squash = "default_off"
	}
	return object{
		"id": r.ID, "description": nil, "name": r.Name, "path": r.Name, "path_with_namespace": r.FullName(), "default_branch": r.DefaultBranch,
		"http_url_to_repo": v.page(r) + ".git", "ssh_url_to_repo": "git@gitlab.test:" + r.FullName() + ".git", "web_url": v.page(r),
		"visibility": visibility(r), "archived": r.Archived, "empty_repo": false, "issues_enabled": true, "merge_requests_enabled": true,
		"repository_access_level": "enabled", "merge_method": method, "squash_option": squash,
		"namespace": object{"id": r.Org.ID, "full_path": r.Org.Path, "kind": "group"},
	}
}

func names(t *simulator.Thing) []string {
	all := make([]string, len(t.Labels))
	for i, l := range t.Labels {
		all[i] = l.Name
	}
	return all
}

func milestone(m *simulator.Milestone) object {
	if m == nil {
		return nil
	}
	return object{"id": m.ID, "iid": m.Number, "title": m.Title, "description": "", "state": "active", "due_date": nil, "start_date": nil}
}

// state is GitLab's word.
func state(s scm.State) string {
	if s == scm.StateOpen {
		return "opened"
	}
	return string(s)
}

// thing is what issues and merge requests have in common.
func (v view) thing(t *simulator.Thing) object {
	out := object{
		"id": t.ID, "iid": t.Number, "project_id": t.Repo.ID, "title": t.Title, "description": t.Body, "state": state(t.State),
		"created_at": stamp(t.Created), "updated_at": stamp(t.Updated), "author": v.user(t.Author), "assignees": v.users(t.Assignees),
		"labels": names(t), "milestone": nil, "web_url": v.thingPage(t), "user_notes_count": len(t.Comments), "discussion_locked": nil,
	}
	if t.Milestone != nil {
		out["milestone"] = milestone(t.Milestone)
	}
	return out
}

const draftPrefix = "Draft: "

// title of a draft has GitLab's mark of one.
func title(p *simulator.Pull) string {
	if p.Draft {
		return draftPrefix + p.Title
	}
	return p.Title
}

// listed is a merge request as listings have it.
func (v view) listed(p *simulator.Pull) object {
	out := v.thing(&p.Thing)
	maps.Copy(out, object{
		"title": title(p), "draft": p.Draft, "source_branch": p.Head, "target_branch": p.Base,
		"source_project_id": nil, "target_project_id": p.Repo.ID, "sha": p.HeadSHA, "merge_status": "unchecked",
		"detailed_merge_status": "unchecked", "merge_commit_sha": nil, "squash_commit_sha": nil, "reviewers": v.users(p.Reviewers),
		"prepared_at": stamp(p.Created), "merge_user": v.user(p.MergedBy), "has_conflicts": false, "squash": false,
		"references": object{"short": "!" + strconv.Itoa(p.Number), "full": fmt.Sprintf("%s!%d", p.Repo.FullName(), p.Number)},
	})
	if p.HeadRepo != nil {
		out["source_project_id"] = p.HeadRepo.ID
	}
	if p.State == scm.StateMerged && p.MergeSHA != p.HeadSHA { // a fast-forward makes no commit
		out["merge_commit_sha"] = p.MergeSHA
	}
	return out
}

// mergeRequest is a single merge request.
func (v view) mergeRequest(p *simulator.Pull) object {
	out := v.listed(p)
	out["merge_status"], out["detailed_merge_status"] = mergeStatus(p)
	out["has_conflicts"] = out["merge_status"] == "cannot_be_merged"
	out["diff_refs"] = object{"base_sha": p.Repo.MergeBase(p.BaseSHA, p.HeadSHA), "start_sha": p.BaseSHA, "head_sha": p.HeadSHA}
	if files, err := p.Repo.Diff(p.BaseSHA, p.HeadSHA, true); err == nil {
		out["changes_count"] = strconv.Itoa(len(files))
	}
	return out
}

func mergeStatus(p *simulator.Pull) (status, detailed string) {
	switch {
	case p.State != scm.StateOpen:
		return "can_be_merged", "not_open"
	case !p.Mergeable():
		return "cannot_be_merged", "conflict"
	case p.Draft:
		return "can_be_merged", "draft_status"
	}
	return "can_be_merged", "mergeable"
}

// discussion is the id of a thread, which its first comment gives.
func discussion(c *simulator.Comment) string {
	id := c.ID
	if c.ReplyTo != 0 {
		id = c.ReplyTo
	}
	sum := sha1.Sum([]byte(strconv.Itoa(id)))
	return hex.EncodeToString(sum[:])
}

func (v view) note(t *simulator.Thing, c *simulator.Comment) object {
	on := "Issue"
	if t.IsPull {
		on = "MergeRequest"
	}
	out := object{
		"id": c.ID, "type": nil, "body": c.Body, "author": v.user(c.Author), "created_at": stamp(c.Created), "updated_at": stamp(c.Updated),
		"system": false, "noteable_id": t.ID, "noteable_type": on, "noteable_iid": t.Number, "project_id": t.Repo.ID, "resolvable": false,
		"confidential": false, "internal": false,
	}
	if c.Path != "" {
		out["type"], out["position"] = "DiffNote", position(c)
	}
	return out
}

func position(c *simulator.Comment) any {
	if c.Path == "" {
		return nil
	}
	return object{
		"base_sha": c.SHA, "start_sha": c.SHA, "head_sha": c.SHA, "old_path": c.Path, "new_path": c.Path, "position_type": "text",
		"old_line": nil, "new_line": c.Line, "line_range": nil,
	}
}

func (v view) commit(r *simulator.Repo, c simulator.Commit) object {
	parents := c.Parents
	if parents == nil {
		parents = []string{}
	}
	return object{
		"id": c.SHA, "short_id": c.SHA[:8], "created_at": c.Date, "parent_ids": parents, "title": c.Message, "message": c.Message,
		"author_name": c.Name, "author_email": c.Email, "authored_date": c.Date, "committer_name": c.Name, "committer_email": c.Email,
		"committed_date": c.Date, "web_url": v.page(r) + "/-/commit/" + c.SHA,
	}
}

func diff(f simulator.FileChange) object {
	from := f.Path
	if f.From != "" {
		from = f.From
	}
	return object{
		"old_path": from, "new_path": f.Path, "a_mode": "100644", "b_mode": "100644", "diff": "",
		"new_file": f.Status == "A", "renamed_file": f.Status == "R", "deleted_file": f.Status == "D",
	}
}
