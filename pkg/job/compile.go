package job

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Static is what configuration files say about jobs, in the order of the files. Keys are repositories as written.
type Static struct {
	Presets     []*Preset
	Presubmits  map[string][]*Presubmit
	Postsubmits map[string][]*Postsubmit
	Periodics   []*Periodic
}

// Defaults are the settings outside of jobs that resolve them.
type Defaults struct {
	// Connection is what repository keys without one mean; Connections are all names that keys may use.
	Connection  string
	Connections []string
	// DecorateAll decorates jobs that do not say.
	DecorateAll bool
	// Timeout of jobs without a decoration timeout; 0 means 24 h.
	Timeout time.Duration
	// Decoration entries are merged in order, later ones win.
	Decoration []DecorationEntry
	// Queues are the job queues that exist, with their capacity.
	Queues map[string]int
	// CloneURI is where a repository is cloned from; nil, or an empty answer, leaves that to whoever clones.
	CloneURI func(repo scm.Repo) string
}

// Timeouts where nothing else is said, as in Prow.
const (
	DefaultTimeout          = 24 * time.Hour
	DefaultDecoratedTimeout = 2 * time.Hour
)

// Problem is one thing wrong with the configuration of a job.
type Problem struct {
	At Source
	// Field is the key below At.Path; empty means the job itself.
	Field string
	// Warning is worth telling, and no reason to refuse the configuration.
	Warning bool
	// Message says what is wrong, Remedy what to do; Remedy may be empty.
	Message, Remedy string
}

// Path leads to the key inside the file.
func (p Problem) Path() string {
	if p.Field == "" {
		return p.At.Path
	}
	return p.At.Path + "." + p.Field
}

// Error implements error.
func (p Problem) Error() string {
	return fmt.Sprintf("%s: %s: %s", p.At.Place(), p.Path(), p.Message)
}

type compiler struct {
	Defaults
	presets     []*Preset
	expressions expressions
	decoration  map[[2]string]*DecorationConfig
	problems    []Problem
}

// Compile resolves the jobs in place, checks them and indexes them by repository. All problems are returned, not just the
// first; the set is usable if none of them is more than a warning.
func Compile(static Static, defaults Defaults) (*Set, []Problem) {
	c := &compiler{
		Defaults:    defaults,
		presets:     static.Presets,
		expressions: expressions{},
		decoration:  map[[2]string]*DecorationConfig{},
	}
	c.checkPresets()
	s := &Set{
		presubmits:  make(map[scm.Repo][]*Presubmit, len(static.Presubmits)),
		postsubmits: make(map[scm.Repo][]*Postsubmit, len(static.Postsubmits)),
		periodics:   static.Periodics,
	}
	for _, key := range slices.Sorted(maps.Keys(static.Presubmits)) {
		if repo, ok := c.repo(key, static.Presubmits[key]); ok {
			c.presubmits(repo, static.Presubmits[key])
			s.presubmits[repo] = append(s.presubmits[repo], static.Presubmits[key]...)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(static.Postsubmits)) {
		if repo, ok := c.repo(key, static.Postsubmits[key]); ok {
			c.postsubmits(repo, static.Postsubmits[key])
			s.postsubmits[repo] = append(s.postsubmits[repo], static.Postsubmits[key]...)
		}
	}
	for _, p := range static.Periodics {
		c.periodic(p)
	}
	c.checkDuplicates(s)
	return s, c.problems
}

// repo reads a repository key; problems are told at the first job below it.
func (c *compiler) repo(key string, jobs any) (scm.Repo, bool) {
	var at Source
	switch jobs := jobs.(type) {
	case []*Presubmit:
		if len(jobs) > 0 {
			at = jobs[0].Source
		}
	case []*Postsubmit:
		if len(jobs) > 0 {
			at = jobs[0].Source
		}
	}
	repo, err := ParseRepo(key, c.Connection)
	if err != nil {
		c.add(at, "", err.Error(), "")
		return repo, false
	}
	if len(c.Connections) > 0 && !slices.Contains(c.Connections, repo.Connection) {
		c.add(at, "", fmt.Sprintf("%s names connection %q, which does not exist", key, repo.Connection), "define it under connections")
		return repo, false
	}
	return repo, true
}

func (c *compiler) add(at Source, field, message, remedy string) {
	c.problems = append(c.problems, Problem{At: at, Field: field, Message: message, Remedy: remedy})
}

func (c *compiler) warn(at Source, field, message, remedy string) {
	c.problems = append(c.problems, Problem{At: at, Field: field, Message: message, Remedy: remedy, Warning: true})
}

func (c *compiler) presubmits(repo scm.Repo, jobs []*Presubmit) {
	for _, p := range jobs {
		c.base(&p.Base, repo)
		c.brancher(p.Source, &p.Brancher)
		c.changes(p.Source, &p.ChangeMatcher)
		c.checkTriggering(p)
		p.RunBeforeMerge = p.RunBeforeMerge || p.RequireRun
		if p.Context == "" {
			p.Context = p.Name
		}
		if p.RerunCommand == "" {
			p.RerunCommand = "/test " + p.Name
		}
	}
}

func (c *compiler) postsubmits(repo scm.Repo, jobs []*Postsubmit) {
	for _, p := range jobs {
		c.base(&p.Base, repo)
		c.brancher(p.Source, &p.Brancher)
		c.changes(p.Source, &p.ChangeMatcher)
		if p.AlwaysRun != nil && *p.AlwaysRun && p.conditional() {
			c.add(p.Source, "always_run", "always_run and "+p.condition()+" exclude each other", "remove one of them")
		}
		if p.Context == "" {
			p.Context = p.Name
		}
	}
}

func (c *compiler) periodic(p *Periodic) {
	var repo scm.Repo
	if len(p.ExtraRefs) > 0 { // Prow resolves a periodic's defaults by its first extra ref
		repo = scm.Repo{Connection: c.Connection, Org: p.ExtraRefs[0].Org, Name: p.ExtraRefs[0].Repo}
	}
	c.base(&p.Base, repo)
	c.checkSchedule(p)
}

// locate completes extra refs that do not say where they are: they are on the connection of the job.
func (c *compiler) locate(b *Base, repo scm.Repo) {
	if c.CloneURI == nil {
		return
	}
	connection := cmp.Or(repo.Connection, c.Connection)
	for i := range b.ExtraRefs {
		if ref := &b.ExtraRefs[i]; ref.CloneURI == "" && ref.RepoLink == "" {
			ref.CloneURI = c.CloneURI(scm.Repo{Connection: connection, Org: ref.Org, Name: ref.Repo})
		}
	}
}

// base resolves what all kinds share, then checks it.
func (c *compiler) base(b *Base, repo scm.Repo) {
	if b.Agent == "" {
		b.Agent = AgentKubernetes
	}
	if b.Cluster == "" {
		b.Cluster = "default"
	}
	c.locate(b, repo)
	b.decorate = c.DecorateAll
	if b.Decorate != nil {
		b.decorate = *b.Decorate
	}
	own := b.DecorationConfig
	if b.decorate {
		b.DecorationConfig = own.Over(c.decorationFor(repo, b.Cluster))
	}
	b.timeout = c.timeoutOf(b, own)
	if spec := b.RunSpec(); spec != nil {
		data, err := json.Marshal(spec)
		if err != nil {
			c.add(b.Source, "", "the Tekton spec cannot be written as JSON: "+err.Error(), "")
		}
		b.runSpec = data
	}
	c.checkBase(b)
	c.applyPresets(b)
}

// timeoutOf resolves the whole run's timeout: the job's own word, then what its Tekton spec says, then the defaults.
func (c *compiler) timeoutOf(b *Base, own *DecorationConfig) time.Duration {
	spec := b.RunSpec()
	switch {
	case own != nil && own.Timeout != nil && b.decorate:
		return own.Timeout.Duration
	case spec != nil && spec.Timeouts != nil && spec.Timeouts.Pipeline != nil:
		return spec.Timeouts.Pipeline.Duration
	case b.decorate && b.DecorationConfig != nil && b.DecorationConfig.Timeout != nil:
		return b.DecorationConfig.Timeout.Duration
	case b.decorate:
		return DefaultDecoratedTimeout
	case c.Timeout > 0:
		return c.Timeout
	}
	return DefaultTimeout
}

// decorationFor merges the entries that match a repository and a cluster, once per pair.
func (c *compiler) decorationFor(repo scm.Repo, cluster string) *DecorationConfig {
	full := ""
	if repo.Name != "" {
		full = repo.FullName()
		if repo.Connection != c.Connection {
			full = repo.String()
		}
	}
	key := [2]string{full, cluster}
	if merged, ok := c.decoration[key]; ok {
		return merged
	}
	org := repo.Org
	if repo.Connection != c.Connection {
		org = repo.Connection + ":" + org
	}
	matches := func(want string, is ...string) bool {
		return want == "" || want == "*" || slices.Contains(is, want)
	}
	var merged *DecorationConfig
	for _, e := range c.Decoration {
		if matches(e.Repo, full, org) && matches(e.Cluster, cluster) {
			merged = e.Config.Over(merged)
		}
	}
	c.decoration[key] = merged
	return merged
}

// brancher compiles the branch expressions.
func (c *compiler) brancher(at Source, b *Brancher) {
	b.only = c.compileAll(at, "branches", b.Branches)
	b.skip = c.compileAll(at, "skip_branches", b.SkipBranches)
}

func (c *compiler) compileAll(at Source, field string, texts []string) matcher {
	if len(texts) == 0 {
		return nil
	}
	m := make(matcher, 0, len(texts))
	for i, text := range texts {
		if re := c.compile(at, fmt.Sprintf("%s[%d]", field, i), text); re != nil {
			m = append(m, re...)
		}
	}
	return m
}

func (c *compiler) compile(at Source, field, text string) matcher {
	re, err := c.expressions.compile(text)
	if err != nil {
		c.add(at, field, fmt.Sprintf("%q is not a regular expression: %s", text, reason(err)), "see https://golang.org/s/re2syntax")
		return nil
	}
	return matcher{re}
}

// changes compiles the change expression.
func (c *compiler) changes(at Source, m *ChangeMatcher) {
	if m.SkipIfOnlyChanged == "" {
		m.SkipIfOnlyChanged = m.IgnoreChanges
	}
	switch {
	case m.RunIfChanged != "" && m.SkipIfOnlyChanged != "":
		c.add(at, "skip_if_only_changed", "run_if_changed and skip_if_only_changed exclude each other", "remove one of them")
	case m.RunIfChanged != "":
		m.files = c.compile(at, "run_if_changed", m.RunIfChanged)
	case m.SkipIfOnlyChanged != "":
		m.files = c.compile(at, "skip_if_only_changed", m.SkipIfOnlyChanged)
	}
}
