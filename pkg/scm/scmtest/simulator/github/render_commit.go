package github

import (
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// commit renders a commit of the API, and of the events of statuses.
func (v view) commit(r *simulator.Repo, c simulator.Commit, author *simulator.User) map[string]any {
	parents := []any{}
	for _, p := range c.Parents {
		parents = append(parents, map[string]any{"sha": p, "url": v.commitAPI(r, p), "html_url": v.commitHTML(r, p)})
	}
	who := map[string]any{"name": c.Name, "email": c.Email, "date": c.Date}
	link := v.commitAPI(r, c.SHA)
	return map[string]any{
		"sha": c.SHA, "node_id": "C_" + c.SHA, "url": link, "html_url": v.commitHTML(r, c.SHA), "comments_url": link + "/comments",
		"commit": map[string]any{
			"message": c.Message, "author": who, "committer": who, "comment_count": 0, "url": v.repoAPI(r) + "/git/commits/" + c.SHA,
			"tree":         map[string]any{"sha": c.Tree, "url": v.repoAPI(r) + "/git/trees/" + c.Tree},
			"verification": map[string]any{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
		},
		"author": v.user(author), "committer": v.user(author), "parents": parents,
	}
}

func (v view) commitAPI(r *simulator.Repo, sha string) string {
	return v.repoAPI(r) + "/commits/" + sha
}

func (v view) commitHTML(r *simulator.Repo, sha string) string {
	return v.base + "/" + r.FullName() + "/commit/" + sha
}

// pushed renders a commit of a push.
func (v view) pushed(r *simulator.Repo, c simulator.Commit) map[string]any {
	who := map[string]any{"name": c.Name, "email": c.Email}
	out := map[string]any{
		"id": c.SHA, "tree_id": c.Tree, "distinct": true, "message": c.Message, "timestamp": c.Date, "url": v.commitHTML(r, c.SHA),
		"author": who, "committer": who,
	}
	out["added"], out["removed"], out["modified"] = touched(r, c)
	return out
}

// touched are the files that a commit added, removed and modified.
func touched(r *simulator.Repo, c simulator.Commit) (added, removed, modified []string) {
	added, removed, modified = []string{}, []string{}, []string{}
	if len(c.Parents) == 0 {
		return added, removed, modified
	}
	files, err := r.Diff(c.Parents[0], c.SHA, false)
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

// one finds a single commit.
func one(r *simulator.Repo, sha string) (simulator.Commit, error) {
	found, err := r.Log("", sha+"^!") // itself without its parents
	if err != nil || len(found) != 1 {
		return simulator.Commit{}, fmt.Errorf("commit %s: %w", sha, errors.Join(simulator.ErrNotFound, err))
	}
	return found[0], nil
}
