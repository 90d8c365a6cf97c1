package gitea

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

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

// permissions by Gitea's names.
var permissions = map[string]scm.Permission{
	"read": scm.PermissionRead, "write": scm.PermissionWrite, "admin": scm.PermissionAdmin, "owner": scm.PermissionAdmin,
}

// Permission implements scm.Members. Gitea tells only administrators of a repository what somebody may do there, and counts
// a team that may write to some units as reading. So who seems to do no more than read is looked for among those who can be
// assigned, a list that Gitea makes of the people who may write.
func (m members) Permission(ctx context.Context, repo scm.Repo, user scm.User) (scm.Permission, error) {
	login := user.Login
	var answer struct {
		Permission string `json:"permission"`
	}
	_, err := m.Do(ctx, rest.Get("repos.permission", repoPath(repo, "collaborators", login, "permission")), nil, &answer)
	switch {
	case errors.Is(err, scm.ErrNotFound):
		return scm.PermissionNone, nil // no such user
	case err != nil && !errors.Is(err, scm.ErrForbidden):
		return scm.PermissionNone, fmt.Errorf("ask for the permission of %s in %v: %w", login, repo, err)
	}
	told := permissions[answer.Permission]
	if told >= scm.PermissionWrite {
		return told, nil
	}
	if may, err := m.isAssignable(ctx, repo, login); err != nil || !may {
		return told, err
	}
	return scm.PermissionWrite, nil
}

// TeamMembers implements scm.Members.
func (m members) TeamMembers(ctx context.Context, org, team string) ([]string, error) {
	type entry struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	found, err := list[entry](ctx, m.api, rest.Get("teams.list", []string{"orgs", org, "teams"})) // the search leaves teams out
	if err != nil {
		return nil, fmt.Errorf("list teams of %s: %w", org, err)
	}
	for _, one := range found {
		if !strings.EqualFold(one.Name, team) {
			continue
		}
		people, err := list[user](ctx, m.api, rest.Get("teams.members", []string{"teams", strconv.FormatInt(one.ID, 10), "members"}))
		if err != nil {
			return nil, fmt.Errorf("list members of team %s of %s: %w", team, org, err)
		}
		var logins []string
		for _, p := range people {
			logins = append(logins, p.Login)
		}
		return logins, nil
	}
	return nil, fmt.Errorf("team %s of %s: %w", team, org, scm.ErrNotFound)
}

// isAssignable asks for a list that is not paged: Gitea sends all of it.
func (m members) isAssignable(ctx context.Context, repo scm.Repo, login string) (bool, error) {
	var users []struct {
		Login string `json:"login"`
	}
	if _, err := m.Do(ctx, rest.Get("repos.assignees", repoPath(repo, "assignees")), nil, &users); err != nil {
		return false, fmt.Errorf("ask who may write to %v: %w", repo, err)
	}
	for _, u := range users {
		if strings.EqualFold(u.Login, login) {
			return true, nil
		}
	}
	return false, nil
}
