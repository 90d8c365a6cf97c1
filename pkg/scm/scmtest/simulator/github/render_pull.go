package github

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func (v view) mergedAt(p *simulator.Pull) any {
	if p.State != scm.StateMerged {
		return nil
	}
	return stamp(p.Updated)
}

func (v view) pullAPI(t *simulator.Thing) string {
	return fmt.Sprintf("%s/pulls/%d", v.repoAPI(t.Repo), t.Number)
}

// pull renders a pull request as lists and the events of reviews hold it.
func (v view) pull(p *simulator.Pull) map[string]any {
	out := v.thing(&p.Thing, "pull")
	html, api, issue := fmt.Sprint(out["html_url"]), v.pullAPI(&p.Thing), fmt.Sprintf("%s/issues/%d", v.repoAPI(p.Repo), p.Number)
	links := map[string]string{
		"url": api, "html_url": html, "issue_url": issue, "comments_url": issue + "/comments", "review_comments_url": api + "/comments",
		"review_comment_url": v.repoAPI(p.Repo) + "/pulls/comments{/number}", "commits_url": api + "/commits",
		"statuses_url": v.repoAPI(p.Repo) + "/statuses/" + p.HeadSHA,
	}
	related := map[string]any{}
	for name, link := range links {
		out[name] = link
		related[cmp.Or(strings.TrimSuffix(strings.TrimSuffix(name, "url"), "_"), "self")] = href(link)
	}
	out["_links"], out["diff_url"], out["patch_url"] = related, html+".diff", html+".patch"
	out["draft"], out["merged_at"], out["merge_commit_sha"], out["auto_merge"] = p.Draft, v.mergedAt(p), nullable(p.MergeSHA), nil
	out["requested_reviewers"], out["requested_teams"] = v.users(p.Reviewers), []any{}
	out["base"] = v.side(p.Repo, p.Repo.Org, p.Base, p.BaseSHA)
	out["head"] = v.head(p)
	return out
}

// fullPull renders a pull request by itself. How large it is, is not counted.
func (v view) fullPull(p *simulator.Pull) map[string]any {
	out := v.pull(p)
	out["merged"], out["merged_by"], out["mergeable"], out["rebaseable"], out["mergeable_state"] = p.State == scm.StateMerged, v.user(p.MergedBy), nil, nil, "unknown"
	if p.State == scm.StateOpen {
		able := p.Mergeable()
		out["mergeable"], out["rebaseable"], out["mergeable_state"] = able, able, map[bool]string{true: "clean", false: "dirty"}[able]
	}
	comments := len(whole(&p.Thing))
	out["comments"], out["review_comments"] = comments, len(p.Comments)-comments
	out["maintainer_can_modify"], out["commits"], out["additions"], out["deletions"], out["changed_files"] = false, 1, 1, 0, 1
	return out
}

// head is where the changes are; its owner outlives a deleted fork.
func (v view) head(p *simulator.Pull) map[string]any {
	if p.HeadRepo == nil {
		return v.side(nil, &simulator.Org{Path: p.Author.Login, Personal: p.Author}, p.Head, p.HeadSHA)
	}
	return v.side(p.HeadRepo, p.HeadRepo.Org, p.Head, p.HeadSHA)
}

func (v view) side(r *simulator.Repo, owner *simulator.Org, branch, sha string) map[string]any {
	side := map[string]any{"label": owner.Path + ":" + branch, "ref": branch, "sha": sha, "repo": nil, "user": v.owner(owner)}
	if r != nil {
		side["repo"] = v.repo(r)
	}
	return side
}

// inline renders a comment on a line of code, which is a review of its own.
func (v view) inline(t *simulator.Thing, c *simulator.Comment) map[string]any {
	link := fmt.Sprintf("%s/pulls/comments/%d", v.repoAPI(t.Repo), c.ID)
	html := fmt.Sprintf("%s/%s/pull/%d#discussion_r%d", v.base, t.Repo.FullName(), t.Number, c.ID)
	out := map[string]any{
		"id": c.ID, "node_id": fmt.Sprintf("PRRC_%d", c.ID), "body": c.Body, "user": v.user(c.Author), "created_at": stamp(c.Created),
		"updated_at": stamp(c.Updated), "author_association": "NONE", "url": link, "html_url": html, "pull_request_url": v.pullAPI(t),
		"_links":    map[string]any{"self": href(link), "html": href(html), "pull_request": href(v.pullAPI(t))},
		"reactions": reactions(link), "pull_request_review_id": c.ID, "path": c.Path, "diff_hunk": fmt.Sprintf("@@ -0,0 +%d @@", c.Line),
		"commit_id": c.SHA, "original_commit_id": c.SHA, "position": c.Line, "original_position": c.Line, "line": c.Line, "original_line": c.Line,
		"start_line": nil, "original_start_line": nil, "side": "RIGHT", "start_side": nil, "subject_type": "line",
	}
	if c.ReplyTo != 0 {
		out["in_reply_to_id"] = c.ReplyTo
	}
	return out
}

// anyComment renders a comment by its kind.
func (v view) anyComment(t *simulator.Thing, c *simulator.Comment) map[string]any {
	if c.Path != "" {
		return v.inline(t, c)
	}
	return v.comment(t, c)
}

func href(link string) map[string]any { return map[string]any{"href": link} }

// review renders a verdict, in capitals for the API.
func (v view) review(p *simulator.Pull, r *simulator.Review, state string) map[string]any {
	html := fmt.Sprintf("%s/%s/pull/%d#pullrequestreview-%d", v.base, p.Repo.FullName(), p.Number, r.ID)
	return map[string]any{
		"id": r.ID, "node_id": fmt.Sprintf("PRR_%d", r.ID), "user": v.user(r.Author), "body": r.Body, "state": state, "commit_id": r.SHA,
		"submitted_at": stamp(r.Submitted), "author_association": "NONE", "html_url": html, "pull_request_url": v.pullAPI(&p.Thing),
		"_links": map[string]any{"html": href(html), "pull_request": href(v.pullAPI(&p.Thing))},
	}
}
