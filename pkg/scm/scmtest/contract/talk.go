package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pharos-ci/pharos/pkg/scm"
)

func isOf(err, kind error) bool { return errors.Is(err, kind) }

// odd is a text that careless encoders break.
const odd = "naïve ☂ <b>&amp; \"quoted\"\n\n| a | b |\n|---|---|\n| `x` | 100% |"

var talkCases = []contractCase{
	{name: "comments, more than a page of them", run: func(s *site) {
		ref, _ := s.open("feature")
		c := s.client.Comments
		var first scm.Comment
		many := s.world.PageSize() + 3
		for i := range many {
			made, err := c.Create(s.Context(), ref, fmt.Sprintf("comment %d", i))
			s.ok(err)
			if i == 0 {
				first = made
			}
		}
		all, err := c.List(s.Context(), ref)
		s.ok(err)
		if len(all) != many || all[0].Body != "comment 0" || all[many-1].Body != fmt.Sprint("comment ", many-1) {
			s.Fatalf("%d comments", len(all))
		}
		if all[0].ID != first.ID || all[0].Author.Login != Bot || all[0].Created.IsZero() {
			s.Errorf("made %+v, read %+v", first, all[0])
		}
		s.ok(c.Edit(s.Context(), ref, first.ID, odd))
		all, err = c.List(s.Context(), ref)
		s.ok(err)
		if all[0].Body != odd {
			s.Errorf("the text became %q", all[0].Body)
		}
		for range 2 { // the second time it is gone already
			s.ok(c.Delete(s.Context(), ref, first.ID))
		}
		s.is(c.Edit(s.Context(), ref, first.ID, "again"), scm.ErrNotFound)
		if all, err = c.List(s.Context(), ref); err != nil || len(all) != many-1 {
			s.Errorf("%d comments are left, %v", len(all), err)
		}
	}},
	{name: "a reply stands with the other comments", run: func(s *site) {
		ref, _ := s.open("feature")
		id, err := s.world.As(Bob).Comment(ref, "why?")
		s.ok(err)
		made, err := s.client.Comments.Reply(s.Context(), ref, id, "because")
		s.ok(err)
		all, err := s.client.Comments.List(s.Context(), ref)
		s.ok(err)
		if len(all) != 2 || all[1].ID != made.ID || all[1].Body != "because" {
			s.Errorf("the comments are %+v", all)
		}
	}},
	{name: "comments on nothing", run: func(s *site) {
		_, err := s.client.Comments.Create(s.Context(), s.gone(), "hello")
		s.is(err, scm.ErrNotFound)
	}},
	{name: "labels are made when they are needed", needs: func(c scm.Capabilities) bool { return !c.EmulatedLabels }, run: func(s *site) {
		ref, _ := s.open("feature")
		l := s.client.Labels
		names := []string{"lgtm", "kind/büg ☂", "do-not-merge/hold"}
		var work sync.WaitGroup
		for _, name := range names {
			work.Go(func() {
				if err := l.Add(s.Context(), ref, name); err != nil {
					s.Error(err)
				}
			})
		}
		work.Wait()
		s.ok(l.Add(s.Context(), ref, names[0])) // it is on already
		got, err := l.List(s.Context(), ref)
		s.ok(err)
		slices.Sort(got)
		slices.Sort(names)
		if !slices.Equal(got, names) {
			s.Errorf("the labels are %q, want %q", got, names)
		}
		for range 2 {
			s.ok(l.Remove(s.Context(), ref, names[0]))
		}
		s.ok(l.Remove(s.Context(), ref, "never-was"))
		got, err = l.List(s.Context(), ref)
		s.ok(err)
		if len(got) != 2 {
			s.Errorf("the labels are %q", got)
		}
		known, err := l.Defined(s.Context(), s.repo)
		s.ok(err)
		if !slices.Contains(known, "lgtm") {
			s.Errorf("the repository knows %q", known)
		}
	}},
	{name: "reviews by people and by the bot", run: func(s *site) {
		ref, sha := s.open("feature")
		s.ok(s.world.As(Bob).Review(ref, scm.ReviewApproved, "good"))
		s.ok(s.client.Reviews.Submit(s.Context(), ref, scm.NewReview{State: scm.ReviewApproved, Body: "fine", SHA: sha}))
		all, err := s.client.Reviews.List(s.Context(), ref)
		s.ok(err)
		var by []string
		for _, r := range all {
			if r.State == scm.ReviewApproved {
				by = append(by, r.Author.Login)
			}
		}
		slices.Sort(by)
		if !slices.Equal(by, []string{Bob, Bot}) {
			s.Errorf("approved by %q: %+v", by, all)
		}
	}},
	{name: "people are asked for reviews", needs: func(c scm.Capabilities) bool { return c.ReviewRequests }, run: func(s *site) {
		ref, _ := s.open("feature")
		r := s.client.Reviews
		s.ok(r.Request(s.Context(), ref, Bob))
		s.ok(r.Request(s.Context(), ref, Bob, Bot))
		if got := s.reviewers(ref); !slices.Equal(got, []string{Bob, Bot}) {
			s.Errorf("asked are %q", got)
		}
		s.ok(r.Unrequest(s.Context(), ref, Bot))
		if got := s.reviewers(ref); !slices.Equal(got, []string{Bob}) {
			s.Errorf("asked are %q", got)
		}
		s.is(r.Request(s.Context(), ref, "nobody-of-this-name"), scm.ErrInvalid)
	}},
	{name: "people are assigned", needs: func(c scm.Capabilities) bool { return c.Assignees }, run: func(s *site) {
		ref, _ := s.open("feature")
		s.ok(s.client.Issues.Assign(s.Context(), ref, Bob))
		s.ok(s.client.Issues.Unassign(s.Context(), ref, Alice))
		p, err := s.client.Pulls.Get(s.Context(), ref)
		s.ok(err)
		if len(p.Assignees) != 1 || p.Assignees[0].Login != Bob {
			s.Errorf("assigned are %+v", p.Assignees)
		}
		s.is(s.client.Issues.Assign(s.Context(), ref, "nobody-of-this-name"), scm.ErrInvalid)
	}},
	{name: "issues are opened and closed", needs: hasIssues, run: func(s *site) {
		i, err := s.client.Issues.Create(s.Context(), s.repo, "Dark", odd)
		s.ok(err)
		closed := scm.StateClosed
		s.ok(s.client.Issues.Edit(s.Context(), i.Ref, scm.IssuePatch{State: &closed}))
		got, err := s.client.Issues.Get(s.Context(), i.Ref)
		s.ok(err)
		if got.Title != "Dark" || got.Body != odd || got.State != scm.StateClosed || got.Author.Login != Bot {
			s.Errorf("the issue is %+v", got)
		}
		_, err = s.client.Issues.Get(s.Context(), s.gone())
		s.is(err, scm.ErrNotFound)
	}},
}

func (s *site) reviewers(ref scm.PullRef) []string {
	s.Helper()
	p, err := s.client.Pulls.Get(s.Context(), ref)
	s.ok(err)
	var logins []string
	for _, u := range p.Reviewers {
		logins = append(logins, strings.ToLower(u.Login))
	}
	slices.Sort(logins)
	return logins
}
