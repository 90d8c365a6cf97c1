package bitbucketcloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type members struct {
	*api
	scm.Members // Bitbucket's API tells nobody who is in a group
}

// IsOrgMember implements scm.Members. It needs the scope account, or read:workspace:bitbucket.
func (m members) IsOrgMember(ctx context.Context, org string, user scm.User) (bool, error) {
	if user.ID == "" {
		return false, fmt.Errorf("ask whether %q is a member of %s without an id: %w", user.Login, org, scm.ErrInvalid)
	}
	_, err := m.Do(ctx, rest.Get("orgs.member", []string{"workspaces", org, "members", user.ID}), nil, nil)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, scm.ErrNotFound):
		return false, nil
	}
	return false, fmt.Errorf("ask whether %s is a member of %s: %w", user.Login, org, err)
}

// IsCollaborator implements scm.Members.
func (m members) IsCollaborator(ctx context.Context, repo scm.Repo, user scm.User) (bool, error) {
	p, err := m.Permission(ctx, repo, user)
	return p >= scm.PermissionWrite, err
}

// permissions by Bitbucket's names.
var permissions = map[string]scm.Permission{"read": scm.PermissionRead, "write": scm.PermissionWrite, "admin": scm.PermissionAdmin}

// Permission implements scm.Members. Bitbucket tells only administrators of the repository, and counts every way to a
// permission.
func (m members) Permission(ctx context.Context, repo scm.Repo, user scm.User) (scm.Permission, error) {
	if user.ID == "" {
		return scm.PermissionNone, fmt.Errorf("ask for the permission of %q in %v without an id: %w", user.Login, repo, scm.ErrInvalid)
	}
	path := []string{"workspaces", repo.Org, "permissions", "repositories", repo.Name}
	found, err := list[membership](ctx, m.api, rest.Get("repos.permission", path))
	switch {
	case errors.Is(err, scm.ErrForbidden):
		return scm.PermissionNone, fmt.Errorf("ask for the permission of %s in %v, which only an administrator of the repository may: %w", user.Login, repo, err)
	case err != nil:
		return scm.PermissionNone, fmt.Errorf("ask for the permission of %s in %v: %w", user.Login, repo, err)
	}
	for _, one := range found {
		if one.User.normal().ID == user.ID {
			return permissions[one.Permission], nil
		}
	}
	return scm.PermissionNone, nil
}
