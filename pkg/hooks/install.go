package hooks

import (
	"context"
	"errors"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

// Installer works on one connection.
type Installer struct {
	Client *scm.Client
	Wish   Wish
}

// Targets turns what the configuration serves into what webhooks are installed on: organisations where the forge has
// webhooks for them, else each of their repositories. A repository below an organisation with a webhook needs none.
func (i Installer) Targets(ctx context.Context, served []scm.HookTarget) ([]scm.HookTarget, error) {
	var targets []scm.HookTarget
	covered := map[scm.HookTarget]bool{}
	add := func(t scm.HookTarget) {
		if !covered[t] {
			covered[t] = true
			targets = append(targets, t)
		}
	}
	var failures []error
	for _, t := range served {
		if t.Name != "" {
			continue
		}
		if i.Client.OrgHooks {
			add(t)
			continue
		}
		repos, err := i.Client.Repositories.List(transport.InBackground(ctx), t.Org)
		if err != nil {
			failures = append(failures, fmt.Errorf("list repositories of %v: %w", t, err))
		}
		for _, r := range repos {
			add(scm.HookTarget{Connection: t.Connection, Org: r.Repo.Org, Name: r.Repo.Name})
		}
	}
	for _, t := range served {
		if t.Name != "" && !covered[scm.HookTarget{Connection: t.Connection, Org: t.Org}] {
			add(t)
		}
	}
	return targets, errors.Join(failures...)
}

// Plan looks at every target. Targets that cannot be looked at are in the error; the plan holds all others.
func (i Installer) Plan(ctx context.Context, targets []scm.HookTarget) ([]Step, error) {
	var steps []Step
	var failures []error
	for _, t := range targets {
		have, err := i.Client.Hooks.List(transport.InBackground(ctx), t)
		switch {
		case err == nil:
			steps = append(steps, Compare(t, have, i.Wish)...)
		case errors.Is(err, scm.ErrNotFound) && t.Name != "":
			below, err := i.planGroup(ctx, t)
			steps = append(steps, below...)
			failures = append(failures, err)
		default:
			failures = append(failures, fmt.Errorf("list webhooks of %v: %w", t, err))
		}
	}
	return steps, errors.Join(failures...)
}

// planGroup takes what is no repository for a nested group: a configuration does not tell them apart.
func (i Installer) planGroup(ctx context.Context, t scm.HookTarget) ([]Step, error) {
	group := scm.HookTarget{Connection: t.Connection, Org: t.Org + "/" + t.Name}
	targets, err := i.Targets(ctx, []scm.HookTarget{group})
	if err != nil {
		return nil, fmt.Errorf("find %v as a repository or a group: %w", t, err)
	}
	return i.Plan(ctx, targets)
}

// Apply does one step. A hook is created or repaired before its doubles are removed, so that no delivery is missed.
func (i Installer) Apply(ctx context.Context, s Step) error {
	ctx = transport.InBackground(ctx)
	var err error
	switch s.Do {
	case Create:
		err = i.Client.Hooks.Create(ctx, s.On, i.Wish.NewHook)
	case Repair:
		err = i.Client.Hooks.Update(ctx, s.On, s.ID, i.Wish.NewHook)
	case Remove:
		err = i.Client.Hooks.Delete(ctx, s.On, s.ID)
	}
	if err != nil {
		return fmt.Errorf("%s webhook of %v: %w", s.Do, s.On, err)
	}
	return nil
}
