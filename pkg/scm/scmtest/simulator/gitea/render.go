package gitea

import (
	"crypto/md5"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// view renders the state as Gitea's JSON.
type view struct {
	forge *simulator.Forge
	// actor is who looks, nil for a webhook.
	actor *simulator.User
}

func (c *call) view() view { return view{c.Forge, c.actor} }

const (
	// founded is when everything was made whose age nothing depends on.
	founded = "2020-01-02T03:04:05Z"
	never   = "0001-01-01T00:00:00Z"
	epoch   = "1970-01-01T00:00:00Z"
)

// stamp has whole seconds, as everywhere in Gitea.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (v view) api() string { return v.forge.URL() + root }

func (v view) html(r *simulator.Repo) string { return v.forge.URL() + "/" + r.FullName() }

func (v view) repoAPI(r *simulator.Repo) string { return v.api() + "/repos/" + r.FullName() }

func (v view) user(u *simulator.User) any {
	if u == nil {
		return nil
	}
	return map[string]any{
		"id": u.ID, "login": u.Login, "username": u.Login, "login_name": "", "source_id": 0, "full_name": u.Name, "email": u.Email,
		"avatar_url": fmt.Sprintf("%s/avatars/%x", v.forge.URL(), md5.Sum([]byte(u.Email))), "html_url": v.forge.URL() + "/" + u.Login,
		"language": "", "is_admin": false, "last_login": never, "created": founded, "restricted": false, "active": false, "prohibit_login": false,
		"location": "", "website": "", "description": "", "visibility": "public",
		"followers_count": 0, "following_count": 0, "starred_repos_count": 0,
	}
}

func (v view) users(all []*simulator.User) []any { return each(all, v.user) }

func (v view) owner(o *simulator.Org) any {
	if o.Personal != nil {
		return v.user(o.Personal)
	}
	return v.user(&simulator.User{ID: o.ID, Login: o.Path})
}

func (v view) label(r *simulator.Repo) func(*simulator.Label) map[string]any {
	return func(l *simulator.Label) map[string]any {
		return map[string]any{
			"id": l.ID, "name": l.Name, "exclusive": false, "is_archived": false, "color": "ededed", "description": "",
			"url": fmt.Sprintf("%s/labels/%d", v.repoAPI(r), l.ID),
		}
	}
}

func (v view) labels(r *simulator.Repo, all []*simulator.Label) []map[string]any {
	return each(all, v.label(r))
}

func (v view) milestone(m *simulator.Milestone) map[string]any {
	if m == nil {
		return nil
	}
	return map[string]any{
		"id": m.ID, "title": m.Title, "description": "", "state": "open", "open_issues": 0, "closed_issues": 0,
		"created_at": founded, "updated_at": founded, "closed_at": nil, "due_on": nil,
	}
}

// thing is what issues and pull requests render alike; both have the page of the one they are.
func (v view) thing(t *simulator.Thing) map[string]any {
	out := map[string]any{
		"id": t.ID, "number": t.Number, "user": v.user(t.Author), "title": t.Title, "body": t.Body, "labels": v.labels(t.Repo, t.Labels),
		"milestone": v.milestone(t.Milestone), "assignee": nil, "state": openOrClosed(t.State), "is_locked": false, "comments": len(whole(t)),
		"created_at": stamp(t.Created), "updated_at": stamp(t.Updated), "closed_at": nil, "due_date": nil, "pin_order": 0, "content_version": 0,
		"html_url": v.page(t),
	}
	if t.State != scm.StateOpen {
		out["closed_at"] = out["updated_at"]
	}
	if len(t.Assignees) > 0 {
		out["assignee"] = v.user(t.Assignees[0])
	}
	return out
}

// page is where people look at an issue or pull request.
func (v view) page(t *simulator.Thing) string {
	kind := "issues"
	if t.IsPull {
		kind = "pulls"
	}
	return fmt.Sprintf("%s/%s/%d", v.html(t.Repo), kind, t.Number)
}

func openOrClosed(s scm.State) string {
	if s == scm.StateOpen {
		return "open"
	}
	return "closed"
}

// whole are the comments on a thing as a whole; the others belong to reviews.
func whole(t *simulator.Thing) []*simulator.Comment {
	return slices.DeleteFunc(slices.Clone(t.Comments), func(one *simulator.Comment) bool { return one.Path != "" })
}

// issue renders an issue, or a pull request seen as one. No assignees are null there.
func (v view) issue(t *simulator.Thing) map[string]any {
	out := v.thing(t)
	out["url"] = fmt.Sprintf("%s/issues/%d", v.repoAPI(t.Repo), t.Number)
	out["original_author"], out["original_author_id"], out["ref"], out["assets"], out["time_estimate"] = "", 0, "", []any{}, 0
	out["repository"] = map[string]any{"id": t.Repo.ID, "name": t.Repo.Name, "owner": t.Repo.Org.Path, "full_name": t.Repo.FullName()}
	out["assignees"], out["pull_request"] = nil, nil
	if len(t.Assignees) > 0 {
		out["assignees"] = v.users(t.Assignees)
	}
	if p := t.Repo.Pulls[t.Number]; t.IsPull {
		out["pull_request"] = map[string]any{"merged": p.State == scm.StateMerged, "merged_at": mergedAt(p), "draft": p.Draft, "html_url": v.page(t)}
	}
	return out
}

func (v view) comment(t *simulator.Thing, c *simulator.Comment) map[string]any {
	out := map[string]any{
		"id": c.ID, "html_url": fmt.Sprintf("%s#issuecomment-%d", v.page(t), c.ID), "issue_url": "", "pull_request_url": "", "user": v.user(c.Author),
		"original_author": "", "original_author_id": 0, "body": c.Body, "assets": []any{}, "created_at": stamp(c.Created), "updated_at": stamp(c.Updated),
	}
	if t.IsPull {
		out["pull_request_url"] = v.page(t)
	} else {
		out["issue_url"] = v.page(t)
	}
	return out
}

// repo renders a repository as whoever looks may use it; webhooks may everything.
func (v view) repo(r *simulator.Repo) map[string]any {
	may := scm.PermissionAdmin
	if v.actor != nil {
		may = v.forge.Permission(r, v.actor)
	}
	issues, pulls := open(r)
	out := map[string]any{
		"id": r.ID, "owner": v.owner(r.Org), "name": r.Name, "full_name": r.FullName(), "description": "", "empty": false, "private": r.Private,
		"fork": r.Parent != nil, "template": false, "mirror": false, "size": 29, "language": "", "languages_url": v.repoAPI(r) + "/languages",
		"html_url": v.html(r), "url": v.repoAPI(r), "link": "", "ssh_url": "git@gitea.test:" + r.FullName() + ".git", "clone_url": v.html(r) + ".git",
		"original_url": "", "website": "", "stars_count": 0, "forks_count": 0, "watchers_count": 1, "branch_count": 1,
		"open_issues_count": issues, "open_pr_counter": pulls, "release_counter": 0, "default_branch": r.DefaultBranch, "archived": r.Archived,
		"created_at": founded, "updated_at": founded, "archived_at": epoch, "avatar_url": "", "internal": false, "mirror_interval": "",
		"permissions":        map[string]any{"admin": may >= scm.PermissionAdmin, "push": may >= scm.PermissionWrite, "pull": may >= scm.PermissionRead},
		"object_format_name": "sha1", "mirror_updated": never, "topics": []any{}, "licenses": []any{},
	}
	for name, value := range units(r) {
		out[name] = value
	}
	if r.Parent != nil {
		out["parent"] = v.repo(r.Parent)
	}
	return out
}

// units are what a repository can do, and how it merges.
func units(r *simulator.Repo) map[string]any {
	rebase := slices.Contains(r.Methods, scm.MergeRebase)
	return map[string]any{
		"has_code": true, "has_issues": true, "has_wiki": true, "has_pull_requests": true, "has_projects": true, "projects_mode": "all",
		"has_releases": true, "has_packages": true, "has_actions": false, "ignore_whitespace_conflicts": false,
		"internal_tracker":    map[string]any{"enable_time_tracker": true, "allow_only_contributors_to_track_time": true, "enable_issue_dependencies": true},
		"allow_merge_commits": slices.Contains(r.Methods, scm.MergeCommit), "allow_rebase": rebase, "allow_rebase_explicit": rebase,
		"allow_squash_merge": slices.Contains(r.Methods, scm.MergeSquash), "allow_rebase_update": true, "allow_manual_merge": false,
		"allow_fast_forward_only_merge": slices.Contains(r.Methods, scm.MergeFastForward), "autodetect_manual_merge": false,
		"default_delete_branch_after_merge": false, "default_merge_style": "merge", "default_allow_maintainer_edit": true,
	}
}

func open(r *simulator.Repo) (issues, pulls int) {
	for _, i := range r.Issues {
		if i.State == scm.StateOpen {
			issues++
		}
	}
	for _, p := range r.Pulls {
		if p.State == scm.StateOpen {
			pulls++
		}
	}
	return issues, pulls
}

// hook renders a webhook, never its secret.
func hook(h *simulator.Hook) map[string]any {
	return map[string]any{
		"id": h.ID, "type": "gitea", "name": "", "branch_filter": "", "config": map[string]any{"url": h.URL, "content_type": h.Form["content_type"]},
		"events": h.Events, "authorization_header": "", "active": h.Active, "created_at": founded, "updated_at": founded,
	}
}

func escaped(path string) string { return (&url.URL{Path: path}).EscapedPath() }
