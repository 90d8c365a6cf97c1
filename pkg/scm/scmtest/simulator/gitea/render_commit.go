package gitea

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// emptyTree is what the first commit of a history is compared with.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// one finds a single commit.
func one(r *simulator.Repo, sha string) (simulator.Commit, error) {
	found, err := r.Log("", sha+"^!") // itself without its parents
	if err != nil || len(found) != 1 {
		return simulator.Commit{}, fmt.Errorf("commit %s: %w", sha, errors.Join(simulator.ErrNotFound, err))
	}
	return found[0], nil
}

// changed are the files of a commit.
func changed(r *simulator.Repo, c simulator.Commit) ([]simulator.FileChange, error) {
	before := emptyTree
	if len(c.Parents) > 0 {
		before = c.Parents[0]
	}
	return r.Diff(before, c.SHA, false)
}

// account is whose a commit's address is, nil for nobody's.
func (v view) account(email string) *simulator.User {
	login, _, _ := strings.Cut(email, "@")
	u, err := v.forge.User(login)
	if err != nil || u.Email != email {
		return nil
	}
	return u
}

// commit renders a commit for the API. Where the tree should be, Gitea names the commit. How many lines it changes, is not
// counted.
func (v view) commit(r *simulator.Repo, c simulator.Commit) map[string]any {
	who := map[string]any{"name": c.Name, "email": c.Email, "date": c.Date}
	at := func(kind, sha string) string { return v.repoAPI(r) + "/git/" + kind + "/" + sha }
	author := v.user(v.account(c.Email))
	return map[string]any{
		"url": at("commits", c.SHA), "sha": c.SHA, "created": c.Date, "html_url": v.html(r) + "/commit/" + c.SHA,
		"commit": map[string]any{
			"url": at("commits", c.SHA), "author": who, "committer": who, "message": c.Message + "\n", "verification": nil,
			"tree": map[string]any{"url": at("trees", c.SHA), "sha": c.SHA, "created": c.Date},
		},
		"author": author, "committer": author, "stats": map[string]any{"total": 1, "additions": 1, "deletions": 0},
		"parents": each(c.Parents, func(sha string) map[string]any {
			return map[string]any{"url": at("commits", sha), "sha": sha, "created": never}
		}),
	}
}

// files are those of a commit as the API lists them.
func files(r *simulator.Repo, c simulator.Commit) []map[string]any {
	all, err := changed(r, c)
	if err != nil {
		return nil
	}
	return each(all, func(f simulator.FileChange) map[string]any {
		return map[string]any{"filename": f.Path, "status": cmp.Or(map[string]string{"A": "added", "D": "removed"}[f.Status], "modified")}
	})
}

// payload renders a commit for webhooks and branches, which name its files or do not look at them.
func (v view) payload(r *simulator.Repo, c simulator.Commit, files bool) map[string]any {
	who := map[string]any{"name": c.Name, "email": c.Email, "username": ""}
	if u := v.account(c.Email); u != nil {
		who["username"] = u.Login
	}
	out := map[string]any{
		"id": c.SHA, "message": c.Message + "\n", "url": v.html(r) + "/commit/" + c.SHA, "author": who, "committer": who, "timestamp": c.Date,
		"verification": nil, "added": nil, "removed": nil, "modified": nil,
	}
	if !files {
		out["verification"] = map[string]any{"verified": false, "reason": "gpg.error.not_signed_commit", "signature": "", "signer": nil, "payload": ""}
		return out
	}
	out["added"], out["removed"], out["modified"] = touched(r, c)
	return out
}

// touched are the files that a commit added, removed and modified.
func touched(r *simulator.Repo, c simulator.Commit) (added, removed, modified []string) {
	added, removed, modified = []string{}, []string{}, []string{}
	files, err := changed(r, c)
	if err != nil {
		return added, removed, modified
	}
	for _, f := range files {
		switch f.Status {
		case "A", "C":
			added = append(added, f.Path)
		case "D":
			removed = append(removed, f.Path)
		case "R":
			added, removed = append(added, f.Path), append(removed, f.From)
		default:
			modified = append(modified, f.Path)
		}
	}
	return added, removed, modified
}
