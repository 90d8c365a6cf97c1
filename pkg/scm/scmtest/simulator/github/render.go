package github

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// view renders the state as GitHub's JSON, with links below base.
type view struct{ base string }

func (c *call) view() view { return view{c.base} }

// founded is when everything was made whose age nothing depends on.
const founded = "2011-01-26T19:01:12Z"

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

// collaborator renders a user with what the user may do.
func (v view) collaborator(u *simulator.User, p scm.Permission) map[string]any {
	out := v.user(u).(map[string]any)
	out["role_name"] = roles[p]
	out["permissions"] = map[string]any{
		"pull": p >= scm.PermissionRead, "triage": p >= scm.PermissionTriage, "push": p >= scm.PermissionWrite,
		"maintain": p >= scm.PermissionMaintain, "admin": p >= scm.PermissionAdmin,
	}
	return out
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

func (v view) label(r *simulator.Repo, l *simulator.Label) map[string]any {
	return map[string]any{"id": l.ID, "node_id": fmt.Sprintf("LA_%d", l.ID), "url": v.repoAPI(r) + "/labels/" + url.PathEscape(l.Name), "name": l.Name, "color": "ededed", "default": false, "description": nil}
}

func (v view) labels(r *simulator.Repo, all []*simulator.Label) []map[string]any {
	return each(all, func(l *simulator.Label) map[string]any { return v.label(r, l) })
}

func (v view) milestone(r *simulator.Repo, m *simulator.Milestone) map[string]any {
	link := fmt.Sprintf("%s/milestones/%d", v.repoAPI(r), m.Number)
	return map[string]any{
		"id": m.ID, "node_id": fmt.Sprintf("MI_%d", m.ID), "number": m.Number, "title": m.Title, "state": "open", "description": nil,
		"url": link, "labels_url": link + "/labels", "html_url": fmt.Sprintf("%s/%s/milestone/%d", v.base, r.FullName(), m.Number),
		"creator": v.owner(r.Org), "open_issues": 0, "closed_issues": 0, "created_at": founded, "updated_at": founded, "due_on": nil, "closed_at": nil,
	}
}

func openOrClosed(s scm.State) string {
	if s == scm.StateOpen {
		return "open"
	}
	return "closed"
}

// thing is what issues and pull requests render alike.
func (v view) thing(t *simulator.Thing, kind string) map[string]any {
	out := map[string]any{
		"id": t.ID, "node_id": fmt.Sprintf("T_%d", t.ID), "number": t.Number, "title": t.Title, "body": nullable(t.Body), "user": v.user(t.Author),
		"state": openOrClosed(t.State), "locked": false, "active_lock_reason": nil, "labels": v.labels(t.Repo, t.Labels),
		"assignees": v.users(t.Assignees), "assignee": first(v.users(t.Assignees)), "milestone": nil,
		"created_at": stamp(t.Created), "updated_at": stamp(t.Updated), "closed_at": nil, "author_association": "NONE",
		"comments_url": fmt.Sprintf("%s/issues/%d/comments", v.repoAPI(t.Repo), t.Number),
		"html_url":     fmt.Sprintf("%s/%s/%s/%d", v.base, t.Repo.FullName(), kind, t.Number),
	}
	if t.Milestone != nil {
		out["milestone"] = v.milestone(t.Repo, t.Milestone)
	}
	if t.State != scm.StateOpen {
		out["closed_at"] = out["updated_at"]
	}
	return out
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
	link := fmt.Sprintf("%s/issues/%d", v.repoAPI(t.Repo), t.Number)
	out := v.thing(t, kind)
	out["url"], out["repository_url"], out["comments"] = link, v.repoAPI(t.Repo), len(whole(t))
	out["labels_url"], out["events_url"], out["timeline_url"] = link+"/labels{/name}", link+"/events", link+"/timeline"
	out["reactions"], out["performed_via_github_app"] = reactions(link), nil
	if p != nil {
		pull := fmt.Sprintf("%s/pulls/%d", v.repoAPI(t.Repo), t.Number)
		html := fmt.Sprint(out["html_url"])
		out["draft"] = p.Draft
		out["pull_request"] = map[string]any{"url": pull, "html_url": html, "diff_url": html + ".diff", "patch_url": html + ".patch", "merged_at": v.mergedAt(p)}
	}
	return out
}

// whole are the comments on a thing as a whole, not on a line of its code.
func whole(t *simulator.Thing) []*simulator.Comment {
	return slices.DeleteFunc(slices.Clone(t.Comments), func(one *simulator.Comment) bool { return one.Path != "" })
}

// reactions are none.
func reactions(link string) map[string]any {
	out := map[string]any{"url": link + "/reactions", "total_count": 0}
	for _, kind := range []string{"+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"} {
		out[kind] = 0
	}
	return out
}

func (v view) comment(t *simulator.Thing, c *simulator.Comment) map[string]any {
	link := fmt.Sprintf("%s/issues/comments/%d", v.repoAPI(t.Repo), c.ID)
	kind := "issues"
	if t.IsPull {
		kind = "pull"
	}
	return map[string]any{
		"id": c.ID, "node_id": fmt.Sprintf("IC_%d", c.ID), "body": c.Body, "user": v.user(c.Author), "created_at": stamp(c.Created),
		"updated_at": stamp(c.Updated), "author_association": "NONE", "performed_via_github_app": nil, "url": link, "reactions": reactions(link),
		"html_url":  fmt.Sprintf("%s/%s/%s/%d#issuecomment-%d", v.base, t.Repo.FullName(), kind, t.Number, c.ID),
		"issue_url": fmt.Sprintf("%s/issues/%d", v.repoAPI(t.Repo), t.Number),
	}
}

// status renders a status of a commit, without who set it.
func (v view) status(r *simulator.Repo, sha string, s *simulator.Status) map[string]any {
	return map[string]any{
		"id": s.ID, "node_id": fmt.Sprintf("SC_%d", s.ID), "state": s.State, "context": s.Context, "description": nullable(s.Description), "target_url": nullable(s.TargetURL),
		"created_at": stamp(s.Created), "updated_at": stamp(s.Created), "avatar_url": nil, "url": v.repoAPI(r) + "/statuses/" + sha,
	}
}

// hook renders a webhook of the repository or organisation whose link is given.
func (v view) hook(kind, of string, h *simulator.Hook) map[string]any {
	config := map[string]any{"url": h.URL, "content_type": h.Form["content_type"], "insecure_ssl": h.Form["insecure_ssl"]}
	if h.Secret != "" {
		config["secret"] = "********"
	}
	link := fmt.Sprintf("%s/hooks/%d", of, h.ID)
	return map[string]any{
		"type": kind, "id": h.ID, "name": "web", "active": h.Active, "events": h.Events, "config": config, "url": link,
		"ping_url": link + "/pings", "test_url": link + "/tests", "deliveries_url": link + "/deliveries", "created_at": founded, "updated_at": founded,
		"last_response": map[string]any{"code": nil, "status": "unused", "message": nil},
	}
}
