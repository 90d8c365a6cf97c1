package github

import (
	"context"
	"fmt"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/rest"
)

type statuses struct{ *api }

// Set implements scm.Statuses. GitHub keeps at most 1000 statuses of one context on a commit.
func (s statuses) Set(ctx context.Context, repo scm.Repo, sha string, status scm.Status) error {
	in := commitStatus{Context: status.Context, State: string(status.State), Description: status.Description, TargetURL: status.TargetURL}
	if _, err := s.Do(ctx, rest.Post("statuses.set", repoPath(repo, "statuses", sha)), in, nil); err != nil {
		return fmt.Errorf("set status %s on %s of %v: %w", status.Context, sha, repo, err)
	}
	return nil
}

// List implements scm.Statuses: the newest status of each context, and the newest check run of each name.
func (s statuses) List(ctx context.Context, repo scm.Repo, sha string) ([]scm.Status, error) {
	type combined struct {
		Statuses []commitStatus `json:"statuses"`
	}
	found, err := rest.ListIn(ctx, s.API, pages, rest.Get("statuses.list", repoPath(repo, "commits", sha, "status")),
		func(page *combined) []commitStatus { return page.Statuses })
	if err != nil {
		return nil, fmt.Errorf("list statuses of %s in %v: %w", sha, repo, err)
	}
	var all []scm.Status
	for _, one := range found {
		all = append(all, one.normal())
	}
	type checks struct {
		CheckRuns []checkRun `json:"check_runs"`
	}
	runs, err := rest.ListIn(ctx, s.API, pages, rest.Get("checks.list", repoPath(repo, "commits", sha, "check-runs")),
		func(page *checks) []checkRun { return page.CheckRuns })
	if err != nil {
		return nil, fmt.Errorf("list check runs of %s in %v: %w", sha, repo, err)
	}
	for i := range runs {
		all = append(all, runs[i].normal())
	}
	return all, nil
}

// commitStatus is a status as webhooks and the API write it.
type commitStatus struct {
	Context     string `json:"context"`
	State       string `json:"state"`
	Description string `json:"description"`
	TargetURL   string `json:"target_url"`
}

func (s *commitStatus) normal() scm.Status {
	return scm.Status{Context: s.Context, State: readState(s.State), Description: s.Description, TargetURL: s.TargetURL}
}

func readState(s string) scm.StatusState {
	switch state := scm.StatusState(s); state {
	case scm.StatusPending, scm.StatusSuccess, scm.StatusFailure:
		return state
	}
	return scm.StatusError
}

// checkRun is a check run as webhooks and the API write it.
type checkRun struct {
	Name       string `json:"name"`
	HeadSHA    string `json:"head_sha"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`
	DetailsURL string `json:"details_url"`
	Output     struct {
		Title string `json:"title"`
	} `json:"output"`
}

// normal reads a check run as branch protection does: neutral and skipped ones are no obstacle.
func (c *checkRun) normal() scm.Status {
	state := scm.StatusPending
	if c.Status == "completed" {
		switch c.Conclusion {
		case "success", "neutral", "skipped":
			state = scm.StatusSuccess
		case "failure", "timed_out", "action_required":
			state = scm.StatusFailure
		default: // cancelled, stale, startup_failure
			state = scm.StatusError
		}
	}
	return scm.Status{Context: c.Name, State: state, Description: c.Output.Title, TargetURL: c.DetailsURL}
}
