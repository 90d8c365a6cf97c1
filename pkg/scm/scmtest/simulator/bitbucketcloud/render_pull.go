package bitbucketcloud

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

var pullStates = map[scm.State]string{scm.StateOpen: "OPEN", scm.StateMerged: "MERGED", scm.StateClosed: "DECLINED"}

// listed is a pull request as listings have it: without people but its author.
func (v view) listed(p *simulator.Pull) map[string]any {
	number := strconv.Itoa(p.Number)
	closedBy := p.ClosedBy
	if p.MergedBy != nil {
		closedBy = p.MergedBy
	}
	links := map[string]any{"self": link(v.repoAPI(p.Repo, "pullrequests", number)), "html": link(v.page(p.Repo, "pull-requests", number))}
	for _, below := range []string{"commits", "approve", "diff", "diffstat", "comments", "activity", "merge", "decline"} {
		links[below] = link(v.repoAPI(p.Repo, "pullrequests", number, below))
	}
	out := map[string]any{
		"type": "pullrequest", "id": p.Number, "title": p.Title, "description": p.Body, "summary": text(p.Body),
		"rendered": map[string]any{"title": text(p.Title), "description": text(p.Body), "reason": text("")},
		"state":    pullStates[p.State], "draft": p.Draft, "queued": false, "author": v.user(p.Author), "close_source_branch": false,
		"closed_by": v.user(closedBy), "merge_commit": nil, "reason": "", "comment_count": len(p.Comments), "task_count": 0,
		"created_on": stamp(p.Created), "updated_on": stamp(p.Updated), "links": links,
		"source": v.side(p.HeadRepo, p.Head, p.HeadSHA), "destination": v.side(p.Repo, p.Base, p.BaseSHA),
	}
	if p.MergeSHA != "" {
		out["merge_commit"] = map[string]any{"hash": short(p.MergeSHA)}
	}
	return out
}

// pull is one pull request by itself and in webhooks.
func (v view) pull(p *simulator.Pull) map[string]any {
	out := v.listed(p)
	out["reviewers"], out["participants"] = v.users(reviewers(p)), v.participants(p)
	return out
}

// short is what pull requests tell of a commit.
func short(sha string) string { return fmt.Sprintf("%.12s", sha) }

func (v view) side(r *simulator.Repo, branch, sha string) map[string]any {
	return map[string]any{"branch": map[string]any{"name": branch}, "commit": map[string]any{"hash": short(sha)}, "repository": v.brief(r)}
}

// reviewers stay so after their verdict.
func reviewers(p *simulator.Pull) []*simulator.User {
	all := slices.Clone(p.Reviewers)
	for _, r := range p.Reviews {
		if r.Asked && !slices.Contains(all, r.Author) {
			all = append(all, r.Author)
		}
	}
	return all
}

// participants are the reviewers, and after them whoever gave a verdict or commented.
func (v view) participants(p *simulator.Pull) []any {
	asked := reviewers(p)
	people := slices.Clone(asked)
	join := func(u *simulator.User) {
		if !slices.Contains(people, u) {
			people = append(people, u)
		}
	}
	for _, r := range p.Reviews {
		join(r.Author)
	}
	for _, c := range p.Comments {
		join(c.Author)
	}
	out := []any{}
	for _, u := range people {
		out = append(out, v.participant(p, u))
	}
	return out
}

func (v view) participant(p *simulator.Pull, u *simulator.User) map[string]any {
	out := map[string]any{
		"type": "participant", "user": v.user(u), "role": "PARTICIPANT", "approved": false, "state": nil, "participated_on": nil,
	}
	if slices.Contains(reviewers(p), u) {
		out["role"] = "REVIEWER"
	}
	for _, c := range p.Comments {
		if c.Author == u {
			out["participated_on"] = stamp(c.Created)
		}
	}
	if given := p.Verdict(u); given != nil {
		out["approved"], out["state"] = given.State == scm.ReviewApproved, string(given.State)
		out["participated_on"] = stamp(given.Submitted)
	}
	return out
}

// comment is one on a pull request or an issue. Of a deleted one the text is gone.
func (v view) comment(t *simulator.Thing, c *simulator.Comment) map[string]any {
	id := strconv.Itoa(c.ID)
	deleted := !slices.Contains(t.Comments, c)
	typed := c.Body
	if deleted {
		typed = ""
	}
	out := map[string]any{
		"id": c.ID, "content": text(typed), "user": v.user(c.Author), "deleted": deleted,
		"created_on": stamp(c.Created), "updated_on": stamp(c.Updated),
	}
	if !t.IsPull {
		number := strconv.Itoa(t.Number)
		out["type"], out["issue"] = "issue_comment", map[string]any{"type": "issue", "id": t.Number, "title": t.Title}
		out["links"] = map[string]any{"self": link(v.repoAPI(t.Repo, "issues", number, "comments", id)), "html": link(v.page(t.Repo, "issues", number) + "#comment-" + id)}
		return out
	}
	number := strconv.Itoa(t.Number)
	out["type"], out["pending"] = "pullrequest_comment", false
	out["pullrequest"] = map[string]any{"type": "pullrequest", "id": t.Number, "title": t.Title}
	out["links"] = map[string]any{
		"self": link(v.repoAPI(t.Repo, "pullrequests", number, "comments", id)), "html": link(v.page(t.Repo, "pull-requests", number, "_", "diff") + "#comment-" + id),
	}
	if c.ReplyTo != 0 {
		out["parent"] = map[string]any{"id": c.ReplyTo, "links": map[string]any{"self": link(v.repoAPI(t.Repo, "pullrequests", number, "comments", strconv.Itoa(c.ReplyTo)))}}
	}
	if c.Path != "" {
		out["inline"] = v.inline(c)
	}
	return out
}

// inline has no line for a comment on the whole file.
func (view) inline(c *simulator.Comment) map[string]any {
	place := map[string]any{"path": c.Path, "from": nil, "to": nil, "outdated": false, "src_rev": short(c.SHA)}
	if c.Line > 0 {
		place["to"] = c.Line
	}
	return place
}
