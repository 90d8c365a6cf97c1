package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

var restCases = []contractCase{
	{name: "statuses, the newest of each context", run: func(s *site) {
		_, sha := s.open("feature")
		st := s.client.Statuses
		for _, state := range []scm.StatusState{scm.StatusPending, scm.StatusFailure, scm.StatusFailure, scm.StatusPending, scm.StatusSuccess} {
			s.ok(st.Set(s.Context(), s.repo, sha, scm.Status{Context: "pharos/unit", State: state, Description: "it is " + string(state), TargetURL: "https://ci.test/runs/1"}))
		}
		s.ok(st.Set(s.Context(), s.repo, sha, scm.Status{Context: "pharos/e2e", State: scm.StatusError, Description: "broken", TargetURL: "https://ci.test/runs/2"}))
		all, err := st.List(s.Context(), s.repo, sha)
		s.ok(err)
		if len(all) != 2 {
			s.Fatalf("the statuses are %+v", all)
		}
		slices.SortFunc(all, func(a, b scm.Status) int { return strings.Compare(a.Context, b.Context) })
		unit := scm.Status{Context: "pharos/unit", State: scm.StatusSuccess, Description: "it is success", TargetURL: "https://ci.test/runs/1"}
		if all[1] != unit || all[0].Context != "pharos/e2e" || all[0].State != scm.StatusError && all[0].State != scm.StatusFailure {
			s.Errorf("the statuses are %+v", all)
		}
	}},
	{name: "many statuses with long names and descriptions", run: func(s *site) {
		_, sha := s.open("feature")
		many := s.world.PageSize() + 3
		for i := range many {
			s.ok(s.client.Statuses.Set(s.Context(), s.repo, sha, scm.Status{
				Context: fmt.Sprintf("pharos/a-job-with-a-name-longer-than-forty-characters-%03d", i), State: scm.StatusSuccess,
				Description: shorten(strings.Repeat("very long ☂ ", 50), s.client.StatusDescriptionLimit), TargetURL: "https://ci.test/runs/1",
			}))
		}
		all, err := s.client.Statuses.List(s.Context(), s.repo, sha)
		s.ok(err)
		names := map[string]bool{}
		for _, one := range all {
			names[one.Context] = true
		}
		if len(names) != many || !names[fmt.Sprintf("pharos/a-job-with-a-name-longer-than-forty-characters-%03d", many-1)] {
			s.Errorf("%d contexts: %+v", len(names), all[:min(len(all), 2)])
		}
	}},
	{name: "files and branches", run: func(s *site) {
		sha, err := s.world.As(Alice).Commit(s.repo, "work/ab", "main", map[string]string{"dir/ünï.txt": odd})
		s.ok(err)
		for _, at := range []string{sha, "work/ab"} {
			text, err := s.client.Contents.Read(s.Context(), s.repo, "dir/ünï.txt", at)
			s.ok(err)
			if string(text) != odd {
				s.Errorf("at %s it is %q", at, text)
			}
		}
		_, err = s.client.Contents.Read(s.Context(), s.repo, "no/such/file", sha)
		s.is(err, scm.ErrNotFound)
		tip, err := s.client.Contents.Branch(s.Context(), s.repo, "work/ab")
		s.ok(err)
		if tip != sha {
			s.Errorf("the branch is at %s, want %s", tip, sha)
		}
		_, err = s.client.Contents.Branch(s.Context(), s.repo, "never/was")
		s.is(err, scm.ErrNotFound)
	}},
	{name: "who belongs and who may write", run: func(s *site) {
		m := s.client.Members
		for login, belongs := range map[string]bool{Alice: true, Bob: true, Mallory: false, "": false} {
			user := s.account(login)
			got, err := m.IsOrgMember(s.Context(), s.repo.Org, user)
			s.ok(err)
			if got != belongs {
				s.Errorf("%v is a member: %v, want %v", user, got, belongs)
			}
			got, err = m.IsCollaborator(s.Context(), s.repo, user)
			s.ok(err)
			if got != belongs {
				s.Errorf("%v may write: %v, want %v", user, got, belongs)
			}
		}
		if p, err := m.Permission(s.Context(), s.repo, s.account(Alice)); err != nil || p != scm.PermissionWrite {
			s.Errorf("alice has %v, %v", p, err)
		}
		if p, err := m.Permission(s.Context(), s.repo, s.account(Mallory)); err != nil || p > scm.PermissionRead {
			s.Errorf("mallory has %v, %v", p, err)
		}
	}},
	{name: "members of a team", needs: func(c scm.Capabilities) bool { return c.Teams }, run: func(s *site) {
		got, err := s.client.Members.TeamMembers(s.Context(), s.repo.Org, Team)
		s.ok(err)
		if !slices.Contains(got, Alice) || !slices.Contains(got, Bob) || slices.Contains(got, Mallory) {
			s.Errorf("the team is %q", got)
		}
		_, err = s.client.Members.TeamMembers(s.Context(), s.repo.Org, "never-was")
		s.is(err, scm.ErrNotFound)
	}},
	{name: "repositories", run: func(s *site) {
		got, err := s.client.Repositories.Get(s.Context(), s.repo)
		s.ok(err)
		if got.Repo != s.repo || got.ID == "" || got.DefaultBranch != "main" || got.CloneURL == "" || got.Link == "" {
			s.Errorf("the repository is %+v", got)
		}
		all, err := s.client.Repositories.List(s.Context(), s.repo.Org)
		s.ok(err)
		if !slices.ContainsFunc(all, func(r scm.Repository) bool { return r.Repo == s.repo && r.ID == got.ID }) {
			s.Errorf("the repositories of %s are %+v", s.repo.Org, all)
		}
		gone := s.repo
		gone.Name = "never-was"
		_, err = s.client.Repositories.Get(s.Context(), gone)
		s.is(err, scm.ErrNotFound)
	}},
	{name: "webhooks are complete, replaced and removed", run: func(s *site) {
		h, on := s.client.Hooks, scm.HookTarget(s.repo)
		all, err := h.List(s.Context(), on)
		s.ok(err)
		if len(all) != 1 || !all[0].Active || !all[0].Complete || !all[0].SecretSet || !strings.HasSuffix(all[0].URL, "/hook/main") {
			s.Fatalf("the webhooks are %+v", all)
		}
		s.ok(h.Update(s.Context(), on, all[0].ID, scm.NewHook{URL: all[0].URL + "2", Secret: "another"}))
		again, err := h.List(s.Context(), on)
		s.ok(err)
		if len(again) != 1 || again[0].URL != all[0].URL+"2" || !again[0].Complete {
			s.Fatalf("the webhooks are %+v", again)
		}
		for range 2 {
			s.ok(h.Delete(s.Context(), on, again[0].ID))
		}
		if all, err = h.List(s.Context(), on); err != nil || len(all) != 0 {
			s.Errorf("the webhooks are %+v, %v", all, err)
		}
	}},
	{name: "a wrong token is forbidden", run: func(s *site) {
		account := s.world.Account()
		account.Credentials = scm.Credentials{Token: "wrong", User: account.User}
		stranger, err := s.world.Driver().Open(account)
		s.ok(err)
		_, err = stranger.Comments.Create(s.Context(), s.gone(), "hello")
		if !isOf(err, scm.ErrForbidden) && !isOf(err, scm.ErrNotFound) {
			s.Errorf("error %v", err)
		}
	}},
}

// shorten cuts as reporters do; a limit of 0 is none.
func shorten(text string, limit int) string {
	runes := []rune(text)
	if limit == 0 || len(runes) <= limit {
		return text
	}
	return string(runes[:limit])
}

// account is somebody as their comment tells; nobody has the empty login.
func (s *site) account(login string) scm.User {
	s.Helper()
	if login == "" {
		return scm.User{Login: "nobody-of-this-name", ID: "987654321"}
	}
	if s.talk.Number == 0 {
		s.talk, _ = s.open("talk")
	}
	_, err := s.world.As(login).Comment(s.talk, "I am "+login)
	s.ok(err)
	return s.comment("I am "+login, scm.ActionCreated).Comment.Author
}
