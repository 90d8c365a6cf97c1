package controller

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/report"
)

// GC removes finished PipelineJobs, and before them the PipelineRuns whose log is archived: a record is small and worth
// keeping, a run holds pods. Nothing goes before its log is in the store.
type GC struct {
	Client    client.Client
	Namespace string
	// JobAge and RunAge are asked at every sweep, so that a reload takes effect. They count from the completion.
	JobAge, RunAge func() time.Duration
	// OnClock says whether a job is started by the clock; the last run of such a job stays.
	OnClock func(job string) bool
	// Every is the pause between two sweeps.
	Every time.Duration
}

// Start sweeps until ctx ends.
func (g *GC) Start(ctx context.Context) error {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := g.Sweep(ctx, time.Now()); err != nil {
			log.FromContext(ctx).Error(err, "old runs stay until the next sweep")
		}
	}, g.Every)
	return nil
}

// NeedLeaderElection keeps two sweepers from working at once.
func (*GC) NeedLeaderElection() bool { return true }

// Sweep removes what is too old at now. One object that cannot be removed does not keep the others.
func (g *GC) Sweep(ctx context.Context, now time.Time) error {
	var list v1alpha1.PipelineJobList
	if err := g.Client.List(ctx, &list, client.InNamespace(g.Namespace)); err != nil {
		return fmt.Errorf("list pipeline jobs: %w", err)
	}
	var failures []error
	tooMany, clock := surplus(list.Items), newest(list.Items)
	for i := range list.Items {
		runAge := g.RunAge()
		if tooMany[list.Items[i].Name] {
			runAge = 0
		}
		jobAge := g.JobAge()
		if pj := &list.Items[i]; clock[pj.Spec.Job] == pj && g.OnClock(pj.Spec.Job) {
			jobAge = math.MaxInt64 // by it the job's next run is known
		}
		failures = append(failures, g.collect(ctx, &list.Items[i], jobAge, runAge, now))
	}
	return errors.Join(failures...)
}

// reported says that nothing about the run's end is left to tell.
func reported(pj *v1alpha1.PipelineJob) bool {
	return !report.Wanted(pj) || pj.Status.Reports[forgeReporter].State == pj.Status.State
}

func (g *GC) collect(ctx context.Context, pj *v1alpha1.PipelineJob, jobAge, runAge time.Duration, now time.Time) error {
	if !pj.Status.State.Terminal() || pj.Status.CompletionTime == nil || !pj.Status.Log.Archived || !reported(pj) {
		return nil
	}
	age := now.Sub(pj.Status.CompletionTime.Time)
	switch {
	case age > jobAge:
		if err := client.IgnoreNotFound(g.Client.Delete(ctx, pj)); err != nil {
			return fmt.Errorf("delete pipeline job %s: %w", pj.Name, err)
		}
	case age > runAge && pj.Status.PipelineRun != "":
		namespace := pj.Spec.Namespace
		if namespace == "" {
			namespace = pj.Namespace
		}
		run := &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: pj.Status.PipelineRun}}
		if err := client.IgnoreNotFound(g.Client.Delete(ctx, run)); err != nil {
			return fmt.Errorf("delete pipeline run %s: %w", run.Name, err)
		}
	}
	return nil
}
