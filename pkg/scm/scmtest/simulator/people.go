package simulator

import (
	"fmt"
	"strconv"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Person acts on the forge as one of its users would on a web page or with git. The connection of a repository's name does
// not matter.
type Person struct {
	f     *Forge
	login string
}

// As acts as a user, who is made if need be.
func (f *Forge) As(login string) *Person {
	f.AddUser(login)
	return &Person{f, login}
}

// on runs a deed on a repository.
func (p *Person) on(repo scm.Repo, deed func(*User, *Repo) error) error {
	return p.f.Do(func() error {
		r, err := p.f.repo(repo.Org, repo.Name)
		if err != nil {
			return err
		}
		return deed(p.f.users[key(p.login)], r)
	})
}

func (p *Person) pull(ref scm.PullRef, deed func(*User, *Pull) error) error {
	return p.on(ref.Repo, func(u *User, r *Repo) error {
		pull, err := r.Pull(ref.Number)
		if err != nil {
			return err
		}
		return deed(u, pull)
	})
}

func (p *Person) issue(ref scm.PullRef, deed func(*User, *Issue) error) error {
	return p.on(ref.Repo, func(u *User, r *Repo) error {
		i := r.Issues[ref.Number]
		if i == nil {
			return fmt.Errorf("issue %v: %w", ref, ErrNotFound)
		}
		return deed(u, i)
	})
}

func (p *Person) comment(ref scm.PullRef, id string, deed func(*User, *Thing, *Comment) error) error {
	return p.on(ref.Repo, func(u *User, r *Repo) error {
		n, err := strconv.Atoi(id)
		if err != nil {
			return fmt.Errorf("comment %q: %w", id, ErrNotFound)
		}
		t, c, err := r.Comment(n)
		if err != nil {
			return err
		}
		return deed(u, t, c)
	})
}

// Commit pushes one commit onto a branch, which is made from newFrom if it does not exist.
func (p *Person) Commit(repo scm.Repo, branch, newFrom string, files map[string]string) (sha string, err error) {
	err = p.on(repo, func(u *User, r *Repo) error {
		sha, err = p.f.CommitFiles(u, r, branch, newFrom, files, "change of "+u.Login)
		return err
	})
	return sha, err
}

// CommitToFork pushes one commit onto a branch of the person's own fork, both of which are made if need be.
func (p *Person) CommitToFork(repo scm.Repo, branch string, files map[string]string) (sha string, err error) {
	err = p.on(repo, func(u *User, r *Repo) error {
		fork, err := p.f.Fork(u, r)
		if err != nil {
			return err
		}
		sha, err = p.f.CommitFiles(u, fork, branch, fork.DefaultBranch, files, "change of "+u.Login)
		return err
	})
	return sha, err
}

// SetRef moves or makes a full ref, or deletes it if sha is empty.
func (p *Person) SetRef(repo scm.Repo, ref, sha string) error {
	return p.on(repo, func(u *User, r *Repo) error { return p.f.SetRef(u, r, ref, sha) })
}

// Open opens a pull request from a branch of the repository.
func (p *Person) Open(repo scm.Repo, n scm.NewPull) (scm.PullRef, error) {
	return p.open(repo, n, false)
}

// OpenFromFork opens one from a branch of the person's fork.
func (p *Person) OpenFromFork(repo scm.Repo, n scm.NewPull) (scm.PullRef, error) {
	return p.open(repo, n, true)
}

func (p *Person) open(repo scm.Repo, n scm.NewPull, forked bool) (ref scm.PullRef, err error) {
	err = p.on(repo, func(u *User, r *Repo) error {
		wanted := NewPull{Title: n.Title, Body: n.Body, Head: n.Head, Base: n.Base, Draft: n.Draft}
		if forked {
			if wanted.From, err = p.f.repo(u.Login, r.Name); err != nil {
				return err
			}
		}
		pull, err := p.f.OpenPull(u, r, wanted)
		if err == nil {
			ref = scm.PullRef{Repo: repo, Number: pull.Number}
		}
		return err
	})
	return ref, err
}

// DeleteFork deletes the person's fork.
func (p *Person) DeleteFork(repo scm.Repo) error {
	return p.on(repo, func(u *User, r *Repo) error {
		fork, err := p.f.repo(u.Login, r.Name)
		if err != nil {
			return err
		}
		return p.f.DeleteRepo(u, fork)
	})
}

// Edit changes a pull request.
func (p *Person) Edit(ref scm.PullRef, patch scm.PullPatch) error {
	return p.pull(ref, func(u *User, pull *Pull) error {
		return p.f.EditPull(u, pull, Patch{Title: patch.Title, Body: patch.Body, Base: patch.Base, State: patch.State})
	})
}

// SetDraft makes a pull request a draft or ready.
func (p *Person) SetDraft(ref scm.PullRef, draft bool) error {
	return p.pull(ref, func(u *User, pull *Pull) error { return p.f.EditPull(u, pull, Patch{Draft: &draft}) })
}

// Merge merges with a merge commit.
func (p *Person) Merge(ref scm.PullRef) error {
	return p.pull(ref, func(u *User, pull *Pull) error { return p.f.MergePull(u, pull, Merge{Method: scm.MergeCommit}) })
}

// Comment comments on a pull request.
func (p *Person) Comment(ref scm.PullRef, body string) (id string, err error) {
	err = p.pull(ref, func(u *User, pull *Pull) error {
		id = strconv.Itoa(p.f.AddComment(u, &pull.Thing, Comment{Body: body}).ID)
		return nil
	})
	return id, err
}

// CommentIssue comments on an issue.
func (p *Person) CommentIssue(ref scm.PullRef, body string) (id string, err error) {
	err = p.issue(ref, func(u *User, i *Issue) error {
		id = strconv.Itoa(p.f.AddComment(u, &i.Thing, Comment{Body: body}).ID)
		return nil
	})
	return id, err
}

// Inline comments on a line of the new file.
func (p *Person) Inline(ref scm.PullRef, path string, line int, body string) error {
	return p.pull(ref, func(u *User, pull *Pull) error {
		p.f.AddComment(u, &pull.Thing, Comment{Body: body, Path: path, Line: line, SHA: pull.HeadSHA})
		return nil
	})
}

// EditComment replaces a comment's text.
func (p *Person) EditComment(ref scm.PullRef, id, body string) error {
	return p.comment(ref, id, func(u *User, t *Thing, c *Comment) error {
		p.f.EditComment(u, t, c, body)
		return nil
	})
}

// DeleteComment removes a comment.
func (p *Person) DeleteComment(ref scm.PullRef, id string) error {
	return p.comment(ref, id, func(u *User, t *Thing, c *Comment) error {
		p.f.DeleteComment(u, t, c)
		return nil
	})
}

// Review gives a verdict.
func (p *Person) Review(ref scm.PullRef, state scm.ReviewState, body string) error {
	return p.pull(ref, func(u *User, pull *Pull) error {
		p.f.SubmitReview(u, pull, state, body)
		return nil
	})
}

// Withdraw takes the person's verdict back.
func (p *Person) Withdraw(ref scm.PullRef) error {
	return p.pull(ref, func(u *User, pull *Pull) error {
		v := pull.Verdict(u)
		if v == nil {
			return fmt.Errorf("review of %s: %w", u.Login, ErrNotFound)
		}
		p.f.DismissReview(u, pull, v)
		return nil
	})
}

// Label puts a label on a pull request.
func (p *Person) Label(ref scm.PullRef, name string) error {
	return p.pull(ref, func(u *User, pull *Pull) error {
		p.f.AddLabel(u, &pull.Thing, name)
		return nil
	})
}

// Unlabel takes one off.
func (p *Person) Unlabel(ref scm.PullRef, name string) error {
	return p.pull(ref, func(u *User, pull *Pull) error {
		p.f.RemoveLabel(u, &pull.Thing, name)
		return nil
	})
}

// OpenIssue opens an issue.
func (p *Person) OpenIssue(repo scm.Repo, title, body string) (ref scm.PullRef, err error) {
	err = p.on(repo, func(u *User, r *Repo) error {
		ref = scm.PullRef{Repo: repo, Number: p.f.OpenIssue(u, r, title, body).Number}
		return nil
	})
	return ref, err
}

// EditIssue changes an issue.
func (p *Person) EditIssue(ref scm.PullRef, patch scm.IssuePatch) error {
	return p.issue(ref, func(u *User, i *Issue) error {
		p.f.EditIssue(u, i, Patch{Title: patch.Title, Body: patch.Body, State: patch.State})
		return nil
	})
}

// Status puts a status on a commit.
func (p *Person) Status(repo scm.Repo, sha string, s scm.Status) error {
	return p.on(repo, func(u *User, r *Repo) error {
		p.f.SetStatus(u, r, sha, s.Context, s)
		return nil
	})
}
