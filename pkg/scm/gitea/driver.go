package gitea

import (
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

var _ scm.Driver = Driver{}

// Driver is Gitea as a forge.
type Driver struct{}

// Open makes a client for the server at account.URL. The bot needs write permission for statuses and labels, and to be
// an owner of the repository's organisation, or its administrator, for asking who may write to it.
func (Driver) Open(account scm.Account) (*scm.Client, error) {
	base, err := rest.Base(account)
	if err != nil {
		return nil, err
	}
	a := newAPI(base, account)
	none := scm.NewClient(scm.Client{})
	return scm.NewClient(scm.Client{
		Capabilities: scm.Capabilities{
			StatusDescriptionLimit: 0, // stored as text
			PullHeadRef:            "refs/pull/%d/head",
			Issues:                 true, Milestones: true, Drafts: true, Reopen: true, RequestChanges: true, ReviewRequests: true,
			Assignees: true, Teams: true, HeadGuard: true, OrgHooks: true, CommentDeletions: true, StatusEvents: true, ReopenEvents: true, EditDetails: true,
			MergeMethods: []scm.MergeMethod{scm.MergeCommit, scm.MergeSquash, scm.MergeRebase, scm.MergeFastForward},
		},
		Pulls:        pulls{a},
		Reviews:      reviews{a},
		Merges:       merges{a},
		Comments:     comments{a},
		Labels:       labels{a},
		Issues:       issues{a},
		Milestones:   milestones{a},
		Statuses:     statuses{a},
		Contents:     contents{a},
		Members:      members{a},
		Repositories: repositories{a, account.Connection},
		Hooks:        hooks{a, none.Hooks},
	}), nil
}
