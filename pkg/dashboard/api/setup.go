package api

import (
	"context"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
)

// jobs lists what is configured for repositories that the caller may read. Jobs that are marked hidden are left out.
func (a *API) jobs(ctx context.Context, in *jobsInput) (*JobList, error) {
	found, err := a.Gate.Jobs(ctx, gate.JobFilter{Connection: in.Connection, Repo: in.Repo})
	if err != nil {
		return nil, err
	}
	out := &JobList{Jobs: make([]ConfiguredJob, len(found))}
	for i, j := range found {
		out.Jobs[i] = configured(j)
	}
	return out, nil
}

func configured(j gate.ConfiguredJob) ConfiguredJob {
	b := j.Base()
	out := ConfiguredJob{Connection: j.Repo.Connection, Name: b.Name, Type: string(j.Type), File: b.File, Line: b.Line, When: when(j)}
	if j.Repo.Name != "" {
		out.Repo = j.Repo.FullName()
	}
	switch {
	case j.Presubmit != nil:
		p := j.Presubmit
		out.Context, out.RerunCommand, out.Trigger, out.Optional, out.Branches = p.Context, p.RerunCommand, p.Trigger, p.Optional, p.Branches
	case j.Postsubmit != nil:
		out.Context, out.Branches = j.Postsubmit.Context, j.Postsubmit.Branches
	}
	return out
}

// when says in words what starts a job by itself.
func when(j gate.ConfiguredJob) string {
	switch {
	case j.Presubmit != nil && j.Presubmit.AlwaysRun:
		return "on every pull request"
	case j.Presubmit != nil && j.Presubmit.RunIfChanged != "":
		return "on pull requests that change files matching " + j.Presubmit.RunIfChanged
	case j.Presubmit != nil && j.Presubmit.SkipIfOnlyChanged != "":
		return "on pull requests that change other files than those matching " + j.Presubmit.SkipIfOnlyChanged
	case j.Presubmit != nil:
		return "when asked for by a comment"
	case j.Postsubmit != nil && j.Postsubmit.RunIfChanged != "":
		return "on pushes that change files matching " + j.Postsubmit.RunIfChanged
	case j.Postsubmit != nil && j.Postsubmit.SkipIfOnlyChanged != "":
		return "on pushes that change other files than those matching " + j.Postsubmit.SkipIfOnlyChanged
	case j.Postsubmit != nil:
		return "on every push"
	case j.Periodic.Cron != "":
		return "by the clock: " + j.Periodic.Cron
	case j.Periodic.MinimumInterval.Duration > 0:
		return fmt.Sprintf("%s after its last run ended", j.Periodic.MinimumInterval.Duration)
	}
	return fmt.Sprintf("every %s", j.Periodic.Interval.Duration)
}

func (a *API) plugins(ctx context.Context, in *jobsInput) (*PluginList, error) {
	enabled, err := a.Gate.Plugins(ctx, gate.JobFilter{Connection: in.Connection, Repo: in.Repo})
	if err != nil {
		return nil, err
	}
	out := &PluginList{Plugins: make([]Plugin, len(enabled))}
	for i, p := range enabled {
		plugin := Plugin{Name: p.Name, Help: p.Help, Commands: make([]PluginCommand, len(p.Commands)), Repos: []string{}}
		for _, repo := range p.Repos {
			plugin.Repos = append(plugin.Repos, repo.String())
		}
		for j, c := range p.Commands {
			plugin.Commands[j] = PluginCommand{Usage: c.Usage, Description: c.Help, Who: c.Who, Examples: c.Examples}
		}
		out.Plugins[i] = plugin
	}
	return out, nil
}

// configuration is for those who may read every repository that it names.
func (a *API) configuration(ctx context.Context, _ *struct{}) (*Configuration, error) {
	setup, err := a.Gate.Setup(ctx)
	if err != nil {
		return nil, err
	}
	out := &Configuration{Revision: setup.Revision, Warnings: findings(setup.Warnings), Refused: findings(setup.Refused), Files: make([]File, len(setup.Files))}
	for i, f := range setup.Files {
		out.Files[i] = File(f)
	}
	return out, nil
}

func findings(all []gate.Finding) []Finding {
	out := make([]Finding, len(all))
	for i, f := range all {
		out[i] = Finding(f)
	}
	return out
}
