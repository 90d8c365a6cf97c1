package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

var _ scm.Driver = Driver{}

// Driver is GitHub as a forge.
type Driver struct{}

// descriptionLimit is how many characters of a status' description GitHub takes.
const descriptionLimit = 140

// Open makes a client for the server at account.URL, as the user of a token or as an App. A user needs write permission for
// statuses and labels and to ask who may write, and to be an administrator for webhooks. An App needs the repository
// permissions checks (read), contents, issues, pull requests and commit statuses (write), members of the organisation
// (read), and webhooks (write) for their installation.
func (Driver) Open(account scm.Account) (*scm.Client, error) {
	base, err := rest.Base(account)
	if err != nil {
		return nil, err
	}
	prove, err := proof(account)
	if err != nil {
		return nil, fmt.Errorf("open client of connection %s: %w", account.Connection, err)
	}
	a := newAPI(base, account, prove)
	var gitToken func(context.Context, string) (string, error)
	if account.AppID != 0 {
		gitToken = func(ctx context.Context, owner string) (string, error) {
			return a.Bearer(ctx, rest.Get("git", []string{"repos", owner}))
		}
	}
	return scm.NewClient(scm.Client{
		GitToken: gitToken,
		Capabilities: scm.Capabilities{
			StatusDescriptionLimit: descriptionLimit,
			PullHeadRef:            "refs/pull/%d/head",
			GitUser:                "x-access-token",
			Issues:                 true, Milestones: true, Drafts: true, Reopen: true, RequestChanges: true, ReviewRequests: true,
			Assignees: true, Teams: true, HeadGuard: true, OrgHooks: true, Redelivery: true,
			CommentDeletions: true, InlineComments: true, Dismissals: true, StatusEvents: true, ReopenEvents: true, EditDetails: true,
			MergeMethods: []scm.MergeMethod{scm.MergeCommit, scm.MergeSquash, scm.MergeRebase},
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
		Hooks:        hooks{a},
	}), nil
}

// proof adds who asks to a request: a token's user, or an App's installation.
func proof(account scm.Account) (func(context.Context, http.Header) error, error) {
	switch {
	case account.AppID != 0 && account.Token != "":
		return nil, errors.New("a token and a GitHub App exclude each other")
	case account.AppID != 0:
		app, err := newApp(account)
		if err != nil {
			return nil, err
		}
		return app.prove, nil
	}
	return func(_ context.Context, header http.Header) error {
		if account.Token != "" {
			header.Set("Authorization", "Bearer "+account.Token)
		}
		return nil
	}, nil
}
