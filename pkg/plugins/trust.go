package plugins

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// trustedUser says whether login's code may run: the bot itself, a listed app, a member of the owning or the trusted
// organisation, or a collaborator unless only members count. An error means no.
func (t trigger) trustedUser(ctx context.Context, run *chatops.Run, repo scm.Repo, login string) (bool, error) {
	s := t.Triggers(repo)
	if run.IsBot(login) || slices.Contains(s.TrustedApps, strings.TrimSuffix(login, "[bot]")) {
		return true, nil
	}
	orgs := []string{repo.Org}
	if s.TrustedOrg != "" && s.TrustedOrg != repo.Org {
		orgs = append(orgs, s.TrustedOrg)
	}
	for _, org := range orgs {
		member, err := run.IsMember(ctx, org, login)
		if err != nil {
			return false, fmt.Errorf("check membership of %s in %s: %w", login, org, err)
		}
		if member {
			return true, nil
		}
	}
	if s.OnlyOrgMembers {
		return false, nil
	}
	collaborator, err := run.IsCollaborator(ctx, repo, login)
	if err != nil {
		return false, fmt.Errorf("check whether %s collaborates on %v: %w", login, repo, err)
	}
	return collaborator, nil
}

// trustedPull says whether the pull request may be tested: its author is trusted, or someone trusted has said so.
func (t trigger) trustedPull(ctx context.Context, run *chatops.Run, p *scm.PullRequest) (bool, error) {
	if p.HasLabel(LabelOKToTest) && !t.Triggers(p.Ref.Repo).IgnoreOKToTest {
		return true, nil
	}
	return t.trustedUser(ctx, run, p.Ref.Repo, p.Author.Login)
}
