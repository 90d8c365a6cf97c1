package simulator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// OpenIssue opens an issue.
func (f *Forge) OpenIssue(actor *User, r *Repo, title, body string) *Issue {
	i := &Issue{f.newThing(r, actor, title, body, false)}
	r.Issues[i.Number] = i
	f.emit(&Change{Kind: scm.KindIssue, Action: scm.ActionOpened, Actor: actor, Repo: r, Issue: i})
	return i
}

// EditIssue changes an issue.
func (f *Forge) EditIssue(actor *User, i *Issue, patch Patch) {
	if was := f.rewrite(&i.Thing, patch, nil); len(was) > 0 {
		i.Updated = f.now()
		f.emit(&Change{Kind: scm.KindIssue, Action: scm.ActionEdited, Actor: actor, Repo: i.Repo, Issue: i, Was: was})
	}
	if patch.State != nil && *patch.State != i.State {
		i.State, i.Updated = *patch.State, f.now()
		action := scm.ActionReopened
		if i.State == scm.StateClosed {
			action = scm.ActionClosed
		}
		f.emit(&Change{Kind: scm.KindIssue, Action: action, Actor: actor, Repo: i.Repo, Issue: i})
	}
}

// Thing finds a pull request or issue by its number, where they are numbered together; dialects call it within Do.
func (r *Repo) Thing(number int) (*Thing, error) {
	if p := r.Pulls[number]; p != nil {
		return &p.Thing, nil
	}
	if i := r.Issues[number]; i != nil {
		return &i.Thing, nil
	}
	return nil, fmt.Errorf("number %d of %s: %w", number, r.FullName(), ErrNotFound)
}

// Pull finds a pull request.
func (r *Repo) Pull(number int) (*Pull, error) {
	if p := r.Pulls[number]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("pull request %d of %s: %w", number, r.FullName(), ErrNotFound)
}

// change begins to tell of a thing.
func (f *Forge) change(actor *User, t *Thing) *Change {
	c := &Change{Actor: actor, Repo: t.Repo}
	if t.IsPull {
		c.Kind, c.Pull = scm.KindPullRequest, t.Repo.Pulls[t.Number]
	} else {
		c.Kind, c.Issue = scm.KindIssue, t.Repo.Issues[t.Number]
	}
	t.Updated = f.now()
	return c
}

// AddComment comments; the comment given says what, and where if it is inline.
func (f *Forge) AddComment(actor *User, t *Thing, c Comment) *Comment {
	c.ID, c.Author, c.Created = f.NextID(), actor, f.now()
	c.Updated = c.Created
	t.Comments = append(t.Comments, &c)
	f.tell(actor, t, &c, scm.ActionCreated)
	return &c
}

func (f *Forge) tell(actor *User, t *Thing, c *Comment, action scm.Action) {
	change := f.change(actor, t)
	change.Kind, change.Action, change.Comment = scm.KindComment, action, c
	f.emit(change)
}

// EditComment replaces a comment's text.
func (f *Forge) EditComment(actor *User, t *Thing, c *Comment, body string) {
	was := c.Body
	c.Body, c.Updated = body, f.now()
	c.Version++
	change := f.change(actor, t)
	change.Kind, change.Action, change.Comment, change.Was = scm.KindComment, scm.ActionEdited, c, map[string]string{"body": was}
	f.emit(change)
}

// DeleteComment removes a comment.
func (f *Forge) DeleteComment(actor *User, t *Thing, c *Comment) {
	t.Comments = slices.DeleteFunc(t.Comments, func(one *Comment) bool { return one == c })
	t.Gone = append(t.Gone, c)
	f.tell(actor, t, c, scm.ActionDeleted)
}

// Comment finds a comment of a repository by its id.
func (r *Repo) Comment(id int) (*Thing, *Comment, error) {
	for _, t := range r.things() {
		for _, c := range t.Comments {
			if c.ID == id {
				return t, c, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("comment %d of %s: %w", id, r.FullName(), ErrNotFound)
}

func (r *Repo) things() []*Thing {
	var all []*Thing
	for _, n := range numbers(r.Pulls) {
		all = append(all, &r.Pulls[n].Thing)
	}
	for _, n := range numbers(r.Issues) {
		all = append(all, &r.Issues[n].Thing)
	}
	return all
}

// Label finds a label that the repository knows, nil if it knows none of the name.
func (r *Repo) Label(name string) *Label {
	for _, l := range r.Labels {
		if strings.EqualFold(l.Name, name) {
			return l
		}
	}
	return nil
}

// DefineLabel makes a label known.
func (f *Forge) DefineLabel(r *Repo, name string) *Label {
	if l := r.Label(name); l != nil {
		return l
	}
	l := &Label{ID: f.NextID(), Name: name}
	r.Labels = append(r.Labels, l)
	return l
}

// AddLabel puts a label on, which the repository knows then; one that is on already changes nothing.
func (f *Forge) AddLabel(actor *User, t *Thing, name string) {
	l := f.DefineLabel(t.Repo, name)
	if slices.Contains(t.Labels, l) {
		return
	}
	t.Labels = append(t.Labels, l)
	c := f.change(actor, t)
	c.Action, c.Label = scm.ActionLabeled, l
	f.emit(c)
}

// RemoveLabel takes a label off and says whether it was on.
func (f *Forge) RemoveLabel(actor *User, t *Thing, name string) bool {
	l := t.Repo.Label(name)
	i := slices.Index(t.Labels, l)
	if l == nil || i < 0 {
		return false
	}
	t.Labels = slices.Delete(t.Labels, i, i+1)
	c := f.change(actor, t)
	c.Action, c.Label = scm.ActionUnlabeled, l
	f.emit(c)
	return true
}

// TellLabels tells of labels that a dialect has put on or taken off by itself, or has not: some vendors tell of both alike.
func (f *Forge) TellLabels(actor *User, t *Thing) {
	c := f.change(actor, t)
	c.Action = scm.ActionLabeled
	f.emit(c)
}

// AddMilestone makes a milestone.
func (f *Forge) AddMilestone(r *Repo, title string) *Milestone {
	m := &Milestone{ID: f.NextID(), Number: len(r.Milestones) + 1, Title: title}
	r.Milestones = append(r.Milestones, m)
	return m
}

// SubmitReview gives a verdict, which replaces an earlier one of the same person where it is one.
func (f *Forge) SubmitReview(actor *User, p *Pull, state scm.ReviewState, body string) *Review {
	v := &Review{ID: f.NextID(), Author: actor, State: state, Body: body, SHA: p.HeadSHA, Submitted: f.now(), Asked: slices.Contains(p.Reviewers, actor)}
	p.Reviews = append(p.Reviews, v)
	p.Reviewers = slices.DeleteFunc(p.Reviewers, func(u *User) bool { return u == actor })
	p.Updated = f.now()
	f.emit(&Change{Kind: scm.KindReview, Action: scm.ActionSubmitted, Actor: actor, Repo: p.Repo, Pull: p, Review: v})
	return v
}

// DismissReview withdraws a verdict.
func (f *Forge) DismissReview(actor *User, p *Pull, v *Review) {
	was := map[string]string{"state": string(v.State)}
	v.Was, v.State = v.State, scm.ReviewDismissed
	p.Updated = f.now()
	f.emit(&Change{Kind: scm.KindReview, Action: scm.ActionDismissed, Actor: actor, Repo: p.Repo, Pull: p, Review: v, Was: was})
}

// ChangeReviewers asks people for a review and no longer asks others; callers name those only whose part changes.
func (f *Forge) ChangeReviewers(actor *User, p *Pull, asked, unasked []*User) {
	if len(asked)+len(unasked) == 0 {
		return
	}
	p.Reviewers = slices.DeleteFunc(p.Reviewers, func(u *User) bool { return slices.Contains(unasked, u) || slices.Contains(asked, u) })
	p.Reviewers = append(p.Reviewers, asked...)
	f.touch(p)
	f.emit(&Change{Kind: scm.KindPullRequest, Action: scm.ActionOther, Actor: actor, Repo: p.Repo, Pull: p, Asked: asked, Unasked: unasked})
}

// Verdict is a person's last verdict that stands, nil without one.
func (p *Pull) Verdict(u *User) *Review {
	for _, v := range slices.Backward(p.Reviews) {
		if v.Author == u && v.State != scm.ReviewCommented {
			if v.State == scm.ReviewDismissed {
				return nil
			}
			return v
		}
	}
	return nil
}

// SetStatus puts a status on a commit; every one is kept, the newest of a context or key counts.
func (f *Forge) SetStatus(actor *User, r *Repo, sha, id string, s scm.Status) *Status {
	status := &Status{ID: f.NextID(), Status: s, Author: actor, Created: f.now(), Key: id}
	r.Statuses[sha] = append(r.Statuses[sha], status)
	f.emit(&Change{Kind: scm.KindStatus, Action: scm.ActionCreated, Actor: actor, Repo: r, SHA: sha, Status: status})
	return status
}
