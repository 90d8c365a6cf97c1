package bitbucketserver

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// view renders the state as Bitbucket's JSON, with links below base.
type view struct{ base string }

func projectKey(o *simulator.Org) string {
	if o.Personal != nil {
		return "~" + strings.ToUpper(userSlug(o.Personal))
	}
	return strings.ToUpper(o.Path)
}

func slugOf(r *simulator.Repo) string { return strings.ToLower(r.Name) }

func userSlug(u *simulator.User) string { return strings.ToLower(u.Login) }

func self(href string) map[string]any {
	return map[string]any{"self": []any{map[string]any{"href": href}}}
}

// moment turns a commit's date into milliseconds.
func moment(date string) int64 {
	t, err := time.Parse(time.RFC3339, date)
	if err != nil {
		return 0
	}
	return t.UnixMilli()
}

func (v view) user(u *simulator.User) map[string]any {
	return map[string]any{
		"name": u.Login, "emailAddress": u.Email, "active": true, "displayName": u.Name, "id": u.ID, "slug": userSlug(u), "type": "NORMAL",
		"links": self(v.base + "/users/" + userSlug(u)),
	}
}

func (v view) users(all []*simulator.User) []map[string]any { return each(all, v.user) }

func (v view) project(o *simulator.Org) map[string]any {
	if o.Personal != nil {
		return map[string]any{
			"key": projectKey(o), "id": o.ID, "name": o.Personal.Name, "type": "PERSONAL", "owner": v.user(o.Personal),
			"links": self(v.base + "/users/" + userSlug(o.Personal)),
		}
	}
	return map[string]any{
		"key": projectKey(o), "id": o.ID, "name": o.Path, "public": false, "type": "NORMAL", "links": self(v.base + "/projects/" + projectKey(o)),
	}
}

// repoPage is the repository's page.
func (v view) repoPage(r *simulator.Repo) string {
	if r.Org.Personal != nil {
		return v.base + "/users/" + userSlug(r.Org.Personal) + "/repos/" + slugOf(r)
	}
	return v.base + "/projects/" + projectKey(r.Org) + "/repos/" + slugOf(r)
}

func (v view) repo(r *simulator.Repo) map[string]any {
	links := self(v.repoPage(r) + "/browse")
	links["clone"] = []any{
		map[string]any{"href": "ssh://git@forge.test:7999/" + strings.ToLower(projectKey(r.Org)) + "/" + slugOf(r) + ".git", "name": "ssh"},
		map[string]any{"href": v.base + Dialect{}.GitPath(r), "name": "http"},
	}
	root := r
	for root.Parent != nil {
		root = root.Parent
	}
	out := map[string]any{
		"slug": slugOf(r), "id": r.ID, "name": r.Name, "hierarchyId": fmt.Sprintf("%020x", root.ID), "scmId": "git", "state": "AVAILABLE",
		"statusMessage": "Available", "forkable": true, "project": v.project(r.Org), "public": !r.Private, "archived": r.Archived, "links": links,
	}
	if r.Parent != nil {
		out["origin"] = v.repo(r.Parent)
	}
	return out
}

// ref is a branch or a tag by its full name.
func ref(id string) map[string]any {
	if name, ok := strings.CutPrefix(id, "refs/tags/"); ok {
		return map[string]any{"id": id, "displayId": name, "type": "TAG"}
	}
	return map[string]any{"id": id, "displayId": strings.TrimPrefix(id, "refs/heads/"), "type": "BRANCH"}
}

func (v view) side(r *simulator.Repo, branch, sha string) map[string]any {
	side := ref("refs/heads/" + branch)
	side["latestCommit"], side["repository"] = sha, nil
	if r != nil {
		side["repository"] = v.repo(r)
	}
	return side
}

var states = map[scm.State]string{scm.StateOpen: "OPEN", scm.StateClosed: "DECLINED", scm.StateMerged: "MERGED"}

func (v view) pull(p *simulator.Pull) map[string]any {
	reviewers, others := parts(p)
	participant := func(role string) func(*simulator.User) map[string]any {
		return func(u *simulator.User) map[string]any { return v.participant(p, u, role) }
	}
	out := map[string]any{
		"id": p.Number, "version": p.Version, "title": p.Title, "state": states[p.State], "open": p.State == scm.StateOpen,
		"closed": p.State != scm.StateOpen, "draft": p.Draft, "createdDate": p.Created.UnixMilli(), "updatedDate": p.Updated.UnixMilli(),
		"fromRef": v.side(p.HeadRepo, p.Head, p.HeadSHA), "toRef": v.side(p.Repo, p.Base, p.BaseSHA), "locked": false,
		"author": v.participant(p, p.Author, "AUTHOR"), "reviewers": each(reviewers, participant("REVIEWER")),
		"participants": each(others, participant("PARTICIPANT")), "links": self(v.pullPage(p)),
	}
	if p.Body != "" {
		out["description"] = p.Body
	}
	if p.State != scm.StateOpen {
		out["closedDate"] = p.Updated.UnixMilli()
	}
	if p.MergeSHA != "" {
		out["properties"] = map[string]any{"mergeCommit": map[string]any{"displayId": short(p.MergeSHA), "id": p.MergeSHA}}
	}
	return out
}

func (v view) pullPage(p *simulator.Pull) string {
	return fmt.Sprintf("%s/pull-requests/%d", v.repoPage(p.Repo), p.Number)
}

func short(sha string) string { return sha[:min(len(sha), 11)] }

var statusNames = map[scm.ReviewState]string{scm.ReviewApproved: "APPROVED", scm.ReviewChangesRequested: "NEEDS_WORK"}

func (v view) participant(p *simulator.Pull, u *simulator.User, role string) map[string]any {
	out := map[string]any{"user": v.user(u), "role": role, "approved": false, "status": "UNAPPROVED"}
	if verdict := p.Verdict(u); verdict != nil {
		out["approved"], out["status"] = verdict.State == scm.ReviewApproved, statusNames[verdict.State]
	}
	for _, r := range slices.Backward(p.Reviews) {
		if r.Author == u && r.State != scm.ReviewCommented {
			out["lastReviewedCommit"] = r.SHA
			break
		}
	}
	return out
}

// comment renders a comment for a viewer, with the replies to it.
func (v view) comment(t *simulator.Thing, c *simulator.Comment, viewer *simulator.User) map[string]any {
	replies := []map[string]any{}
	for _, one := range t.Comments {
		if one.ReplyTo == c.ID {
			replies = append(replies, v.comment(t, one, viewer))
		}
	}
	out := map[string]any{
		"properties": map[string]any{"repositoryId": t.Repo.ID}, "id": c.ID, "version": c.Version, "text": c.Body, "author": v.user(c.Author),
		"createdDate": c.Created.UnixMilli(), "updatedDate": c.Updated.UnixMilli(), "comments": replies, "threadResolved": false,
		"severity": "NORMAL", "state": "OPEN",
		"permittedOperations": map[string]any{"editable": c.Author == viewer, "deletable": c.Author == viewer && len(replies) == 0},
	}
	if c.Path != "" {
		out["anchor"] = anchor(t, c)
	}
	return out
}

func anchor(t *simulator.Thing, c *simulator.Comment) map[string]any {
	return map[string]any{
		"fromHash": t.Repo.Pulls[t.Number].BaseSHA, "toHash": c.SHA, "line": c.Line, "lineType": "ADDED", "fileType": "TO", "path": c.Path,
		"diffType": "EFFECTIVE", "orphaned": false,
	}
}

// commit names its author's account if one has the address.
func (v view) commit(c simulator.Commit, author *simulator.User) map[string]any {
	who := map[string]any{"name": c.Name, "emailAddress": c.Email}
	if author != nil {
		who = v.user(author)
	}
	parents := make([]any, len(c.Parents))
	for i, sha := range c.Parents {
		parents[i] = map[string]any{"id": sha, "displayId": short(sha)}
	}
	at := moment(c.Date)
	return map[string]any{
		"id": c.SHA, "displayId": short(c.SHA), "author": who, "authorTimestamp": at, "committer": who, "committerTimestamp": at,
		"message": c.Message, "parents": parents,
	}
}

var changeTypes = map[string]string{"A": "ADD", "M": "MODIFY", "D": "DELETE", "R": "MOVE", "C": "COPY", "T": "MODIFY"}

func change(f simulator.FileChange) map[string]any {
	out := map[string]any{
		"path": filePath(f.Path), "type": changeTypes[f.Status], "nodeType": "FILE", "executable": false, "percentUnchanged": -1,
		"properties": map[string]any{"gitChangeType": changeTypes[f.Status]},
	}
	if f.From != "" {
		out["srcPath"] = filePath(f.From)
	}
	return out
}

func filePath(name string) map[string]any {
	parent, file := path.Split(name)
	out := map[string]any{"components": strings.Split(name, "/"), "parent": strings.TrimSuffix(parent, "/"), "name": file, "toString": name}
	if extension := path.Ext(file); extension != "" {
		out["extension"] = extension[1:]
	}
	return out
}
