package github

import (
	"context"
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type members struct{ *api }

// IsOrgMember implements scm.Members. The owner of a repository may be a user instead of an organisation; that has no
// members, so the answer is no, and IsCollaborator says yes to the owner. A bot outside the organisation is redirected to
// its public members: hidden membership is a no then.
func (m members) IsOrgMember(ctx context.Context, org string, user scm.User) (bool, error) {
	login := user.Login
	_, err := m.Do(ctx, rest.Get("orgs.member", []string{"orgs", org, "members", login}), nil, nil)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, scm.ErrNotFound):
		return false, nil
	default:
		return false, fmt.Errorf("ask whether %s is a member of %s: %w", login, org, err)
	}
}

// IsCollaborator implements scm.Members. It counts every way to permission: owner, team, collaborator.
func (m members) IsCollaborator(ctx context.Context, repo scm.Repo, user scm.User) (bool, error) {
	p, err := m.Permission(ctx, repo, user)
	return p >= scm.PermissionWrite, err
}

// permissions by GitHub's names of roles.
var permissions = map[string]scm.Permission{
	"read": scm.PermissionRead, "triage": scm.PermissionTriage, "write": scm.PermissionWrite,
	"maintain": scm.PermissionMaintain, "admin": scm.PermissionAdmin,
}

// Permission implements scm.Members. The bot has to be allowed to write itself. A role that an organisation made of its own
// counts as what it is based on.
func (m members) Permission(ctx context.Context, repo scm.Repo, user scm.User) (scm.Permission, error) {
	login := user.Login
	var answer struct {
		Permission string `json:"permission"`
		RoleName   string `json:"role_name"`
	}
	_, err := m.Do(ctx, rest.Get("repos.permission", repoPath(repo, "collaborators", login, "permission")), nil, &answer)
	if errors.Is(err, scm.ErrNotFound) {
		return scm.PermissionNone, nil // no such user
	}
	if err != nil {
		return scm.PermissionNone, fmt.Errorf("ask for the permission of %s in %v: %w", login, repo, err)
	}
	return max(permissions[answer.RoleName], permissions[answer.Permission]), nil
}

// TeamMembers implements scm.Members. Members of teams below it count.
func (m members) TeamMembers(ctx context.Context, org, team string) ([]string, error) {
	people, err := list[user](ctx, m.api, rest.Get("teams.members", []string{"orgs", org, "teams", team, "members"}))
	if err != nil {
		return nil, fmt.Errorf("list members of team %s of %s: %w", team, org, err)
	}
	var logins []string
	for _, p := range people {
		logins = append(logins, p.Login)
	}
	return logins, nil
}
