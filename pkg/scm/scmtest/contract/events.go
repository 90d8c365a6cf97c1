package contract

import (
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

var pushCases = []contractCase{
	{name: "a push to a branch names both commits", run: func(s *site) {
		first, err := s.world.As(Alice).Commit(s.repo, "work", "main", map[string]string{"a.txt": "a\n"})
		s.ok(err)
		created := s.push("refs/heads/work", "", first)
		if created.Meta.Repo != s.repo || created.Meta.Sender.Login != Alice && created.Meta.Sender.Login != "" {
			s.Errorf("the envelope is %+v", created.Meta)
		}
		if created.CloneURL == "" {
			s.Error("the push names no clone URL")
		}
		second, err := s.world.As(Alice).Commit(s.repo, "work", "", map[string]string{"a.txt": "b\n"})
		s.ok(err)
		s.push("refs/heads/work", first, second)
	}},
	{name: "a deleted branch has no commit after", run: func(s *site) {
		sha, err := s.world.As(Alice).Commit(s.repo, "gone/soon", "main", map[string]string{"a.txt": "a\n"})
		s.ok(err)
		s.ok(s.world.As(Alice).SetRef(s.repo, "refs/heads/gone/soon", ""))
		await(s, "deletion", func(e *scm.Push) bool {
			return slices.ContainsFunc(e.Updates, func(u scm.RefUpdate) bool {
				return u.Ref == "refs/heads/gone/soon" && u.Deleted() && (u.Before == sha || u.Before == "")
			})
		})
	}},
	{name: "a tag is no branch", run: func(s *site) {
		sha, err := s.client.Contents.Branch(s.Context(), s.repo, "main")
		s.ok(err)
		s.ok(s.world.As(Alice).SetRef(s.repo, "refs/tags/v1.0", sha))
		s.push("refs/tags/v1.0", "", sha)
	}},
}

// push waits for a push that moves a ref as given.
func (s *site) push(ref, before, after string) *scm.Push {
	s.Helper()
	return await(s, "push of "+ref, func(e *scm.Push) bool {
		return slices.Contains(e.Updates, scm.RefUpdate{Ref: ref, Before: before, After: after})
	})
}

var pullEventCases = []contractCase{
	{name: "an opened pull request tells who, what and where", run: func(s *site) {
		ref, sha := s.open("feature")
		e := s.pull(ref, scm.ActionOpened)
		p := e.Pull
		if p.Ref != ref || p.Title != "Add feature" || p.State != scm.StateOpen || p.Draft || p.Link == "" || p.CloneURL == "" {
			s.Errorf("the pull request is %+v", p)
		}
		if p.Author.Login != Alice || p.Author.ID == "" {
			s.Errorf("the author is %+v", p.Author)
		}
		if p.Base.Name != "main" || p.Head.Name != "feature" || p.Head.Repo != s.repo.FullName() {
			s.Errorf("base %+v, head %+v", p.Base, p.Head)
		}
		if p.Head.SHA != sha && p.Head.SHA != "" {
			s.Errorf("the head is %s, want %s", p.Head.SHA, sha)
		}
	}},
	{name: "new commits synchronise a pull request", run: func(s *site) {
		ref, _ := s.open("feature")
		s.pull(ref, scm.ActionOpened)
		sha, err := s.world.As(Alice).Commit(s.repo, "feature", "", map[string]string{"more.txt": "more\n"})
		s.ok(err)
		e := s.pull(ref, scm.ActionSynchronize)
		if e.Pull.Head.SHA != sha && e.Pull.Head.SHA != "" {
			s.Errorf("the head is %s, want %s", e.Pull.Head.SHA, sha)
		}
		if e.Pull.Author.Login != Alice {
			s.Errorf("the author is %+v", e.Pull.Author)
		}
	}},
	{name: "an edit says what it changed", run: func(s *site) {
		ref, _ := s.open("feature")
		s.pull(ref, scm.ActionOpened)
		title, body := "A better title — naïve ☂", "a better body"
		s.ok(s.world.As(Bob).Edit(ref, scm.PullPatch{Title: &title}))
		e := await(s, "edited title", func(e *scm.PullRequestEvent) bool { return e.Action == scm.ActionEdited && e.Pull.Title == title })
		if e.Pull.Author.Login != Alice && e.Pull.Author.Login != "" {
			s.Errorf("the author became %+v", e.Pull.Author)
		}
		s.ok(s.world.As(Bob).Edit(ref, scm.PullPatch{Body: &body}))
		await(s, "edited body", func(e *scm.PullRequestEvent) bool { return e.Action == scm.ActionEdited && e.Pull.Body == body })
	}},
	{name: "a pull request can move to another base", run: func(s *site) {
		_, err := s.world.As(Alice).Commit(s.repo, "release", "main", map[string]string{"r.txt": "r\n"})
		s.ok(err)
		ref, _ := s.open("feature")
		base := "release"
		s.ok(s.world.As(Alice).Edit(ref, scm.PullPatch{Base: &base}))
		await(s, "edited base", func(e *scm.PullRequestEvent) bool {
			return e.Action == scm.ActionEdited && e.Pull.Base.Name == base && (e.Edited.Base || !s.client.EditDetails)
		})
	}},
	{name: "labels put on and taken off", needs: func(c scm.Capabilities) bool { return !c.EmulatedLabels }, run: func(s *site) {
		ref, _ := s.open("feature")
		s.ok(s.world.As(Alice).Label(ref, "kind/bug"))
		e := s.pull(ref, scm.ActionLabeled)
		if e.Label != "kind/bug" && e.Label != "" || !e.Pull.HasLabel("kind/bug") {
			s.Errorf("label %q of %v", e.Label, e.Pull.Labels)
		}
		s.ok(s.world.As(Alice).Unlabel(ref, "kind/bug"))
		await(s, "label taken off", func(e *scm.PullRequestEvent) bool { // where the forge does not say which of the two it was, it is the former
			about := e.Action == scm.ActionUnlabeled || e.Action == scm.ActionLabeled && e.Label == ""
			return about && !e.Pull.HasLabel("kind/bug") && (e.Label == "" || e.Label == "kind/bug")
		})
	}},
	{name: "drafts and ready pull requests", needs: func(c scm.Capabilities) bool { return c.Drafts && c.EditDetails }, run: func(s *site) {
		ref, _ := s.open("feature")
		s.ok(s.world.As(Alice).SetDraft(ref, true))
		if e := s.pull(ref, scm.ActionDrafted); !e.Pull.Draft {
			s.Error("it is no draft")
		}
		s.ok(s.world.As(Alice).SetDraft(ref, false))
		if e := s.pull(ref, scm.ActionReady); e.Pull.Draft {
			s.Error("it is still a draft")
		}
	}},
	{name: "a closed pull request", run: func(s *site) {
		ref, _ := s.open("feature")
		closed := scm.StateClosed
		s.ok(s.world.As(Bob).Edit(ref, scm.PullPatch{State: &closed}))
		if e := s.pull(ref, scm.ActionClosed); e.Pull.State != scm.StateClosed {
			s.Errorf("its state is %s", e.Pull.State)
		}
	}},
	{name: "a pull request opened again", needs: func(c scm.Capabilities) bool { return c.Reopen && c.ReopenEvents }, run: func(s *site) {
		ref, _ := s.open("feature")
		closed, open := scm.StateClosed, scm.StateOpen
		s.ok(s.world.As(Alice).Edit(ref, scm.PullPatch{State: &closed}))
		s.ok(s.world.As(Alice).Edit(ref, scm.PullPatch{State: &open}))
		if e := s.pull(ref, scm.ActionReopened); e.Pull.State != scm.StateOpen {
			s.Errorf("its state is %s", e.Pull.State)
		}
	}},
	{name: "a merged pull request is not closed", run: func(s *site) {
		ref, _ := s.open("feature")
		s.merge(ref)
		if e := s.pull(ref, scm.ActionMerged); e.Pull.State != scm.StateMerged {
			s.Errorf("its state is %s", e.Pull.State)
		}
	}},
	{name: "a pull request from a fork, which is deleted", run: func(s *site) {
		sha, err := s.world.As(Mallory).CommitToFork(s.repo, "feature", map[string]string{"a.txt": "a\n"})
		s.ok(err)
		ref, err := s.world.As(Mallory).OpenFromFork(s.repo, scm.NewPull{Title: "From outside", Head: "feature", Base: "main"})
		s.ok(err)
		e := s.pull(ref, scm.ActionOpened)
		if e.Pull.Head.Repo == s.repo.FullName() || !strings.HasSuffix(e.Pull.Head.Repo, "/"+s.repo.Name) || e.Meta.Repo != s.repo || e.Pull.Author.Login != Mallory {
			s.Errorf("head %+v of %v by %v", e.Pull.Head, e.Meta.Repo, e.Pull.Author)
		}
		got, err := s.client.Pulls.Get(s.Context(), ref)
		s.ok(err)
		if got.Head.SHA != sha || got.CloneURL == "" {
			s.Errorf("the pull request is %+v", got)
		}
		if s.client.PullHeadRef == "" && got.Head.CloneURL == "" {
			s.Error("nobody says where to fetch the head from")
		}
		s.ok(s.world.As(Mallory).DeleteFork(s.repo))
		_, err = s.client.Pulls.Get(s.Context(), ref)
		s.ok(err)
		_, err = s.world.As(Alice).Comment(ref, "where is it?")
		s.ok(err)
		s.comment("where is it?", scm.ActionCreated)
	}},
}

// merge merges, once the forge has found out that it can.
func (s *site) merge(ref scm.PullRef) {
	s.Helper()
	s.until("merge of "+ref.String(), func() error { return s.world.As(Alice).Merge(ref) })
}

// comment waits for a comment's event.
func (s *site) comment(body string, action scm.Action) *scm.CommentEvent {
	s.Helper()
	return await(s, string(action)+" comment "+body, func(e *scm.CommentEvent) bool { return e.Action == action && e.Comment.Body == body })
}

var talkEventCases = []contractCase{
	{name: "comments on a pull request, made, edited and deleted", run: func(s *site) {
		ref, _ := s.open("feature")
		id, err := s.world.As(Mallory).Comment(ref, "/test all")
		s.ok(err)
		e := s.comment("/test all", scm.ActionCreated)
		if !e.IsPull || e.Number != ref.Number || e.State != scm.StateOpen || e.Comment.Author.Login != Mallory || e.Inline != nil || e.Meta.Repo != s.repo {
			s.Errorf("the event is %+v", e)
		}
		s.ok(s.world.As(Mallory).EditComment(ref, id, "/test none"))
		if edited := s.comment("/test none", scm.ActionEdited); edited.Comment.ID != e.Comment.ID {
			s.Errorf("the comment's id became %s", edited.Comment.ID)
		}
		if s.client.CommentDeletions {
			s.ok(s.world.As(Mallory).DeleteComment(ref, id))
			await(s, "deleted comment", func(e *scm.CommentEvent) bool { return e.Action == scm.ActionDeleted && e.Number == ref.Number })
		}
	}},
	{name: "a comment on a line of code", run: func(s *site) {
		ref, _ := s.open("feature")
		s.ok(s.world.As(Bob).Inline(ref, "feature.txt", 1, "/hold why?"))
		if s.client.InlineComments {
			e := s.comment("/hold why?", scm.ActionCreated)
			if e.Inline == nil || *e.Inline != (scm.Position{Path: "feature.txt", Line: 1}) || !e.IsPull || e.Number != ref.Number {
				s.Errorf("the event is %+v at %+v", e, e.Inline)
			}
		}
	}},
	{name: "comments on an issue", needs: hasIssues, run: func(s *site) {
		ref, err := s.world.As(Mallory).OpenIssue(s.repo, "It is dark", "light?")
		s.ok(err)
		e := await(s, "opened issue", func(e *scm.IssueEvent) bool { return e.Action == scm.ActionOpened })
		if e.Issue.Ref.Number != ref.Number || e.Issue.Title != "It is dark" || e.Issue.Author.Login != Mallory || e.Issue.State != scm.StateOpen {
			s.Errorf("the issue is %+v", e.Issue)
		}
		_, err = s.world.As(Bob).CommentIssue(ref, "/assign")
		s.ok(err)
		if c := s.comment("/assign", scm.ActionCreated); c.IsPull || c.Number != ref.Number || c.Comment.Author.Login != Bob {
			s.Errorf("the event is %+v", c)
		}
		closed := scm.StateClosed
		s.ok(s.world.As(Mallory).EditIssue(ref, scm.IssuePatch{State: &closed}))
		await(s, "closed issue", func(e *scm.IssueEvent) bool { return e.Action == scm.ActionClosed && e.Issue.State == scm.StateClosed })
	}},
	{name: "an approval, and its withdrawal", run: func(s *site) {
		ref, _ := s.open("feature")
		s.ok(s.world.As(Bob).Review(ref, scm.ReviewApproved, "good"))
		e := await(s, "approval", func(e *scm.ReviewEvent) bool {
			return e.Action == scm.ActionSubmitted && e.Review.State == scm.ReviewApproved
		})
		if e.Review.Author.Login != Bob || e.Pull.Ref != ref || e.Pull.Author.Login != Alice && e.Pull.Author.Login != "" {
			s.Errorf("the review is %+v of %+v", e.Review, e.Pull)
		}
		if s.client.Dismissals {
			s.ok(s.world.As(Bob).Withdraw(ref))
			await(s, "withdrawal", func(e *scm.ReviewEvent) bool { return e.Action == scm.ActionDismissed && e.Pull.Ref == ref })
		}
	}},
	{name: "a review that asks for changes", needs: func(c scm.Capabilities) bool { return c.RequestChanges }, run: func(s *site) {
		ref, _ := s.open("feature")
		s.ok(s.world.As(Bob).Review(ref, scm.ReviewChangesRequested, "no"))
		await(s, "request for changes", func(e *scm.ReviewEvent) bool {
			return e.Action == scm.ActionSubmitted && e.Review.State == scm.ReviewChangesRequested && e.Review.Author.Login == Bob
		})
	}},
	{name: "a status that somebody else sets", needs: func(c scm.Capabilities) bool { return c.StatusEvents }, run: func(s *site) {
		_, sha := s.open("feature")
		s.ok(s.world.As(Alice).Status(s.repo, sha, scm.Status{Context: "other/ci", State: scm.StatusFailure, Description: "no", TargetURL: "https://ci.test/1"}))
		e := await(s, "status", func(e *scm.StatusEvent) bool { return e.Status.Context == "other/ci" })
		if e.SHA != sha || e.Status.State != scm.StatusFailure {
			s.Errorf("the event is %+v", e)
		}
	}},
}

func hasIssues(c scm.Capabilities) bool { return c.Issues }
