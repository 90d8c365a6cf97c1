package gitea

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

func mergedAt(p *simulator.Pull) any {
	if p.State != scm.StateMerged {
		return nil
	}
	return stamp(p.Updated)
}

// pull renders a pull request. Its address is that of its page. How many lines it changes, is not counted.
func (v view) pull(p *simulator.Pull) map[string]any {
	out := v.thing(&p.Thing)
	link := v.page(&p.Thing)
	out["url"], out["diff_url"], out["patch_url"] = link, link+".diff", link+".patch"
	out["draft"], out["assignees"] = p.Draft, v.users(p.Assignees)
	out["requested_reviewers"], out["requested_reviewers_teams"] = v.users(reviewers(p)), []any{}
	out["additions"], out["deletions"], out["changed_files"], out["allow_maintainer_edit"] = 1, 0, 1, true
	out["mergeable"] = p.State != scm.StateOpen || p.Mergeable() && !p.Draft
	out["merged"], out["merged_at"], out["merged_by"], out["merge_commit_sha"] = p.State == scm.StateMerged, mergedAt(p), v.user(p.MergedBy), nil
	if p.State == scm.StateMerged {
		out["merge_commit_sha"] = p.MergeSHA
	}
	if n := len(verdicts(p)); n > 0 {
		out["review_comments"] = n
	}
	base := cmp.Or(p.Repo.Tip(p.Base), p.BaseSHA)
	out["merge_base"] = p.Repo.MergeBase(base, p.HeadSHA)
	out["base"] = v.side(p.Repo, p.Base, p.Base, base)
	out["head"] = v.head(p)
	return out
}

// listedPull renders a pull request as one of many: without its size, and with nobody as null.
func (v view) listedPull(p *simulator.Pull) map[string]any {
	out := v.pull(p)
	for _, name := range []string{"additions", "deletions", "changed_files"} {
		delete(out, name)
	}
	if len(p.Assignees) == 0 {
		out["assignees"] = nil
	}
	if len(reviewers(p)) == 0 {
		out["requested_reviewers"] = nil
	}
	out["requested_reviewers_teams"] = nil
	return out
}

// head is where the changes are. Once its branch is gone, the base's own ref of them stands there.
func (v view) head(p *simulator.Pull) map[string]any {
	ref := p.Head
	if p.HeadRepo == nil || p.HeadRepo.Tip(p.Head) == "" {
		ref = Dialect{}.HeadRef(p.Number)
	}
	return v.side(p.HeadRepo, p.Head, ref, p.HeadSHA)
}

func (v view) side(r *simulator.Repo, label, ref, sha string) map[string]any {
	side := map[string]any{"label": label, "ref": ref, "sha": sha, "repo_id": -1, "repo": nil}
	if r != nil {
		side["repo_id"], side["repo"] = r.ID, v.repo(r)
	}
	return side
}

// verdict is a review as Gitea lists it: comments on lines of code stand in reviews of their own, and who is asked for a
// review has one too.
type verdict struct {
	id     int
	author *simulator.User
	// state is as the API names it, also of a verdict that was dismissed.
	state, body, sha   string
	dismissed, counted bool
	at                 time.Time
	inline             int
}

var states = map[scm.ReviewState]string{
	scm.ReviewApproved: "APPROVED", scm.ReviewChangesRequested: "REQUEST_CHANGES", scm.ReviewCommented: "COMMENT",
}

// verdicts are a pull request's reviews without the requests, oldest first.
func verdicts(p *simulator.Pull) []verdict {
	var all []verdict
	for _, r := range p.Reviews {
		said := r.State
		if said == scm.ReviewDismissed {
			said = r.Was
		}
		all = append(all, verdict{
			id: r.ID, author: r.Author, state: states[said], body: r.Body, sha: r.SHA, dismissed: r.State == scm.ReviewDismissed,
			counted: said != scm.ReviewCommented && r.State != scm.ReviewDismissed, at: r.Submitted,
		})
	}
	for _, c := range p.Comments {
		if c.Path != "" {
			all = append(all, verdict{id: c.ID, author: c.Author, state: "COMMENT", sha: c.SHA, at: c.Created, inline: 1})
		}
	}
	slices.SortFunc(all, func(a, b verdict) int { return a.id - b.id })
	return all
}

// asked is the request for a review, whose number nothing else has.
func asked(p *simulator.Pull, u *simulator.User) verdict {
	return verdict{id: p.ID*1_000_000 + u.ID, author: u, state: "REQUEST_REVIEW", counted: true, at: p.Updated}
}

// reviewers are those asked for a review, and those who have given one: Gitea does not tell them apart.
func reviewers(p *simulator.Pull) []*simulator.User {
	var all []*simulator.User
	for _, one := range slices.Backward(verdicts(p)) {
		if !one.dismissed && !slices.Contains(all, one.author) && !slices.Contains(p.Reviewers, one.author) {
			all = append(all, one.author)
		}
	}
	slices.Reverse(all)
	return append(all, p.Reviewers...)
}

func (v view) verdict(p *simulator.Pull, one verdict) map[string]any {
	out := map[string]any{
		"id": one.id, "user": v.user(one.author), "team": nil, "state": one.state, "body": one.body, "commit_id": one.sha,
		"stale": one.sha != "" && one.sha != p.HeadSHA, "official": one.counted && v.forge.Permission(p.Repo, one.author) >= scm.PermissionWrite,
		"dismissed": one.dismissed, "comments_count": one.inline, "submitted_at": stamp(one.at), "updated_at": stamp(one.at),
		"html_url": "", "pull_request_url": v.page(&p.Thing),
	}
	if one.sha != "" {
		out["html_url"] = fmt.Sprintf("%s#issuecomment-%d", v.page(&p.Thing), one.id)
	}
	return out
}
