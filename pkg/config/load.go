package config

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/pharos-ci/pharos/pkg/config/stanza"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// Load reads, checks and compiles the files. The error is of type *Errors and lists every finding, not just the first.
func Load(paths Paths) (*Config, error) {
	files, err := paths.read()
	if err != nil {
		return nil, err
	}
	return build(paths, files)
}

// build makes a Config of files that were read.
func build(paths Paths, files snapshot) (*Config, error) {
	f := &findings{lenient: paths.Lenient}
	var main mainFile
	document := decode(f, files.config, &main)
	main.supplement(files.moreConfig, f)
	c := &Config{Revision: files.hash(), Plank: main.Plank, Sinker: main.Sinker, Reporter: main.GitHubReporter, Storage: main.Storage, Dashboard: main.Dashboard, Stanzas: main.Main}
	c.settle(&main, filepath.Dir(paths.Config), placeIn(f, files.config.name, document))

	checkStanza(main.Main.Check(), placeIn(f, files.config.name, document))

	static := collect(f, &main.jobFile, files.jobs)
	c.Jobs = c.compile(&main, static, files, f)
	c.settleInRepo(&main, static.Presets, placeIn(f, files.config.name, document))

	var plugged pluginFile
	at := placeIn(f, paths.Plugins, nil)
	if files.plugins != nil {
		at = placeIn(f, paths.Plugins, decode(f, *files.plugins, &plugged))
	}
	plugged.supplement(files.morePlugins, f)
	c.Plugins = compilePlugins(&plugged, c.defaultConnection, c.names(), f, at)

	sorted := f.sort()
	if f.failed() {
		return nil, &Errors{Findings: sorted}
	}
	c.Warnings = sorted
	for file := range files.all() {
		c.Files = append(c.Files, File{Name: file.name, Text: file.data})
	}
	return c, nil
}

// decode reads one file into a value; its document is nil if its syntax is broken.
func decode(f *findings, file input, into any) *strictyaml.Document {
	document, problems := strictyaml.Parse(file.name, file.data)
	if document != nil {
		problems = append(problems, document.Decode(into)...)
	}
	f.syntax(problems)
	return document
}

// placeIn reports findings at paths of a document; of a broken one there is nothing to say beside its syntax.
func placeIn(f *findings, name string, document *strictyaml.Document) place {
	return func(severity Severity, path, message, remedy string) {
		if document == nil {
			return
		}
		line, column := document.Position(path)
		f.all = append(f.all, Finding{File: name, Line: line, Column: column, Severity: severity, Message: message, Remedy: remedy})
	}
}

// checkStanza reports what a stanza says of itself.
func checkStanza(problems []stanza.Problem, at place) {
	for _, p := range problems {
		at(SeverityError, p.Path, p.Message, p.Remedy)
	}
}

// collect decodes the job files, several at once, and puts their jobs together in the order of the files.
func collect(f *findings, main *jobFile, files []input) job.Static {
	decoded := make([]jobFile, len(files))
	found := make([]findings, len(files))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, file := range files {
		group.Go(func() error {
			found[i].lenient = f.lenient
			decode(&found[i], file, &decoded[i])
			return nil
		})
	}
	_ = group.Wait() // no function returns an error: what they find is in found
	static := job.Static{Presubmits: map[string][]*job.Presubmit{}, Postsubmits: map[string][]*job.Postsubmit{}}
	add := func(from *jobFile) {
		static.Presets = append(static.Presets, from.Presets...)
		static.Periodics = append(static.Periodics, from.Periodics...)
		for key, jobs := range from.Presubmits {
			static.Presubmits[key] = append(static.Presubmits[key], jobs...)
		}
		for key, jobs := range from.Postsubmits {
			static.Postsubmits[key] = append(static.Postsubmits[key], jobs...)
		}
		main.DecorateAll = main.DecorateAll || from.DecorateAll
	}
	add(main)
	for i := range decoded {
		f.add(found[i])
		add(&decoded[i])
	}
	return static
}

// compile resolves and checks the jobs.
func (c *Config) compile(main *mainFile, static job.Static, files snapshot, f *findings) *job.Set {
	set, problems := job.Compile(static, c.defaults(main))
	f.jobs(problems, files)
	return set
}

// defaults are what resolves jobs, wherever they are written.
func (c *Config) defaults(main *mainFile) job.Defaults {
	return job.Defaults{
		Connection:  c.defaultConnection,
		Connections: c.names(),
		DecorateAll: main.DecorateAll,
		Timeout:     main.DefaultJobTimeout.Duration,
		Decoration:  main.Plank.decoration(),
		Queues:      main.Plank.JobQueueCapacities,
		CloneURI:    c.CloneURI,
	}
}

func (c *Config) names() []string {
	names := make([]string, len(c.Connections))
	for i, conn := range c.Connections {
		names[i] = conn.Name
	}
	return names
}

var logLevels = []string{"trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"}

// settle applies defaults to config.yaml's own settings and checks them.
func (c *Config) settle(main *mainFile, folder string, at place) {
	c.Connections = main.Connections
	checkConnections(c.Connections, at)
	if main.ProviderConfig != nil && len(c.Connections) == 0 {
		c.Connections = []Connection{main.ProviderConfig.connection()}
		at(SeverityWarning, "providerConfig", "providerConfig names no token and no webhook secret", "write it as an entry of connections")
	}
	c.defaultConnection = implicitConnection
	for i, conn := range c.Connections {
		if i == 0 || conn.Default {
			c.defaultConnection = conn.Name
		}
	}
	if len(main.Plank.DefaultDecorationConfigs) > 0 && len(main.Plank.DefaultDecorationConfigEntries) > 0 {
		at(SeverityError, "plank.default_decoration_config_entries", "default_decoration_configs and default_decoration_config_entries exclude each other", "keep one of them")
	}
	c.Storage.merge(everywhere(main.Plank.decoration()))
	c.Storage.check(at)
	c.Dashboard.merge(main.Deck)
	c.Dashboard.check(slices.ContainsFunc(c.Connections, func(conn Connection) bool { return conn.Login != nil }), at)
	c.resolve(folder)
	c.ProwJobNamespace, c.PodNamespace = cmp.Or(main.ProwJobNamespace, "default"), cmp.Or(main.PodNamespace, "default")
	c.LogLevel = cmp.Or(main.LogLevel, "info")
	if !slices.Contains(logLevels, c.LogLevel) {
		at(SeverityError, "log_level", fmt.Sprintf("log_level %q is not known", c.LogLevel), "use debug, info, warn or error")
	}
	c.DefaultJobTimeout = main.DefaultJobTimeout.Duration
	if c.DefaultJobTimeout == 0 {
		c.DefaultJobTimeout = job.DefaultTimeout
	}
	c.checkAges(at)
	for i, kind := range c.Reporter.JobTypesToReport {
		if kind != "presubmit" && kind != "postsubmit" {
			at(SeverityError, fmt.Sprintf("github_reporter.job_types_to_report[%d]", i), fmt.Sprintf("job type %q is never reported", kind), "use presubmit or postsubmit")
		}
	}
}

func (c *Config) checkAges(at place) {
	ages := map[string]job.Duration{
		"sinker.resync_period": c.Sinker.ResyncPeriod, "sinker.max_prowjob_age": c.Sinker.MaxProwJobAge,
		"sinker.max_pod_age": c.Sinker.MaxPodAge, "sinker.terminated_pod_ttl": c.Sinker.TerminatedPodTTL,
		"default_job_timeout": {Duration: c.DefaultJobTimeout},
	}
	for _, path := range slices.Sorted(maps.Keys(ages)) {
		if ages[path].Duration < 0 {
			at(SeverityError, path, path[strings.LastIndexByte(path, '.')+1:]+" must not be negative", "")
		}
	}
}

// resolve makes file paths relative to the folder of config.yaml.
func (c *Config) resolve(folder string) {
	relative := func(name *string) {
		if *name != "" && !filepath.IsAbs(*name) {
			*name = filepath.Join(folder, *name)
		}
	}
	for i := range c.Connections {
		relative(&c.Connections[i].TokenFile)
		relative(&c.Connections[i].GitHubAppPrivateKeyFile)
		relative(&c.Connections[i].OAuthClientSecretFile)
		for j := range c.Connections[i].WebhookSecretFiles {
			relative(&c.Connections[i].WebhookSecretFiles[j])
		}
	}
	for i := range c.Connections {
		if login := c.Connections[i].Login; login != nil {
			relative(&login.ClientSecretFile)
		}
	}
	for _, name := range []*string{
		&c.Storage.CredentialsFile, &c.Storage.AccessKeyFile, &c.Storage.SecretKeyFile, &c.Storage.CAFile, &c.Storage.WebIdentityTokenFile,
		&c.Dashboard.CookieKeyFile,
	} {
		relative(name)
	}
}
