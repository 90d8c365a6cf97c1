package contract

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// until tries until it works: forges find some things out a moment later.
func (s *site) until(what string, try func() error) {
	s.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-limit.C:
			s.Fatalf("%s: %v", what, err)
		}
	}
}

// is ends the case unless the error is of a kind.
func (s *site) is(err, kind error) {
	s.Helper()
	if !errors.Is(err, kind) {
		s.Fatalf("error %v, want %v", err, kind)
	}
}

func (s *site) gone() scm.PullRef { return scm.PullRef{Repo: s.repo, Number: 4242} }

var pullCases = []contractCase{
	{name: "a pull request is read with both its commits", run: func(s *site) {
		ref, sha := s.open("feature")
		base, err := s.client.Contents.Branch(s.Context(), s.repo, "main")
		s.ok(err)
		p, err := s.client.Pulls.Get(s.Context(), ref)
		s.ok(err)
		if p.Ref != ref || p.Title != "Add feature" || p.Body != "please" || p.Author.Login != Alice || p.State != scm.StateOpen || p.Link == "" {
			s.Errorf("the pull request is %+v", p)
		}
		if p.Head.SHA != sha || p.Head.Name != "feature" || p.Head.Repo != s.repo.FullName() || p.Base.Name != "main" || p.Base.SHA != base && p.Base.SHA != "" || p.CloneURL == "" {
			s.Errorf("head %+v, base %+v, clone %s; want %s and %s", p.Head, p.Base, p.CloneURL, sha, base)
		}
		_, err = s.client.Pulls.Get(s.Context(), s.gone())
		s.is(err, scm.ErrNotFound)
	}},
	{name: "open pull requests are listed, more than a page of them", run: func(s *site) {
		many := s.world.PageSize() + 3
		want := map[int]bool{}
		for i := range many {
			branch := fmt.Sprintf("b%03d", i)
			_, err := s.world.As(Alice).Commit(s.repo, branch, "main", map[string]string{branch: "x\n"})
			s.ok(err)
			ref, err := s.world.As(Alice).Open(s.repo, scm.NewPull{Title: branch, Head: branch, Base: "main"})
			s.ok(err)
			want[ref.Number] = true
		}
		closed := scm.StateClosed
		for n := range want {
			s.ok(s.world.As(Alice).Edit(scm.PullRef{Repo: s.repo, Number: n}, scm.PullPatch{State: &closed}))
			delete(want, n)
			break
		}
		all, err := s.client.Pulls.List(s.Context(), s.repo)
		s.ok(err)
		for _, p := range all {
			if !want[p.Ref.Number] || p.Head.SHA == "" || p.Author.Login != Alice {
				s.Errorf("unexpected %+v", p)
			}
			delete(want, p.Ref.Number)
		}
		if len(want) > 0 {
			s.Errorf("%d pull requests are missing", len(want))
		}
	}},
	{name: "changed files, more than a page of them", run: func(s *site) {
		files := map[string]string{"README.md": "second\n", "deep/er/ünï code.txt": "x\n"}
		for i := range s.world.PageSize() + 3 {
			files[fmt.Sprintf("gen/%03d.txt", i)] = fmt.Sprintf("unique %d\n", i)
		}
		_, err := s.world.As(Alice).Commit(s.repo, "many", "main", files)
		s.ok(err)
		ref, err := s.world.As(Alice).Open(s.repo, scm.NewPull{Title: "Many", Head: "many", Base: "main"})
		s.ok(err)
		ref.Repo = s.repo
		got, err := s.client.Pulls.ChangedFiles(s.Context(), ref)
		s.ok(err)
		slices.Sort(got)
		want := make([]string, 0, len(files))
		for name := range files {
			want = append(want, name)
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			s.Errorf("%d files, want %d: %q", len(got), len(want), got)
		}
	}},
	{name: "two commits are compared", run: func(s *site) {
		before, err := s.client.Contents.Branch(s.Context(), s.repo, "main")
		s.ok(err)
		after, err := s.world.As(Alice).Commit(s.repo, "main", "", map[string]string{"a/b.txt": "x\n", "c.txt": "y\n"})
		s.ok(err)
		got, err := s.client.Pulls.Compare(s.Context(), s.repo, before, after)
		s.ok(err)
		slices.Sort(got)
		if !slices.Equal(got, []string{"a/b.txt", "c.txt"}) {
			s.Errorf("changed are %q", got)
		}
	}},
	{name: "the bot opens and edits pull requests", run: func(s *site) {
		_, err := s.world.As(Alice).Commit(s.repo, "work", "main", map[string]string{"w.txt": "w\n"})
		s.ok(err)
		p, err := s.client.Pulls.Create(s.Context(), s.repo, scm.NewPull{Title: "By the bot", Body: "b", Head: "work", Base: "main"})
		s.ok(err)
		if p.Title != "By the bot" || p.Author.Login != Bot || p.Ref.Repo != s.repo || p.Ref.Number == 0 {
			s.Errorf("made was %+v", p)
		}
		title, body := "Another title", "another body"
		s.ok(s.client.Pulls.Edit(s.Context(), p.Ref, scm.PullPatch{Title: &title, Body: &body}))
		closed, open := scm.StateClosed, scm.StateOpen
		s.ok(s.client.Pulls.Edit(s.Context(), p.Ref, scm.PullPatch{State: &closed}))
		got, err := s.client.Pulls.Get(s.Context(), p.Ref)
		s.ok(err)
		if got.Title != title || got.Body != body || got.State != scm.StateClosed {
			s.Errorf("now it is %+v", got)
		}
		err = s.client.Pulls.Edit(s.Context(), p.Ref, scm.PullPatch{State: &open})
		if !s.client.Reopen {
			s.is(err, scm.ErrUnsupported)
			return
		}
		s.ok(err)
	}},
	{name: "a draft can be opened", needs: func(c scm.Capabilities) bool { return c.Drafts }, run: func(s *site) {
		_, err := s.world.As(Alice).Commit(s.repo, "work", "main", map[string]string{"w.txt": "w\n"})
		s.ok(err)
		p, err := s.client.Pulls.Create(s.Context(), s.repo, scm.NewPull{Title: "Not yet", Head: "work", Base: "main", Draft: true})
		s.ok(err)
		got, err := s.client.Pulls.Get(s.Context(), p.Ref)
		s.ok(err)
		if !got.Draft {
			s.Errorf("it is no draft: %+v", got)
		}
	}},
	{name: "commits of a pull request, oldest first", run: func(s *site) {
		ref, first := s.open("feature")
		second, err := s.world.As(Alice).Commit(s.repo, "feature", "", map[string]string{"two.txt": "2\n"})
		s.ok(err)
		var all []scm.Commit
		s.until("both commits", func() error {
			if all, err = s.client.Pulls.Commits(s.Context(), ref); err != nil || len(all) != 2 {
				return fmt.Errorf("%d commits, %w", len(all), err)
			}
			return nil
		})
		if all[0].SHA != first || all[1].SHA != second || !slices.Equal(all[1].Parents, []string{first}) || all[0].Email == "" || all[0].Message == "" {
			s.Errorf("the commits are %+v", all)
		}
	}},
}
