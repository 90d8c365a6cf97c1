package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/strictyaml"
)

// CheckOptions say what [Check] looks for.
type CheckOptions struct {
	// Warnings are the checks to make, all if it is empty; Exclude are those to leave out. See [CheckNames].
	Warnings, Exclude []string
	// Strict turns every warning into an error.
	Strict bool
	// RequiredJobAnnotations are what check required-job-annotations asks of every job.
	RequiredJobAnnotations []string
}

// Names of checks that are made while the files are read.
const (
	checkUnknownFields = "unknown-fields"
	checkNotActedOn    = "not-acted-on"
)

// check looks for one kind of doubtful thing. The names are those of Prow's checkconfig, where it has the check.
type check struct {
	name string
	look func(*checker)
}

func allChecks() []check {
	return []check{
		{"duplicate-job-refs", (*checker).duplicateRefs},
		{"long-job-names", (*checker).longNames},
		{"managed-webhooks", (*checker).managedWebhooks},
		{"mismatched-tide", (*checker).mismatchedTide},
		{"mismatched-tide-lenient", (*checker).mismatchedTideLenient},
		{"missing-trigger", (*checker).missingTrigger},
		{"needs-ok-to-test", (*checker).needsOKToTest},
		{"non-decorated-jobs", (*checker).nonDecorated},
		{checkNotActedOn, (*checker).notActedOn},
		{"pipeline-runs", (*checker).builds},
		{"periodic-default-clone-config", (*checker).periodicClone},
		{"required-job-annotations", (*checker).requiredAnnotations},
		{"tide-context-policy", (*checker).tideContextPolicy},
		{"tide-strict-branch", (*checker).tideStrictBranch},
		{"valid-decoration-config", (*checker).decorationConfig},
		{"validate-label", (*checker).labels},
		{"validate-owners", (*checker).owners},
		{"validate-unmanaged-branchconfig-has-no-subconfig", (*checker).unmanaged},
		{"validate-urls", (*checker).urls},
	}
}

// CheckNames lists the checks, those of checkconfig by their names there. Two ask for what only some want and are left out
// unless they are named: mismatched-tide-lenient, a weaker form of mismatched-tide, and non-decorated-jobs.
func CheckNames() []string {
	names := []string{checkUnknownFields}
	for _, c := range allChecks() {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

// remote are the checks of checkconfig that need a forge, a cluster or a bucket. They may be named, and find nothing.
var remote = []string{"unknown-fields-all", "validate-cluster-field", "validate-config-updater-acls", "validate-github-app-installation",
	"validate-supplemental-prow-config-hierarchy", "verify-owners-file", "verify-owners-presence"}

// optional checks are made only when they are named.
var optional = []string{"mismatched-tide-lenient", "non-decorated-jobs"}

func (o CheckOptions) validate() error {
	known := append(CheckNames(), remote...)
	for _, name := range append(slices.Clone(o.Warnings), o.Exclude...) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no check %q; there are %s", name, strings.Join(CheckNames(), ", "))
		}
	}
	return nil
}

func (o CheckOptions) wants(name string) bool {
	if slices.Contains(o.Exclude, name) {
		return false
	}
	return slices.Contains(o.Warnings, name) || len(o.Warnings) == 0 && !slices.Contains(optional, name)
}

// Check loads a configuration and looks for what loads well and is doubtful all the same. The findings are sorted by place;
// the configuration is nil if it does not load. The error is about the options.
func Check(paths Paths, o CheckOptions) (*Config, []Finding, error) {
	if err := o.validate(); err != nil {
		return nil, nil, err
	}
	files, err := paths.read()
	var c *Config
	if err == nil {
		c, err = build(paths, files)
	}
	if err != nil {
		var broken *Errors
		if !errors.As(err, &broken) {
			return nil, nil, err
		}
		return nil, o.judge(broken.Findings), nil
	}
	ck := &checker{Config: c, options: o, files: files, paths: paths, found: findings{all: c.Warnings}}
	for _, one := range allChecks() {
		if o.wants(one.name) {
			ck.name = one.name
			one.look(ck)
		}
	}
	ck.locate()
	return c, o.judge(ck.found.sort()), nil
}

// judge drops what is not wanted and applies Strict.
func (o CheckOptions) judge(all []Finding) []Finding {
	all = slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.Check == checkUnknownFields && !o.wants(checkUnknownFields) })
	for i := range all {
		if o.Strict {
			all[i].Severity = SeverityError
		}
	}
	return all
}

// checker is one look at a configuration.
type checker struct {
	*Config
	options CheckOptions
	files   snapshot
	paths   Paths
	name    string // of the check that looks
	found   findings
	// places lead to findings, by their index, whose line is not known yet.
	places map[int]string
	// plugins is plugins.yaml, once something asked for its form.
	plugins *strictyaml.Document
}

// inConfig and inPlugins warn at a path of config.yaml and plugins.yaml.
func (k *checker) inConfig(path, message, remedy string) { k.at(k.paths.Config, path, message, remedy) }
func (k *checker) inPlugins(path, message, remedy string) {
	k.at(k.paths.Plugins, path, message, remedy)
}

// inJob warns at a field of a job.
func (k *checker) inJob(b *job.Base, field, message, remedy string) {
	f := Finding{File: b.File, Line: b.Line, Column: b.Column, Message: message, Remedy: remedy}
	if field == "" {
		k.add(f, "")
	} else {
		k.add(f, b.Path+"."+field)
	}
}

func (k *checker) at(file, path, message, remedy string) {
	k.add(Finding{File: file, Message: message, Remedy: remedy}, path)
}

func (k *checker) add(f Finding, path string) {
	f.Severity, f.Check = SeverityWarning, k.name
	if path != "" {
		if k.places == nil {
			k.places = map[int]string{}
		}
		k.places[len(k.found.all)] = path
	}
	k.found.all = append(k.found.all, f)
}

// locate finds the lines of all findings, parsing each file that has one again, one at a time: the trees of a large
// configuration are several times its size.
func (k *checker) locate() {
	byFile := map[string][]int{}
	for i := range k.places {
		byFile[k.found.all[i].File] = append(byFile[k.found.all[i].File], i)
	}
	for file, found := range byFile {
		doc, _ := strictyaml.Parse(file, k.files.data(file)) // it parsed before
		if doc == nil {
			continue
		}
		for _, i := range found {
			f := &k.found.all[i]
			f.Line, f.Column = doc.Position(k.places[i])
		}
	}
}

// eachJob visits every job in a stable order; repo is empty for a periodic.
func (k *checker) eachJob(visit func(b *job.Base, repo string)) {
	for _, repo := range k.Jobs.Repos() {
		for _, p := range k.Jobs.Presubmits(repo) {
			visit(&p.Base, repo.FullName())
		}
		for _, p := range k.Jobs.Postsubmits(repo) {
			visit(&p.Base, repo.FullName())
		}
	}
	for _, p := range k.Jobs.Periodics() {
		visit(&p.Base, "")
	}
}

// keyed reads a key of an organisation or repository, with or without its connection, as "connection:name".
func (k *checker) keyed(key string) string {
	connection, name := job.SplitKey(key, k.defaultConnection)
	return cmp.Or(connection, k.defaultConnection) + ":" + name
}
