package github

import (
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// repoLinks are the links of a repository into the API, by what follows its own.
var repoLinks = map[string]string{
	"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}", "branches_url": "/branches{/branch}",
	"collaborators_url": "/collaborators{/collaborator}", "comments_url": "/comments{/number}", "commits_url": "/commits{/sha}",
	"compare_url": "/compare/{base}...{head}", "contents_url": "/contents/{+path}", "contributors_url": "/contributors", "deployments_url": "/deployments",
	"downloads_url": "/downloads", "events_url": "/events", "forks_url": "/forks", "git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}",
	"git_tags_url": "/git/tags{/sha}", "hooks_url": "/hooks", "issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}",
	"issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}", "languages_url": "/languages", "merges_url": "/merges",
	"milestones_url": "/milestones{/number}", "notifications_url": "/notifications{?since,all,participating}", "pulls_url": "/pulls{/number}",
	"releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}", "subscribers_url": "/subscribers",
	"subscription_url": "/subscription", "tags_url": "/tags", "teams_url": "/teams", "trees_url": "/git/trees{/sha}", "url": "",
}

func (v view) repoAPI(r *simulator.Repo) string { return v.base + root + "/repos/" + r.FullName() }

// repo renders a repository as other objects and webhooks hold it.
func (v view) repo(r *simulator.Repo) map[string]any {
	html := v.base + "/" + r.FullName()
	out := map[string]any{
		"id": r.ID, "node_id": fmt.Sprintf("R_%d", r.ID), "name": r.Name, "full_name": r.FullName(), "owner": v.owner(r.Org), "description": nil,
		"private": r.Private, "visibility": visibility(r), "archived": r.Archived, "disabled": false, "fork": r.Parent != nil, "is_template": false,
		"html_url": html, "clone_url": html + ".git", "svn_url": html, "mirror_url": nil, "homepage": nil,
		"git_url": "git://github.test/" + r.FullName() + ".git", "ssh_url": "ssh://git@github.test/" + r.FullName() + ".git",
		"default_branch": r.DefaultBranch, "language": nil, "license": nil, "topics": []any{}, "custom_properties": map[string]any{}, "size": 0,
		"has_issues": true, "has_projects": true, "has_downloads": true, "has_wiki": true, "has_pages": false, "has_discussions": false,
		"stargazers_count": 0, "watchers_count": 0, "watchers": 0, "forks_count": 0, "forks": 0, "open_issues_count": openIssues(r), "open_issues": openIssues(r),
		"allow_forking": true, "web_commit_signoff_required": false, "created_at": founded, "updated_at": founded, "pushed_at": founded,
	}
	for name, rest := range repoLinks {
		out[name] = v.repoAPI(r) + rest
	}
	return out
}

func visibility(r *simulator.Repo) string {
	if r.Private {
		return "private"
	}
	return "public"
}

func openIssues(r *simulator.Repo) int {
	open := 0
	for _, i := range r.Issues {
		if i.State == scm.StateOpen {
			open++
		}
	}
	for _, p := range r.Pulls {
		if p.State == scm.StateOpen {
			open++
		}
	}
	return open
}

// fullRepo renders a repository that was asked for by its name.
func (v view) fullRepo(r *simulator.Repo) map[string]any {
	out := v.repo(r)
	for method, name := range map[scm.MergeMethod]string{
		scm.MergeCommit: "allow_merge_commit", scm.MergeSquash: "allow_squash_merge", scm.MergeRebase: "allow_rebase_merge",
	} {
		out[name] = slices.Contains(r.Methods, method)
	}
	out["network_count"], out["subscribers_count"] = 0, 0
	return out
}
