package bitbucketcloud

import (
	"context"
	"fmt"
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
	found, err := p.get(ctx, ref)
	if err == nil {
		err = p.whole(ctx, ref.Repo, []*pull{found})
	}
	if err != nil {
		return nil, fmt.Errorf("get pull request %v: %w", ref, err)
	}
	pr, err := found.normal(ref.Repo)
	if err != nil {
		return nil, fmt.Errorf("get pull request %v: %w", ref, err)
	}
	return &pr, nil
}

// get reads a pull request as the API writes it, its commits cut short.
func (p pulls) get(ctx context.Context, ref scm.PullRef) (*pull, error) {
	var answer pull
	_, err := p.Do(ctx, rest.Get("pulls.get", pullPath(ref)), nil, &answer)
	return &answer, err
}

// Complete implements scm.PullRequests. Where both branches are of the repository one call tells of both.
func (p pulls) Complete(ctx context.Context, told scm.PullRequest) (*scm.PullRequest, error) {
	if !strings.EqualFold(told.Head.Repo, told.Ref.FullName()) || told.Head.Name == "" || told.Base.Name == "" {
		return p.Get(ctx, told.Ref)
	}
	tips, err := p.tips(ctx, told.Ref.Repo, told.Head.Name, told.Base.Name)
	if err != nil {
		return nil, fmt.Errorf("complete pull request %v: %w", told.Ref, err)
	}
	head, headErr := commitID(tips[told.Head.Name])
	base, baseErr := commitID(tips[told.Base.Name])
	if headErr != nil || baseErr != nil || head == "" || base == "" {
		return p.Get(ctx, told.Ref) // a branch is gone
	}
	told.Head.SHA, told.Base.SHA = head, base
	return &told, nil
}

// List implements scm.PullRequests. A pull request from a fork costs a call more than one from a branch, for its commit.
func (p pulls) List(ctx context.Context, repo scm.Repo) ([]scm.PullRequest, error) {
	c := rest.Get("pulls.list", repoPath(repo, "pullrequests"))
	c.Query = url.Values{"state": {"OPEN"}, "pagelen": {pullsPerPage}}
	found, err := list[*pull](ctx, p.api, c)
	if err == nil {
		err = p.whole(ctx, repo, found)
	}
	if err != nil {
		return nil, fmt.Errorf("list pull requests of %v: %w", repo, err)
	}
	var all []scm.PullRequest
	for _, one := range found {
		pr, err := one.normal(repo)
		if err != nil {
			return nil, fmt.Errorf("list pull requests of %v: %w", repo, err)
		}
		all = append(all, pr)
	}
	return all, nil
}

// Create implements scm.PullRequests. It answers ErrConflict for branches that have an open pull request, which Bitbucket
// would rename instead of refusing.
func (p pulls) Create(ctx context.Context, repo scm.Repo, wanted scm.NewPull) (*scm.PullRequest, error) {
	if err := p.refuseSecond(ctx, repo, wanted); err != nil {
		return nil, fmt.Errorf("open pull request from %s in %v: %w", wanted.Head, repo, err)
	}
	in := pullInput{
		Title: wanted.Title, Description: wanted.Body, Draft: wanted.Draft,
		Source: onBranch(wanted.Head), Destination: onBranch(wanted.Base),
	}
	var made pull
	_, err := p.Do(ctx, rest.Post("pulls.create", repoPath(repo, "pullrequests")), in, &made)
	if err == nil {
		err = p.whole(ctx, repo, []*pull{&made})
	}
	if err != nil {
		return nil, fmt.Errorf("open pull request from %s in %v: %w", wanted.Head, repo, err)
	}
	pr, err := made.normal(repo)
	if err != nil {
		return nil, fmt.Errorf("open pull request from %s in %v: %w", wanted.Head, repo, err)
	}
	return &pr, nil
}

func (p pulls) refuseSecond(ctx context.Context, repo scm.Repo, wanted scm.NewPull) error {
	c := rest.Get("pulls.list", repoPath(repo, "pullrequests"))
	c.Query = url.Values{"pagelen": {pullsPerPage}, "fields": {"next,values.id"}, "q": {strings.Join([]string{
		is("state", "OPEN"), is("source.branch.name", wanted.Head), is("destination.branch.name", wanted.Base),
		is("source.repository.full_name", repo.FullName()),
	}, " AND ")}}
	found, err := list[*pull](ctx, p.api, c)
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("it is #%d: %w", found[0].ID, scm.ErrConflict)
	}
	return err
}

// is compares a field with a text in Bitbucket's query language.
func is(field, text string) string {
	return field + ` = "` + strings.ReplaceAll(text, `"`, `\"`) + `"`
}

// Edit implements scm.PullRequests.
func (p pulls) Edit(ctx context.Context, ref scm.PullRef, patch scm.PullPatch) error {
	if patch.State != nil && *patch.State == scm.StateOpen {
		return fmt.Errorf("reopen pull request %v: %w", ref, scm.ErrUnsupported)
	}
	if patch.Title != nil || patch.Body != nil || patch.Base != nil {
		err := p.change(ctx, ref, func(in *pullInput) error {
			set(&in.Title, patch.Title)
			set(&in.Description, patch.Body)
			if patch.Base != nil {
				in.Destination = onBranch(*patch.Base)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("edit pull request %v: %w", ref, err)
		}
	}
	if patch.State != nil {
		if _, err := p.Do(ctx, rest.Post("pulls.decline", pullPath(ref, "decline")), nil, nil); err != nil {
			return fmt.Errorf("close pull request %v: %w", ref, err)
		}
	}
	return nil
}

func set(to, from *string) {
	if from != nil {
		*to = *from
	}
}

// change reads a pull request and writes it: Bitbucket takes away what a change leaves out, the reviewers above all.
func (p pulls) change(ctx context.Context, ref scm.PullRef, how func(*pullInput) error) error {
	now, err := p.get(ctx, ref)
	if err != nil {
		return err
	}
	in := pullInput{Title: now.Title, Description: now.body(), Draft: now.Draft, Reviewers: &[]accountRef{}}
	for i := range now.Reviewers {
		*in.Reviewers = append(*in.Reviewers, now.Reviewers[i].ref())
	}
	if err := how(&in); err != nil {
		return err
	}
	_, err = p.Do(ctx, rest.Put("pulls.edit", pullPath(ref)), in, nil)
	return err
}

// Commits implements scm.PullRequests. Bitbucket documents the oldest first and lists the newest first.
func (p pulls) Commits(ctx context.Context, ref scm.PullRef) ([]scm.Commit, error) {
	found, err := list[commit](ctx, p.api, rest.Get("pulls.commits", pullPath(ref, "commits")))
	if err != nil {
		return nil, fmt.Errorf("list commits of %v: %w", ref, err)
	}
	var all []scm.Commit
	for i := range found {
		all = append(all, found[i].normal())
	}
	if newestFirst(all) {
		slices.Reverse(all)
	}
	return all, nil
}

// newestFirst says that parents come after their children.
func newestFirst(commits []scm.Commit) bool {
	seen := map[string]bool{}
	for _, c := range commits {
		if slices.ContainsFunc(c.Parents, func(p string) bool { return seen[p] }) {
			return false
		}
		seen[c.SHA] = true
	}
	return len(commits) > 1
}

// commit is a commit as the API writes it.
type commit struct {
	Hash    string `json:"hash"`
	Message string `json:"message"`
	Author  struct {
		Raw  string   `json:"raw"` // Alice <alice@acme.test>
		User *account `json:"user"`
	} `json:"author"`
	Parents []struct {
		Hash string `json:"hash"`
	} `json:"parents"`
}

func (c *commit) normal() scm.Commit {
	out := scm.Commit{SHA: c.Hash, Message: c.Message, Author: c.Author.User.normal()}
	if _, address, ok := strings.Cut(c.Author.Raw, "<"); ok {
		out.Email = strings.TrimSuffix(strings.TrimSpace(address), ">")
	}
	for _, p := range c.Parents {
		out.Parents = append(out.Parents, p.Hash)
	}
	return out
}

// pullInput is what of a pull request is written.
type pullInput struct {
	Title       string        `json:"title"`
	Description string        `json:"description"`
	Draft       bool          `json:"draft"`
	Source      *endpoint     `json:"source,omitempty"`
	Destination *endpoint     `json:"destination,omitempty"`
	Reviewers   *[]accountRef `json:"reviewers,omitempty"`
}

func onBranch(name string) *endpoint {
	var e endpoint
	e.Branch.Name = name
	return &e
}

// pull is a pull request as webhooks and the API write it.
type pull struct {
	ID          int       `json:"id"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Summary     content   `json:"summary"`
	State       string    `json:"state"`
	Draft       bool      `json:"draft"`
	Author      *account  `json:"author"`
	Source      endpoint  `json:"source"`
	Destination endpoint  `json:"destination"`
	MergeCommit *hashed   `json:"merge_commit"`
	Reviewers   []account `json:"reviewers"`
	// Participants have a role and maybe a verdict.
	Participants []participant `json:"participants"`
	Links        links         `json:"links"`
	Updated      time.Time     `json:"updated_on"`
}

// endpoint is one side of a pull request.
type endpoint struct {
	Branch struct {
		Name string `json:"name"`
	} `json:"branch"`
	// Commit is null when the branch is gone, Repository when the fork is.
	Commit     *hashed     `json:"commit,omitempty"`
	Repository *repository `json:"repository,omitempty"`
}

type hashed struct {
	Hash string `json:"hash"`
}

// content is a text as it was typed.
type content struct {
	Raw string `json:"raw"`
}

func (p *pull) body() string {
	if p.Description != "" {
		return p.Description
	}
	return p.Summary.Raw
}

// normal translates a pull request of repo.
func (p *pull) normal(repo scm.Repo) (scm.PullRequest, error) {
	if p.ID <= 0 {
		return scm.PullRequest{}, fmt.Errorf("pull request has no number: %w", scm.ErrMalformed)
	}
	head, err := p.Source.normal()
	if err != nil {
		return scm.PullRequest{}, fmt.Errorf("head of #%d: %w", p.ID, err)
	}
	base, err := p.Destination.normal()
	if err != nil {
		return scm.PullRequest{}, fmt.Errorf("base of #%d: %w", p.ID, err)
	}
	merged, err := p.MergeCommit.normal()
	if err != nil {
		return scm.PullRequest{}, fmt.Errorf("merge of #%d: %w", p.ID, err)
	}
	pr := scm.PullRequest{
		Ref: scm.PullRef{Repo: repo, Number: p.ID}, Title: p.Title, Body: p.body(), Author: p.Author.normal(),
		Base: base, Head: head, Link: p.Links.HTML.Href, State: pullState(p.State), Draft: p.Draft, CloneURL: base.CloneURL,
		Reviewers: users(p.Reviewers), MergeSHA: merged, Updated: p.Updated.UTC(),
	}
	pr.Base.Repo, pr.Base.CloneURL = repo.FullName(), ""
	return pr, nil
}

func (e *endpoint) normal() (scm.Branch, error) {
	sha, err := e.Commit.normal()
	side := scm.Branch{Name: e.Branch.Name, SHA: sha}
	if e.Repository != nil {
		side.Repo, side.CloneURL = e.Repository.FullName, e.Repository.cloneURL()
	}
	return side, err
}

func (h *hashed) normal() (string, error) {
	if h == nil {
		return "", nil
	}
	return commitID(h.Hash)
}

func pullState(state string) scm.State {
	switch state {
	case "MERGED":
		return scm.StateMerged
	case "DECLINED", "SUPERSEDED":
		return scm.StateClosed
	default:
		return scm.StateOpen
	}
}
