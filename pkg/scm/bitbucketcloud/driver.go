package bitbucketcloud

import (
	"context"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

var _ scm.Driver = Driver{}

// Driver is Bitbucket Cloud as a forge.
type Driver struct{}

// Open makes a client for account.URL, usually https://bitbucket.org. The account proves itself by one of
//   - Token alone: an access token of a repository, project or workspace;
//   - User and Token: the e-mail address of an Atlassian account and an API token of it;
//   - ClientID and ClientSecret: an OAuth consumer of the workspace, by the client credentials grant.
//
// The bot needs to write to the repository. Bitbucket tells only administrators of a repository who may write to it, and
// only administrators change webhooks; access tokens of a single repository do not see the members of its workspace.
func (Driver) Open(account scm.Account) (*scm.Client, error) {
	a, err := newAPI(account)
	if err != nil {
		return nil, err
	}
	none := scm.NewClient(scm.Client{})
	var gitToken func(context.Context, string) (string, error)
	if account.ClientID != "" {
		gitToken = func(ctx context.Context, _ string) (string, error) { return a.Bearer(ctx, rest.Call{}) }
	}
	return scm.NewClient(scm.Client{
		GitToken: gitToken,
		Capabilities: scm.Capabilities{
			PullHeadRef:    "", // a pull request leaves no ref
			GitUser:        gitUser(account.Credentials),
			EmulatedLabels: true,
			Issues:         true, Drafts: true, RequestChanges: true, ReviewRequests: true, OrgHooks: true,
			OpenNames: true, CommentDeletions: true, InlineComments: true, Dismissals: true, StatusEvents: true,
			MergeMethods: []scm.MergeMethod{scm.MergeCommit, scm.MergeSquash, scm.MergeRebase, scm.MergeFastForward},
		},
		Pulls:        pulls{a},
		Reviews:      reviews{a},
		Merges:       merges{a},
		Comments:     comments{a},
		Issues:       issues{a},
		Statuses:     statuses{a},
		Contents:     contents{a},
		Members:      members{a, none.Members},
		Repositories: repositories{a, account.Connection},
		Hooks:        hooks{a, none.Hooks},
	}), nil
}

// gitUser is Bitbucket's name for the kind of token, which git logs in with: an API token goes with a person's e-mail address,
// other tokens stand alone.
func gitUser(proof scm.Credentials) string {
	if proof.User != "" {
		return "x-bitbucket-api-token-auth"
	}
	return "x-token-auth"
}
