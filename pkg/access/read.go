package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/login"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

// openness of a repository. One that is gone, or that Pharos cannot see itself, is closed to everybody.
type openness int

const (
	gone openness = iota
	private
	public
)

const (
	// patience is how long a list waits for forges.
	patience = 5 * time.Second
	// fewRepos are asked about one by one, and while the reader waits; more than that by their owners, and behind an older
	// answer if there is one.
	fewRepos = 16
	// fewOfOwner are the fewest repositories of one owner that are worth listing all of his.
	fewOfOwner = 3
)

// MayRead says whether a user, nil for nobody in particular, may read a repository's runs. An error means no.
func (a *Access) MayRead(ctx context.Context, user *login.User, repo scm.Repo) (bool, error) {
	settings := a.Settings()
	user = at(repo.Connection, user)
	switch {
	case settings.Reading == ReadAll:
		return true, nil
	case settings.Reading.hides(user), !a.connected(repo):
		return false, nil
	}
	ctx = transport.InBackground(ctx) // pages must not use up what events need
	open, err := a.privacy.getOld(ctx, repo.String(), a.askPrivacy(repo))
	if err != nil {
		return false, fmt.Errorf("ask whether %v is private: %w", repo, err)
	}
	if open = settings.closing(repo, open); open != private || user == nil {
		return open == public, nil
	}
	may, err := a.permissions.getOld(ctx, key(repo.String(), who(user)), a.askPermission(repo, user))
	if err != nil {
		return false, fmt.Errorf("ask whether %v may read %v: %w", user, repo, err)
	}
	return may >= scm.PermissionRead, nil
}

// connected is false for repositories of a connection that is configured no more.
func (a *Access) connected(repo scm.Repo) bool {
	_, err := a.Forges.Client(repo.Connection)
	return err == nil
}

func (a *Access) askPrivacy(repo scm.Repo) func(context.Context) (openness, error) {
	return func(ctx context.Context) (openness, error) {
		return ask(ctx, a, repo.Connection, question[openness]{name: "repository", ask: func(ctx context.Context, c *scm.Client) (openness, error) {
			found, err := c.Repositories.Get(ctx, repo)
			switch {
			case errors.Is(err, scm.ErrNotFound):
				return gone, nil
			case err != nil:
				return gone, err
			}
			return opennessOf(found), nil
		}})
	}
}

// closing makes a hidden repository private.
func (s *Settings) closing(repo scm.Repo, open openness) openness {
	if open == public && s.Hidden != nil && s.Hidden(repo) {
		return private
	}
	return open
}

func opennessOf(r *scm.Repository) openness {
	if r.Private {
		return private
	}
	return public
}

func (a *Access) askPermission(repo scm.Repo, user *login.User) func(context.Context) (scm.Permission, error) {
	return func(ctx context.Context) (scm.Permission, error) {
		return ask(ctx, a, repo.Connection, question[scm.Permission]{name: "permission", ask: func(ctx context.Context, c *scm.Client) (scm.Permission, error) {
			p, err := c.Members.Permission(ctx, repo, user.Account())
			if errors.Is(err, scm.ErrNotFound) {
				return scm.PermissionNone, nil
			}
			return p, err
		}})
	}
}

// UndecidedError names repositories that are left out because their forge did not answer.
type UndecidedError struct {
	Repos []scm.Repo
	Cause error
}

// Error implements error.
func (e *UndecidedError) Error() string {
	return fmt.Sprintf("find out who may read %v and %d others: %v", e.Repos[0], len(e.Repos)-1, e.Cause)
}

// Unwrap is the cause.
func (e *UndecidedError) Unwrap() error { return e.Cause }

// Visible are those of the repositories that a user may read, in their order. Where forges do not say within five seconds,
// repositories are left out and the error is an [*UndecidedError]; the others are right all the same.
//
// Of a long list, answers up to fifteen minutes old serve, and are renewed for the next time.
func (a *Access) Visible(ctx context.Context, user *login.User, repos []scm.Repo) ([]scm.Repo, error) {
	seen, open := a.sort(user, repos)
	wait, renew := open.unknown, open.old
	if len(wait)+len(renew) <= fewRepos {
		wait, renew = append(wait, renew...), nil
	}
	if len(renew) > 0 {
		a.find(ctx, user, renew)
	}
	if len(wait) == 0 {
		return seen, nil
	}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	cause := fmt.Errorf("%w: no answer within %v", scm.ErrTransient, patience)
	select {
	case err := <-a.find(ctx, user, wait):
		cause = err
	case <-limit.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	seen, open = a.sort(user, repos)
	if len(open.unknown) == 0 {
		return seen, nil
	}
	if cause == nil {
		cause = fmt.Errorf("more than the %d answers that are remembered at once", maxAnswers)
	}
	return seen, &UndecidedError{open.unknown, cause}
}

// undecided are repositories about which nothing is remembered, or something old.
type undecided struct{ unknown, old []scm.Repo }

// sort decides what can be decided from memory.
func (a *Access) sort(user *login.User, repos []scm.Repo) ([]scm.Repo, undecided) {
	var seen []scm.Repo
	var left undecided
	settings := a.Settings()
	for _, repo := range repos {
		may, known := a.recall(&settings, at(repo.Connection, user), repo)
		if may {
			seen = append(seen, repo)
		}
		switch known {
		case unknown:
			left.unknown = append(left.unknown, repo)
		case old:
			left.old = append(left.old, repo)
		}
	}
	return seen, left
}

// recall is MayRead from memory, for a user on the repository's connection.
func (a *Access) recall(settings *Settings, user *login.User, repo scm.Repo) (bool, age) {
	switch {
	case settings.Reading == ReadAll:
		return true, fresh
	case settings.Reading.hides(user), !a.connected(repo):
		return false, fresh
	}
	open, known := a.privacy.recall(repo.String())
	open = settings.closing(repo, open)
	if known == unknown || open != private || user == nil {
		return open == public, known
	}
	may, told := a.permissions.recall(key(repo.String(), who(user)))
	return may >= scm.PermissionRead, min(known, told)
}

// find asks about repositories, and goes on when the reader has left. The channel gets the first error, or nil, once.
func (a *Access) find(ctx context.Context, user *login.User, repos []scm.Repo) <-chan error {
	ctx = transport.InBackground(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() {
		a.list(ctx, repos)
		var asking errgroup.Group
		asking.SetLimit(maxCalls)
		for _, repo := range repos {
			asking.Go(func() error {
				_, err := a.MayRead(ctx, user, repo)
				return err
			})
		}
		done <- asking.Wait()
	}()
	return done
}

// list learns how open the repositories of one owner are in one go, where many are asked about. What it does not tell, such as
// archived ones, is asked for one by one.
func (a *Access) list(ctx context.Context, repos []scm.Repo) {
	owners := map[scm.Repo]int{}
	for _, repo := range repos {
		if _, known := a.privacy.recall(repo.String()); known != fresh {
			owners[scm.Repo{Connection: repo.Connection, Org: repo.Org}]++
		}
	}
	var asking errgroup.Group
	asking.SetLimit(maxCalls)
	for owner, asked := range owners {
		if asked < fewOfOwner {
			continue
		}
		asking.Go(func() error {
			_, err := a.owners.get(ctx, owner.String(), a.askOwner(owner))
			return err
		})
	}
	_ = asking.Wait() // each repository is asked for then, and tells
}

// askOwner learns about all repositories of an owner. A forge that does not list them needs not be asked again soon.
func (a *Access) askOwner(owner scm.Repo) func(context.Context) (struct{}, error) {
	return func(ctx context.Context) (struct{}, error) {
		return ask(ctx, a, owner.Connection, question[struct{}]{name: "repositories", list: true, ask: func(ctx context.Context, c *scm.Client) (struct{}, error) {
			found, err := c.Repositories.List(ctx, owner.Org)
			if err != nil && down(err) {
				return struct{}{}, err
			}
			for i := range found {
				a.privacy.learn(found[i].Repo.String(), opennessOf(&found[i]))
			}
			return struct{}{}, nil
		}})
	}
}
