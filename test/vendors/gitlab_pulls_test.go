package vendors_test

import (
	"net/http"

	gl "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest/contract"
)

func basicUsers(all []*gl.BasicUser) []scm.User {
	var out []scm.User
	for _, u := range all {
		out = append(out, scm.User{Login: u.Username, ID: id(u.ID)})
	}
	return out
}

// pull is a merge request of a branch of the repository itself.
func (s *gitlabSession) pull(m *gl.MergeRequest) scm.PullRequest {
	p := scm.PullRequest{
		Ref: scm.PullRef{Repo: s.repo, Number: int(m.IID)}, Title: m.Title, Body: m.Description, Author: basicUsers([]*gl.BasicUser{m.Author})[0],
		Base: scm.Branch{Name: m.TargetBranch, SHA: m.DiffRefs.StartSha, Repo: s.project},
		Head: scm.Branch{Name: m.SourceBranch, SHA: m.SHA, Repo: s.project}, Link: m.WebURL, Labels: m.Labels, State: gitlabState(m.State),
		Draft: m.Draft, Assignees: basicUsers(m.Assignees), Reviewers: basicUsers(m.Reviewers), CloneURL: s.forge.URL() + "/" + s.project + ".git",
	}
	if m.State == "opened" && !m.HasConflicts || m.State == "merged" {
		p.Mergeable = scm.MergeableYes
	}
	if m.Milestone != nil {
		p.Milestone = m.Milestone.Title
	}
	if p.State == scm.StateMerged {
		p.MergeSHA = m.MergeCommitSHA
	}
	return p
}

// samePull reads a merge request by client and driver.
func (s *gitlabSession) samePull(ref scm.PullRef) *gl.MergeRequest {
	s.Helper()
	m := of(s.MergeRequests.GetMergeRequest(s.project, int64(ref.Number), nil)).in(s)
	got, err := s.driver.Pulls.Get(s.Context(), ref)
	s.ok(err)
	s.same("the merge request", s.pull(m), *got)
	return m
}

func (s *gitlabSession) mergeRequests() {
	m, ref := s.open("feature")
	if m.Author.Username != s.login || !m.Draft || m.DetailedMergeStatus != "draft_status" || m.ChangesCount != "1" {
		s.Errorf("the merge request is %+v", m)
	}
	s.samePull(ref)
	listed := of(s.MergeRequests.ListProjectMergeRequests(s.project, &gl.ListProjectMergeRequestsOptions{State: new("opened")})).in(s)
	if len(listed) != 1 || listed[0].IID != m.IID || listed[0].SHA != m.SHA || listed[0].References.Full != s.project+"!1" {
		s.Errorf("the merge requests are %+v", listed)
	}
	var files []string
	for _, d := range of(s.MergeRequests.ListMergeRequestDiffs(s.project, m.IID, nil)).in(s) {
		files = append(files, d.NewPath)
	}
	changed, err := s.driver.Pulls.ChangedFiles(s.Context(), ref)
	s.ok(err)
	s.same("the changed files", files, changed)
	bob := s.user(contract.Bob).ID
	of(s.MergeRequests.UpdateMergeRequest(s.project, m.IID, &gl.UpdateMergeRequestOptions{
		Title: new("Better"), Description: new("and clearer"), AssigneeIDs: &[]int64{bob}, ReviewerIDs: &[]int64{bob},
	})).in(s)
	if m = s.samePull(ref); m.Title != "Better" || m.Draft || m.Assignees[0].Username != contract.Bob || m.Reviewers[0].Username != contract.Bob {
		s.Errorf("the merge request is %+v", m)
	}
	of(s.MergeRequests.UpdateMergeRequest(s.project, m.IID, &gl.UpdateMergeRequestOptions{StateEvent: new("close")})).in(s)
	if m = of(s.MergeRequests.GetMergeRequest(s.project, m.IID, nil)).in(s); m.State != "closed" {
		s.Errorf("its state is %s", m.State)
	}
	of(s.MergeRequests.GetMergeRequest(s.project, 999, nil)).refused(s, http.StatusNotFound)
}

func (s *gitlabSession) merges() {
	m, ref := s.open("feature")
	accept := func(sha string) outcome[*gl.MergeRequest] {
		return of(s.MergeRequests.AcceptMergeRequest(s.project, m.IID, &gl.AcceptMergeRequestOptions{SHA: &sha, Squash: new(false)}))
	}
	accept(m.SHA).refused(s, http.StatusMethodNotAllowed)
	of(s.MergeRequests.UpdateMergeRequest(s.project, m.IID, &gl.UpdateMergeRequestOptions{Title: new("Add feature")})).in(s)
	accept("0123456789012345678901234567890123456789").refused(s, http.StatusConflict)
	if merged := accept(m.SHA).in(s); merged.State != "merged" || merged.MergeCommitSHA == "" || merged.MergeUser.Username != s.login {
		s.Errorf("merged is %+v", merged)
	}
	s.samePull(ref)
}

func (s *gitlabSession) approvals() {
	m, ref := s.open("feature")
	given := of(s.MergeRequestApprovals.ApproveMergeRequest(s.project, m.IID, &gl.ApproveMergeRequestOptions{SHA: &m.SHA})).in(s)
	if !given.UserHasApproved || len(given.ApprovedBy) != 1 {
		s.Errorf("the approvals are %+v", given)
	}
	of(s.MergeRequestApprovals.ApproveMergeRequest(s.project, m.IID, nil)).refused(s, http.StatusUnauthorized)
	var all []scm.Review
	for _, by := range of(s.MergeRequestApprovals.GetConfiguration(s.project, m.IID)).in(s).ApprovedBy {
		all = append(all, scm.Review{
			ID: id(by.User.ID), State: scm.ReviewApproved, Author: scm.User{Login: by.User.Username, ID: id(by.User.ID)}, Created: *by.ApprovedAt,
		})
	}
	got, err := s.driver.Reviews.List(s.Context(), ref)
	s.ok(err)
	s.same("the approvals", all, got)
	done(s.MergeRequestApprovals.UnapproveMergeRequest(s.project, m.IID)).in(s)
	done(s.MergeRequestApprovals.UnapproveMergeRequest(s.project, m.IID)).refused(s, http.StatusNotFound)
}

// labels are put on and taken off; milestones are there to choose from.
func (s *gitlabSession) labels() {
	m, ref := s.open("feature")
	s.ok(s.forge.Do(func() error {
		r, err := s.forge.Repo(s.repo.Org, s.repo.Name)
		if err == nil {
			s.forge.AddMilestone(r, "v1")
		}
		return err
	}))
	milestones := of(s.Milestones.ListMilestones(s.project, &gl.ListMilestonesOptions{State: new("active")})).in(s)
	titles, err := s.driver.Milestones.List(s.Context(), s.repo)
	s.ok(err)
	s.same("the milestones", []string{milestones[0].Title}, titles)
	of(s.MergeRequests.UpdateMergeRequest(s.project, m.IID, &gl.UpdateMergeRequestOptions{
		AddLabels: &gl.LabelOptions{"lgtm", "kind/bug"}, MilestoneID: &milestones[0].ID,
	})).in(s)
	s.samePull(ref)
	of(s.MergeRequests.UpdateMergeRequest(s.project, m.IID, &gl.UpdateMergeRequestOptions{RemoveLabels: &gl.LabelOptions{"lgtm"}})).in(s)
	if m = s.samePull(ref); len(m.Labels) != 1 || m.Labels[0] != "kind/bug" || m.Milestone.Title != "v1" {
		s.Errorf("labels %v, milestone %+v", m.Labels, m.Milestone)
	}
	var known []string
	for _, l := range of(s.Labels.ListLabels(s.project, &gl.ListLabelsOptions{IncludeAncestorGroups: new(true)})).in(s) {
		known = append(known, l.Name)
	}
	defined, err := s.driver.Labels.Defined(s.Context(), s.repo)
	s.ok(err)
	s.same("the labels", known, defined)
}

func (s *gitlabSession) issue(i *gl.Issue) scm.Issue {
	out := scm.Issue{
		Ref: scm.PullRef{Repo: s.repo, Number: int(i.IID)}, Title: i.Title, Body: i.Description, State: gitlabState(i.State), Labels: i.Labels,
		Author: scm.User{Login: i.Author.Username, ID: id(i.Author.ID)}, Link: i.WebURL,
	}
	for _, u := range i.Assignees {
		out.Assignees = append(out.Assignees, scm.User{Login: u.Username, ID: id(u.ID)})
	}
	return out
}

func (s *gitlabSession) issues() {
	made := of(s.Issues.CreateIssue(s.project, &gl.CreateIssueOptions{Title: new("It is dark"), Description: new("light?")})).in(s)
	of(s.Issues.UpdateIssue(s.project, made.IID, &gl.UpdateIssueOptions{
		Title: new("Dark"), StateEvent: new("close"), AddLabels: &gl.LabelOptions{"kind/bug"}, AssigneeIDs: &[]int64{s.user(contract.Bob).ID},
	})).in(s)
	i := of(s.Issues.GetIssue(s.project, made.IID)).in(s)
	got, err := s.driver.Issues.Get(s.Context(), scm.PullRef{Repo: s.repo, Number: int(made.IID)})
	s.ok(err)
	s.same("the issue", s.issue(i), *got)
	if i.Title != "Dark" || i.State != "closed" || len(i.Labels) != 1 || len(i.Assignees) != 1 || i.Author.Username != s.login {
		s.Errorf("the issue is %+v", i)
	}
	of(s.Issues.GetIssue(s.project, 999)).refused(s, http.StatusNotFound)
}

// sameNotes compares the client's discussions with the driver's comments.
func (s *gitlabSession) sameNotes(threads []*gl.Discussion, ref scm.PullRef, page string) {
	s.Helper()
	var all []scm.Comment
	for _, thread := range threads {
		for i, n := range thread.Notes {
			one := scm.Comment{
				ID: id(n.ID), Body: n.Body, Author: scm.User{Login: n.Author.Username, ID: id(n.Author.ID)}, Link: page + "#note_" + id(n.ID), Created: *n.CreatedAt,
			}
			if i > 0 {
				one.ReplyTo = id(thread.Notes[0].ID)
			}
			all = append(all, one)
		}
	}
	got, err := s.driver.Comments.List(s.Context(), ref)
	s.ok(err)
	s.same("the comments", all, got)
}

func (s *gitlabSession) notes() {
	m, ref := s.open("feature")
	n := of(s.Notes.CreateMergeRequestNote(s.project, m.IID, &gl.CreateMergeRequestNoteOptions{Body: new("why?")})).in(s)
	of(s.Notes.UpdateMergeRequestNote(s.project, m.IID, n.ID, &gl.UpdateMergeRequestNoteOptions{Body: new("why not?")})).in(s)
	threads := of(s.Discussions.ListMergeRequestDiscussions(s.project, m.IID, nil)).in(s)
	if len(threads) != 1 || !threads[0].IndividualNote || threads[0].Notes[0].Body != "why not?" || threads[0].Notes[0].NoteableIID != m.IID {
		s.Fatalf("the discussions are %+v", threads)
	}
	reply := of(s.Discussions.AddMergeRequestDiscussionNote(s.project, m.IID, threads[0].ID, &gl.AddMergeRequestDiscussionNoteOptions{Body: new("so")})).in(s)
	s.sameNotes(of(s.Discussions.ListMergeRequestDiscussions(s.project, m.IID, nil)).in(s), ref, m.WebURL)
	done(s.Notes.DeleteMergeRequestNote(s.project, m.IID, reply.ID)).in(s)
	done(s.Notes.DeleteMergeRequestNote(s.project, m.IID, reply.ID)).refused(s, http.StatusNotFound)
	s.issueNotes()
}

func (s *gitlabSession) issueNotes() {
	i := of(s.Issues.CreateIssue(s.project, &gl.CreateIssueOptions{IID: new(int64(77)), Title: new("It is dark")})).in(s)
	ref := scm.PullRef{Repo: s.repo, Number: int(i.IID)}
	n := of(s.Notes.CreateIssueNote(s.project, i.IID, &gl.CreateIssueNoteOptions{Body: new("hello")})).in(s)
	of(s.Notes.UpdateIssueNote(s.project, i.IID, n.ID, &gl.UpdateIssueNoteOptions{Body: new("good day")})).in(s)
	threads := of(s.Discussions.ListIssueDiscussions(s.project, i.IID, nil)).in(s)
	of(s.Discussions.AddIssueDiscussionNote(s.project, i.IID, threads[0].ID, &gl.AddIssueDiscussionNoteOptions{Body: new("and you")})).in(s)
	threads = of(s.Discussions.ListIssueDiscussions(s.project, i.IID, nil)).in(s)
	if len(threads) != 1 || len(threads[0].Notes) != 2 || threads[0].Notes[0].Body != "good day" || threads[0].Notes[1].NoteableType != "Issue" {
		s.Errorf("the discussions of %v are %+v", ref, threads)
	}
	done(s.Notes.DeleteIssueNote(s.project, i.IID, n.ID)).in(s)
}
