package bitbucketcloud

import (
	"cmp"
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
		p, err := c.repo.Pull(c.number("number"))
		if err != nil {
			return fail(missing("Pull request"))
		}
		return h(c, p)
	}
}

// byAuthor lets only its author and those who may write change a pull request.
func byAuthor(h func(*call, *simulator.Pull) (answer, error)) handler {
	return withPull(func(c *call, p *simulator.Pull) (answer, error) {
		if p.Author != c.actor && c.Permission(c.repo, c.actor) < scm.PermissionWrite {
			return fail(denied(scm.PermissionWrite))
		}
		return h(c, p)
	})
}

func (s *server) pulls() {
	const one = "/pullrequests/{number}"
	s.in("GET /pullrequests", scm.PermissionRead, listPulls)
	s.in("POST /pullrequests", scm.PermissionRead, createPull)
	s.in("GET "+one, scm.PermissionRead, withPull(func(c *call, p *simulator.Pull) (answer, error) { return ok(c.view().pull(p)) }))
	s.in("PUT "+one, scm.PermissionRead, byAuthor(editPull))
	s.in("GET "+one+"/commits", scm.PermissionRead, withPull(listCommits))
	s.in("GET "+one+"/diffstat", scm.PermissionRead, withPull(redirectDiffstat))
	s.in("POST "+one+"/decline", scm.PermissionRead, byAuthor(declinePull))
	s.in("POST "+one+"/merge", scm.PermissionWrite, withPull(mergePull))
}

// listPulls gives the open ones unless other states are asked for. A query looks at all of them.
func listPulls(c *call) (answer, error) {
	query := c.Request.URL.Query()
	states := query["state"]
	if len(states) == 0 {
		states = []string{"OPEN"}
	}
	var all []*simulator.Pull
	for _, p := range c.repo.Pulls {
		if query.Has("q") || slices.Contains(states, pullStates[p.State]) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *simulator.Pull) int { return b.Number - a.Number })
	all, err := filter(c, all, c.view().pull)
	if err != nil {
		return fail(err)
	}
	hidden := slices.DeleteFunc([]string{"reviewers", "participants"}, func(name string) bool {
		return slices.Contains(strings.Split(query.Get("fields"), ","), "+values."+name)
	})
	return list(c, pulls, all, func(p *simulator.Pull) map[string]any {
		out := c.view().pull(p)
		for _, name := range hidden {
			delete(out, name)
		}
		return out
	})
}

// endpoint is one side of a pull request that is written.
type endpoint struct {
	Branch     struct{ Name string }
	Repository struct {
		FullName string `json:"full_name"`
	}
}

func createPull(c *call) (answer, error) {
	in, err := decode[struct {
		Title, Description  string
		Draft               bool
		Source, Destination endpoint
		Reviewers           []accountRef
	}](c)
	if err != nil {
		return fail(err)
	}
	if in.Title == "" {
		return fail(bad("title", "required key not provided"))
	}
	n := simulator.NewPull{
		Title: in.Title, Body: in.Description, Draft: in.Draft, From: c.repo,
		Head: in.Source.Branch.Name, Base: cmp.Or(in.Destination.Branch.Name, c.repo.DefaultBranch),
	}
	if full := in.Source.Repository.FullName; full != "" {
		workspace, name, _ := strings.Cut(full, "/")
		if n.From, err = c.Repo(workspace, name); err != nil {
			return fail(bad("source", "repository not found: "+full))
		}
	}
	if err := branchesOf(c.repo, n); err != nil {
		return fail(err)
	}
	asked, err := c.asked(in.Reviewers, c.actor)
	if err != nil {
		return fail(err)
	}
	if p := same(c.repo, n); p != nil { // it is renamed instead
		if err := c.EditPull(c.actor, p, simulator.Patch{Title: &in.Title}); err != nil {
			return fail(err)
		}
		return made(c.view().pull(p))
	}
	n.Reviewers = asked
	p, err := c.OpenPull(c.actor, c.repo, n)
	if err != nil {
		return fail(err)
	}
	return made(c.view().pull(p))
}

func branchesOf(r *simulator.Repo, n simulator.NewPull) error {
	head, base := n.From.Tip(n.Head), r.Tip(n.Base)
	switch {
	case head == "":
		return bad("source", "branch not found: "+n.Head)
	case base == "":
		return bad("destination", "branch not found: "+n.Base)
	case n.From == r && r.MergeBase(base, head) == head:
		return bad("source", "There are no changes to be pulled")
	}
	return nil
}

func same(r *simulator.Repo, n simulator.NewPull) *simulator.Pull {
	for _, p := range r.Pulls {
		if p.State == scm.StateOpen && p.HeadRepo == n.From && p.Head == n.Head && p.Base == n.Base {
			return p
		}
	}
	return nil
}

// asked finds those who are asked for a review.
func (c *call) asked(refs []accountRef, author *simulator.User) ([]*simulator.User, error) {
	var all []*simulator.User
	for _, ref := range refs {
		u, err := c.account(ref)
		switch {
		case err != nil:
			return nil, bad("reviewers", "Malformed reviewers list")
		case u == author:
			return nil, bad("reviewers", u.Name+" is the author and cannot be included as a reviewer.")
		case !belongs(c.repo.Org, u) && c.repo.Collaborators[strings.ToLower(u.Login)] == scm.PermissionNone:
			return nil, bad("reviewers", u.Name+" is not a member of this workspace and cannot be added to this pull request")
		}
		if !slices.Contains(all, u) {
			all = append(all, u)
		}
	}
	return all, nil
}

// editPull leaves alone what is not named, except the reviewers: they are asked no longer.
func editPull(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[struct {
		Title, Description *string
		Draft              *bool
		Destination        *endpoint
		Reviewers          []accountRef
	}](c)
	if err != nil {
		return fail(err)
	}
	if p.State != scm.StateOpen {
		return fail(invalid("Can only update an open pull request."))
	}
	asked, err := c.asked(in.Reviewers, p.Author)
	if err != nil {
		return fail(err)
	}
	patch := simulator.Patch{Title: in.Title, Body: in.Description, Draft: in.Draft}
	if in.Destination != nil && in.Destination.Branch.Name != "" {
		patch.Base = &in.Destination.Branch.Name
	}
	if err := c.EditPull(c.actor, p, patch); err != nil {
		if errors.Is(err, simulator.ErrNotFound) {
			err = bad("destination", "branch not found: "+*patch.Base)
		}
		return fail(err)
	}
	c.ask(p, asked)
	return ok(c.view().pull(p))
}

// ask replaces the reviewers, to whom those belong who gave their verdict meanwhile.
func (c *call) ask(p *simulator.Pull, wanted []*simulator.User) {
	without := func(all, some []*simulator.User) []*simulator.User {
		return slices.DeleteFunc(slices.Clone(all), func(u *simulator.User) bool { return slices.Contains(some, u) })
	}
	now := reviewers(p)
	for _, r := range p.Reviews {
		r.Asked = r.Asked && slices.Contains(wanted, r.Author)
	}
	c.ChangeReviewers(c.actor, p, without(wanted, now), without(now, wanted))
}

// listCommits has the newest first.
func listCommits(c *call, p *simulator.Pull) (answer, error) {
	if p.HeadRepo == nil {
		return fail(missing("Source repository"))
	}
	var all []simulator.Commit
	if p.HeadRepo.Tip(p.Head) != "" {
		var err error
		if all, err = p.Repo.Log(p.BaseSHA, p.HeadSHA); err != nil {
			return fail(err)
		}
	}
	return list(c, commits, all, func(one simulator.Commit) map[string]any { return c.view().commit(p.Repo, one) })
}

// redirectDiffstat leads to the comparison of two commits, whatever else was asked for.
func redirectDiffstat(c *call, p *simulator.Pull) (answer, error) {
	source := p.Repo
	if p.HeadRepo != nil {
		source = p.HeadRepo
	}
	c.w.Header().Set("Location", c.view().repoAPI(p.Repo, "diffstat", fmt.Sprintf("%s:%s%%0D%s?from_pullrequest_id=%d&topic=true",
		source.FullName(), short(p.HeadSHA), short(p.BaseSHA), p.Number)))
	return answer{status: http.StatusFound}, nil
}

func declinePull(c *call, p *simulator.Pull) (answer, error) {
	if p.State != scm.StateOpen {
		return fail(errClosed)
	}
	closed := scm.StateClosed
	if err := c.EditPull(c.actor, p, simulator.Patch{State: &closed}); err != nil {
		return fail(err)
	}
	return ok(c.view().pull(p))
}

func mergePull(c *call, p *simulator.Pull) (answer, error) {
	in, err := decode[struct {
		Strategy string `json:"merge_strategy"`
		Message  string
		Close    bool `json:"close_source_branch"`
	}](c)
	if err != nil {
		return fail(err)
	}
	wanted := cmp.Or(in.Strategy, "merge_commit")
	i := slices.IndexFunc(c.repo.Methods, func(m scm.MergeMethod) bool { return strategies[m] == wanted })
	switch {
	case p.State != scm.StateOpen:
		return fail(errClosed)
	case i < 0:
		return fail(bad("merge_strategy", wanted+" is not allowed for this destination branch"))
	case p.Draft:
		return fail(invalid("You can't merge a draft pull request."))
	}
	message := cmp.Or(in.Message, fmt.Sprintf("Merged in %s (pull request #%d)\n\n%s", p.Head, p.Number, p.Title))
	if err := c.MergePull(c.actor, p, simulator.Merge{Method: c.repo.Methods[i], Message: message}); err != nil {
		return fail(unmerged(c.repo.Methods[i], err))
	}
	out := c.view().pull(p)
	out["merge_commit"] = map[string]any{"hash": p.MergeSHA} // whole here, and nowhere else
	if in.Close && p.HeadRepo == p.Repo {
		if err := c.SetRef(c.actor, p.Repo, "refs/heads/"+p.Head, ""); err != nil {
			return fail(err)
		}
	}
	return ok(out)
}

func unmerged(method scm.MergeMethod, err error) error {
	switch {
	case !errors.Is(err, simulator.ErrNotMergeable):
		return err
	case method == scm.MergeFastForward:
		return invalid("Unable to fast forward due to changes in the destination branch.")
	}
	return invalid("You can't merge until you resolve all merge conflicts.")
}
