package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/scm"
)

func TestJobsKeptInRepositoriesAreSwitchedOn(t *testing.T) {
	c, err := config.Load(config.Paths{Config: filepath.Join(write(t, mainFile(`
pod_namespace: pods
in_repo_config:
  enabled:
    "*": true
    acme: false
    acme/app: true
  allowed_clusters:
    acme/app: [big]
inrepo:
  allowed_hosts: [raw.example.com, "http://hub.example.com:8080"]
  version_streams: {acme/catalog: v1}
`)), "config.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	s := c.InRepo()
	for name, want := range map[string]bool{"other/x": true, "acme/x": false, "acme/app": true} {
		org, repo, _ := strings.Cut(name, "/")
		if got := s.On(scm.Repo{Connection: c.DefaultConnection(), Org: org, Name: repo}); got != want {
			t.Errorf("%s is on: %v", name, got)
		}
	}
	want := inrepo.References{AllowedHosts: []string{"raw.example.com", "http://hub.example.com:8080"}, VersionStreams: map[string]string{"acme/catalog": "v1"}}
	if diff := cmp.Diff(want, s.References); diff != "" || s.Namespace != "pods" || s.Static != c.Jobs {
		t.Errorf("references (-want +got):\n%s", diff)
	}
}

func TestBrokenStanzasOfKeptJobsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"inrepo:\n  allowed_hosts: [https://x.example.com]\n": `allowed host "https://x.example.com" is not a host (write host or host:port, with http:// before it for one without encryption)`,
		"inrepo:\n  allowed_hosts: [x.example.com/path]\n":    `allowed host "x.example.com/path" is not a host`,
		"inrepo:\n  hub_url: artifacthub.io\n":                `hub_url "artifacthub.io" is not an address (write one like https://artifacthub.io)`,
		"inrepo:\n  allowed_host: []\n":                       `unknown key "allowed_host" in inrepo (did you mean allowed_hosts?)`,
		"in_repo_config:\n  enabled: [x]\n":                   "enabled must be a mapping",
	} {
		_, err := config.Load(config.Paths{Config: filepath.Join(write(t, mainFile(text)), "config.yaml")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", text, err, want)
		}
	}
}
