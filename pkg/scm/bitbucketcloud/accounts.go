package bitbucketcloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// account is a person, a workspace or an access token as webhooks and the API write it.
type account struct {
	UUID      string `json:"uuid"` // in braces
	AccountID string `json:"account_id"`
	Nickname  string `json:"nickname"`
	// Username is a workspace's; people have none any more.
	Username string `json:"username"`
}

// normal is nobody for a deleted account. Access tokens act as accounts without a nickname, which go by their UUID. The name
// on display is never a login: anybody may give themselves any.
func (a *account) normal() scm.User {
	if a == nil {
		return scm.User{}
	}
	user := scm.User{Login: a.UUID, ID: a.UUID}
	if a.AccountID != "" {
		user.ID = a.AccountID
	}
	switch {
	case a.Nickname != "":
		user.Login = a.Nickname
	case a.Username != "":
		user.Login = a.Username
	}
	return user
}

func users(in []account) []scm.User {
	var all []scm.User
	for i := range in {
		all = append(all, in[i].normal())
	}
	return all
}

// accountRef names an account in what is written.
type accountRef struct {
	UUID string `json:"uuid"`
}

func (a *account) ref() accountRef { return accountRef{a.UUID} }

func contains(logins []string, login string) bool {
	return slices.ContainsFunc(logins, func(one string) bool { return strings.EqualFold(one, login) })
}

// membership is an account in a listing of a workspace. Permission is set where the listing is of a repository's.
type membership struct {
	User       *account `json:"user"`
	Permission string   `json:"permission"`
}

func membersCall(workspace string) rest.Call {
	return rest.Get("orgs.members", []string{"workspaces", workspace, "members"})
}

// people finds members of a workspace by their nicknames. One that nobody or more than one has answers ErrInvalid.
func (a *api) people(ctx context.Context, workspace string, logins []string) ([]*account, error) {
	members, err := list[membership](ctx, a, membersCall(workspace))
	if err != nil {
		return nil, fmt.Errorf("list members of %s: %w", workspace, err)
	}
	var found []*account
	for _, login := range logins {
		var named []*account
		for _, m := range members {
			if m.User != nil && strings.EqualFold(m.User.normal().Login, login) {
				named = append(named, m.User)
			}
		}
		if len(named) != 1 {
			return nil, fmt.Errorf("%d members of %s are called %q: %w", len(named), workspace, login, scm.ErrInvalid)
		}
		found = append(found, named[0])
	}
	return found, nil
}
