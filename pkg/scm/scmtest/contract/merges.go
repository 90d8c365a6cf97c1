package contract

import (
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

var mergeCases = []contractCase{
	{name: "every merge method that the forge has", run: func(s *site) {
		for _, method := range s.client.MergeMethods {
			branch := "m-" + string(method)
			ref, sha := s.open(branch)
			allowed, err := s.client.Merges.Methods(s.Context(), s.repo)
			s.ok(err)
			if !slices.Contains(allowed, method) {
				continue // a setting of the project, not of the merge
			}
			if method == scm.MergeFastForward { // only onto what the branch began with
				sha = s.rebuild(branch)
			}
			s.until("merge by "+string(method), func() error {
				_, err := s.client.Merges.Merge(s.Context(), ref, scm.Merge{SHA: sha, Method: method, Title: "Merged by " + string(method), Body: "a body"})
				return err
			})
			got, err := s.client.Pulls.Get(s.Context(), ref)
			s.ok(err)
			if got.State != scm.StateMerged {
				s.Errorf("after a merge by %s the state is %s", method, got.State)
			}
			text, err := s.client.Contents.Read(s.Context(), s.repo, branch+".txt", "main")
			s.ok(err)
			if !strings.HasPrefix(string(text), "content of") {
				s.Errorf("main holds %q", text)
			}
		}
	}},
	{name: "a head that moved is not merged", run: func(s *site) {
		ref, tested := s.open("feature")
		_, err := s.world.As(Alice).Commit(s.repo, "feature", "", map[string]string{"untested.txt": "x\n"})
		s.ok(err)
		s.pull(ref, scm.ActionSynchronize)
		s.until("a refusal for the moved head", func() error {
			_, err := s.client.Merges.Merge(s.Context(), ref, scm.Merge{SHA: tested, Method: scm.MergeCommit})
			if err == nil {
				s.Fatal("it was merged")
			}
			if !isOf(err, scm.ErrHeadMoved) {
				return err
			}
			return nil
		})
		got, err := s.client.Pulls.Get(s.Context(), ref)
		s.ok(err)
		if got.State != scm.StateOpen {
			s.Errorf("the state is %s", got.State)
		}
	}},
	{name: "conflicts are not mergeable", run: func(s *site) {
		sha, err := s.world.As(Alice).Commit(s.repo, "feature", "main", map[string]string{"README.md": "ours\n"})
		s.ok(err)
		ref, err := s.world.As(Alice).Open(s.repo, scm.NewPull{Title: "Conflict", Head: "feature", Base: "main"})
		s.ok(err)
		_, err = s.world.As(Bob).Commit(s.repo, "main", "", map[string]string{"README.md": "theirs\n"})
		s.ok(err)
		s.until("a refusal for the conflict", func() error {
			_, err := s.client.Merges.Merge(s.Context(), ref, scm.Merge{SHA: sha, Method: scm.MergeCommit})
			if err == nil {
				s.Fatal("it was merged")
			}
			if !isOf(err, scm.ErrNotMergeable) {
				return err
			}
			return nil
		})
	}},
	{name: "a merge without the tested head is refused", run: func(s *site) {
		ref, _ := s.open("feature")
		_, err := s.client.Merges.Merge(s.Context(), ref, scm.Merge{Method: scm.MergeCommit})
		s.is(err, scm.ErrInvalid)
	}},
	{name: "a branch is deleted after its merge", run: func(s *site) {
		s.open("feature/x")
		for range 2 { // the second time it is gone already
			s.ok(s.client.Contents.DeleteBranch(s.Context(), s.repo, "feature/x"))
		}
		_, err := s.client.Contents.Branch(s.Context(), s.repo, "feature/x")
		s.is(err, scm.ErrNotFound)
	}},
}

// rebuild puts a branch's change onto main as it is now, and answers the new head.
func (s *site) rebuild(branch string) string {
	s.Helper()
	main, err := s.client.Contents.Branch(s.Context(), s.repo, "main")
	s.ok(err)
	s.ok(s.world.As(Alice).SetRef(s.repo, "refs/heads/"+branch, main))
	sha, err := s.world.As(Alice).Commit(s.repo, branch, "", map[string]string{branch + ".txt": "content of it again\n"})
	s.ok(err)
	return sha
}
