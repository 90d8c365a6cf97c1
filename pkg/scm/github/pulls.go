package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// maxCompared is how many files GitHub tells of a comparison at most.
const maxCompared = 300

type pulls struct{ *api }

// Get implements scm.PullRequests.
func (p pulls) Get(ctx context.Context, ref scm.PullRef) (*scm.PullRequest, error) {
	var answer pull
	if _, err := p.Do(ctx, rest.Get("pulls.get", pullPath(ref)), nil, &answer); err != nil {
		return nil, fmt.Errorf("get pull request %v: %w", ref, err)
	}
	pr, err := answer.normal(ref.Repo)
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
		one, err := found[i].normal(repo)
		if err != nil {
			return nil, fmt.Errorf("list pull requests of %v: %w", repo, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// Create implements scm.PullRequests.
func (p pulls) Create(ctx context.Context, repo scm.Repo, wanted scm.NewPull) (*scm.PullRequest, error) {
	in := struct {
		Title string `json:"title"`
		Body  string `json:"body"`
		Head  string `json:"head"`
		Base  string `json:"base"`
		Draft bool   `json:"draft"`
	}{wanted.Title, wanted.Body, wanted.Head, wanted.Base, wanted.Draft}
	var made pull
	if _, err := p.Do(ctx, rest.Post("pulls.create", repoPath(repo, "pulls")), in, &made); err != nil {
		return nil, fmt.Errorf("open pull request from %s in %v: %w", wanted.Head, repo, err)
	}
	pr, err := made.normal(repo)
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

// Commits implements scm.PullRequests. GitHub tells the first 250.
func (p pulls) Commits(ctx context.Context, ref scm.PullRef) ([]scm.Commit, error) {
	found, err := list[commit](ctx, p.api, rest.Get("pulls.commits", pullPath(ref, "commits")))
	if err != nil {
		return nil, fmt.Errorf("list commits of %v: %w", ref, err)
	}
	all := make([]scm.Commit, len(found))
	for i := range found {
		all[i] = found[i].normal()
	}
	return all, nil
}

// file is one changed file.
type file struct {
	Filename string `json:"filename"`
}

func fileNames(files []file) []string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Filename
	}
	return names
}

// ChangedFiles implements scm.PullRequests. GitHub tells the first 3000.
func (p pulls) ChangedFiles(ctx context.Context, ref scm.PullRef) ([]string, error) {
	files, err := list[file](ctx, p.api, rest.Get("pulls.files", pullPath(ref, "files")))
	if err != nil {
		return nil, fmt.Errorf("list files of %v: %w", ref, err)
	}
	return fileNames(files), nil
}

// Compare implements scm.PullRequests. GitHub compares with the merge base: after a forced push, where before is not part
// of the new history, what was lost counts too. It tells at most 300 files of either; more answer scm.ErrIncomplete.
func (p pulls) Compare(ctx context.Context, repo scm.Repo, before, after string) ([]string, error) {
	names, ahead, err := p.since(ctx, repo, before, after)
	if err == nil && !ahead {
		var lost []string
		lost, _, err = p.since(ctx, repo, after, before)
		names = append(names, lost...)
	}
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s in %v: %w", before, after, repo, err)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// since lists what head changed since its merge base with base, and says whether that is base itself.
func (p pulls) since(ctx context.Context, repo scm.Repo, base, head string) (names []string, ahead bool, err error) {
	if base == "" || head == "" {
		return nil, false, fmt.Errorf("a commit is missing: %w", scm.ErrInvalid)
	}
	var answer struct {
		Status string `json:"status"`
		Files  []file `json:"files"`
	}
	query := url.Values{"per_page": {"1"}} // of the commits; the files are all on the first page
	_, err = p.Do(ctx, rest.Call{Endpoint: "repos.compare", Method: http.MethodGet, Path: repoPath(repo, "compare", base+"..."+head), Query: query}, nil, &answer)
	if err == nil && len(answer.Files) >= maxCompared {
		err = scm.ErrIncomplete
	}
	return fileNames(answer.Files), answer.Status == "ahead" || answer.Status == "identical", err
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
	Parents []struct {
		SHA string `json:"sha"`
	} `json:"parents"`
}

func (c *commit) normal() scm.Commit {
	out := scm.Commit{SHA: c.SHA, Message: c.Commit.Message, Author: c.Author.normal(), Email: c.Commit.Author.Email}
	for _, p := range c.Parents {
		out.Parents = append(out.Parents, p.SHA)
	}
	return out
}

// pull is a pull request as webhooks and the API write it.
type pull struct {
	Number    int        `json:"number"`
	User      *user      `json:"user"`
	Title     string     `json:"title"`
	Body      string     `json:"body"`
	Labels    []label    `json:"labels"`
	State     string     `json:"state"`
	Draft     bool       `json:"draft"`
	HTMLURL   string     `json:"html_url"`
	Mergeable *bool      `json:"mergeable"`
	MergedAt  *time.Time `json:"merged_at"`
	MergeSHA  string     `json:"merge_commit_sha"`
	Base      branch     `json:"base"`
	Head      branch     `json:"head"`
	Assignees []user     `json:"assignees"`
	// Reviewers are those asked for a review.
	Reviewers []user     `json:"requested_reviewers"`
	Milestone *milestone `json:"milestone"`
	Updated   time.Time  `json:"updated_at"`
}

type branch struct {
	Ref string `json:"ref"`
	SHA string `json:"sha"`
	// Repo is null when a fork was deleted.
	Repo *repository `json:"repo"`
}

// normal translates a pull request of repo.
func (p *pull) normal(repo scm.Repo) (scm.PullRequest, error) {
	if p.Number <= 0 {
		return scm.PullRequest{}, fmt.Errorf("pull request has no number: %w", scm.ErrMalformed)
	}
	head, err := p.Head.normal()
	if err != nil {
		return scm.PullRequest{}, fmt.Errorf("head of #%d: %w", p.Number, err)
	}
	base, err := p.Base.normal()
	if err != nil {
		return scm.PullRequest{}, fmt.Errorf("base of #%d: %w", p.Number, err)
	}
	base.Repo = repo.FullName()
	pr := scm.PullRequest{
		Ref:   scm.PullRef{Repo: repo, Number: p.Number},
		Title: p.Title, Body: p.Body, Author: p.User.normal(), Base: base, Head: head, Link: p.HTMLURL,
		Labels: labelNames(p.Labels), State: stateOf(p.State, p.MergedAt != nil), Draft: p.Draft,
		Assignees: users(p.Assignees), Reviewers: users(p.Reviewers), Milestone: p.Milestone.title(), Updated: p.Updated.UTC(),
	}
	if p.MergedAt != nil { // before it is a trial merge
		pr.MergeSHA = p.MergeSHA
	}
	if p.Base.Repo != nil {
		pr.CloneURL = p.Base.Repo.CloneURL
	}
	if p.Mergeable != nil {
		pr.Mergeable = scm.MergeableNo
		if *p.Mergeable {
			pr.Mergeable = scm.MergeableYes
		}
	}
	return pr, nil
}

func (b *branch) normal() (scm.Branch, error) {
	sha, err := scm.CommitID(b.SHA)
	if err != nil {
		return scm.Branch{}, err
	}
	side := scm.Branch{Name: b.Ref, SHA: sha}
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
