package vendors_test

import gl "gitlab.com/gitlab-org/api/client-go/v2"

// gitlabRoute is a call of GitLab's API with the types of GitLab's own client for its query, its body and its answer. What is
// nil there is not.
type gitlabRoute struct {
	pattern             string
	query, body, answer any
}

const (
	gitlabProject = "/api/v4/projects/{id}"
	gitlabGroup   = "/api/v4/groups/{id}"
	gitlabPulls   = gitlabProject + "/merge_requests"
	gitlabPull    = gitlabPulls + "/{iid}"
	gitlabIssues  = gitlabProject + "/issues"
	gitlabIssue   = gitlabIssues + "/{iid}"
	gitlabCode    = gitlabProject + "/repository"
)

// gitlabRoutes are all that the driver calls.
var gitlabRoutes = []gitlabRoute{
	{"GET /api/v4/user", nil, nil, gl.User{}},
	{"GET /api/v4/users", gl.ListUsersOptions{}, nil, []gl.User{}},
	{"GET /api/v4/users/{login}/projects", gl.ListProjectsOptions{}, nil, []gl.Project{}},
	{"GET " + gitlabGroup + "/projects", gl.ListGroupProjectsOptions{}, nil, []gl.Project{}},
	{"GET " + gitlabGroup + "/members", gl.ListGroupMembersOptions{}, nil, []gl.GroupMember{}},
	{"GET " + gitlabGroup + "/members/all/{user}", nil, nil, gl.GroupMember{}},
	{"GET " + gitlabGroup + "/hooks", gl.ListGroupHooksOptions{}, nil, []gl.GroupHook{}},
	{"POST " + gitlabGroup + "/hooks", nil, gl.AddGroupHookOptions{}, gl.GroupHook{}},
	{"PUT " + gitlabGroup + "/hooks/{hook}", nil, gl.EditGroupHookOptions{}, gl.GroupHook{}},
	{"DELETE " + gitlabGroup + "/hooks/{hook}", nil, nil, nil},
	{"GET " + gitlabProject, nil, nil, gl.Project{}},
	{"GET " + gitlabProject + "/members/all/{user}", nil, nil, gl.ProjectMember{}},
	{"GET " + gitlabProject + "/hooks", gl.ListProjectHooksOptions{}, nil, []gl.ProjectHook{}},
	{"POST " + gitlabProject + "/hooks", nil, gl.AddProjectHookOptions{}, gl.ProjectHook{}},
	{"PUT " + gitlabProject + "/hooks/{hook}", nil, gl.EditProjectHookOptions{}, gl.ProjectHook{}},
	{"DELETE " + gitlabProject + "/hooks/{hook}", nil, nil, nil},
	{"GET " + gitlabProject + "/labels", gl.ListLabelsOptions{}, nil, []gl.Label{}},
	{"GET " + gitlabProject + "/milestones", gl.ListMilestonesOptions{}, nil, []gl.Milestone{}},
	{"POST " + gitlabProject + "/statuses/{sha}", nil, gl.SetCommitStatusOptions{}, gl.CommitStatus{}},

	{"GET " + gitlabPulls, gl.ListProjectMergeRequestsOptions{}, nil, []gl.BasicMergeRequest{}},
	{"POST " + gitlabPulls, nil, gl.CreateMergeRequestOptions{}, gl.MergeRequest{}},
	{"GET " + gitlabPull, gl.GetMergeRequestsOptions{}, nil, gl.MergeRequest{}},
	{"PUT " + gitlabPull, nil, gl.UpdateMergeRequestOptions{}, gl.MergeRequest{}},
	{"GET " + gitlabPull + "/diffs", gl.ListMergeRequestDiffsOptions{}, nil, []gl.MergeRequestDiff{}},
	{"PUT " + gitlabPull + "/merge", nil, gl.AcceptMergeRequestOptions{}, gl.MergeRequest{}},
	{"GET " + gitlabPull + "/approvals", nil, nil, gl.MergeRequestApprovals{}},
	{"POST " + gitlabPull + "/approve", nil, gl.ApproveMergeRequestOptions{}, gl.MergeRequestApprovals{}},
	{"POST " + gitlabPull + "/unapprove", nil, nil, gl.MergeRequestApprovals{}},
	{"POST " + gitlabPull + "/notes", nil, gl.CreateMergeRequestNoteOptions{}, gl.Note{}},
	{"PUT " + gitlabPull + "/notes/{note}", nil, gl.UpdateMergeRequestNoteOptions{}, gl.Note{}},
	{"DELETE " + gitlabPull + "/notes/{note}", nil, nil, nil},
	{"GET " + gitlabPull + "/discussions", gl.ListMergeRequestDiscussionsOptions{}, nil, []gl.Discussion{}},
	{"POST " + gitlabPull + "/discussions/{discussion}/notes", nil, gl.AddMergeRequestDiscussionNoteOptions{}, gl.Note{}},

	{"POST " + gitlabIssues, nil, gl.CreateIssueOptions{}, gl.Issue{}},
	{"GET " + gitlabIssue, nil, nil, gl.Issue{}},
	{"PUT " + gitlabIssue, nil, gl.UpdateIssueOptions{}, gl.Issue{}},
	{"POST " + gitlabIssue + "/notes", nil, gl.CreateIssueNoteOptions{}, gl.Note{}},
	{"PUT " + gitlabIssue + "/notes/{note}", nil, gl.UpdateIssueNoteOptions{}, gl.Note{}},
	{"DELETE " + gitlabIssue + "/notes/{note}", nil, nil, nil},
	{"GET " + gitlabIssue + "/discussions", gl.ListIssueDiscussionsOptions{}, nil, []gl.Discussion{}},
	{"POST " + gitlabIssue + "/discussions/{discussion}/notes", nil, gl.AddIssueDiscussionNoteOptions{}, gl.Note{}},

	{"GET " + gitlabCode + "/files/{path}/raw", gl.GetRawFileOptions{}, nil, []byte{}},
	{"GET " + gitlabCode + "/branches/{branch}", nil, nil, gl.Branch{}},
	{"DELETE " + gitlabCode + "/branches/{branch}", nil, nil, nil},
	{"GET " + gitlabCode + "/compare", gl.CompareOptions{}, nil, gl.Compare{}},
	{"GET " + gitlabCode + "/commits", gl.ListCommitsOptions{}, nil, []gl.Commit{}},
	{"GET " + gitlabCode + "/commits/{sha}/merge_requests", gl.ListOptions{}, nil, []gl.BasicMergeRequest{}},
	{"GET " + gitlabCode + "/commits/{sha}/statuses", gl.GetCommitStatusesOptions{}, nil, []gl.CommitStatus{}},
}
