package gitea

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type pulls struct{ *api }

// Get implements scm.PullRequests.
func (p pulls) Get(ctx context.Context, ref scm.PullRef) (*scm.PullRequest, error) {
	var answer pull
	if _, err := p.Do(ctx, rest.Get("pulls.get", pullPath(ref)), nil, &answer); err != nil {
		return nil, fmt.Errorf("get pull request %v: %w", ref, err)
	}
	pr, err := answer.normal(ref.Repo, answer.Base.Repo)
	if err != nil {
		return nil, fmt.Errorf("get pull request %v: %w", ref, err)
	}
	return &pr, nil
}

// Complete implements scm.PullRequests.
func (p pulls) Complete(ctx context.Context, told scm.PullRequest) (*scm.PullRequest, error) {
	return p.Get(ctx, told.Ref)
}

// List implements scm.PullRequests.
func (p pulls) List(ctx context.Context, repo scm.Repo) ([]scm.PullRequest, error) {
	c := rest.Get("pulls.list", repoPath(repo, "pulls"))
	c.Query = url.Values{"state": {"open"}}
	found, err := list[pull](ctx, p.api, c)
	if err != nil {
		return nil, fmt.Errorf("list pull requests of %v: %w", repo, err)
	}
	var all []scm.PullRequest
	for i := range found {
		one, err := found[i].normal(repo, found[i].Base.Repo)
		if err != nil {
			return nil, fmt.Errorf("list pull requests of %v: %w", repo, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// draftPrefix makes a title a draft's, whatever other prefixes a server is configured with.
const draftPrefix = "WIP: "

// Create implements scm.PullRequests.
func (p pulls) Create(ctx context.Context, repo scm.Repo, wanted scm.NewPull) (*scm.PullRequest, error) {
	in := struct {
		Title string `json:"title"`
		Body  string `json:"body"`
		Head  string `json:"head"`
		Base  string `json:"base"`
	}{wanted.Title, wanted.Body, wanted.Head, wanted.Base}
	if wanted.Draft {
		in.Title = draftPrefix + in.Title
	}
	var made pull
	if _, err := p.Do(ctx, rest.Post("pulls.create", repoPath(repo, "pulls")), in, &made); err != nil {
		return nil, fmt.Errorf("open pull request from %s in %v: %w", wanted.Head, repo, err)
	}
	pr, err := made.normal(repo, made.Base.Repo)
	if err != nil {
		return nil, fmt.Errorf("open pull request from %s in %v: %w", wanted.Head, repo, err)
	}
	return &pr, nil
}

// Edit implements scm.PullRequests.
func (p pulls) Edit(ctx context.Context, ref scm.PullRef, patch scm.PullPatch) error {
	in := struct {
		Title *string    `json:"title,omitempty"`
		Body  *string    `json:"body,omitempty"`
		Base  *string    `json:"base,omitempty"`
		State *scm.State `json:"state,omitempty"`
	}{patch.Title, patch.Body, patch.Base, patch.State}
	if _, err := p.Do(ctx, rest.Patch("pulls.edit", pullPath(ref)), in, nil); err != nil {
		return fmt.Errorf("edit pull request %v: %w", ref, err)
	}
	return nil
}

// Commits implements scm.PullRequests. Gitea lists the newest first.
func (p pulls) Commits(ctx context.Context, ref scm.PullRef) ([]scm.Commit, error) {
	c := rest.Get("pulls.commits", pullPath(ref, "commits"))
	c.Query = url.Values{"verification": {"false"}, "files": {"false"}}
	found, err := list[commit](ctx, p.api, c)
	if err != nil {
		return nil, fmt.Errorf("list commits of %v: %w", ref, err)
	}
	all := make([]scm.Commit, len(found))
	for i := range found {
		all[len(found)-1-i] = found[i].normal()
	}
	return all, nil
}

// ChangedFiles implements scm.PullRequests. Gitea compares the head with the merge base.
func (p pulls) ChangedFiles(ctx context.Context, ref scm.PullRef) ([]string, error) {
	type file struct {
		Filename string `json:"filename"`
	}
	files, err := list[file](ctx, p.api, rest.Get("pulls.files", pullPath(ref, "files")))
	if err != nil {
		return nil, fmt.Errorf("list files of %v: %w", ref, err)
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Filename
	}
	return names, nil
}

// Compare implements scm.PullRequests. Gitea lists the files of each commit instead of the difference between two, so
// the answer may also name paths that were changed and changed back. After a forced push, where before is not part of
// the new history, the commits that were lost count too.
func (p pulls) Compare(ctx context.Context, repo scm.Repo, before, after string) ([]string, error) {
	gained, err := p.commits(ctx, repo, before, after)
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s in %v: %w", before, after, repo, err)
	}
	if !descends(gained, before) && before != after {
		lost, err := p.commits(ctx, repo, after, before)
		if err != nil {
			return nil, fmt.Errorf("compare %s with %s in %v: %w", after, before, repo, err)
		}
		gained = append(gained, lost...)
	}
	names := []string{}
	for _, c := range gained {
		for _, f := range c.Files {
			names = append(names, f.Filename)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// commits are those reachable from head and not from the merge base of both.
func (p pulls) commits(ctx context.Context, repo scm.Repo, base, head string) ([]commit, error) {
	if base == "" || head == "" {
		return nil, fmt.Errorf("a commit is missing: %w", scm.ErrInvalid)
	}
	var answer struct {
		Commits []commit `json:"commits"`
	}
	query := url.Values{"verification": {"false"}, "stat": {"false"}} // both cost the server a git process a commit
	_, err := p.Do(ctx, rest.Call{Endpoint: "repos.compare", Method: http.MethodGet, Path: repoPath(repo, "compare", base+"..."+head), Query: query}, nil, &answer)
	return answer.Commits, err
}

// descends says that the commits start right after before: nothing of the old history is lost.
func descends(gained []commit, before string) bool {
	return slices.ContainsFunc(gained, func(c commit) bool {
		return slices.ContainsFunc(c.Parents, func(p parent) bool { return p.SHA == before })
	})
}

// commit is a commit as the API writes it.
type commit struct {
	SHA    string `json:"sha"`
	Author *user  `json:"author"`
	Commit struct {
		Message string `json:"message"`
		Author  struct {
			Email string `json:"email"`
		} `json:"author"`
	} `json:"commit"`
	Parents []parent `json:"parents"`
	Files   []struct {
		Filename string `json:"filename"`
	} `json:"files"`
}

func (c *commit) normal() scm.Commit {
	out := scm.Commit{SHA: c.SHA, Message: c.Commit.Message, Author: c.Author.normal(), Email: c.Commit.Author.Email}
	for _, p := range c.Parents {
		out.Parents = append(out.Parents, p.SHA)
	}
	return out
}

type parent struct {
	SHA string `json:"sha"`
}

// pull is a pull request as webhooks and the API write it.
type pull struct {
	Number    int     `json:"number"`
	User      user    `json:"user"`
	Title     string  `json:"title"`
	Body      string  `json:"body"`
	Labels    []label `json:"labels"`
	State     string  `json:"state"`
	Draft     bool    `json:"draft"`
	HTMLURL   string  `json:"html_url"`
	Mergeable bool    `json:"mergeable"`
	Merged    bool    `json:"merged"`
	Base      branch  `json:"base"`
	Head      branch  `json:"head"`
	Assignees []user  `json:"assignees"`
	// Reviewers are those asked for a review, and those who have given one: Gitea does not tell them apart.
	Reviewers []user     `json:"requested_reviewers"`
	Milestone *milestone `json:"milestone"`
	MergeSHA  *string    `json:"merge_commit_sha"`
	MergeBase string     `json:"merge_base"`
	Updated   time.Time  `json:"updated_at"`
}

type branch struct {
	Label string `json:"label"`
	Ref   string `json:"ref"`
	SHA   string `json:"sha"`
	// Repo is null when a fork was deleted.
	Repo *repository `json:"repo"`
}

// normal translates a pull request of repo, whose own description is base where the answer had one.
func (p *pull) normal(repo scm.Repo, base *repository) (scm.PullRequest, error) {
	if p.Number <= 0 {
		return scm.PullRequest{}, fmt.Errorf("pull request has no number: %w", scm.ErrMalformed)
	}
	head, err := p.Head.normal()
	if err != nil {
		return scm.PullRequest{}, fmt.Errorf("head of #%d: %w", p.Number, err)
	}
	target, err := p.Base.normal()
	if err != nil {
		return scm.PullRequest{}, fmt.Errorf("base of #%d: %w", p.Number, err)
	}
	target.Repo = repo.FullName()
	pr := scm.PullRequest{
		Ref:    scm.PullRef{Repo: repo, Number: p.Number},
		Title:  p.Title,
		Body:   p.Body,
		Author: p.User.normal(),
		Base:   target,
		Head:   head,
		Link:   p.HTMLURL,
		Labels: labelNames(p.Labels),
		State:  stateOf(p.State, p.Merged),
		Draft:  p.Draft,

		Assignees: users(p.Assignees),
		Reviewers: users(p.Reviewers),
		Milestone: p.Milestone.title(),
		Updated:   p.Updated.UTC(),
	}
	if p.Merged && p.MergeSHA != nil {
		pr.MergeSHA = *p.MergeSHA
	}
	if base != nil {
		pr.CloneURL = base.CloneURL
	}
	if p.Mergeable { // false also means that the server has not looked yet
		pr.Mergeable = scm.MergeableYes
	}
	return pr, nil
}

// normal names the branch by its ref; once the branch is deleted that is refs/pull/N/head and only the label knows.
func (b *branch) normal() (scm.Branch, error) {
	name := b.Ref
	if strings.HasPrefix(name, "refs/") {
		name = b.Label
	}
	sha, err := scm.CommitID(b.SHA)
	if err != nil {
		return scm.Branch{}, err
	}
	side := scm.Branch{Name: name, SHA: sha}
	if b.Repo != nil {
		side.Repo = b.Repo.FullName
	}
	return side, nil
}

func stateOf(state string, merged bool) scm.State {
	switch {
	case merged:
		return scm.StateMerged
	case state == "closed":
		return scm.StateClosed
	default:
		return scm.StateOpen
	}
}
