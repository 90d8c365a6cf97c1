package bitbucketserver

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

// members asks for users by what they may do, which any user may ask: the answer counts every way to a permission, and
// higher ones. The grants themselves are shown to administrators only.
type members struct{ *api }

// find is the user of that name among those that match the filter, nil if there is none.
func (a *api) find(ctx context.Context, login string, filter url.Values) (*user, error) {
	if login == "" {
		return nil, fmt.Errorf("no login: %w", scm.ErrInvalid)
	}
	get := rest.Get("users.search", []string{"api", "1.0", "users"})
	get.Query = url.Values{"filter": {login}} // is contained in name, full name or address
	maps.Copy(get.Query, filter)
	found, err := list[user](ctx, a, get)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if strings.EqualFold(found[i].Name, login) {
			return &found[i], nil
		}
	}
	return nil, nil
}

// IsOrgMember implements scm.Members. A member of a project is who may write to all of it: that everybody may read is
// usual. A personal project has its owner for a member.
func (m members) IsOrgMember(ctx context.Context, org string, user scm.User) (bool, error) {
	login := user.Login
	if strings.HasPrefix(org, "~") {
		return m.owns(ctx, org, login)
	}
	found, err := m.find(ctx, login, url.Values{"permission.1": {"PROJECT_WRITE"}, "permission.1.projectKey": {org}})
	if err != nil {
		return false, fmt.Errorf("ask whether %s is a member of %s: %w", login, org, err)
	}
	return found != nil, nil
}

// owns says whether a project is the personal one of login.
func (m members) owns(ctx context.Context, org, login string) (bool, error) {
	slug, personal := strings.CutPrefix(org, "~")
	if !personal {
		return false, nil
	}
	found, err := m.find(ctx, login, nil)
	if err != nil {
		return false, fmt.Errorf("ask whether %s owns %s: %w", login, org, err)
	}
	return found != nil && strings.EqualFold(found.Slug, slug), nil
}

// IsCollaborator implements scm.Members.
func (m members) IsCollaborator(ctx context.Context, repo scm.Repo, user scm.User) (bool, error) {
	login := user.Login
	if owner, err := m.owns(ctx, repo.Org, login); err != nil || owner {
		return owner, err
	}
	return m.has(ctx, repo, login, "REPO_WRITE")
}

// Permission implements scm.Members. A public repository may be read by others than those that are named.
func (m members) Permission(ctx context.Context, repo scm.Repo, user scm.User) (scm.Permission, error) {
	login := user.Login
	if owner, err := m.owns(ctx, repo.Org, login); err != nil || owner {
		return scm.PermissionAdmin, err
	}
	for _, level := range []struct {
		native string
		is     scm.Permission
	}{
		{"REPO_ADMIN", scm.PermissionAdmin}, {"REPO_WRITE", scm.PermissionWrite}, {"REPO_READ", scm.PermissionRead},
	} {
		if ok, err := m.has(ctx, repo, login, level.native); err != nil {
			return scm.PermissionNone, err
		} else if ok {
			return level.is, nil
		}
	}
	return scm.PermissionNone, nil
}

func (m members) has(ctx context.Context, repo scm.Repo, login, permission string) (bool, error) {
	// Bitbucket ignores filters that are not numbered from one.
	found, err := m.find(ctx, login, url.Values{
		"permission.1": {permission}, "permission.1.projectKey": {repo.Org}, "permission.1.repositorySlug": {repo.Name},
	})
	if err != nil {
		return false, fmt.Errorf("ask whether %s has %s in %v: %w", login, permission, repo, err)
	}
	return found != nil, nil
}

// TeamMembers implements scm.Members. Teams are the server's groups, whatever the project; an empty one is as good as none.
func (m members) TeamMembers(ctx context.Context, _, team string) ([]string, error) {
	if team == "" {
		return nil, fmt.Errorf("list members of no group: %w", scm.ErrInvalid)
	}
	get := rest.Get("teams.members", []string{"api", "1.0", "users"})
	get.Query = url.Values{"group": {team}}
	people, err := list[user](ctx, m.api, get)
	if err == nil && len(people) == 0 {
		err = scm.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("list members of group %s: %w", team, err)
	}
	var logins []string
	for _, p := range people {
		logins = append(logins, p.Name)
	}
	return logins, nil
}
