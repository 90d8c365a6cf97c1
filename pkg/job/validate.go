package job

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/pharos-ci/pharos/pkg/scm"
)

// Names of jobs; those of agent jenkins are paths.
var (
	validName        = regexp.MustCompile(`^[A-Za-z0-9-._]+$`)
	validJenkinsName = regexp.MustCompile(`^[A-Za-z0-9-._/]+$`)
)

// unrunnable is why Pharos cannot run the job whatever the event; "" if it can.
func (b *Base) unrunnable() string {
	if b.PipelineSource != "" && b.RunSpec() == nil {
		return "its source is not read from configuration outside of the repository"
	}
	switch b.Agent {
	case AgentKubernetes, AgentTekton:
		return ""
	}
	return "agent " + b.Agent + " is not one that Pharos runs"
}

// condition is the key of the changed-files condition.
func (c *ChangeMatcher) condition() string {
	switch {
	case c.When != nil:
		return "another condition"
	case c.RunIfChanged != "":
		return "run_if_changed"
	}
	return "skip_if_only_changed"
}

// reason is the part of a regexp error that people need.
func reason(err error) string {
	var syntaxErr *syntax.Error
	if errors.As(err, &syntaxErr) {
		return strings.TrimSpace(syntaxErr.Code.String() + " " + syntaxErr.Expr)
	}
	return err.Error()
}

func (c *compiler) checkBase(b *Base) {
	switch {
	case b.Name == "":
		c.add(b.Source, "name", "a job has no name", "give it one")
	case !validName.MatchString(b.Name) && (b.Agent != AgentJenkins || !validJenkinsName.MatchString(b.Name)):
		c.add(b.Source, "name", fmt.Sprintf("job name %q holds other characters than letters, digits, - . and _", b.Name), "rename it")
	}
	if b.MaxConcurrency < 0 {
		c.add(b.Source, "max_concurrency", "max_concurrency must not be negative", "0 means no limit")
	}
	if _, ok := c.Queues[b.JobQueueName]; b.JobQueueName != "" && !ok {
		c.add(b.Source, "job_queue_name", fmt.Sprintf("job queue %q does not exist", b.JobQueueName), "add it to plank.job_queue_capacities")
	}
	if b.timeout <= 0 {
		c.add(b.Source, "decoration_config.timeout", "a timeout must be longer than nothing", "write one like 2h")
	}
	c.checkMeta(b)
	c.checkAgent(b)
	c.checkExtraRefs(b)
}

// checkMeta holds labels and annotations to what Kubernetes takes.
func (c *compiler) checkMeta(b *Base) {
	for _, key := range slices.Sorted(maps.Keys(b.Labels)) {
		field := "labels[" + key + "]"
		for _, why := range validation.IsQualifiedName(key) {
			c.add(b.Source, field, fmt.Sprintf("label key %q is not valid: %s", key, why), "")
		}
		for _, why := range validation.IsValidLabelValue(b.Labels[key]) {
			c.add(b.Source, field, fmt.Sprintf("label value %q is not valid: %s", b.Labels[key], why), "use an annotation for free text")
		}
		if slices.Contains(reservedLabels, key) {
			c.add(b.Source, field, fmt.Sprintf("label %q is set by Pharos itself", key), "remove it")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b.Annotations)) {
		for _, why := range validation.IsQualifiedName(strings.ToLower(key)) {
			c.add(b.Source, "annotations["+key+"]", fmt.Sprintf("annotation key %q is not valid: %s", key, why), "")
		}
	}
}

// checkAgent compares the agent with the spec that is given.
func (c *compiler) checkAgent(b *Base) {
	both := b.PipelineRunSpec != nil && b.TektonPipelineRunSpec != nil
	switch {
	case both:
		c.add(b.Source, "tekton_pipeline_run_spec", "pipeline_run_spec and tekton_pipeline_run_spec say the same twice", "keep one of them")
	case b.TektonPipelineRunSpec != nil && b.TektonPipelineRunSpec.V1beta1 == nil:
		c.add(b.Source, "tekton_pipeline_run_spec", "tekton_pipeline_run_spec is empty", "put the spec under its key v1beta1")
	}
	switch b.Agent {
	case AgentKubernetes:
		if b.Spec == nil {
			c.add(b.Source, "", fmt.Sprintf("job %s has agent kubernetes and no spec", b.Name), "add spec, or set agent: tekton-pipeline")
		} else {
			c.checkPod(b)
		}
		if b.RunSpec() != nil {
			c.add(b.Source, b.runSpecKey(), b.runSpecKey()+" needs agent tekton-pipeline", "set agent: tekton-pipeline")
		}
	case AgentTekton:
		if b.PipelineSource != "" {
			c.warn(b.Source, "source", "source is followed only for jobs kept in the repository; the job is not run", "write the spec under pipeline_run_spec")
		} else if b.RunSpec() == nil && !both {
			c.add(b.Source, "", fmt.Sprintf("job %s has agent tekton-pipeline and no pipeline_run_spec", b.Name), "add pipeline_run_spec")
		} else if b.RunSpec() != nil {
			c.checkRunSpec(b)
		}
		if b.Spec != nil {
			c.add(b.Source, "spec", "spec needs agent kubernetes", "remove it or set agent: kubernetes")
		}
	case AgentJenkins:
		// Read and kept; whoever checks the configuration is told that it is not run.
	default:
		c.warn(b.Source, "agent", fmt.Sprintf("agent %q is not known; the job is not run", b.Agent), "use kubernetes or tekton-pipeline")
	}
}

func (b *Base) runSpecKey() string {
	if b.TektonPipelineRunSpec != nil {
		return "tekton_pipeline_run_spec"
	}
	return "pipeline_run_spec"
}

func (c *compiler) checkExtraRefs(b *Base) {
	seen := map[string]bool{}
	for i, r := range b.ExtraRefs {
		field := fmt.Sprintf("extra_refs[%d]", i)
		if r.Org == "" || r.Repo == "" {
			c.add(b.Source, field, "an extra ref needs org and repo", "add what is missing")
			continue
		}
		name := r.Org + "/" + r.Repo
		if seen[name] {
			c.add(b.Source, field, fmt.Sprintf("extra_refs lists %s twice", name), "keep one of them")
		}
		seen[name] = true
	}
}

// checkTriggering compares the keys that say when a presubmit runs.
func (c *compiler) checkTriggering(p *Presubmit) {
	if p.AlwaysRun && p.conditional() {
		c.add(p.Source, "always_run", "always_run and "+p.condition()+" exclude each other", "remove one of them")
	}
	switch {
	case p.Trigger != "" && p.RerunCommand == "":
		c.add(p.Source, "trigger", "trigger is given without rerun_command", "add a rerun_command that the trigger matches")
	case p.Trigger == "" && p.RerunCommand != "":
		c.add(p.Source, "rerun_command", "rerun_command is given without trigger", "add a trigger that matches it, or remove it")
	case p.Trigger != "":
		p.trigger = c.compile(p.Source, "trigger", p.Trigger)
		if p.trigger != nil && !p.trigger.match(p.RerunCommand) {
			c.add(p.Source, "trigger", fmt.Sprintf("trigger does not match rerun_command %q", p.RerunCommand), "correct one of them")
		}
	}
}

func (c *compiler) checkSchedule(p *Periodic) {
	if p.AlwaysRun != nil {
		c.warn(p.Source, "always_run", "always_run means nothing in a periodic", "remove it")
	}
	given := 0
	for _, is := range []bool{p.Interval.Duration != 0, p.MinimumInterval.Duration != 0, p.Cron != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		c.add(p.Source, "", fmt.Sprintf("periodic %s needs exactly one of cron, interval and minimum_interval", p.Name), "")
	}
	if p.Cron != "" {
		schedule, err := cronParser.Parse(p.Cron)
		if err != nil {
			c.add(p.Source, "cron", fmt.Sprintf("cron %q cannot be read: %v", p.Cron, err), `write "minute hour day month weekday", or @daily`)
			return
		}
		p.schedule = schedule
	}
}

// checkDuplicates finds jobs that could not be told apart on some branch.
func (c *compiler) checkDuplicates(s *Set) {
	for _, repo := range s.Repos() {
		names, contexts := map[string][]*Presubmit{}, map[string][]*Presubmit{}
		for _, p := range s.presubmits[repo] {
			c.checkPresubmitClash(repo, p, names[p.Name], contexts[p.Context])
			names[p.Name] = append(names[p.Name], p)
			if !p.SkipReport {
				contexts[p.Context] = append(contexts[p.Context], p)
			}
		}
		c.checkPostsubmitClashes(repo, s.postsubmits[repo])
	}
	periodics := map[string]*Periodic{}
	for _, p := range s.periodics {
		if before := periodics[p.Name]; before != nil {
			c.add(p.Source, "name", fmt.Sprintf("periodic %s exists already at %s", p.Name, before.Place()), "rename one of them")
		}
		periodics[p.Name] = p
	}
}

func (c *compiler) checkPresubmitClash(repo scm.Repo, p *Presubmit, sameName, sameContext []*Presubmit) {
	for _, before := range sameName {
		if before.intersects(&p.Brancher) {
			c.add(p.Source, "name", fmt.Sprintf("presubmit %s of %s exists already at %s for the same branches", p.Name, repo.FullName(), before.Place()),
				"rename one of them or separate their branches")
			return
		}
	}
	if p.SkipReport {
		return
	}
	for _, before := range sameContext {
		if before.intersects(&p.Brancher) {
			c.add(p.Source, "context", fmt.Sprintf("presubmit %s reports to context %q as job %s at %s does for the same branches", p.Name, p.Context,
				before.Name, before.Place()), "give each its own context")
			return
		}
	}
}

func (c *compiler) checkPostsubmitClashes(repo scm.Repo, jobs []*Postsubmit) {
	names := map[string][]*Postsubmit{}
	for _, p := range jobs {
		for _, before := range names[p.Name] {
			if before.intersects(&p.Brancher) {
				c.add(p.Source, "name", fmt.Sprintf("postsubmit %s of %s exists already at %s for the same branches", p.Name, repo.FullName(), before.Place()),
					"rename one of them or separate their branches")
				break
			}
		}
		names[p.Name] = append(names[p.Name], p)
	}
}
