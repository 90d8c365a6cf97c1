package contract

import "github.com/pharos-ci/pharos/pkg/scm"

var completeCases = []contractCase{
	{name: "what an event leaves out is found out", run: func(s *site) {
		ref, sha := s.open("feature")
		told := s.pull(ref, scm.ActionOpened).Pull
		base, err := s.client.Contents.Branch(s.Context(), s.repo, "main")
		s.ok(err)
		got, err := s.client.Pulls.Complete(s.Context(), told)
		s.ok(err)
		if got.Ref != ref || got.Title != told.Title || got.Author.Login != Alice || got.Head.SHA != sha || got.Base.Name != "main" || got.Base.SHA != base && got.Base.SHA != "" {
			s.Errorf("%+v became %+v", told, got)
		}
		told.Head.SHA, told.Head.Name = "", "never-was"
		if got, err = s.client.Pulls.Complete(s.Context(), told); err != nil || got.Head.SHA != sha {
			s.Errorf("with a branch that is gone it is %+v, %v", got, err)
		}
	}},
}
