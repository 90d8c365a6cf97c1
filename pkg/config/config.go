package config

import (
	"strings"
	"time"

	"github.com/pharos-ci/pharos/pkg/config/stanza"
	"github.com/pharos-ci/pharos/pkg/inrepo"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Config is one configuration, checked and compiled. It is never changed after it was loaded and may be shared freely.
type Config struct {
	// Connections in the order of the file; their file paths are absolute or relative to the working directory.
	Connections []Connection
	Jobs        *job.Set
	Plugins     *Plugins
	Storage     Storage
	Dashboard   Dashboard
	// ProwJobNamespace holds the PipelineJobs, PodNamespace is where PipelineRuns go; both are "default" if nothing is said.
	ProwJobNamespace, PodNamespace string
	Sinker                         Sinker
	Reporter                       GitHubReporter
	Plank                          Plank
	// Stanzas are those of features that no other field describes.
	Stanzas stanza.Main
	// LogLevel is "info" if nothing is said.
	LogLevel          string
	DefaultJobTimeout time.Duration
	// Warnings is what was found that is no reason to refuse the configuration.
	Warnings []Finding
	// Revision names the content of the files.
	Revision string
	// Files are what was read: config.yaml, plugins.yaml, supplemental files and job files, in this order.
	Files []File

	defaultConnection string
	inRepo            inrepo.Settings
}

// File is one file of a configuration. It holds names of files with secrets, never secrets.
type File struct {
	Name string
	Text []byte
}

// DefaultConnection is the name of the connection that repository keys without one mean, and that /hook answers for.
func (c *Config) DefaultConnection() string { return c.defaultConnection }

// Connection finds a connection by name; the empty name means the default one.
func (c *Config) Connection(name string) (Connection, bool) {
	if name == "" {
		name = c.defaultConnection
	}
	for _, conn := range c.Connections {
		if conn.Name == name {
			return conn, true
		}
	}
	return Connection{}, false
}

// JobURLPrefix is the address that the pages of a repository's runs begin with, without a trailing slash; "" if nothing is
// said. The most specific of org/repo, org and * wins.
func (c *Config) JobURLPrefix(repo scm.Repo) string {
	prefix := c.Plank.JobURLPrefix
	for _, key := range []string{"*", repo.Org, repo.FullName()} {
		if p, ok := c.Plank.JobURLPrefixConfig[key]; ok && (key == "*" || repo.Connection == c.defaultConnection) {
			prefix = p
		}
		if p, ok := c.Plank.JobURLPrefixConfig[repo.Connection+":"+key]; ok {
			prefix = p
		}
	}
	return strings.TrimRight(prefix, "/")
}
