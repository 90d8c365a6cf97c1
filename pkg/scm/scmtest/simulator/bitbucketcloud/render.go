package bitbucketcloud

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// view renders the state as Bitbucket's JSON, with links below the forge's address. The state is locked meanwhile.
type view struct{ f *simulator.Forge }

func (c *call) view() view { return view{c.Forge} }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000-07:00") }

func link(address string) map[string]any { return map[string]any{"href": address} }

func (v view) api(path ...string) string { return v.f.URL() + root + "/" + strings.Join(path, "/") }

func (v view) repoAPI(r *simulator.Repo, path ...string) string {
	return v.api(append([]string{"repositories", r.FullName()}, path...)...)
}

func (v view) page(r *simulator.Repo, path ...string) string {
	return strings.Join(append([]string{v.f.URL(), r.FullName()}, path...), "/")
}

// text is one that a person typed, and its rendering.
func text(typed string) map[string]any {
	return map[string]any{"raw": typed, "markup": "markdown", "html": ""}
}

// user is null for nobody.
func (v view) user(u *simulator.User) any {
	if u == nil {
		return nil
	}
	id := uuid(userKind, u.ID)
	return map[string]any{
		"type": "user", "display_name": u.Name, "nickname": u.Login, "uuid": id, "account_id": accountID(u),
		"links": map[string]any{
			"self": link(v.api("users", url.PathEscape(id))), "html": link(v.f.URL() + "/" + url.PathEscape(id) + "/"),
			"avatar": link(v.f.URL() + "/account/" + url.PathEscape(id) + "/avatar/"),
		},
	}
}

func (v view) users(all []*simulator.User) []any {
	out := make([]any, len(all))
	for i, u := range all {
		out[i] = v.user(u)
	}
	return out
}

func (v view) workspace(o *simulator.Org) map[string]any {
	return map[string]any{
		"type": "workspace", "uuid": uuid(workspaceKind, o.ID), "slug": o.Path, "name": o.Path,
		"links": map[string]any{"self": link(v.api("workspaces", o.Path)), "html": link(v.f.URL() + "/" + o.Path + "/")},
	}
}

// owner is a person, or what a workspace is called as one.
func (v view) owner(o *simulator.Org) any {
	if o.Personal != nil {
		return v.user(o.Personal)
	}
	return map[string]any{
		"type": "team", "username": o.Path, "display_name": o.Path, "uuid": uuid(workspaceKind, o.ID),
		"links": map[string]any{"html": link(v.f.URL() + "/" + o.Path + "/")},
	}
}

// brief is a repository inside of something else; null for one that is gone.
func (v view) brief(r *simulator.Repo) any {
	if r == nil {
		return nil
	}
	return map[string]any{
		"type": "repository", "full_name": r.FullName(), "name": r.Name, "uuid": uuid(repositoryKind, r.ID),
		"links": map[string]any{"self": link(v.repoAPI(r)), "html": link(v.page(r)), "avatar": link(v.page(r, "avatar"))},
	}
}

// told is a repository as webhooks tell of it.
func (v view) told(r *simulator.Repo) map[string]any {
	out := v.brief(r).(map[string]any)
	out["scm"], out["website"], out["is_private"], out["parent"] = "git", nil, r.Private, v.brief(r.Parent)
	out["workspace"], out["owner"] = v.workspace(r.Org), v.owner(r.Org)
	out["project"] = map[string]any{"type": "project", "key": "PROJ", "name": r.Org.Path, "uuid": uuid(projectKind, r.Org.ID)}
	return out
}

// repo is a repository by itself, with git's address for whoever asks.
func (v view) repo(r *simulator.Repo, reader *simulator.User) map[string]any {
	out := v.told(r)
	out["slug"], out["has_issues"], out["has_wiki"], out["fork_policy"] = r.Name, true, false, "allow_forks"
	out["description"], out["language"] = "", ""
	out["mainbranch"] = map[string]any{"type": "branch", "name": r.DefaultBranch}
	links := out["links"].(map[string]any)
	for _, below := range []string{"pullrequests", "commits", "forks", "watchers", "downloads", "hooks"} {
		links[below] = link(v.repoAPI(r, below))
	}
	scheme, host, _ := strings.Cut(v.f.URL(), "://")
	links["clone"] = []any{
		map[string]any{"name": "https", "href": fmt.Sprintf("%s://%s@%s/%s.git", scheme, reader.Login, host, r.FullName())},
		map[string]any{"name": "ssh", "href": fmt.Sprintf("git@%s:%s.git", host, r.FullName())},
	}
	return out
}

var strategies = map[scm.MergeMethod]string{
	scm.MergeCommit: "merge_commit", scm.MergeSquash: "squash", scm.MergeRebase: "rebase_fast_forward", scm.MergeFastForward: "fast_forward",
}

func strategiesOf(r *simulator.Repo) []string {
	var all []string
	for _, m := range r.Methods {
		all = append(all, strategies[m])
	}
	return all
}

func (v view) branch(r *simulator.Repo, name string) map[string]any {
	out := v.ref(r, "branch", name, r.Tip(name))
	out["merge_strategies"], out["default_merge_strategy"] = strategiesOf(r), "merge_commit"
	return out
}

// ref is a branch or a tag at a commit.
func (v view) ref(r *simulator.Repo, kind, name, sha string) map[string]any {
	below := map[string]string{"branch": "branches", "tag": "tags"}[kind]
	return map[string]any{
		"type": kind, "name": name, "target": v.commitAt(r, sha),
		"links": map[string]any{
			"self": link(v.repoAPI(r, "refs", below, name)), "commits": link(v.repoAPI(r, "commits", name)), "html": link(v.page(r, kind, name)),
		},
	}
}

// commitAt is null for a commit that the repository does not have.
func (v view) commitAt(r *simulator.Repo, sha string) any {
	found, err := r.Log("", sha+"^!") // itself without its parents
	if err != nil || len(found) != 1 {
		return nil
	}
	return v.commit(r, found[0])
}

func (v view) commit(r *simulator.Repo, c simulator.Commit) map[string]any {
	parents := []any{}
	for _, sha := range c.Parents {
		parents = append(parents, v.commitLink(r, sha))
	}
	out := v.commitLink(r, c.SHA)
	out["date"], out["message"], out["parents"], out["repository"] = c.Date, c.Message+"\n", parents, v.brief(r)
	out["summary"], out["rendered"] = text(c.Message), map[string]any{"message": text(c.Message)}
	author := map[string]any{"type": "author", "raw": fmt.Sprintf("%s <%s>", c.Name, c.Email)}
	if u := v.byEmail(c.Email); u != nil {
		author["user"] = v.user(u)
	}
	out["author"] = author
	return out
}

func (v view) commitLink(r *simulator.Repo, sha string) map[string]any {
	return map[string]any{"type": "commit", "hash": sha, "links": map[string]any{
		"self": link(v.repoAPI(r, "commit", sha)), "html": link(v.page(r, "commits", sha)), "statuses": link(v.repoAPI(r, "commit", sha, "statuses")),
	}}
}

// byEmail is the account that an address belongs to, nil for none.
func (v view) byEmail(address string) *simulator.User {
	login, _, _ := strings.Cut(address, "@")
	u, err := v.f.User(login)
	if err != nil || u.Email != address {
		return nil
	}
	return u
}
