package simulator

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/pharos-ci/pharos/pkg/scm"
)

func numbers[T any](of map[int]T) []int { return slices.Sorted(maps.Keys(of)) }

// NewPull is a pull request to open.
type NewPull struct {
	Title, Body, Head, Base string
	Draft                   bool
	// From is the repository of the head, nil for the base's own.
	From      *Repo
	Reviewers []*User
}

// OpenPull opens a pull request.
func (f *Forge) OpenPull(actor *User, r *Repo, n NewPull) (*Pull, error) {
	n = f.titled(n)
	from := n.From
	if from == nil {
		from = r
	}
	head, base := from.Tip(n.Head), r.Tip(n.Base)
	if head == "" || base == "" {
		return nil, fmt.Errorf("branch %s or %s: %w", n.Head, n.Base, ErrNotFound)
	}
	for _, p := range r.Pulls {
		if p.State == scm.StateOpen && p.HeadRepo == from && p.Head == n.Head && p.Base == n.Base {
			return nil, fmt.Errorf("pull request of %s onto %s: %w", n.Head, n.Base, ErrConflict)
		}
	}
	p := &Pull{
		Thing: f.newThing(r, actor, n.Title, n.Body, true), Draft: n.Draft,
		Base: n.Base, BaseSHA: base, Head: n.Head, HeadSHA: head, HeadRepo: from, Reviewers: n.Reviewers,
	}
	r.Pulls[p.Number] = p
	if err := f.keepHead(p); err != nil {
		return nil, err
	}
	f.emit(&Change{Kind: scm.KindPullRequest, Action: scm.ActionOpened, Actor: actor, Repo: r, Pull: p})
	return p, nil
}

func (f *Forge) newThing(r *Repo, author *User, title, body string, pull bool) Thing {
	last := 0
	for n := range r.Pulls {
		if pull || f.dialect.SharedNumbers() {
			last = max(last, n)
		}
	}
	for n := range r.Issues {
		if !pull || f.dialect.SharedNumbers() {
			last = max(last, n)
		}
	}
	now := f.now()
	return Thing{
		ID: f.NextID(), Number: last + 1, Repo: r, Title: title, Body: body, Author: author, State: scm.StateOpen,
		Created: now, Updated: now, IsPull: pull,
	}
}

func (f *Forge) touch(p *Pull) {
	p.Version++
	p.Updated = f.now()
}

// Patch is a change of a pull request or issue; what is nil stays.
type Patch struct {
	Title, Body, Base *string
	Draft             *bool
	State             *scm.State
}

// EditPull changes a pull request.
func (f *Forge) EditPull(actor *User, p *Pull, patch Patch) error {
	if patch.Base != nil && p.Repo.Tip(*patch.Base) == "" {
		return fmt.Errorf("branch %s: %w", *patch.Base, ErrNotFound)
	}
	patch = f.retitled(p, patch)
	if was := f.rewrite(&p.Thing, patch, p); len(was) > 0 {
		f.touch(p)
		f.emit(&Change{Kind: scm.KindPullRequest, Action: scm.ActionEdited, Actor: actor, Repo: p.Repo, Pull: p, Was: was})
	}
	if patch.Draft != nil && *patch.Draft != p.Draft {
		p.Draft = *patch.Draft
		f.touch(p)
		action := scm.ActionReady
		if p.Draft {
			action = scm.ActionDrafted
		}
		f.emit(&Change{Kind: scm.KindPullRequest, Action: action, Actor: actor, Repo: p.Repo, Pull: p})
	}
	if patch.State != nil && *patch.State != p.State {
		return f.setState(actor, p, *patch.State)
	}
	return nil
}

// rewrite changes texts and base, and answers what they were.
func (f *Forge) rewrite(t *Thing, patch Patch, p *Pull) map[string]string {
	was := map[string]string{}
	for name, field := range map[string]struct{ now, then *string }{"title": {&t.Title, patch.Title}, "body": {&t.Body, patch.Body}} {
		if field.then != nil && *field.then != *field.now {
			was[name] = *field.now
			*field.now = *field.then
		}
	}
	if p != nil && patch.Base != nil && *patch.Base != p.Base {
		was["base"] = p.Base
		p.Base, p.BaseSHA = *patch.Base, p.Repo.Tip(*patch.Base)
	}
	return was
}

func (f *Forge) setState(actor *User, p *Pull, state scm.State) error {
	if p.State == scm.StateMerged || state == scm.StateMerged {
		return fmt.Errorf("pull request %d is %s: %w", p.Number, p.State, ErrInvalid)
	}
	p.State, p.ClosedBy = state, nil
	action := scm.ActionReopened
	if state == scm.StateClosed {
		action, p.ClosedBy = scm.ActionClosed, actor
	} else if p.HeadRepo != nil {
		p.HeadSHA = cmp.Or(p.HeadRepo.Tip(p.Head), p.HeadSHA)
	}
	f.touch(p)
	f.emit(&Change{Kind: scm.KindPullRequest, Action: action, Actor: actor, Repo: p.Repo, Pull: p})
	return nil
}

// Mergeable says whether the head can be merged onto the base as it is now.
func (p *Pull) Mergeable() bool {
	base := p.Repo.Tip(p.Base)
	return p.State == scm.StateOpen && base != "" && !p.Repo.conflicts(base, p.HeadSHA)
}

// Merge is how to merge.
type Merge struct {
	Method scm.MergeMethod
	// SHA the head has to be, empty for any.
	SHA string
	// Message of the commit that is made.
	Message string
}

// MergePull merges a pull request; the base moves by it.
func (f *Forge) MergePull(actor *User, p *Pull, how Merge) error {
	r, base := p.Repo, p.Repo.Tip(p.Base)
	switch {
	case p.State != scm.StateOpen:
		return fmt.Errorf("%w: it is %s", ErrNotMergeable, p.State)
	case p.Draft:
		return fmt.Errorf("%w: it is a draft", ErrNotMergeable)
	case how.SHA != "" && how.SHA != p.HeadSHA:
		return ErrHeadMoved
	case !slices.Contains(r.Methods, how.Method):
		return fmt.Errorf("%w: method %s is not allowed", ErrNotMergeable, how.Method)
	}
	sha, err := f.mergeCommit(actor, p, base, how)
	if err != nil {
		return err
	}
	if _, err := r.git(nil, "", "update-ref", "refs/heads/"+p.Base, sha); err != nil {
		return err
	}
	p.State, p.MergeSHA, p.MergedBy, p.BaseSHA = scm.StateMerged, sha, actor, base
	f.touch(p)
	f.emit(&Change{Kind: scm.KindPullRequest, Action: scm.ActionMerged, Actor: actor, Repo: r, Pull: p})
	return f.pushed(actor, r, []RefChange{{"refs/heads/" + p.Base, base, sha}})
}

func (f *Forge) mergeCommit(actor *User, p *Pull, base string, how Merge) (string, error) {
	r := p.Repo
	message := how.Message
	if message == "" {
		message = fmt.Sprintf("Merge pull request %d: %s", p.Number, p.Title)
	}
	switch how.Method {
	case scm.MergeSquash:
		return r.merged(actor, base, p.HeadSHA, message, base)
	case scm.MergeRebase:
		return r.rebased(actor, base, p.HeadSHA)
	case scm.MergeFastForward:
		if !r.contains(p.HeadSHA, base) {
			return "", fmt.Errorf("%w: it cannot be fast-forwarded", ErrNotMergeable)
		}
		return p.HeadSHA, nil
	}
	return r.merged(actor, base, p.HeadSHA, message, base, p.HeadSHA)
}
