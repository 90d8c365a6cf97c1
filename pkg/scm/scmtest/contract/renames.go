package contract

import "github.com/pharos-ci/pharos/pkg/scm"

// renamer is a world in which repositories can be given another name.
type renamer interface {
	Rename(repo scm.Repo, to string) error
}

func (w *simulated) Rename(repo scm.Repo, to string) error {
	return w.forge.Rename(repo.Org, repo.Name, to)
}

var renameCases = []contractCase{
	{name: "a repository that was renamed is the same", run: func(s *site) {
		w, ok := s.world.(renamer)
		if !ok {
			s.Fatal("no way to rename a repository")
		}
		ref, sha := s.open("feature")
		before, err := s.client.Repositories.Get(s.Context(), s.repo)
		s.ok(err)
		renamed := s.repo
		renamed.Name = "lamps"
		s.ok(w.Rename(s.repo, renamed.Name))
		after, err := s.client.Repositories.Get(s.Context(), renamed)
		s.ok(err)
		if after.ID != before.ID || after.ID == "" || after.Repo != renamed {
			s.Errorf("%+v became %+v", before, after)
		}
		s.repo, ref.Repo = renamed, renamed
		_, err = s.world.As(Alice).Comment(ref, "still here?")
		s.ok(err)
		if e := s.comment("still here?", scm.ActionCreated); e.Meta.Repo != renamed {
			s.Errorf("the comment is on %v", e.Meta.Repo)
		}
		got, err := s.client.Pulls.Get(s.Context(), ref)
		s.ok(err)
		if got.Ref != ref || got.Head.SHA != sha || got.Head.Repo != renamed.FullName() {
			s.Errorf("the pull request is %+v", got)
		}
	}},
}
