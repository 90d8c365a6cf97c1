package chatops

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Forges gives the client of a connection and the bot's login there.
type Forges interface {
	Client(connection string) (*scm.Client, error)
	Bot(connection string) string
}

// Dispatcher hands events to the plugins that a repository has switched on.
type Dispatcher struct {
	// Plugins in the order in which they handle an event.
	Plugins []Plugin
	// Enabled lists the plugin names of a repository, from the configuration current at each event.
	Enabled func(scm.Repo) []string
	Forges  Forges

	once  sync.Once
	files *lru.Cache[change, []string]
}

// Report is what the plugins made of one event.
type Report struct {
	Outcomes []v1alpha1.Outcome
	Jobs     []v1alpha1.JobDecision
}

// Run is one plugin's handling of one event: the facts it may read and the notes it leaves for people.
type Run struct {
	*Snapshot
	// Delivery names the stored delivery; names made from it are the same at every retry.
	Delivery string

	report *Report
	did    []string
}

// NewRun starts a run outside the dispatcher, as tests and tools do.
func NewRun(s *Snapshot, delivery string) *Run {
	return &Run{Snapshot: s, Delivery: delivery, report: &Report{}}
}

// Did records what was done, in words a user understands.
func (r *Run) Did(format string, args ...any) { r.did = append(r.did, fmt.Sprintf(format, args...)) }

// Decided records why a job runs or does not.
func (r *Run) Decided(d v1alpha1.JobDecision) { r.report.Jobs = append(r.report.Jobs, d) }

// Report is what was recorded so far.
func (r *Run) Report() Report {
	return Report{Outcomes: []v1alpha1.Outcome{{Did: r.did}}, Jobs: r.report.Jobs}
}

// Wants says whether any plugin switched on for the event's repository would handle it.
func (d *Dispatcher) Wants(e scm.Event) bool {
	enabled := d.Enabled(e.Envelope().Repo)
	return slices.ContainsFunc(d.Plugins, func(p Plugin) bool { return slices.Contains(enabled, p.Name) && p.wants(e) })
}

// Dispatch runs every interested plugin, those excepted that an earlier attempt's outcomes show as finished. One
// plugin's failure does not keep the others from running; all failures are joined in the error.
func (d *Dispatcher) Dispatch(ctx context.Context, delivery string, e scm.Event, earlier Report) (Report, error) {
	repo := e.Envelope().Repo
	client, err := d.Forges.Client(repo.Connection)
	if err != nil {
		return earlier, err
	}
	report := Report{Jobs: earlier.Jobs}
	d.once.Do(func() { d.files = newFileMemory() })
	snapshot := NewSnapshot(client, d.Forges.Bot(repo.Connection), e)
	snapshot.files = d.files
	if e, err = snapshot.complete(ctx, e); err != nil {
		return earlier, err
	}
	enabled := d.Enabled(repo)
	var failures []error
	for i := range d.Plugins {
		p := &d.Plugins[i]
		if !slices.Contains(enabled, p.Name) || !p.wants(e) {
			continue
		}
		if done, ok := finished(earlier.Outcomes, p.Name); ok {
			report.Outcomes = append(report.Outcomes, done)
			continue
		}
		outcome, jobs, err := d.one(ctx, p, snapshot, delivery, e)
		report.Outcomes = append(report.Outcomes, outcome)
		report.Jobs = append(report.Jobs, jobs...)
		if err != nil {
			failures = append(failures, fmt.Errorf("plugin %s: %w", p.Name, err))
		}
	}
	return report, errors.Join(failures...)
}

func (d *Dispatcher) one(ctx context.Context, p *Plugin, s *Snapshot, delivery string, e scm.Event) (v1alpha1.Outcome, []v1alpha1.JobDecision, error) {
	run := NewRun(s, delivery)
	err := recovered(ctx, func() error { return p.handle(ctx, run, e) })
	outcome := v1alpha1.Outcome{Plugin: p.Name, Did: run.did}
	if err != nil {
		outcome.Error = err.Error()
		return outcome, nil, err
	}
	return outcome, run.report.Jobs, nil
}

// recovered turns a plugin's panic into its error: one feature's bug must not stop the others.
func recovered(ctx context.Context, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.FromContext(ctx).Error(fmt.Errorf("panic: %v", p), "plugin panicked", "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return f()
}

func finished(outcomes []v1alpha1.Outcome, plugin string) (v1alpha1.Outcome, bool) {
	i := slices.IndexFunc(outcomes, func(o v1alpha1.Outcome) bool { return o.Plugin == plugin && o.Error == "" })
	if i < 0 {
		return v1alpha1.Outcome{}, false
	}
	return outcomes[i], true
}
