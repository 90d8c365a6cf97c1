package vendors_test

import (
	"net/http"
	"slices"

	gl "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
)

func repository(p *gl.Project) scm.Repository {
	repo, err := scm.ParseRepo("main", p.PathWithNamespace)
	if err != nil {
		repo.Name = err.Error()
	}
	return scm.Repository{
		Repo: repo, ID: id(p.ID), DefaultBranch: p.DefaultBranch, CloneURL: p.HTTPURLToRepo, Link: p.WebURL, Private: p.Visibility != gl.PublicVisibility,
	}
}

func repositories(all []*gl.Project) []scm.Repository {
	var out []scm.Repository
	for _, p := range all {
		out = append(out, repository(p))
	}
	return out
}

func (s *gitlabSession) projects() {
	p := of(s.Projects.GetProject(s.project, nil)).in(s)
	if by := of(s.Projects.GetProject(p.ID, nil)).in(s); by.PathWithNamespace != s.project {
		s.Errorf("project %d is %s", p.ID, by.PathWithNamespace)
	}
	got, err := s.driver.Repositories.Get(s.Context(), s.repo)
	s.ok(err)
	s.same("the project", repository(p), *got)
	if p.MergeMethod != gl.NoFastForwardMerge || p.SquashOption != gl.SquashOptionDefaultOff || p.RepositoryAccessLevel != gl.EnabledAccessControl {
		s.Errorf("it merges by %s, squash %s, access %s", p.MergeMethod, p.SquashOption, p.RepositoryAccessLevel)
	}
	of(s.Projects.GetProject("never/was", nil)).refused(s, http.StatusNotFound)

	group := of(s.Groups.ListGroupProjects(s.repo.Org, &gl.ListGroupProjectsOptions{IncludeSubGroups: new(true), Archived: new(false)})).in(s)
	owned, err := s.driver.Repositories.List(s.Context(), s.repo.Org)
	s.ok(err)
	s.same("the group's projects", repositories(group), owned)

	_, err = s.world.As(contract.Mallory).CommitToFork(s.repo, "feature", map[string]string{"a.txt": "a\n"})
	s.ok(err)
	personal := of(s.Projects.ListUserProjects(contract.Mallory, &gl.ListProjectsOptions{Archived: new(false)})).in(s)
	owned, err = s.driver.Repositories.List(s.Context(), contract.Mallory)
	s.ok(err)
	s.same("a user's projects", repositories(personal), owned)
}

func (s *gitlabSession) user(login string) *gl.User {
	s.Helper()
	found := of(s.Users.ListUsers(&gl.ListUsersOptions{Username: &login})).in(s)
	if len(found) != 1 || found[0].Username != login || found[0].State != "active" {
		s.Fatalf("%d users are %s: %+v", len(found), login, found)
	}
	return found[0]
}

func (s *gitlabSession) members() {
	if self := of(s.Users.CurrentUser()).in(s); self.Username != s.login || self.ID != s.user(s.login).ID {
		s.Errorf("the token is %s's", self.Username)
	}
	bob := s.user(contract.Bob)
	who := scm.User{Login: bob.Username, ID: id(bob.ID)}
	level := of(s.ProjectMembers.GetInheritedProjectMember(s.project, bob.ID)).in(s).AccessLevel
	may, err := s.driver.Members.Permission(s.Context(), s.repo, who)
	s.ok(err)
	if level != gl.DeveloperPermissions || may != scm.PermissionWrite {
		s.Errorf("the member's level is %v, the driver says %v", level, may)
	}
	if m := of(s.GroupMembers.GetInheritedGroupMember(s.repo.Org, bob.ID)).in(s); m.Username != contract.Bob || m.AccessLevel != level {
		s.Errorf("the group's member is %+v", m)
	}
	var team []string
	for _, m := range of(s.Groups.ListGroupMembers(s.repo.Org+"/"+contract.Team, nil)).in(s) {
		team = append(team, m.Username)
	}
	logins, err := s.driver.Members.TeamMembers(s.Context(), s.repo.Org, contract.Team)
	s.ok(err)
	s.same("the subgroup's members", team, logins)
	of(s.ProjectMembers.GetInheritedProjectMember(s.project, s.user(contract.Mallory).ID)).refused(s, http.StatusNotFound)
}

// hooks are a maintainer's and an owner's affair; what the driver writes, the client finds subscribed.
func (s *gitlabSession) hooks() {
	wanted := &gl.AddProjectHookOptions{URL: new("https://ci.test/hook"), PushEvents: new(true), NoteEvents: new(true), Token: new("secret")}
	if s.login != contract.Bot {
		of(s.Projects.AddProjectHook(s.project, wanted)).refused(s, http.StatusForbidden)
		of(s.Groups.ListGroupHooks(s.repo.Org, nil)).refused(s, http.StatusForbidden)
		return
	}
	made := of(s.Projects.AddProjectHook(s.project, wanted)).in(s)
	if !made.PushEvents || !made.NoteEvents || made.IssuesEvents || !made.TokenPresent || !made.EnableSSLVerification {
		s.Errorf("the webhook is %+v", made)
	}
	edited := of(s.Projects.EditProjectHook(s.project, made.ID, &gl.EditProjectHookOptions{URL: &made.URL, IssuesEvents: new(true)})).in(s)
	if !edited.IssuesEvents || !edited.PushEvents {
		s.Errorf("the webhook is %+v", edited)
	}
	on := scm.HookTarget(s.repo)
	s.ok(s.driver.Hooks.Update(s.Context(), on, id(made.ID), scm.NewHook{URL: made.URL, Secret: "another"}))
	all := of(s.Projects.ListProjectHooks(s.project, nil)).in(s)
	got, err := s.driver.Hooks.List(s.Context(), on)
	s.ok(err)
	s.same("the webhooks", []scm.Hook{{ID: id(made.ID), URL: made.URL, Active: true, Complete: true, SecretSet: true}}, got)
	if h := all[0]; len(all) != 1 || !h.MergeRequestsEvents || !h.TagPushEvents || !h.ConfidentialNoteEvents || h.BranchFilterStrategy != "all_branches" {
		s.Errorf("the webhook is %+v", h)
	}
	done(s.Projects.DeleteProjectHook(s.project, made.ID)).in(s)
	s.groupHooks()
}

func (s *gitlabSession) groupHooks() {
	on := scm.HookTarget{Connection: "main", Org: s.repo.Org}
	made := of(s.Groups.AddGroupHook(on.Org, &gl.AddGroupHookOptions{URL: new("https://ci.test/hook"), MergeRequestsEvents: new(true)})).in(s)
	edited := of(s.Groups.EditGroupHook(on.Org, made.ID, &gl.EditGroupHookOptions{URL: &made.URL, SubGroupEvents: new(true)})).in(s)
	if !edited.MergeRequestsEvents || !edited.SubGroupEvents {
		s.Errorf("the webhook is %+v", edited)
	}
	s.ok(s.driver.Hooks.Update(s.Context(), on, id(made.ID), scm.NewHook{URL: made.URL, Secret: "secret"}))
	all := of(s.Groups.ListGroupHooks(on.Org, nil)).in(s)
	if h := all[0]; len(all) != 1 || h.ID != made.ID || h.SubGroupEvents || !h.IssuesEvents || !h.TokenPresent {
		s.Errorf("the webhook is %+v", h)
	}
	got, err := s.driver.Hooks.List(s.Context(), on)
	s.ok(err)
	s.same("the webhooks", []scm.Hook{{ID: id(made.ID), URL: made.URL, Active: true, Complete: true, SecretSet: true}}, got)
	done(s.Groups.DeleteGroupHook(on.Org, made.ID)).in(s)
}

func (s *gitlabSession) repository() {
	sha, err := s.world.As(contract.Alice).Commit(s.repo, "work/ab", "main", map[string]string{"dir/ünï.txt": "naïve ☂\n"})
	s.ok(err)
	if b := of(s.Branches.GetBranch(s.project, "work/ab")).in(s); b.Name != "work/ab" || b.Commit.ID != sha || b.Default {
		s.Errorf("the branch is %+v", b)
	}
	if text := of(s.RepositoryFiles.GetRawFile(s.project, "dir/ünï.txt", &gl.GetRawFileOptions{Ref: &sha})).in(s); string(text) != "naïve ☂\n" {
		s.Errorf("the file is %q", text)
	}
	var files []string
	for _, d := range of(s.Repositories.Compare(s.project, &gl.CompareOptions{From: new("main"), To: &sha, Straight: new(true)})).in(s).Diffs {
		files = append(files, d.NewPath)
	}
	base, err := s.driver.Contents.Branch(s.Context(), s.repo, "main")
	s.ok(err)
	changed, err := s.driver.Pulls.Compare(s.Context(), s.repo, base, sha)
	s.ok(err)
	s.same("the changed files", files, changed)
	commits := of(s.Commits.ListCommits(s.project, &gl.ListCommitsOptions{RefName: new(base + ".." + sha)})).in(s)
	if len(commits) != 1 || commits[0].ID != sha || !slices.Equal(commits[0].ParentIDs, []string{base}) || commits[0].AuthorEmail != "alice@forge.test" {
		s.Errorf("the commits are %+v", commits)
	}
	done(s.Branches.DeleteBranch(s.project, "work/ab")).in(s)
	of(s.Branches.GetBranch(s.project, "work/ab")).refused(s, http.StatusNotFound)
}

func (s *gitlabSession) statuses() {
	m, _ := s.open("feature")
	set := func(state gl.BuildStateValue) outcome[*gl.CommitStatus] {
		return of(s.Commits.SetCommitStatus(s.project, m.SHA, &gl.SetCommitStatusOptions{
			State: state, Name: new("unit"), Description: new("it is " + string(state)), TargetURL: new("https://ci.test/1"),
		}))
	}
	if st := set(gl.Pending).in(s); st.SHA != m.SHA || st.Status != "pending" || st.Author.Username != s.login {
		s.Errorf("the status is %+v", st)
	}
	set(gl.Pending).refused(s, http.StatusBadRequest)
	set(gl.Failed).in(s)
	var all []scm.Status
	for _, st := range of(s.Commits.GetCommitStatuses(s.project, m.SHA, nil)).in(s) {
		all = append(all, scm.Status{Context: st.Name, State: gitlabStates[st.Status], Description: st.Description, TargetURL: st.TargetURL})
	}
	got, err := s.driver.Statuses.List(s.Context(), s.repo, m.SHA)
	s.ok(err)
	s.same("the statuses", all, got)
	if of := of(s.Commits.ListMergeRequestsByCommit(s.project, m.SHA)).in(s); len(of) != 1 || of[0].IID != m.IID {
		s.Errorf("the commit's merge requests are %+v", of)
	}
}
