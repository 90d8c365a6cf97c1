package plugins

import (
	"context"
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// trustedUser says whether somebody's code may run: the bot itself, a listed app, a member of the owning or the trusted
// organisation, or a collaborator unless only members count. An error means no.
func (t trigger) trustedUser(ctx context.Context, run *chatops.Run, repo scm.Repo, user scm.User) (bool, error) {
	if user == (scm.User{}) {
		return false, nil // a deleted account
	}
	s := t.Triggers(repo)
	isApp := func(name string) bool { return run.Client.Named(user, name) || run.Client.Named(user, name+"[bot]") }
	if run.IsBot(user) || slices.ContainsFunc(s.TrustedApps, isApp) {
		return true, nil
	}
	orgs := []string{repo.Org}
	if s.TrustedOrg != "" && s.TrustedOrg != repo.Org {
		orgs = append(orgs, s.TrustedOrg)
	}
	for _, org := range orgs {
		member, err := run.IsMember(ctx, org, user)
		if err != nil {
			return false, fmt.Errorf("check membership of %s in %s: %w", user.Login, org, err)
		}
		if member {
			return true, nil
		}
	}
	if s.OnlyOrgMembers {
		return false, nil
	}
	collaborator, err := run.IsCollaborator(ctx, repo, user)
	if err != nil {
		return false, fmt.Errorf("check whether %s collaborates on %v: %w", user.Login, repo, err)
	}
	return collaborator, nil
}

// standingOf says how far the pull request is trusted: its author is, or someone trusted has said so. Who the author of a
// labelled pull request is matters only where its own pipelines would be read.
func (t trigger) standingOf(ctx context.Context, run *chatops.Run, p *scm.PullRequest) (standing, error) {
	labelled := func() (bool, error) {
		if t.Triggers(p.Ref.Repo).IgnoreOKToTest {
			return false, nil
		}
		return run.HasLabel(ctx, p, LabelOKToTest)
	}
	if !run.Client.EmulatedLabels && !t.keeps(p.Ref.Repo) { // the label costs nothing, the author does
		if ok, err := labelled(); err != nil {
			return stranger, err
		} else if ok {
			return vouched, nil
		}
	}
	author, err := t.trustedUser(ctx, run, p.Ref.Repo, p.Author)
	if err != nil {
		return stranger, err
	}
	if author {
		return trusted, nil
	}
	if ok, err := labelled(); err != nil || !ok {
		return stranger, err
	}
	return vouched, nil
}
