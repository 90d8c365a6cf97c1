package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pharos-ci/pharos/pkg/config/stanza"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/plugins"
)

// notActedOn names what is read, kept and has no effect.
func (k *checker) notActedOn() {
	k.unusedStanzas()
	k.unusedDeck()
	k.unusedPlugins()
	for _, p := range k.Jobs.Periodics() {
		if p.Retry != nil {
			k.inJob(&p.Base, "retry", "retry has no effect: a failed periodic job waits for its next moment", "")
		}
		if p.Branch != "" {
			k.inJob(&p.Base, "branch", "branch has no effect", "name the branch in extra_refs")
		}
	}
	uses := map[unused]*use{}
	k.eachJob(func(b *job.Base, _ string) {
		for _, f := range unusedFields(b) {
			at := unused{b.File, f.message, f.remedy}
			if uses[at] == nil {
				uses[at] = &use{first: b, field: f.field}
			}
			uses[at].count++
		}
	})
	for at, u := range uses {
		message := at.message
		if u.count > 1 { // told at the first job, whose place needs no second look into the file
			u.field = ""
			message = fmt.Sprintf("%s (%d jobs of this file)", message, u.count)
		}
		k.inJob(u.first, u.field, message, at.remedy)
	}
}

// unused is one reason why something of a job file has no effect; use is where it was found.
type (
	unused struct{ file, message, remedy string }
	use    struct {
		first *job.Base
		field string
		count int
	}
)

// elsewhere says what does the work of a stanza that has no effect; the others have nobody yet.
var elsewhere = map[string]string{
	"gangway":                 "start jobs with a comment or a webhook",
	"gerrit":                  "",
	"jenkins_operators":       "run the job with agent tekton-pipeline",
	"jenkinses":               "run the job with agent tekton-pipeline",
	"managed_webhooks":        "pharos hooks sync installs webhooks for everything that the configuration serves",
	"moonraker":               "Pharos reads jobs of repositories from mirrors of its own",
	"prowjob_default_entries": "",
	"push_gateway":            "scrape /metrics",
}

// acted are the stanzas that do have an effect.
var acted = map[string]bool{"in_repo_config": true, "deck": true}

// unusedDeck names what the dashboard does not take from Prow's.
func (k *checker) unusedDeck() {
	deck := k.Stanzas.Deck
	if deck == nil {
		return
	}
	s := &deck.Spyglass
	unused := map[string]bool{
		"deck.branding": deck.Branding != nil, "deck.google_analytics": deck.GoogleAnalytics != "",
		"deck.external_agent_logs":        len(deck.ExternalAgentLogs) > 0,
		"deck.additional_allowed_buckets": len(deck.AdditionalAllowedBuckets) > 0,
		"deck.spyglass.announcement":      s.Announcement != "", "deck.spyglass.testgrid_config": s.TestGridConfig != "",
		"deck.spyglass.gcs_browser_prefix": s.GCSBrowserPrefix != "", "deck.spyglass.gcs_browser_prefixes": len(s.GCSBrowserPrefixes) > 0,
	}
	for _, path := range slices.Sorted(maps.Keys(unused)) {
		if unused[path] {
			k.inConfig(path, path+" is read, and nothing acts on it", "")
		}
	}
	for i, lens := range s.Lenses {
		if !slices.Contains(shownLenses, lens.Lens.Name) {
			k.inConfig(fmt.Sprintf("deck.spyglass.lenses[%d]", i), fmt.Sprintf("lens %s is not shown", lens.Lens.Name), "its files can be opened among the artifacts of a run")
		}
	}
}

// shownLenses are those of Prow whose content the page of a run shows, whether they are configured or not.
var shownLenses = []string{"buildlog", "metadata", "junit", "podinfo", "html", "markdown", "links"}

func (k *checker) unusedStanzas() {
	for _, key := range given(&k.Stanzas) {
		if !acted[key] {
			k.inConfig(key, key+" is read, and nothing acts on it", elsewhere[key])
		}
	}
	for _, key := range given(k.Plugins.Stanzas()) {
		k.inPlugins(key, key+" is read, and nothing acts on it", "")
	}
	plank := map[string]bool{
		"plank.report_template":  k.Plank.ReportTemplate != "",
		"plank.report_templates": len(k.Plank.ReportTemplates) > 0,
		"plank.job_url_template": k.Plank.JobURLTemplate != "",
		"plank.max_concurrency":  k.Plank.MaxConcurrency != 0, "plank.job_queue_capacities": len(k.Plank.JobQueueCapacities) > 0,
		"plank.max_revivals":               k.Plank.MaxRevivals != nil,
		"plank.build_cluster_status_file":  k.Plank.BuildClusterStatusFile != "",
		"github_reporter.no_comment_repos": len(k.Reporter.NoCommentRepos) > 0, "github_reporter.summary_comment_repos": len(k.Reporter.SummaryCommentRepos) > 0,
	}
	for _, path := range slices.Sorted(maps.Keys(plank)) {
		if plank[path] {
			k.inConfig(path, path+" is read, and nothing acts on it", "")
		}
	}
}

// given lists the keys of a struct of stanzas that were written, sorted.
func given[S stanza.Main | stanza.Plugins](stanzas *S) []string {
	var keys []string
	v := reflect.ValueOf(stanzas).Elem()
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			keys = append(keys, v.Type().Field(i).Tag.Get("json"))
		}
	}
	slices.Sort(keys)
	return keys
}

// unusedPlugins names the plugins that do not exist, each where it is first enabled.
func (k *checker) unusedPlugins() {
	known := plugins.Names()
	places := map[string]int{}
	for _, list := range k.Plugins.lists {
		for _, name := range list.Plugins {
			places[name]++
		}
	}
	for _, key := range sortedKeys(k.Plugins.lists) {
		for i, name := range k.Plugins.lists[key].Plugins {
			if count := places[name]; count > 0 && !slices.Contains(known, name) {
				k.inPlugins(k.pluginPath(key, i), fmt.Sprintf("plugin %s is not one of Pharos's; nothing happens where it is enabled (%d lists)", name, count), "known plugins: "+strings.Join(known, ", "))
				delete(places, name)
			}
		}
	}
}

// unusedField is a field of a job that has no effect.
type unusedField struct{ field, message, remedy string }

func unusedFields(b *job.Base) []unusedField {
	var all []unusedField
	add := func(given bool, field, message, remedy string) {
		if given {
			all = append(all, unusedField{field, message, remedy})
		}
	}
	if b.Agent == job.AgentJenkins {
		add(true, "agent", "jobs of agent jenkins are not run", "write them for agent kubernetes or tekton-pipeline")
		return all
	}
	add(b.Cluster != "default", "cluster", fmt.Sprintf("cluster %s is not used: jobs run in the cluster that Pharos runs in", b.Cluster), "")
	add(b.RunAfterSuccess != nil, "run_after_success", "run_after_success has no effect, as in Prow since 2019", "write one pipeline with both")
	add(b.BuildSpec != nil, "build_spec", "build_spec has no effect, as in Prow since 2019", "write a pipeline_run_spec")
	add(b.JobQueueName != "", "job_queue_name", "job_queue_name does not bound how many jobs run", "use max_concurrency")
	add(b.ErrorOnEviction, "error_on_eviction", "error_on_eviction has no effect", "")
	add(b.Hidden, "hidden", "hidden jobs are shown on the dashboard", "")
	add(b.ReporterConfig != nil, "reporter_config", "results are not told to Slack", "")
	add(b.ProwJobDefaults != nil, "prowjob_defaults", "prowjob_defaults has no effect", "")
	return all
}
