package gate

import (
	"context"
	"fmt"
	"slices"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Settings are what may be told of the configuration to anybody.
type Settings struct {
	DefaultConnection string
	ErrorPatterns     []string
}

// Settings are what is configured about the dashboard itself.
func (g *Gate) Settings() Settings {
	setup := g.d.Setup()
	return Settings{DefaultConnection: setup.DefaultConnection, ErrorPatterns: slices.Clone(setup.ErrorPatterns)}
}

// Setup is all that is configured, for readers who may read every repository that it names; it is ErrNotFound for others.
func (g *Gate) Setup(ctx context.Context) (Setup, error) {
	setup := g.d.Setup()
	repos := slices.Concat(setup.Jobs.Repos(), setup.Repos)
	for _, p := range setup.Jobs.Periodics() {
		repos = append(repos, extras(&p.Base, setup.DefaultConnection)...)
	}
	ok, err := g.MayRead(ctx, repos...)
	if err != nil {
		return Setup{}, fmt.Errorf("read configuration: %w", err)
	}
	if !ok {
		return Setup{}, fmt.Errorf("the configuration names repositories that you may not read: %w", ErrNotFound)
	}
	return setup, nil
}

// ConfiguredJob is one job and the repository that it is for; one of Presubmit, Postsubmit and Periodic is set. The
// repository of a periodic job has only its connection.
type ConfiguredJob struct {
	Repo       scm.Repo
	Type       v1alpha1.JobType
	Presubmit  *job.Presubmit
	Postsubmit *job.Postsubmit
	Periodic   *job.Periodic
}

// Base is what jobs of every kind share.
func (j ConfiguredJob) Base() *job.Base {
	switch {
	case j.Presubmit != nil:
		return &j.Presubmit.Base
	case j.Postsubmit != nil:
		return &j.Postsubmit.Base
	}
	return &j.Periodic.Base
}

// JobFilter selects what is configured; empty fields select all.
type JobFilter struct {
	Connection string
	// Repo is org/name, or org for all of its repositories.
	Repo string
}

func (f JobFilter) matches(r scm.Repo) bool {
	return (f.Connection == "" || f.Connection == r.Connection) && (f.Repo == "" || f.Repo == r.FullName() || f.Repo == r.Org)
}

// Jobs lists the configured jobs whose repositories the reader may read, those that are marked hidden left out.
func (g *Gate) Jobs(ctx context.Context, f JobFilter) ([]ConfiguredJob, error) {
	setup := g.d.Setup()
	set, connection := setup.Jobs, setup.DefaultConnection // which jobs of the clock live on
	var all []ConfiguredJob
	for _, repo := range set.Repos() {
		if !f.matches(repo) {
			continue
		}
		for _, p := range set.Presubmits(repo) {
			all = append(all, ConfiguredJob{Repo: repo, Type: v1alpha1.Presubmit, Presubmit: p})
		}
		for _, p := range set.Postsubmits(repo) {
			all = append(all, ConfiguredJob{Repo: repo, Type: v1alpha1.Postsubmit, Postsubmit: p})
		}
	}
	for _, p := range set.Periodics() {
		repo := scm.Repo{Connection: connection}
		if f.Repo == "" && f.matches(repo) || f.Repo != "" && slices.ContainsFunc(extras(&p.Base, connection), f.matches) {
			all = append(all, ConfiguredJob{Repo: repo, Type: v1alpha1.Periodic, Periodic: p})
		}
	}
	return g.readableJobs(ctx, all)
}

func (g *Gate) readableJobs(ctx context.Context, all []ConfiguredJob) ([]ConfiguredJob, error) {
	var repos []scm.Repo
	for _, j := range all {
		repos = append(repos, needs(j)...)
	}
	seen, err := g.visibleOf(ctx, repos)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return slices.DeleteFunc(all, func(j ConfiguredJob) bool {
		return j.Base().Hidden || slices.ContainsFunc(needs(j), func(r scm.Repo) bool { return !seen[r] })
	}), nil
}

// needs are the repositories that one has to be allowed to read to know of a job.
func needs(j ConfiguredJob) []scm.Repo {
	repos := extras(j.Base(), j.Repo.Connection)
	if j.Repo.Name != "" {
		repos = append(repos, j.Repo)
	}
	return repos
}

func extras(b *job.Base, connection string) []scm.Repo {
	var repos []scm.Repo
	for _, r := range b.ExtraRefs {
		repos = append(repos, scm.Repo{Connection: connection, Org: r.Org, Name: r.Repo})
	}
	return repos
}
