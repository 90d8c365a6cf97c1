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

// statuses brings the statuses of a commit up to date. For each context only its newest run speaks; older ones are
// recorded as done without a call. A positive wait asks to be called again.
func (r *Report) statuses(ctx context.Context, key ReportKey) (wait time.Duration, err error) {
	runs, err := r.runs(ctx, commitIndex, key)
	if err != nil {
		return 0, err
	}
	newest := report.Newest(runs)
	for _, pj := range runs {
		if slices.Contains(newest, pj) {
			continue
		}
		if err := r.passOver(ctx, pj); err != nil {
			return 0, err
		}
	}
	for _, pj := range newest {
		early := r.untilPage(pj)
		if early > 0 {
			wait = max(wait, early)
			continue
		}
		if err := r.status(ctx, key, pj); err != nil {
			return 0, err
		}
	}
	return wait, nil
}

// untilPage is how long a fresh run may still be given to get its page, so that its first status needs no second one.
func (r *Report) untilPage(pj *v1alpha1.PipelineJob) time.Duration {
	begun := pj.Status.State == v1alpha1.StatePending || pj.Status.State.Terminal()
	if begun || pj.Status.URL != "" {
		return 0
	}
	return pj.CreationTimestamp.Add(pageGrace).Sub(r.now())
}

// passOver closes the books on a finished run that a newer run of its context replaced.
func (r *Report) passOver(ctx context.Context, pj *v1alpha1.PipelineJob) error {
	last := r.told.last(pj, forgeReporter)
	if !pj.Status.State.Terminal() || last.State == pj.Status.State {
		return nil
	}
	reports.WithLabelValues(forgeReporter, resultReplaced).Inc()
	return r.record(ctx, pj, forgeReporter, v1alpha1.ReportStatus{State: pj.Status.State, Message: "A newer run reports for this context."})
}

// status tells the commit how one run stands, unless it knows.
func (r *Report) status(ctx context.Context, key ReportKey, pj *v1alpha1.PipelineJob) error {
	forge, err := r.forge(key.Repo.Connection)
	if err != nil {
		return err
	}
	want, last := report.Status(pj, forge.StatusDescriptionLimit), r.told.last(pj, forgeReporter)
	if knows(last.ReportStatus, pj, want) {
		return r.save(ctx, pj, forgeReporter, last)
	}
	outcome := v1alpha1.ReportStatus{State: pj.Status.State.Known(), Status: string(want.State), TargetURL: want.TargetURL}
	err = forge.Statuses.Set(ctx, key.Repo, key.SHA, want)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		r.observe(pj)
		reports.WithLabelValues(forgeReporter, resultSent).Inc()
	case transient(err):
		reports.WithLabelValues(forgeReporter, resultRetried).Inc()
		return &forgeError{fmt.Errorf("set status %s: %w", want.Context, err)}
	default:
		reports.WithLabelValues(forgeReporter, resultRefused).Inc()
		log.FromContext(ctx).Error(err, "forge refuses a status", "run", pj.Name, "context", want.Context)
		outcome = v1alpha1.ReportStatus{State: pj.Status.State.Known(), Message: brief(err)}
	}
	return r.record(ctx, pj, forgeReporter, outcome)
}

// knows says that telling the forge again would change nothing that people act on. The words of a status that stays the
// same are not worth a call, and some forges refuse it.
func knows(last v1alpha1.ReportStatus, pj *v1alpha1.PipelineJob, want scm.Status) bool {
	if last.Status == "" {
		return last.State == pj.Status.State.Known()
	}
	return last.Status == string(want.State) && last.TargetURL == want.TargetURL
}

func (r *Report) observe(pj *v1alpha1.PipelineJob) {
	phase, since := "pending", pj.CreationTimestamp
	if pj.Status.State.Terminal() {
		if pj.Status.CompletionTime == nil {
			return
		}
		phase, since = "final", *pj.Status.CompletionTime
	}
	reportLag.WithLabelValues(phase).Observe(max(0, r.now().Sub(since.Time).Seconds()))
}
