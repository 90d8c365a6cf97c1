package config

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/job"
)

// InRepo is how jobs that repositories keep themselves are read; callers must not change it.
func (c *Config) InRepo() *inrepo.Settings { return &c.inRepo }

// settleInRepo reads the stanzas in_repo_config and inrepo, once the jobs are compiled.
func (c *Config) settleInRepo(main *mainFile, presets []*job.Preset, at place) {
	c.inRepo = inrepo.Settings{
		Switches: main.InRepoConfig, References: main.InRepo, Connection: c.defaultConnection, Namespace: c.PodNamespace,
		Defaults: c.defaults(main), Presets: presets, Static: c.Jobs,
	}
	for i, host := range main.InRepo.AllowedHosts {
		bare := strings.TrimPrefix(strings.TrimPrefix(host, "http://"), "https://")
		if u, err := url.Parse("https://" + bare); err != nil || u.Host != bare || bare == "" || strings.HasPrefix(host, "https://") {
			at(SeverityError, fmt.Sprintf("inrepo.allowed_hosts[%d]", i), fmt.Sprintf("allowed host %q is not a host", host),
				"write host or host:port, with http:// before it for one without encryption")
		}
	}
	if hub := main.InRepo.HubURL; hub != "" {
		if u, err := url.Parse(hub); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			at(SeverityError, "inrepo.hub_url", fmt.Sprintf("hub_url %q is not an address", hub), "write one like https://artifacthub.io")
		}
	}
}
