package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/job"
)

// Periodic starts the jobs of the clock. What it knows of earlier runs it reads from their objects, so a restart forgets
// nothing.
type Periodic struct {
	Client    client.Reader
	Namespace string
	// Jobs and Connection are asked at every look, so that a reload takes effect.
	Jobs       func() []*job.Periodic
	Connection func() string
	Launch     func(context.Context, *v1alpha1.PipelineJob) error
	BuildIDs   job.BuildIDs
	// Every is the pause between two looks at the clock.
	Every time.Duration
}

// Start looks at the clock until ctx ends.
func (p *Periodic) Start(ctx context.Context) error {
	began := time.Now()
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := p.Look(ctx, began, time.Now()); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "a periodic job starts late")
		}
	}, p.Every)
	return nil
}

// NeedLeaderElection is true: the clock strikes once.
func (*Periodic) NeedLeaderElection() bool { return true }

// Look starts what is due at now. Jobs that never ran count from began. One job that cannot be started does not keep the
// others.
func (p *Periodic) Look(ctx context.Context, began, now time.Time) error {
	jobs := p.Jobs()
	if len(jobs) == 0 {
		return nil
	}
	var list v1alpha1.PipelineJobList
	err := p.Client.List(ctx, &list, client.InNamespace(p.Namespace), client.UnsafeDisableDeepCopy,
		client.MatchingLabels{v1alpha1.LabelType: string(v1alpha1.Periodic)})
	if err != nil {
		return fmt.Errorf("list periodic runs: %w", err)
	}
	last := newest(list.Items)
	var failures []error
	for _, j := range jobs {
		if j.Agent == job.AgentJenkins {
			continue
		}
		started, ended := lived(last[j.Name])
		due := j.Due(started, ended, began)
		if due.IsZero() || due.After(now) {
			continue
		}
		// The moment is part of the run's name, so that two looks at one moment start one run.
		cause := job.Cause{Type: v1alpha1.Periodic, Connection: p.Connection(), Attempt: int(due.Unix())}
		pj := job.New(job.Decision{Name: j.Name, Run: true, Periodic: j}, cause, p.BuildIDs.Next())
		if err := p.Launch(ctx, pj); err != nil {
			failures = append(failures, fmt.Errorf("start periodic job %s: %w", j.Name, err))
			continue
		}
		log.FromContext(ctx).Info("periodic job started", "job", j.Name, "run", pj.Name, "due", due.UTC().Format(time.RFC3339))
	}
	return errors.Join(failures...)
}

// newest is the last periodic run of each job, by the job's name.
func newest(all []v1alpha1.PipelineJob) map[string]*v1alpha1.PipelineJob {
	last := map[string]*v1alpha1.PipelineJob{}
	for i := range all {
		pj := &all[i]
		if pj.Spec.Type != v1alpha1.Periodic {
			continue
		}
		if l := last[pj.Spec.Job]; l == nil || l.CreationTimestamp.Before(&pj.CreationTimestamp) {
			last[pj.Spec.Job] = pj
		}
	}
	return last
}

// lived says when a run was made and when it ended, the zero time for what was not yet.
func lived(pj *v1alpha1.PipelineJob) (started, ended time.Time) {
	if pj == nil {
		return
	}
	started = pj.CreationTimestamp.Time
	switch {
	case !pj.Status.State.Terminal():
	case pj.Status.CompletionTime != nil:
		ended = pj.Status.CompletionTime.Time
	default:
		ended = started
	}
	return
}
