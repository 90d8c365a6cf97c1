package bitbucketcloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type members struct {
	*api
	scm.Members // Bitbucket's API tells nobody who is in a group
}

// IsOrgMember implements scm.Members by the list of the workspace's members: Bitbucket answers for a single one only by the
// account's id. It needs the scope account, or read:workspace:bitbucket.
func (m members) IsOrgMember(ctx context.Context, org, login string) (bool, error) {
	if login == "" {
		return false, fmt.Errorf("ask whether nobody is a member of %s: %w", org, scm.ErrInvalid)
	}
	member := false
	err := walk(ctx, m.api, paged(membersCall(org)), func(found []membership) bool {
		member = slices.ContainsFunc(found, func(one membership) bool { return strings.EqualFold(one.User.normal().Login, login) })
		return !member
	})
	if err != nil {
		return false, fmt.Errorf("ask whether %s is a member of %s: %w", login, org, err)
	}
	return member, nil
}

// IsCollaborator implements scm.Members.
func (m members) IsCollaborator(ctx context.Context, repo scm.Repo, login string) (bool, error) {
	p, err := m.Permission(ctx, repo, login)
	return p >= scm.PermissionWrite, err
}

// permissions by Bitbucket's names.
var permissions = map[string]scm.Permission{"read": scm.PermissionRead, "write": scm.PermissionWrite, "admin": scm.PermissionAdmin}

// Permission implements scm.Members. Bitbucket tells only administrators of the repository, and counts every way to a
// permission. Of several people with one nickname the one who may do least counts.
func (m members) Permission(ctx context.Context, repo scm.Repo, login string) (scm.Permission, error) {
	if login == "" {
		return scm.PermissionNone, fmt.Errorf("ask for the permission of nobody in %v: %w", repo, scm.ErrInvalid)
	}
	path := []string{"workspaces", repo.Org, "permissions", "repositories", repo.Name}
	found, err := list[membership](ctx, m.api, rest.Get("repos.permission", path))
	switch {
	case errors.Is(err, scm.ErrForbidden):
		return scm.PermissionNone, fmt.Errorf("ask for the permission of %s in %v, which only an administrator of the repository may: %w", login, repo, err)
	case err != nil:
		return scm.PermissionNone, fmt.Errorf("ask for the permission of %s in %v: %w", login, repo, err)
	}
	var all []scm.Permission
	for _, one := range found {
		if strings.EqualFold(one.User.normal().Login, login) {
			all = append(all, permissions[one.Permission])
		}
	}
	if len(all) == 0 {
		return scm.PermissionNone, nil
	}
	return slices.Min(all), nil
}
