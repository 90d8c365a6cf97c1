package vendors

// GitHub is where GitHub's dialect or driver knowingly differs from the documents.
var GitHub = []Exception{
	{"", "/head/repo: Value is not nullable", "it is null once a fork is deleted, as webhooks' schemas know"},
	{"status", "status$event body/commit/commit/verification: additional properties 'verified_at' not allowed", "it came after the schemas; the OpenAPI document demands it"},
}

// GitLab is where GitLab's dialect or driver knowingly differs from the types of GitLab's own client.
var GitLab = []Exception{
	{"", "there is no field Author.", "GitLab answers with the same account everywhere; of a status's author the client keeps less"},
	{"", ".membership_state", "members waiting for a seat have it, as GitLab's documentation of members says"},
	{"", "MergeRequest.merge_status", "deprecated and still answered; it alone tells conflicts from other reasons"},
	{"", "Repository.id", "webhooks write the project of a source branch as they write their own, with its number"},
	{"Note Hook", "MergeCommentEventMergeRequest.draft", "a merge request is written alike in the webhooks of comments and in its own"},
	{"GET /api/v4/projects/{id}/repository/commits", "no parameter order", "GitLab documents it; the client sends the default only"},
}

// BitbucketCloud is where Bitbucket Cloud's dialect or driver knowingly differs from the document.
var BitbucketCloud = []Exception{
	{"GET /repositories/{workspace}/{repo_slug}/diffstat/", "query parameter from_pullrequest_id", "Bitbucket itself redirects to such an address"},
	{
		"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/diffstat", "query parameter pagelen",
		"the driver asks for pages of what Bitbucket redirects to",
	},
}
