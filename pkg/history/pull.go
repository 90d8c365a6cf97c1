package history

import (
	"context"
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
)

// Pull is a pull request as its runs tell of it.
type Pull struct {
	// Title, Author and Link are those that the newest run knows.
	Title, Author, Link string
	// Commits that were tested, the one with the newest run first.
	Commits []Commit
	// Jobs that ran on any of them, sorted.
	Jobs []string
	// More says that there are older runs than the newest 1000.
	More bool
}

// Commit is one state of a pull request.
type Commit struct {
	SHA, Link string
	// Runs by job, newest first. Batches are among them.
	Runs map[string][]*v1alpha1.PipelineJob
}

// Pull returns all runs of a pull request: the repository is "org/name". One without any is ErrNotExist.
func (s *Store) Pull(ctx context.Context, repo Repo, number int, v Visible) (Pull, error) {
	name := repo.Org + "/" + repo.Name
	page, err := s.List(ctx, Filter{Connection: repo.Connection, Repo: name, Pull: number}, v, Paging{Limit: MaxLimit})
	if err != nil {
		return Pull{}, fmt.Errorf("pull request %s#%d: %w", name, number, err)
	}
	if len(page.Runs) == 0 {
		return Pull{}, fmt.Errorf("runs of pull request %s#%d: %w", name, number, ErrNotExist)
	}
	p := Pull{More: page.Next != ""}
	for _, run := range page.Runs {
		p.add(run, number)
	}
	slices.Sort(p.Jobs)
	return p, nil
}

// add takes runs newest first.
func (p *Pull) add(run *v1alpha1.PipelineJob, number int) {
	pulls := reposOf(run)[0].Pulls
	tested := pulls[slices.IndexFunc(pulls, func(pull v1alpha1.Pull) bool { return pull.Number == number })]
	if len(p.Commits) == 0 {
		p.Title, p.Author, p.Link = tested.Title, tested.Author, tested.Link
	}
	at := slices.IndexFunc(p.Commits, func(c Commit) bool { return c.SHA == tested.SHA })
	if at < 0 {
		at = len(p.Commits)
		p.Commits = append(p.Commits, Commit{SHA: tested.SHA, Link: tested.CommitLink, Runs: map[string][]*v1alpha1.PipelineJob{}})
	}
	commit := &p.Commits[at]
	commit.Runs[run.Spec.Job] = append(commit.Runs[run.Spec.Job], run)
	if !slices.Contains(p.Jobs, run.Spec.Job) {
		p.Jobs = append(p.Jobs, run.Spec.Job)
	}
}
