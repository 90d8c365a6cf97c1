package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/report"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// thread brings the test report of a pull request up to date. It asks the forge only when a run failed that the report
// does not show, or when one ended whose context failed before, because only then can the report change.
func (r *Report) thread(ctx context.Context, key ReportKey) (wait time.Duration, err error) {
	runs, err := r.runs(ctx, pullIndex, key)
	if err != nil {
		return 0, err
	}
	results := report.Results(runs)
	due := r.due(results, runs)
	if len(due) == 0 {
		return 0, nil
	}
	if wait := r.untilSettled(due); wait > 0 {
		return wait, nil
	}
	message, err := r.comment(ctx, scm.PullRef{Repo: key.Repo, Number: key.Pull}, results)
	if err != nil {
		return 0, err
	}
	for _, pj := range due {
		if err := r.record(ctx, pj, commentReporter, v1alpha1.ReportStatus{State: pj.Status.State, Message: message}); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// due are the results that the thread has not been told.
func (r *Report) due(results, runs []*v1alpha1.PipelineJob) []*v1alpha1.PipelineJob {
	failed := map[string]bool{}
	for _, pj := range runs {
		if pj.Status.State == v1alpha1.StateFailure {
			failed[pj.Spec.Context] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(results), func(pj *v1alpha1.PipelineJob) bool {
		return !failed[pj.Spec.Context] || r.told.last(pj, commentReporter).State == pj.Status.State
	})
}

// untilSettled counts from the first result that waits, so that a stream of results delays none for long.
func (r *Report) untilSettled(due []*v1alpha1.PipelineJob) time.Duration {
	first := r.now()
	for _, pj := range due {
		if done := pj.Status.CompletionTime; done != nil && done.Time.Before(first) {
			first = done.Time
		}
	}
	return first.Add(r.delay).Sub(r.now())
}

// comment rewrites the test report; message says why the forge refuses it for good.
func (r *Report) comment(ctx context.Context, ref scm.PullRef, results []*v1alpha1.PipelineJob) (message string, err error) {
	forge, err := r.forge(ref.Connection)
	if err != nil {
		return "", err
	}
	thread, err := forge.Comments.List(ctx, ref)
	if err == nil {
		err = report.Comment(results, thread, func(u scm.User) bool { return forge.Named(u, r.clients.Bot(ref.Connection)) }).Apply(ctx, forge.Comments, ref)
	}
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err == nil:
		reports.WithLabelValues(commentReporter, resultSent).Inc()
		return "", nil
	case transient(err):
		reports.WithLabelValues(commentReporter, resultRetried).Inc()
		return "", &forgeError{fmt.Errorf("update test report: %w", err)}
	default:
		reports.WithLabelValues(commentReporter, resultRefused).Inc()
		log.FromContext(ctx).Error(err, "forge refuses a test report")
		return brief(err), nil
	}
}
