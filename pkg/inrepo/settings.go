package inrepo

import (
	"slices"

	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Switches is Prow's stanza in_repo_config. Keys are "*", org and org/repo, on the default connection or after "connection:".
type Switches struct {
	// Enabled switches on what repositories keep themselves, whichever form it has; the narrowest key decides.
	Enabled map[string]*bool `json:"enabled,omitempty"`
	// AllowedClusters are the build clusters that such jobs may name, of all keys together; "*" has "default" if it is empty.
	AllowedClusters map[string][]string `json:"allowed_clusters,omitempty"`
}

// References is the stanza inrepo: where files kept in repositories may refer to.
type References struct {
	// AllowedHosts are servers, "host" or "host:port", that tasks and pipelines are fetched from over HTTPS, without
	// credentials. "http://host:port" allows one without encryption. None is allowed at first.
	AllowedHosts []string `json:"allowed_hosts,omitempty"`
	// AllowedRepos are organisations and repositories, beside a repository's own organisation, that steps may be read
	// from through the connection with its token.
	AllowedRepos []string `json:"allowed_repos,omitempty"`
	// HubURL answers for tasks that are referred to by name; the default is https://artifacthub.io.
	HubURL string `json:"hub_url,omitempty"`
	// VersionStreams say what "@versionStream" means after owner/repo; the default is HEAD.
	VersionStreams map[string]string `json:"version_streams,omitempty"`
}

// Settings is the configuration current at one reading.
type Settings struct {
	Switches
	References
	// Connection is the name that repository keys without one mean.
	Connection string
	// Namespace of the runs.
	Namespace string
	// Defaults and Presets resolve the jobs like those of the configuration, Static.
	Defaults job.Defaults
	Presets  []*job.Preset
	Static   *job.Set
}

// On says whether a repository's own jobs are wanted.
func (s *Settings) On(repo scm.Repo) bool {
	for _, key := range s.keys(repo) {
		if on := s.Enabled[key]; on != nil {
			return *on
		}
	}
	return false
}

// keys are all that may stand for a repository, narrowest first.
func (s *Settings) keys(repo scm.Repo) []string {
	var keys []string
	for _, name := range []string{repo.FullName(), repo.Org} {
		keys = append(keys, repo.Connection+":"+name)
		if repo.Connection == s.Connection {
			keys = append(keys, name)
		}
	}
	return append(keys, repo.Connection+":*", "*")
}

// allowsCluster says whether a repository's job may run on a build cluster.
func (s *Settings) allowsCluster(repo scm.Repo, cluster string) bool {
	for _, key := range s.keys(repo) {
		allowed := s.AllowedClusters[key]
		if key == "*" && len(allowed) == 0 {
			allowed = []string{"default"}
		}
		if slices.Contains(allowed, cluster) {
			return true
		}
	}
	return false
}
