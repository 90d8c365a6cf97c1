package access

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// candidate is somebody who wants to do something on the connection that he is logged in at. What it learns is never older
// than believePermission: old answers are for reading alone.
type candidate struct {
	*Access
	user       *login.User
	connection string
}

// named says whether a rule allows the user by name, by organisation or by team. Numbers of teams, which only GitHub has, are
// not looked up.
func (c *candidate) named(ctx context.Context, config *job.RerunAuthConfig) (bool, error) {
	client, err := c.Forges.Client(c.connection)
	if err != nil {
		return false, err
	}
	for _, name := range config.GitHubUsers {
		if client.Named(c.user.Account(), strings.TrimPrefix(name, "@")) {
			return true, nil
		}
	}
	var failed []error
	for _, org := range config.GitHubOrgs {
		ok, err := c.member(ctx, org)
		if ok {
			return true, nil
		}
		failed = append(failed, err)
	}
	for _, team := range config.GitHubTeamSlugs {
		ok, err := c.inTeam(ctx, team)
		if ok {
			return true, nil
		}
		failed = append(failed, err)
	}
	return false, errors.Join(failed...)
}

// fact asks a question about the user that is answered by yes or no. What the forge does not have is no.
func (c *candidate) fact(ctx context.Context, name, about string, yes func(context.Context, *scm.Client) (bool, error)) (bool, error) {
	return c.facts.get(ctx, key(name, c.connection, about, who(c.user)), func(ctx context.Context) (bool, error) {
		return ask(ctx, c.Access, c.connection, question[bool]{name: name, ask: func(ctx context.Context, client *scm.Client) (bool, error) {
			ok, err := yes(ctx, client)
			if errors.Is(err, scm.ErrNotFound) || errors.Is(err, scm.ErrUnsupported) {
				return false, nil
			}
			return ok, err
		}})
	})
}

func (c *candidate) member(ctx context.Context, org string) (bool, error) {
	return c.fact(ctx, "member", org, func(ctx context.Context, client *scm.Client) (bool, error) {
		return client.Members.IsOrgMember(ctx, org, c.user.Account())
	})
}

func (c *candidate) inTeam(ctx context.Context, team job.GitHubTeamSlug) (bool, error) {
	members, err := c.teams.get(ctx, key(c.connection, team.Org, team.Slug), func(ctx context.Context) ([]string, error) {
		return ask(ctx, c.Access, c.connection, question[[]string]{name: "team", list: true, ask: func(ctx context.Context, client *scm.Client) ([]string, error) {
			logins, err := client.Members.TeamMembers(ctx, team.Org, team.Slug)
			if errors.Is(err, scm.ErrNotFound) || errors.Is(err, scm.ErrUnsupported) {
				return nil, nil
			}
			return logins, err
		}})
	})
	return hasFold(members, c.user.Login), err
}

// writes says whether the user may write to a repository.
func (c *candidate) writes(ctx context.Context, repo scm.Repo) (Verdict, error) {
	ok, err := c.collaborates(ctx, repo)
	if ok {
		return Verdict{Allowed: true, Reason: c.user.Login + " may write to " + repo.FullName()}, nil
	}
	return Verdict{Reason: "only those who may write to " + repo.FullName() + " are allowed to"}, err
}

func (c *candidate) collaborates(ctx context.Context, repo scm.Repo) (bool, error) {
	return c.fact(ctx, "collaborator", repo.FullName(), func(ctx context.Context, client *scm.Client) (bool, error) {
		return client.Members.IsCollaborator(ctx, repo, c.user.Account())
	})
}

// tests says whether the user's /test would be obeyed on a pull request.
func (c *candidate) tests(ctx context.Context, pull scm.PullRef) (bool, error) {
	if c.Tests != nil {
		return c.fact(ctx, "test", pull.FullName()+"#"+strconv.Itoa(pull.Number), func(ctx context.Context, _ *scm.Client) (bool, error) {
			return c.Tests(ctx, pull, c.user.Account())
		})
	}
	member, errMember := c.member(ctx, pull.Org)
	if member {
		return true, nil
	}
	writes, errWrites := c.collaborates(ctx, pull.Repo)
	if writes {
		return true, nil
	}
	vouched, errAuthor := c.vouchedAuthor(ctx, pull)
	if vouched {
		return true, nil
	}
	return false, errors.Join(errMember, errWrites, errAuthor)
}

// vouchedAuthor says whether the pull request is the user's own and somebody trusted has let it be tested.
func (c *candidate) vouchedAuthor(ctx context.Context, pull scm.PullRef) (bool, error) {
	label := c.Settings().LabelOKToTest
	if label == "" {
		return false, nil
	}
	return c.fact(ctx, "author", pull.FullName()+"#"+strconv.Itoa(pull.Number), func(ctx context.Context, client *scm.Client) (bool, error) {
		pr, err := client.Pulls.Get(ctx, pull)
		if err != nil || !c.wrote(client, pr) {
			return false, err
		}
		if !client.EmulatedLabels {
			return pr.HasLabel(label), nil
		}
		labels, err := client.Labels.List(ctx, pull)
		return hasFold(labels, label), err
	})
}

// wrote compares by ids where anybody may take any login.
func (c *candidate) wrote(client *scm.Client, pr *scm.PullRequest) bool {
	name := pr.Author.Login
	if client.OpenNames {
		name = pr.Author.ID
	}
	return client.Named(c.user.Account(), name)
}
