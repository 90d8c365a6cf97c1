package gitlab

import (
	"context"
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type members struct{ *api }

// Access levels, GitLab's numbers of roles.
const (
	guest      = 10
	reporter   = 20
	developer  = 30
	maintainer = 40
	owner      = 50
)

// member is somebody's membership, however it was granted. Who is "awaiting" a seat may do nothing yet.
type member struct {
	user
	State      string `json:"state"`
	Level      int    `json:"access_level"`
	Membership string `json:"membership_state"`
}

func (m *member) level() int {
	if m.Membership == "awaiting" {
		return 0
	}
	return m.Level
}

// IsOrgMember implements scm.Members, for members of the groups above and of groups invited as well. Guests are members,
// those with minimal access are not. A user's own namespace has no members: the answer is no, and IsCollaborator says yes to
// its owner.
func (m members) IsOrgMember(ctx context.Context, org string, who scm.User) (bool, error) {
	found, err := m.member(ctx, groupPath(org), who)
	if err != nil && !errors.Is(err, scm.ErrNotFound) {
		return false, fmt.Errorf("ask whether %s is a member of %s: %w", who.Login, org, err)
	}
	return err == nil && found.level() >= guest, nil
}

// IsCollaborator implements scm.Members. It counts every way to permission: group, invited group, project.
func (m members) IsCollaborator(ctx context.Context, repo scm.Repo, who scm.User) (bool, error) {
	level, err := m.levelIn(ctx, repo, who)
	if err != nil {
		return false, fmt.Errorf("ask whether %s may write to %v: %w", who.Login, repo, err)
	}
	return level >= developer, nil
}

// Permission implements scm.Members. Whoever is no member may read what is open to all, and what is open to all accounts.
func (m members) Permission(ctx context.Context, repo scm.Repo, who scm.User) (scm.Permission, error) {
	level, err := m.levelIn(ctx, repo, who)
	if err != nil {
		return scm.PermissionNone, fmt.Errorf("ask for the permission of %s in %v: %w", who.Login, repo, err)
	}
	switch {
	case level >= owner:
		return scm.PermissionAdmin, nil
	case level >= maintainer:
		return scm.PermissionMaintain, nil
	case level >= developer:
		return scm.PermissionWrite, nil
	case level >= reporter:
		return scm.PermissionTriage, nil
	case level >= guest:
		return scm.PermissionRead, nil
	}
	return scm.PermissionNone, nil
}

// levelIn is zero for an account that there is not.
func (m members) levelIn(ctx context.Context, repo scm.Repo, who scm.User) (int, error) {
	found, err := m.member(ctx, projectPath(repo), who)
	switch {
	case err == nil:
		return found.level(), nil
	case errors.Is(err, errNoAccount):
		return 0, nil
	case errors.Is(err, scm.ErrNotFound):
		return m.open(ctx, repo)
	}
	return 0, err
}

// open is the level of accounts that are no members. A project that the token cannot see is an error.
func (m members) open(ctx context.Context, repo scm.Repo) (int, error) {
	var answer struct {
		Visibility string `json:"visibility"`
		Code       string `json:"repository_access_level"`
	}
	if _, err := m.Do(ctx, rest.Get("repos.get", projectPath(repo)), nil, &answer); err != nil {
		return 0, err
	}
	if answer.Visibility == "private" || answer.Visibility == "" || answer.Code == "private" || answer.Code == "disabled" {
		return 0, nil
	}
	return guest, nil
}

// errNoAccount: nobody has the login.
var errNoAccount = fmt.Errorf("no such account: %w", scm.ErrNotFound)

// member asks for one account's membership below a path, ErrNotFound if it has none. Accounts are asked for by their number,
// which is looked up for a login alone.
func (m members) member(ctx context.Context, of []string, who scm.User) (*member, error) {
	id := who.ID
	if id == "" {
		account, err := m.find(ctx, who.Login)
		if err != nil {
			return nil, err
		}
		if account == nil {
			return nil, errNoAccount
		}
		id = number(account.ID)
	}
	var found member
	_, err := m.Do(ctx, rest.Get("members.get", append(of, "members", "all", id)), nil, &found)
	return &found, err
}

// TeamMembers implements scm.Members: a team is a subgroup, named by its path below the group; those who are members of the
// groups above only are not of it.
func (m members) TeamMembers(ctx context.Context, org, team string) ([]string, error) {
	found, err := list[member](ctx, m.api, rest.Get("teams.members", groupPath(org+"/"+team, "members")))
	if err != nil {
		return nil, fmt.Errorf("list members of team %s of %s: %w", team, org, err)
	}
	var logins []string
	for i := range found {
		if found[i].level() >= guest && found[i].State != "blocked" {
			logins = append(logins, found[i].Username)
		}
	}
	return logins, nil
}
