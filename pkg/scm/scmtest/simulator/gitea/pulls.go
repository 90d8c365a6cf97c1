package gitea

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/simulator"
)

// withPull finds the pull request of the path.
func withPull(h func(*call, *simulator.Pull) (answer, error)) handler {
	return func(c *call) (answer, error) {
		p, err := c.repo.Pull(c.number())
		if err != nil {
			return fail(err)
		}
		return h(c, p)
	}
}

func (s *server) pulls() {
	s.in("GET /pulls", scm.PermissionRead, listPulls)
	s.in("POST /pulls", scm.PermissionRead, createPull)
	s.in("GET /pulls/{number}", scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) { return ok(c.view().pull(p)) }))
	s.in("PATCH /pulls/{number}", scm.PermissionRead, withPull(editPull))
	s.in("GET /pulls/{number}/files", scm.PermissionRead, withPull(listFiles))
	s.in("GET /pulls/{number}/commits", scm.PermissionRead, withPull(listCommits))
	s.in("POST /pulls/{number}/merge", scm.PermissionRead, withPull(mergePull))
}

func listPulls(c *call) (answer, error) {
	var all []*simulator.Pull
	for _, p := range c.repo.Pulls {
		if state := c.FormValue("state"); state == "all" || openOrClosed(p.State) == state || state == "" && p.State == scm.StateOpen {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *simulator.Pull) int { return b.Number - a.Number })
	return ok(each(page(c, all), c.view().listedPull))
}

func createPull(c *call) (answer, error) {
	in, err := decode[struct{ Title, Body, Head, Base string }](c)
	if err != nil {
		return fail(err)
	}
	if in.Title == "" {
		return fail(invalid("[Title]: Required"))
	}
	n := simulator.NewPull{Title: in.Title, Body: in.Body, Head: in.Head, Base: in.Base}
	if owner, branch, ok := strings.Cut(in.Head, ":"); ok {
		n.Head = branch
		if n.From, err = c.Repo(owner, c.repo.Name); err != nil {
			return fail(err)
		}
	}
	p, err := c.OpenPull(c.actor, c.repo, n)
	if errors.Is(err, simulator.ErrConflict) {
		return fail(&refusal{http.StatusConflict, fmt.Sprintf("pull request already exists for these targets [base_repo_id: %d, head_branch: %s, base_branch: %s]", c.repo.ID, n.Head, n.Base)})
	}
	if err != nil {
		return fail(err)
	}
	return made(c.view().pull(p))
}

func editPull(c *call, p *simulator.Pull) (answer, error) {
	in, err := edited(c, &p.Thing)
	if err != nil {
		return fail(err)
	}
	if in.Base != nil && c.repo.Tip(*in.Base) == "" {
		return fail(&refusal{http.StatusNotFound, fmt.Sprintf("new base '%s' not exist", *in.Base)})
	}
	if err := c.place(&p.Thing, in); err != nil {
		return fail(err)
	}
	if err := c.rewrite(&p.Thing, in); err != nil {
		return fail(err)
	}
	return made(c.view().pull(p))
}

var fileStatus = map[string]string{"A": "added", "M": "changed", "D": "deleted", "R": "renamed", "C": "copied", "T": "changed"}

// listFiles compares the head with the merge base. How many lines differ, is not counted.
func listFiles(c *call, p *simulator.Pull) (answer, error) {
	files, err := p.Repo.Diff(p.BaseSHA, p.HeadSHA, true)
	if err != nil {
		return fail(err)
	}
	return ok(each(numbered(c, files), func(f simulator.FileChange) map[string]any {
		path := escaped(f.Path)
		out := map[string]any{
			"filename": f.Path, "status": fileStatus[f.Status], "additions": 1, "deletions": 0, "changes": 1,
			"html_url":     fmt.Sprintf("%s/src/commit/%s/%s", c.view().html(c.repo), p.HeadSHA, path),
			"contents_url": fmt.Sprintf("%s/contents/%s?ref=%s", c.view().repoAPI(c.repo), path, p.HeadSHA),
			"raw_url":      fmt.Sprintf("%s/raw/commit/%s/%s", c.view().html(c.repo), p.HeadSHA, path),
		}
		if f.From != "" {
			out["previous_filename"] = f.From
		}
		return out
	}))
}

// listCommits gives the newest first.
func listCommits(c *call, p *simulator.Pull) (answer, error) {
	all, err := p.Repo.Log(p.BaseSHA, p.HeadSHA)
	if err != nil {
		return fail(err)
	}
	return ok(c.commits(numbered(c, all)))
}

// commits renders commits, with their files unless the request does not want them.
func (c *call) commits(all []simulator.Commit) []map[string]any {
	return each(all, func(one simulator.Commit) map[string]any {
		out := c.view().commit(c.repo, one)
		if c.FormValue("files") != "false" {
			out["files"] = files(c.repo, one)
		}
		return out
	})
}

// styles are Gitea's names of the merge methods. A rebase with a merge commit is not among them.
var styles = map[string]scm.MergeMethod{
	"merge": scm.MergeCommit, "squash": scm.MergeSquash, "rebase": scm.MergeRebase, "fast-forward-only": scm.MergeFastForward,
}

// mergePull answers with nothing. What cannot be merged may be tried again later for Gitea, for ever.
func mergePull(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[struct {
		Do, MergeTitleField, MergeMessageField string
		Head                                   string `json:"head_commit_id"`
	}](c)
	if err != nil {
		return fail(err)
	}
	method, known := styles[in.Do]
	switch {
	case !known:
		return fail(invalid("[Do]: In"))
	case p.State == scm.StateMerged:
		return fail(notAllowed("The PR is already merged"))
	case p.State == scm.StateClosed:
		return fail(simulator.ErrNotFound)
	case !c.may(scm.PermissionWrite):
		return fail(notAllowed("User not allowed to merge PR"))
	case p.Draft:
		return fail(notAllowed("Work in progress PRs cannot be merged"))
	case !p.Mergeable():
		return fail(notAllowed("Please try again later"))
	case !slices.Contains(c.repo.Methods, method):
		return fail(notAllowed(in.Do + " is not allowed an allowed merge style for this repository"))
	}
	err = c.MergePull(c.actor, p, simulator.Merge{Method: method, SHA: in.Head, Message: message(p, in.MergeTitleField, in.MergeMessageField)})
	switch {
	case errors.Is(err, simulator.ErrHeadMoved):
		return fail(&refusal{http.StatusConflict, "head out of date"})
	case errors.Is(err, simulator.ErrNotMergeable): // it is no fast-forward, or a rebase has conflicts that a merge has not
		if method == scm.MergeFastForward {
			return fail(errServer)
		}
		return answer{http.StatusConflict, map[string]any{"Style": in.Do, "StdOut": "", "StdErr": err.Error(), "Err": map[string]any{}}}, nil
	case err != nil:
		return fail(err)
	}
	return answer{status: http.StatusOK}, nil
}

func notAllowed(message string) error { return &refusal{http.StatusMethodNotAllowed, message} }

func message(p *simulator.Pull, title, body string) string {
	if title = strings.TrimSpace(title); title == "" {
		title = fmt.Sprintf("Merge pull request '%s' (#%d) from %s into %s", p.Title, p.Number, p.Head, p.Base)
	}
	return strings.TrimSpace(title + "\n\n" + strings.TrimSpace(body))
}
