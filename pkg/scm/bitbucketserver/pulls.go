package bitbucketserver

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type pulls struct{ *api }

// maxChanges is asked for where Bitbucket gives one page only. It gives no more than its administrator allows
// (page.max.changes, 1000 by default), and a longer list is ErrIncomplete.
const maxChanges = "10000"

// Get implements scm.PullRequests. Whether there are conflicts is asked for apart: Bitbucket looks when it is asked.
func (p pulls) Get(ctx context.Context, ref scm.PullRef) (*scm.PullRequest, error) {
	now, err := p.pull(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("get pull request %v: %w", ref, err)
	}
	pr, err := now.normal(ref.Repo)
	if err != nil {
		return nil, fmt.Errorf("get pull request %v: %w", ref, err)
	}
	if pr.State != scm.StateOpen {
		return &pr, nil
	}
	var answer struct {
		Outcome string `json:"outcome"`
	}
	// A merge check that fails makes a failure of the answer; the pull request is there all the same.
	if _, err := p.Do(ctx, rest.Get("pulls.mergeable", pullPath(ref, "merge")), nil, &answer); err == nil {
		pr.Mergeable = mergeable(answer.Outcome)
	}
	return &pr, nil
}

func (a *api) pull(ctx context.Context, ref scm.PullRef) (*pull, error) {
	var answer pull
	_, err := a.Do(ctx, rest.Get("pulls.get", pullPath(ref)), nil, &answer)
	return &answer, err
}

// Complete implements scm.PullRequests.
func (p pulls) Complete(ctx context.Context, told scm.PullRequest) (*scm.PullRequest, error) {
	return p.Get(ctx, told.Ref)
}

// List implements scm.PullRequests.
func (p pulls) List(ctx context.Context, repo scm.Repo) ([]scm.PullRequest, error) {
	c := rest.Get("pulls.list", repoPath(repo, "pull-requests"))
	c.Query = url.Values{"state": {"OPEN"}}
	found, err := list[pull](ctx, p.api, c)
	if err != nil {
		return nil, fmt.Errorf("list pull requests of %v: %w", repo, err)
	}
	var all []scm.PullRequest
	for i := range found {
		one, err := found[i].normal(repo)
		if err != nil {
			return nil, fmt.Errorf("list pull requests of %v: %w", repo, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// side is a branch of a repository as a pull request is made with it.
type side struct {
	ID         string          `json:"id"`
	Repository *sideRepository `json:"repository,omitempty"`
}

type sideRepository struct {
	Slug    string      `json:"slug"`
	Project sideProject `json:"project"`
}

type sideProject struct {
	Key string `json:"key"`
}

// Create implements scm.PullRequests. Servers before 8.18 know no drafts and make the pull request ready.
func (p pulls) Create(ctx context.Context, repo scm.Repo, wanted scm.NewPull) (*scm.PullRequest, error) {
	in := struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		FromRef     side   `json:"fromRef"`
		ToRef       side   `json:"toRef"`
		Draft       bool   `json:"draft,omitempty"`
	}{
		wanted.Title, wanted.Body,
		side{"refs/heads/" + wanted.Head, &sideRepository{repo.Name, sideProject{repo.Org}}},
		side{"refs/heads/" + wanted.Base, &sideRepository{repo.Name, sideProject{repo.Org}}},
		wanted.Draft,
	}
	var made pull
	if _, err := p.Do(ctx, rest.Post("pulls.create", repoPath(repo, "pull-requests")), in, &made); err != nil {
		return nil, fmt.Errorf("open pull request from %s in %v: %w", wanted.Head, repo, err)
	}
	pr, err := made.normal(repo)
	if err != nil {
		return nil, fmt.Errorf("open pull request from %s in %v: %w", wanted.Head, repo, err)
	}
	return &pr, nil
}

// Edit implements scm.PullRequests. A pull request is reopened before it is changed, and declined after.
func (p pulls) Edit(ctx context.Context, ref scm.PullRef, patch scm.PullPatch) error {
	err := p.move(ctx, ref, patch.State, scm.StateOpen)
	if err == nil && (patch.Title != nil || patch.Body != nil || patch.Base != nil) {
		err = p.update(ctx, ref, patch)
	}
	if err == nil {
		err = p.move(ctx, ref, patch.State, scm.StateClosed)
	}
	if err != nil {
		return fmt.Errorf("edit pull request %v: %w", ref, err)
	}
	return nil
}

// move declines or reopens if that is what is wanted. A merged pull request can be neither, which Bitbucket says.
func (p pulls) move(ctx context.Context, ref scm.PullRef, wanted *scm.State, to scm.State) error {
	if wanted == nil || *wanted != to {
		return nil
	}
	step := map[scm.State]string{scm.StateOpen: "reopen", scm.StateClosed: "decline"}[to]
	return p.atVersion(ctx, ref, func(now *pull, version url.Values) error {
		if stateOf(now.State) == to {
			return nil
		}
		post := rest.Post("pulls."+step, pullPath(ref, step))
		post.Query = version
		_, err := p.Do(ctx, post, struct{}{}, nil)
		return err
	})
}

// update sends the reviewers too: they would be taken off otherwise.
func (p pulls) update(ctx context.Context, ref scm.PullRef, patch scm.PullPatch) error {
	return p.atVersion(ctx, ref, func(now *pull, _ url.Values) error {
		in := struct {
			Version     int        `json:"version"`
			Title       string     `json:"title"`
			Description string     `json:"description"`
			ToRef       *side      `json:"toRef,omitempty"`
			Reviewers   []reviewer `json:"reviewers"`
		}{now.Version, now.Title, now.Description, nil, []reviewer{}}
		for _, r := range now.Reviewers {
			if u := r.User.normal(); u.Login != "" {
				in.Reviewers = append(in.Reviewers, reviewer{named{u.Login}})
			}
		}
		if patch.Title != nil {
			in.Title = *patch.Title
		}
		if patch.Body != nil {
			in.Description = *patch.Body
		}
		if patch.Base != nil {
			in.ToRef = &side{ID: "refs/heads/" + *patch.Base}
		}
		_, err := p.Do(ctx, rest.Put("pulls.edit", pullPath(ref)), in, nil)
		return err
	})
}

// Commits implements scm.PullRequests. Bitbucket lists the newest first.
func (p pulls) Commits(ctx context.Context, ref scm.PullRef) ([]scm.Commit, error) {
	found, err := list[commit](ctx, p.api, rest.Get("pulls.commits", pullPath(ref, "commits")))
	if err != nil {
		return nil, fmt.Errorf("list commits of %v: %w", ref, err)
	}
	var all []scm.Commit
	for i := range found {
		all = append(all, found[i].normal())
	}
	slices.Reverse(all)
	return all, nil
}

// ChangedFiles implements scm.PullRequests. Bitbucket compares the head with the merge base.
func (p pulls) ChangedFiles(ctx context.Context, ref scm.PullRef) ([]string, error) {
	c := rest.Get("pulls.files", pullPath(ref, "changes"))
	c.Query = url.Values{"limit": {maxChanges}, "withComments": {"false"}}
	names, err := p.changed(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("list files of %v: %w", ref, err)
	}
	return names, nil
}

// Compare implements scm.PullRequests. It is the difference between the two commits themselves, not from their merge base,
// so that after a forced push what was lost counts too.
func (p pulls) Compare(ctx context.Context, repo scm.Repo, before, after string) ([]string, error) {
	if before == "" || after == "" {
		return nil, fmt.Errorf("compare %q with %q in %v: a commit is missing: %w", before, after, repo, scm.ErrInvalid)
	}
	query := url.Values{"since": {before}, "until": {after}, "limit": {maxChanges}}
	names, err := p.changed(ctx, rest.Call{Endpoint: "repos.compare", Method: http.MethodGet, Path: repoPath(repo, "changes"), Query: query})
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s in %v: %w", before, after, repo, err)
	}
	return names, nil
}

func (p pulls) changed(ctx context.Context, c rest.Call) ([]string, error) {
	type change struct {
		Path filePath `json:"path"`
	}
	changes, err := list[change](ctx, p.api, c)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(changes))
	for i, one := range changes {
		names[i] = string(one.Path)
	}
	return names, nil
}

// commit is a commit as the API writes it.
type commit struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	// Author has a slug if Bitbucket knows whose the address is; its name is the one in the commit otherwise.
	Author struct {
		user
		Email string `json:"emailAddress"`
	} `json:"author"`
	Parents []struct {
		ID string `json:"id"`
	} `json:"parents"`
}

func (c *commit) normal() scm.Commit {
	out := scm.Commit{SHA: c.ID, Message: c.Message, Email: c.Author.Email}
	if c.Author.Slug != "" {
		out.Author = c.Author.user.normal()
	}
	for _, p := range c.Parents {
		out.Parents = append(out.Parents, p.ID)
	}
	return out
}
