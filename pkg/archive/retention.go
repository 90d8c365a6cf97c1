package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/logs"
	"github.com/pharos-ci/pharos/pkg/storage"
)

// minAge is how long after the last write nothing is removed, whatever the policy.
const minAge = 24 * time.Hour

// Retention removes runs that have been kept long enough: the whole folder and what leads to it. A run that is live, or was
// written to within the last day, stays.
type Retention struct {
	Store  storage.Store
	Layout logs.Layout
	// Policy and Live are asked at the begin of each pass. Without an answer of Live nothing is removed.
	Policy func() Policy
	Live   func(context.Context) (live func(folder string) bool, err error)
	// Every is the pause between two passes.
	Every time.Duration
}

// Expired is a run that the policy keeps no longer.
type Expired struct {
	Run
	// Reason for people.
	Reason string
}

// Live asks the cluster which runs' folders may still be written to: those of objects that have not ended or whose log is
// not archived.
func Live(ctx context.Context, cluster client.Reader, namespace string, layout logs.Layout) (func(folder string) bool, error) {
	var list v1alpha1.PipelineJobList
	if err := cluster.List(ctx, &list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list live runs: %w", err)
	}
	live := map[string]bool{}
	for i := range list.Items {
		if job := &list.Items[i]; !job.Status.Log.Archived || !job.Status.State.Terminal() {
			live[layout.Run(job)] = true
		}
	}
	return func(folder string) bool { return live[folder] }, nil
}

// Start passes over the store until ctx ends.
func (r *Retention) Start(ctx context.Context) error {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := r.Sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			failedSweeps.Inc()
			log.FromContext(ctx).Error(err, "runs beyond their time stay until the next pass")
		}
	}, r.Every)
	return nil
}

// NeedLeaderElection is true: two passes at once would only get into each other's way.
func (*Retention) NeedLeaderElection() bool { return true }

// Sweep removes what has expired at now, and uploads that were begun a week ago and never completed.
func (r *Retention) Sweep(ctx context.Context, now time.Time) error {
	for expired, err := range r.Expired(ctx, now) {
		if err != nil {
			return err
		}
		if err := remove(ctx, r.Store, r.Layout, expired.Run); err != nil {
			return err
		}
		removedRuns.Inc()
		log.FromContext(ctx).Info("run removed", "path", expired.Path, "reason", expired.Reason)
	}
	if _, err := r.Store.AbortStale(ctx, folderPrefix(strings.Trim(r.Layout.Prefix, "/")), staleUpload); err != nil {
		return fmt.Errorf("abort stale uploads: %w", err)
	}
	lastSweep.SetToCurrentTime()
	return nil
}

// Expired yields what Sweep would remove now. It holds the ids of as many builds of each job as the largest count of the
// policy, and stops after the first error.
func (r *Retention) Expired(ctx context.Context, now time.Time) iter.Seq2[Expired, error] {
	return func(yield func(Expired, error) bool) {
		policy := r.Policy()
		if policy.empty() {
			return
		}
		live, err := r.Live(ctx)
		if err != nil {
			yield(Expired{}, err)
			return
		}
		pass := &pass{r: r, policy: policy, live: live, now: now}
		if err := pass.count(ctx); err != nil {
			yield(Expired{}, err)
			return
		}
		sweptRuns.Set(0)
		for expired, err := range parallel(ctx, Walk(ctx, r.Store, r.Layout), pass.judge) {
			sweptRuns.Inc()
			if err == nil && expired.Reason == "" {
				continue
			}
			if err != nil {
				err = fmt.Errorf("find expired runs: %w", err)
			}
			if !yield(expired, err) {
				return
			}
		}
	}
}

// pass is one look at everything.
type pass struct {
	r      *Retention
	policy Policy
	live   func(string) bool
	now    time.Time
	newest newestBuilds
}

// count finds the newest builds of each job.
func (p *pass) count(ctx context.Context) error {
	p.newest = newestBuilds{most: p.policy.mostCount(), builds: map[group][]string{}}
	if p.newest.most == 0 {
		return nil
	}
	for run, err := range Walk(ctx, p.r.Store, p.r.Layout) {
		if err != nil {
			return err
		}
		p.newest.add(run)
	}
	return nil
}

// judge gives a reason to what has expired. Most runs it knows by their path alone.
func (p *pass) judge(ctx context.Context, run Run) (Expired, error) {
	rules := p.policy.rules(p.r.Layout, run)
	if p.live(run.Path) || !p.mayExpire(rules, run) {
		return Expired{Run: run}, nil
	}
	c, err := Inspect(ctx, p.r.Store, run)
	if err != nil {
		return Expired{}, err
	}
	if c.Has(deletingFile) {
		return Expired{Run: run, Reason: "its removal had begun"}, nil
	}
	made := madeAt(run.BuildID)
	if made.IsZero() {
		made = c.Written()
	}
	if p.now.Sub(made) < minAge || p.now.Sub(c.Written()) < minAge {
		return Expired{Run: run}, nil
	}
	keep, err := p.keep(ctx, rules, run)
	return Expired{Run: run, Reason: p.reason(keep, run, made)}, err
}

// mayExpire says that some rule that may apply does not keep the run.
func (p *pass) mayExpire(rules []Rule, run Run) bool {
	made := madeAt(run.BuildID)
	if !made.IsZero() && p.now.Sub(made) < minAge {
		return false
	}
	for _, rule := range rules {
		if rule.Age > 0 && made.IsZero() || p.reason(rule.Keep, run, made) != "" {
			return true
		}
	}
	return false
}

// reason is empty for a run that is kept.
func (p *pass) reason(keep Keep, run Run, made time.Time) string {
	switch {
	case p.newest.exceeds(run, keep.Count):
		return fmt.Sprintf("older than the newest %d of its job", keep.Count)
	case keep.Age > 0 && !made.IsZero() && p.now.Sub(made) > keep.Age:
		return fmt.Sprintf("older than %v", keep.Age)
	}
	return ""
}

// keep is that of the first rule that applies; the run is read only when its path does not tell.
func (p *pass) keep(ctx context.Context, rules []Rule, run Run) (Keep, error) {
	if rules[0].Repo == "" {
		return rules[0].Keep, nil
	}
	job, err := Load(ctx, p.r.Store, p.r.Layout, run)
	if err != nil && !errors.Is(err, ErrNoRecord) && !errors.Is(err, ErrUnreadable) {
		return Keep{}, err
	}
	repo := ""
	if err == nil {
		repo = repoName(job)
	}
	for _, rule := range rules {
		if rule.Repo == "" || rule.Repo == repo {
			return rule.Keep, nil
		}
	}
	return Keep{}, nil
}
