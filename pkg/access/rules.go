package access

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Default is a rule of the dashboard for the jobs of a repository and a cluster.
type Default struct {
	// Connection that it is about; empty means every one.
	Connection string
	// Repo is "org" or "org/name"; empty and "*" mean every one, and jobs without a repository.
	Repo string
	// Cluster is the alias of a build cluster; empty and "*" mean every one.
	Cluster string
	Config  *job.RerunAuthConfig
}

// NewDefault reads a key as the configuration writes it: "org", "org/name" or "*", with "connection:" before it where it is
// not of the default connection. "*" and the empty key are about all connections.
func NewDefault(key, cluster, defaultConnection string, config *job.RerunAuthConfig) Default {
	if key == "" || key == "*" {
		return Default{Cluster: cluster, Config: config}
	}
	connection, name := job.SplitKey(key, defaultConnection)
	return Default{Connection: connection, Repo: name, Cluster: cluster, Config: config}
}

// DefaultsOf puts rules written as a map into order: those for all first, then organisations, then repositories.
func DefaultsOf(byKey map[string]job.RerunAuthConfig, defaultConnection string) []Default {
	var all []Default
	for key, config := range byKey {
		all = append(all, NewDefault(key, "", defaultConnection, &config))
	}
	rank := func(d Default) int {
		switch {
		case d.Repo == "" || d.Repo == "*":
			return 0
		case !strings.Contains(d.Repo, "/"):
			return 1
		}
		return 1 + strings.Count(d.Repo, "/")
	}
	slices.SortFunc(all, func(a, b Default) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Repo, b.Repo))
	})
	return all
}

// matches says whether a rule is about a repository, "" for none, and a cluster.
func (d *Default) matches(repo scm.Repo, cluster string) bool {
	every := func(s string) bool { return s == "" || s == "*" }
	if (d.Connection != "" && d.Connection != repo.Connection) || (!every(d.Cluster) && d.Cluster != cluster) {
		return false
	}
	full := ""
	if repo.Name != "" {
		full = repo.FullName()
	}
	return every(d.Repo) || d.Repo == full || (full != "" && strings.HasPrefix(full, d.Repo+"/"))
}

// rule is a rerun_auth_config and where it is written.
type rule struct {
	where  string
	config *job.RerunAuthConfig
}

// rules are those that are about a run: its job's own, and the dashboard's. Any of them may allow.
func (s *Settings) rules(pj *v1alpha1.PipelineJob) []rule {
	var all []rule
	cluster := ""
	if b := s.job(pj); b != nil {
		cluster = b.Cluster
		if b.RerunAuthConfig != nil {
			all = append(all, rule{fmt.Sprintf("rerun_auth_config of job %s (%s)", b.Name, b.Place()), b.RerunAuthConfig})
		}
	}
	if cluster == "" {
		cluster = "default"
	}
	var last *job.RerunAuthConfig
	for i := range s.Defaults {
		if s.Defaults[i].matches(subject(pj), cluster) {
			last = s.Defaults[i].Config
		}
	}
	if last != nil {
		all = append(all, rule{"rerun_auth_configs of deck", last})
	}
	return all
}

// subject is the repository that a run's rights are taken from: the one under test, else the first that it checks out. It has
// no name if there is none.
func subject(pj *v1alpha1.PipelineJob) scm.Repo {
	if all := Repos(pj); len(all) > 0 {
		return all[0]
	}
	return scm.Repo{Connection: pj.Spec.Connection}
}

// job is a run's job as it is configured now, nil if it is no more, or is kept by a repository.
func (s *Settings) job(pj *v1alpha1.PipelineJob) *job.Base {
	if s.Jobs == nil {
		return nil
	}
	branch := ""
	if pj.Spec.Refs != nil {
		branch = pj.Spec.Refs.BaseRef
	}
	d, ok := s.Jobs.Find(pj.Spec.Type, pj.Spec.Job, subject(pj), branch)
	if !ok {
		return nil
	}
	return d.Base()
}

// maxNamed is how many names a refusal lists of each kind.
const maxNamed = 8

// allows says in words whom a rule allows.
func (r rule) allows() string {
	var parts []string
	add := func(kind string, names []string) {
		if len(names) == 0 {
			return
		}
		more := ""
		if len(names) > maxNamed {
			more = fmt.Sprintf(" and %d more", len(names)-maxNamed)
			names = names[:maxNamed]
		}
		parts = append(parts, kind+strings.Join(names, ", ")+more)
	}
	add("", r.config.GitHubUsers)
	add("members of ", r.config.GitHubOrgs)
	var teams []string
	for _, t := range r.config.GitHubTeamSlugs {
		teams = append(teams, t.Org+"/"+t.Slug)
	}
	add("teams ", teams)
	text := r.where + " allows nobody"
	if len(parts) > 0 {
		text = r.where + " allows " + strings.Join(parts, "; ")
	}
	if len(r.config.GitHubTeamIDs) > 0 {
		text += "; its github_team_ids cannot be checked: name the teams in github_team_slugs"
	}
	return text
}
