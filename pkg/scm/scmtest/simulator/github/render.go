package github

import (
	"fmt"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// view renders the state as GitHub's JSON, with links below base.
type view struct{ base string }

func (c *call) view() view { return view{c.base} }

// stamp has whole seconds, as everywhere in GitHub's API.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func (v view) user(u *simulator.User) any {
	if u == nil {
		return nil
	}
	api := v.base + root + "/users/" + u.Login
	return map[string]any{
		"login": u.Login, "id": u.ID, "node_id": fmt.Sprintf("U_%d", u.ID), "avatar_url": v.base + "/avatars/u/" + fmt.Sprint(u.ID), "gravatar_id": "",
		"url": api, "html_url": v.base + "/" + u.Login, "followers_url": api + "/followers", "following_url": api + "/following{/other_user}",
		"gists_url": api + "/gists{/gist_id}", "starred_url": api + "/starred{/owner}{/repo}", "subscriptions_url": api + "/subscriptions",
		"organizations_url": api + "/orgs", "repos_url": api + "/repos", "events_url": api + "/events{/privacy}",
		"received_events_url": api + "/received_events", "type": "User", "site_admin": false,
	}
}

func (v view) users(all []*simulator.User) []any {
	out := make([]any, len(all))
	for i, u := range all {
		out[i] = v.user(u)
	}
	return out
}

func (v view) owner(o *simulator.Org) any {
	if o.Personal != nil {
		return v.user(o.Personal)
	}
	u := v.user(&simulator.User{ID: o.ID, Login: o.Path}).(map[string]any)
	u["type"] = "Organization"
	return u
}

func (v view) repo(r *simulator.Repo) map[string]any {
	if r == nil {
		return nil
	}
	allows := map[scm.MergeMethod]bool{}
	for _, m := range r.Methods {
		allows[m] = true
	}
	html := v.base + "/" + r.FullName()
	return map[string]any{
		"id": r.ID, "node_id": fmt.Sprintf("R_%d", r.ID), "name": r.Name, "full_name": r.FullName(), "owner": v.owner(r.Org),
		"private": r.Private, "archived": r.Archived, "html_url": html, "url": v.repoAPI(r), "clone_url": html + ".git",
		"fork": r.Parent != nil, "default_branch": r.DefaultBranch, "description": nil, "disabled": false,
		"allow_merge_commit": allows[scm.MergeCommit], "allow_squash_merge": allows[scm.MergeSquash], "allow_rebase_merge": allows[scm.MergeRebase],
	}
}

func (v view) repoAPI(r *simulator.Repo) string { return v.base + root + "/repos/" + r.FullName() }

func (v view) label(l *simulator.Label) map[string]any {
	return map[string]any{"id": l.ID, "node_id": fmt.Sprintf("LA_%d", l.ID), "url": "", "name": l.Name, "color": "ededed", "default": false, "description": nil}
}

func (v view) milestone(m *simulator.Milestone) any {
	if m == nil {
		return nil
	}
	return map[string]any{"id": m.ID, "number": m.Number, "title": m.Title, "state": "open"}
}

func openOrClosed(s scm.State) string {
	if s == scm.StateOpen {
		return "open"
	}
	return "closed"
}

func (v view) thing(t *simulator.Thing, kind string) map[string]any {
	return map[string]any{
		"id": t.ID, "node_id": fmt.Sprintf("T_%d", t.ID), "number": t.Number, "title": t.Title, "body": nullable(t.Body), "user": v.user(t.Author),
		"state": openOrClosed(t.State), "locked": false, "labels": each(t.Labels, v.label), "assignees": v.users(t.Assignees),
		"assignee": first(v.users(t.Assignees)), "milestone": v.milestone(t.Milestone), "comments": len(t.Comments),
		"created_at": stamp(t.Created), "updated_at": stamp(t.Updated), "author_association": "NONE",
		"html_url": fmt.Sprintf("%s/%s/%s/%d", v.base, t.Repo.FullName(), kind, t.Number),
	}
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func first(all []any) any {
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

func (v view) issue(t *simulator.Thing, p *simulator.Pull) map[string]any {
	kind := "issues"
	if t.IsPull {
		kind = "pull"
	}
	out := v.thing(t, kind)
	out["url"] = fmt.Sprintf("%s/issues/%d", v.repoAPI(t.Repo), t.Number)
	out["repository_url"] = v.repoAPI(t.Repo)
	if p != nil {
		out["draft"] = p.Draft
		out["pull_request"] = map[string]any{
			"url": fmt.Sprintf("%s/pulls/%d", v.repoAPI(t.Repo), t.Number), "html_url": out["html_url"], "merged_at": v.mergedAt(p),
		}
	}
	return out
}

func (v view) mergedAt(p *simulator.Pull) any {
	if p.State != scm.StateMerged {
		return nil
	}
	return stamp(p.Updated)
}

func (v view) pull(p *simulator.Pull) map[string]any {
	out := v.thing(&p.Thing, "pull")
	out["url"] = fmt.Sprintf("%s/pulls/%d", v.repoAPI(p.Repo), p.Number)
	out["draft"], out["merged"], out["merged_at"], out["merge_commit_sha"] = p.Draft, p.State == scm.StateMerged, v.mergedAt(p), nullable(p.MergeSHA)
	out["merged_by"] = v.user(p.MergedBy)
	out["requested_reviewers"], out["requested_teams"] = v.users(p.Reviewers), []any{}
	out["base"] = v.side(p.Repo, p.Repo.Org.Path, p.Base, p.BaseSHA)
	owner := p.Author.Login
	if p.HeadRepo != nil {
		owner = p.HeadRepo.Org.Path
	}
	out["head"] = v.side(p.HeadRepo, owner, p.Head, p.HeadSHA)
	if p.State == scm.StateOpen {
		out["mergeable"] = p.Mergeable()
	}
	return out
}

func (v view) side(r *simulator.Repo, owner, branch, sha string) map[string]any {
	side := map[string]any{"label": owner + ":" + branch, "ref": branch, "sha": sha, "repo": nil, "user": nil}
	if r != nil {
		side["repo"], side["user"] = v.repo(r), v.owner(r.Org)
	}
	return side
}

func (v view) comment(t *simulator.Thing, c *simulator.Comment) map[string]any {
	return map[string]any{
		"id": c.ID, "node_id": fmt.Sprintf("IC_%d", c.ID), "body": c.Body, "user": v.user(c.Author), "created_at": stamp(c.Created),
		"updated_at": stamp(c.Updated), "author_association": "NONE",
		"html_url":  fmt.Sprintf("%s/%s/issues/%d#issuecomment-%d", v.base, t.Repo.FullName(), t.Number, c.ID),
		"url":       fmt.Sprintf("%s/issues/comments/%d", v.repoAPI(t.Repo), c.ID),
		"issue_url": fmt.Sprintf("%s/issues/%d", v.repoAPI(t.Repo), t.Number),
	}
}

func (v view) inline(t *simulator.Thing, c *simulator.Comment) map[string]any {
	out := v.comment(t, c)
	out["path"], out["line"], out["side"], out["commit_id"], out["subject_type"] = c.Path, c.Line, "RIGHT", c.SHA, "line"
	out["pull_request_url"] = fmt.Sprintf("%s/pulls/%d", v.repoAPI(t.Repo), t.Number)
	if c.ReplyTo != 0 {
		out["in_reply_to_id"] = c.ReplyTo
	}
	return out
}

// review renders a verdict, in capitals for the API.
func (v view) review(p *simulator.Pull, r *simulator.Review, state string) map[string]any {
	return map[string]any{
		"id": r.ID, "node_id": fmt.Sprintf("PRR_%d", r.ID), "user": v.user(r.Author), "body": r.Body, "state": state, "commit_id": r.SHA,
		"submitted_at": stamp(r.Submitted), "author_association": "NONE",
		"html_url":         fmt.Sprintf("%s/%s/pull/%d#pullrequestreview-%d", v.base, p.Repo.FullName(), p.Number, r.ID),
		"pull_request_url": fmt.Sprintf("%s/pulls/%d", v.repoAPI(p.Repo), p.Number),
	}
}

func (v view) status(r *simulator.Repo, sha string, s *simulator.Status) map[string]any {
	return map[string]any{
		"id": s.ID, "node_id": fmt.Sprintf("SC_%d", s.ID), "state": s.State, "context": s.Context, "description": nullable(s.Description), "target_url": nullable(s.TargetURL),
		"created_at": stamp(s.Created), "updated_at": stamp(s.Created), "avatar_url": nil, "url": v.repoAPI(r) + "/statuses/" + sha,
	}
}

func (v view) commit(c simulator.Commit, author *simulator.User) map[string]any {
	parents := []any{}
	for _, p := range c.Parents {
		parents = append(parents, map[string]any{"sha": p})
	}
	who := map[string]any{"name": c.Name, "email": c.Email, "date": c.Date}
	return map[string]any{"sha": c.SHA, "commit": map[string]any{"message": c.Message, "author": who, "committer": who}, "author": v.user(author), "parents": parents}
}

func (v view) hook(h *simulator.Hook) map[string]any {
	config := map[string]any{"url": h.URL, "content_type": h.Form["content_type"], "insecure_ssl": h.Form["insecure_ssl"]}
	if h.Secret != "" {
		config["secret"] = "********"
	}
	return map[string]any{"type": "Repository", "id": h.ID, "name": "web", "active": h.Active, "events": h.Events, "config": config}
}
