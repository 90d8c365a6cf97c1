package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// JobsOptions of `pharos jobs`, one for each flag.
type JobsOptions struct {
	Config config.Paths
	// Repo narrows the list to one repository; empty means all, periodics included.
	Repo   string
	Output string
}

// ListedJob is one job with everything that defaults, presets and decoration made of it.
type ListedJob struct {
	Type string `json:"type"`
	// Repo is empty for a periodic.
	Repo string `json:"repo,omitempty"`
	Name string `json:"name"`
	// Source is "file:line".
	Source string `json:"source"`
	// Job holds the fields by their names in the configuration.
	Job any `json:"job"`
}

// Jobs lists jobs, sorted by repository, type and name.
func Jobs(o JobsOptions, out io.Writer) error {
	o.Config.Lenient = true
	c, err := config.Load(o.Config)
	if err != nil {
		return err
	}
	all := listJobs(c)
	if o.Repo != "" {
		repo, err := job.ParseRepo(o.Repo, c.DefaultConnection())
		if err != nil {
			return fmt.Errorf("--repo: %w", err)
		}
		all = slices.DeleteFunc(all, func(l ListedJob) bool { return l.Repo != name(c, repo) })
	}
	switch o.Output {
	case "json":
		return json.NewEncoder(out).Encode(all)
	case "text", "":
		for _, l := range all {
			if _, err := fmt.Fprintf(out, "%-10s %-30s %s  %s\n", l.Type, cmp.Or(l.Repo, "-"), l.Name, l.Source); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("--output=%s: write text or json", o.Output)
}

func listJobs(c *config.Config) []ListedJob {
	all := []ListedJob{}
	for _, repo := range c.Jobs.Repos() {
		for _, p := range c.Jobs.Presubmits(repo) {
			all = append(all, ListedJob{"presubmit", name(c, repo), p.Name, p.Place(), p})
		}
		for _, p := range c.Jobs.Postsubmits(repo) {
			all = append(all, ListedJob{"postsubmit", name(c, repo), p.Name, p.Place(), p})
		}
	}
	for _, p := range c.Jobs.Periodics() {
		all = append(all, ListedJob{"periodic", "", p.Name, p.Place(), p})
	}
	slices.SortStableFunc(all, func(a, b ListedJob) int {
		return cmp.Or(cmp.Compare(a.Repo, b.Repo), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// name is a repository as the configuration writes it.
func name(c *config.Config, repo scm.Repo) string {
	if repo.Connection == c.DefaultConnection() {
		return repo.FullName()
	}
	return repo.String()
}
