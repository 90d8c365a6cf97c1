package bitbucketserver

import (
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

var _ scm.Driver = Driver{}

// Driver is Bitbucket Data Center as a forge.
type Driver struct{}

// Open makes a client for the server at account.URL, whose token is an HTTP access token of account.Bot. The bot needs write
// permission for a repository to merge, to ask for reviews and to edit the pull requests of others, and administrator
// permission for a repository or project to install webhooks there.
func (Driver) Open(account scm.Account) (*scm.Client, error) {
	base, err := rest.Base(account)
	if err != nil {
		return nil, err
	}
	if account.AppID != 0 || account.ClientID != "" {
		return nil, fmt.Errorf("open client of connection %s: Bitbucket Data Center takes an HTTP access token only", account.Connection)
	}
	a := newAPI(base, account)
	none := scm.NewClient(scm.Client{})
	return scm.NewClient(scm.Client{
		Capabilities: scm.Capabilities{
			StatusDescriptionLimit: 255,
			PullHeadRef:            "refs/pull-requests/%d/from",
			GitUser:                "x-token-auth",
			EmulatedLabels:         true,
			Drafts:                 true, // since 8.18
			Reopen:                 true, RequestChanges: true, ReviewRequests: true, Teams: true, HeadGuard: true, OrgHooks: true,
			CommentDeletions: true, InlineComments: true, Dismissals: true, EditDetails: true,
			MergeMethods: []scm.MergeMethod{scm.MergeCommit, scm.MergeSquash, scm.MergeRebase, scm.MergeFastForward},
		},
		Pulls:        pulls{a},
		Reviews:      reviews{a, account.Bot},
		Merges:       merges{a},
		Comments:     comments{a},
		Statuses:     statuses{a},
		Contents:     contents{a},
		Members:      members{a},
		Repositories: repositories{a, account.Connection},
		Hooks:        hooks{a, none.Hooks},
	}), nil
}
