package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pharos-ci/pharos/pkg/scm"
)

type members struct {
	*api
	scm.Members
}

// IsOrgMember implements scm.Members. The owner of a repository may be a user instead of an organisation; that has no
// members, so the answer is no, and IsCollaborator says yes to the owner. A bot outside the organisation is redirected to
// its public members: hidden membership is a no then.
func (m members) IsOrgMember(ctx context.Context, org, login string) (bool, error) {
	_, err := m.do(ctx, call{"orgs.member", http.MethodGet, []string{"orgs", org, "members", login}, nil}, nil, nil)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, scm.ErrNotFound):
		return false, nil
	default:
		return false, fmt.Errorf("ask whether %s is a member of %s: %w", login, org, err)
	}
}

// IsCollaborator implements scm.Members. It counts every way to permission: owner, team, collaborator. Gitea tells only
// administrators of a repository what somebody may do there; any other bot reads it from the list of those who can be
// assigned, which Gitea makes of the people who may write.
func (m members) IsCollaborator(ctx context.Context, repo scm.Repo, login string) (bool, error) {
	var answer struct {
		Permission string `json:"permission"`
	}
	path := repoPath(repo, "collaborators", login, "permission")
	_, err := m.do(ctx, call{"repos.permission", http.MethodGet, path, nil}, nil, &answer)
	switch {
	case errors.Is(err, scm.ErrNotFound):
		return false, nil // no such user
	case errors.Is(err, scm.ErrForbidden):
		return m.isAssignable(ctx, repo, login)
	case err != nil:
		return false, fmt.Errorf("ask for the permission of %s in %v: %w", login, repo, err)
	}
	switch answer.Permission {
	case "write", "admin", "owner":
		return true, nil
	}
	return false, nil
}

// isAssignable asks for a list that is not paged: Gitea sends all of it.
func (m members) isAssignable(ctx context.Context, repo scm.Repo, login string) (bool, error) {
	var users []struct {
		Login string `json:"login"`
	}
	if _, err := m.do(ctx, call{"repos.assignees", http.MethodGet, repoPath(repo, "assignees"), nil}, nil, &users); err != nil {
		return false, fmt.Errorf("ask who may write to %v: %w", repo, err)
	}
	for _, u := range users {
		if strings.EqualFold(u.Login, login) {
			return true, nil
		}
	}
	return false, nil
}
