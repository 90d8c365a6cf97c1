package gitlab

import (
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

var _ scm.Driver = Driver{}

// Driver is GitLab as a forge.
type Driver struct{}

// reserved are GitLab's quick actions on merge requests and issues that are one word, as its documentation lists them. It
// takes lines that begin with one out of a comment and acts on them; a comment of nothing else is never kept nor told.
var reserved = []string{
	"approve", "assign", "blocks", "clone", "close", "confidential", "done", "draft", "due", "duplicate", "epic", "estimate",
	"iteration", "label", "labels", "link", "lock", "merge", "milestone", "move", "page", "promote", "publish", "react", "award",
	"ready", "reassign", "rebase", "relabel", "relate", "reopen", "reviewer", "severity", "ship", "shrug", "spend", "status",
	"subscribe", "tableflip", "timeline", "title", "todo", "type", "unapprove", "unassign", "unlabel", "unlink", "unlock",
	"unsubscribe", "weight", "zoom",
}

// statusLimit is the longest description, and the longest target URL, of a commit status in characters.
const statusLimit = 255

// Open makes a client for the server at account.URL. The token may be personal, a project's, a group's or of OAuth, with the
// scope "api"; the bot needs the role Developer for statuses and labels, and Maintainer for webhooks.
func (Driver) Open(account scm.Account) (*scm.Client, error) {
	base, err := rest.Base(account)
	if err != nil {
		return nil, err
	}
	if account.AppID != 0 || account.ClientID != "" {
		return nil, fmt.Errorf("open client of connection %s: GitLab takes a token, neither an app's key nor a consumer's", account.Connection)
	}
	a := newAPI(base, account)
	none := scm.NewClient(scm.Client{})
	return scm.NewClient(scm.Client{
		Capabilities: scm.Capabilities{
			StatusDescriptionLimit: statusLimit,
			PullHeadRef:            "refs/merge-requests/%d/head",
			Issues:                 true, Milestones: true, Drafts: true, Reopen: true, ReviewRequests: true,
			Assignees: true, Teams: true, HeadGuard: true, OrgHooks: true,
			InlineComments: true, Dismissals: true, ReopenEvents: true, EditDetails: true, // of statuses, those of jobs only
			MergeMethods:     []scm.MergeMethod{scm.MergeCommit, scm.MergeSquash, scm.MergeRebase, scm.MergeFastForward},
			ReservedCommands: reserved,
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
