package github

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
	s.in("GET /pulls/{number}", scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) { return ok(c.view().fullPull(p)) }))
	s.in("PATCH /pulls/{number}", scm.PermissionWrite, withPull(editPull))
	s.in("GET /pulls/{number}/files", scm.PermissionRead, withPull(listFiles))
	s.in("GET /pulls/{number}/commits", scm.PermissionRead, withPull(listCommits))
	s.in("PUT /pulls/{number}/merge", scm.PermissionWrite, withPull(mergePull))
	s.in("GET /pulls/{number}/reviews", scm.PermissionRead, withPull(listReviews))
	s.in("POST /pulls/{number}/reviews", scm.PermissionRead, withPull(submitReview))
	s.in("PUT /pulls/{number}/reviews/{id}/dismissals", scm.PermissionWrite, withPull(dismissReview))
	s.in("POST /pulls/{number}/requested_reviewers", scm.PermissionWrite, withPull(requestReviewers))
	s.in("DELETE /pulls/{number}/requested_reviewers", scm.PermissionWrite, withPull(unrequestReviewers))
	s.in("POST /pulls/{number}/comments/{id}/replies", scm.PermissionRead, withPull(replyInline))
}

func listPulls(c *call) (answer, error) {
	var all []*simulator.Pull
	for _, p := range c.repo.Pulls {
		if state := c.FormValue("state"); state == "all" || openOrClosed(p.State) == "open" && state != "closed" || state == "closed" && p.State != scm.StateOpen {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *simulator.Pull) int { return b.Number - a.Number })
	return ok(each(page(c, all), c.view().pull))
}

func createPull(c *call) (answer, error) {
	in, err := decode[struct {
		Title, Body, Head, Base string
		Draft                   bool
	}](c)
	if err != nil {
		return fail(err)
	}
	n := simulator.NewPull{Title: in.Title, Body: in.Body, Head: in.Head, Base: in.Base, Draft: in.Draft}
	if owner, branch, ok := strings.Cut(in.Head, ":"); ok {
		n.Head = branch
		if n.From, err = c.Repo(owner, c.repo.Name); err != nil {
			return fail(&invalid{"PullRequest", "head", "invalid", "head is invalid"})
		}
	}
	p, err := c.OpenPull(c.actor, c.repo, n)
	if errors.Is(err, simulator.ErrNotFound) {
		return fail(&invalid{"PullRequest", "head", "invalid", "head or base is invalid"})
	}
	if err != nil {
		return fail(err)
	}
	return made(c.view().fullPull(p))
}

func editPull(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[struct {
		Title, Body, Base *string
		State             *scm.State
	}](c)
	if err != nil {
		return fail(err)
	}
	if err := c.EditPull(c.actor, p, simulator.Patch{Title: in.Title, Body: in.Body, Base: in.Base, State: in.State}); err != nil {
		return fail(err)
	}
	return ok(c.view().fullPull(p))
}

var fileStatus = map[string]string{"A": "added", "M": "modified", "D": "removed", "R": "renamed", "C": "copied", "T": "changed"}

// files renders what differs at a commit. How many lines do, is not counted.
func (c *call) files(head string, all []simulator.FileChange) []map[string]any {
	return each(all, func(f simulator.FileChange) map[string]any {
		path := escaped(f.Path)
		out := map[string]any{
			"sha": nil, "filename": f.Path, "status": fileStatus[f.Status], "additions": 1, "deletions": 0, "changes": 1,
			"blob_url": fmt.Sprintf("%s/%s/blob/%s/%s", c.base, c.repo.FullName(), head, path), "raw_url": fmt.Sprintf("%s/%s/raw/%s/%s", c.base, c.repo.FullName(), head, path),
			"contents_url": fmt.Sprintf("%s/contents/%s?ref=%s", c.view().repoAPI(c.repo), path, head),
		}
		if f.From != "" {
			out["previous_filename"] = f.From
		}
		return out
	})
}

func escaped(path string) string { return (&url.URL{Path: path}).EscapedPath() }

func listFiles(c *call, p *simulator.Pull) (answer, error) {
	files, err := p.Repo.Diff(p.BaseSHA, p.HeadSHA, true)
	if err != nil {
		return fail(err)
	}
	return ok(c.files(p.HeadSHA, page(c, files)))
}

func (c *call) author(email string) *simulator.User {
	login, _, _ := strings.Cut(email, "@")
	u, err := c.User(login)
	if err != nil {
		return nil
	}
	return u
}

func (c *call) commits(all []simulator.Commit) []map[string]any {
	return each(all, func(one simulator.Commit) map[string]any { return c.view().commit(c.repo, one, c.author(one.Email)) })
}

func listCommits(c *call, p *simulator.Pull) (answer, error) {
	all, err := p.Repo.Log(p.BaseSHA, p.HeadSHA)
	if err != nil {
		return fail(err)
	}
	slices.Reverse(all)
	return ok(c.commits(page(c, all)))
}

func mergePull(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[struct {
		Method  scm.MergeMethod `json:"merge_method"`
		SHA     string          `json:"sha"`
		Title   string          `json:"commit_title"`
		Message string          `json:"commit_message"`
	}](c)
	if err != nil {
		return fail(err)
	}
	if in.Method == "" {
		in.Method = scm.MergeCommit
	}
	how := simulator.Merge{Method: in.Method, SHA: in.SHA}
	if in.Title != "" {
		how.Message = strings.TrimSpace(in.Title + "\n\n" + in.Message)
	}
	if err := c.MergePull(c.actor, p, how); err != nil {
		return fail(err)
	}
	return ok(map[string]any{"sha": p.MergeSHA, "merged": true, "message": "Pull Request successfully merged"})
}

func listReviews(c *call, p *simulator.Pull) (answer, error) {
	return ok(each(page(c, p.Reviews), func(r *simulator.Review) map[string]any {
		return c.view().review(p, r, strings.ToUpper(string(r.State)))
	}))
}

func submitReview(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[struct {
		Event    string
		Body     string
		CommitID string `json:"commit_id"`
	}](c)
	if err != nil {
		return fail(err)
	}
	state, known := map[string]scm.ReviewState{"APPROVE": scm.ReviewApproved, "REQUEST_CHANGES": scm.ReviewChangesRequested, "COMMENT": scm.ReviewCommented}[in.Event]
	switch {
	case !known:
		return fail(&invalid{"PullRequestReview", "event", "invalid", "event is invalid"})
	case state != scm.ReviewCommented && p.Author == c.actor:
		return fail(&invalid{"PullRequestReview", "event", "custom", "Can not approve your own pull request"})
	case state != scm.ReviewApproved && in.Body == "":
		return fail(&invalid{"PullRequestReview", "body", "missing_field", "body is missing"})
	}
	r := c.SubmitReview(c.actor, p, state, in.Body)
	return ok(c.view().review(p, r, strings.ToUpper(string(r.State))))
}

func dismissReview(c *call, p *simulator.Pull) (answer, error) {
	i := slices.IndexFunc(p.Reviews, func(r *simulator.Review) bool { return r.ID == c.id() })
	if i < 0 {
		return fail(simulator.ErrNotFound)
	}
	c.DismissReview(c.actor, p, p.Reviews[i])
	return ok(c.view().review(p, p.Reviews[i], "DISMISSED"))
}

func (c *call) reviewers(p *simulator.Pull) ([]*simulator.User, error) {
	in, err := decode[struct{ Reviewers []string }](c)
	if err != nil {
		return nil, err
	}
	var all []*simulator.User
	for _, login := range in.Reviewers {
		u, err := c.User(login)
		if err != nil || c.Permission(c.repo, u) < scm.PermissionRead || u == p.Author {
			return nil, &invalid{"PullRequest", "reviewers", "custom", "Reviews may only be requested from collaborators."}
		}
		all = append(all, u)
	}
	return all, nil
}

func requestReviewers(c *call, p *simulator.Pull) (answer, error) {
	all, err := c.reviewers(p)
	if err != nil {
		return fail(err)
	}
	for _, u := range all {
		if !slices.Contains(p.Reviewers, u) {
			p.Reviewers = append(p.Reviewers, u)
		}
	}
	return made(c.view().fullPull(p))
}

func unrequestReviewers(c *call, p *simulator.Pull) (answer, error) {
	all, err := c.reviewers(p)
	if err != nil {
		return fail(err)
	}
	p.Reviewers = slices.DeleteFunc(p.Reviewers, func(u *simulator.User) bool { return slices.Contains(all, u) })
	return ok(c.view().fullPull(p))
}

func replyInline(c *call, p *simulator.Pull) (answer, error) {
	_, to, err := c.repo.Comment(c.id())
	if err != nil {
		return fail(err)
	}
	in, err := decode[struct{ Body string }](c)
	if err != nil {
		return fail(err)
	}
	reply := c.AddComment(c.actor, &p.Thing, simulator.Comment{Body: in.Body, ReplyTo: to.ID, Path: to.Path, Line: to.Line, SHA: to.SHA})
	return answer{http.StatusCreated, c.view().inline(&p.Thing, reply)}, nil
}
