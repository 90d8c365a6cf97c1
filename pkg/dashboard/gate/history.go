package gate

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/access"
	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/history"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// History is the index of all runs. [history.Store] is one.
type History interface {
	Get(ctx context.Context, name string, v history.Visible) (*v1alpha1.PipelineJob, error)
	At(ctx context.Context, path string, v history.Visible) (*v1alpha1.PipelineJob, error)
	List(ctx context.Context, f history.Filter, v history.Visible, p history.Paging) (history.Page, error)
	Histogram(ctx context.Context, f history.Filter, v history.Visible, buckets int) (history.Histogram, error)
	Values(ctx context.Context, a history.Asked, f history.Filter, v history.Visible) ([]string, error)
	JobHistory(ctx context.Context, f history.Filter, v history.Visible) (history.Trend, error)
	Pull(ctx context.Context, repo history.Repo, number int, v history.Visible) (history.Pull, error)
	Subscribe(ctx context.Context) <-chan history.Change
	// Repos are all repositories that any run checks out.
	Repos(ctx context.Context) ([]history.Repo, error)
}

var _ History = (*history.Store)(nil)

// past finds a run that the cluster has forgotten; whether it may be seen is decided by open. One that was deleted before it
// ended will not go on, whatever was known of it last.
func (g *Gate) past(ctx context.Context, name string) (*v1alpha1.PipelineJob, error) {
	pj, err := g.d.History.Get(ctx, name, history.Everything)
	if errors.Is(err, history.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err == nil && !pj.Status.State.Terminal() {
		pj.Status.State, pj.Status.Description = v1alpha1.StateAborted, "It was deleted before it ended."
	}
	return pj, err
}

// RunAt opens the run whose folder in the store is path.
func (g *Gate) RunAt(ctx context.Context, path string) (*Run, error) {
	pj, err := g.d.History.At(ctx, path, history.Everything)
	if errors.Is(err, history.ErrNotExist) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("get run in %s: %w", path, err)
	}
	return g.open(ctx, pj)
}

// visible is what the reader may read of all that history knows. What cannot be found out is left out.
func (g *Gate) visible(ctx context.Context) (history.Visible, error) {
	known, err := g.d.History.Repos(ctx)
	if err != nil {
		return history.Visible{}, fmt.Errorf("list repositories: %w", err)
	}
	repos := make([]scm.Repo, len(known))
	for i, r := range known {
		repos[i] = scm.Repo(r)
	}
	seen, err := g.visibleOf(ctx, repos)
	if err != nil {
		return history.Visible{}, err
	}
	v := history.Only()
	for r := range seen {
		v.Repos[history.Repo(r)] = struct{}{}
	}
	return v, nil
}

// visibleOf is readable, with what cannot be found out left out.
func (g *Gate) visibleOf(ctx context.Context, repos []scm.Repo) (map[scm.Repo]bool, error) {
	seen, err := g.readable(ctx, repos)
	if undecided, ok := errors.AsType[*access.UndecidedError](err); ok {
		log.FromContext(ctx).Info("some repositories are hidden, because their forge does not answer", "error", undecided.Error())
		return seen, nil
	}
	return seen, err
}

// List lists runs, newest first. They lack their labels, conditions and the like: see [history.Store.List].
func (g *Gate) List(ctx context.Context, f history.Filter, p history.Paging) (history.Page, error) {
	v, err := g.visible(ctx)
	if err != nil {
		return history.Page{}, fmt.Errorf("list runs: %w", err)
	}
	return g.d.History.List(ctx, f, v, p)
}

// Histogram counts runs over time.
func (g *Gate) Histogram(ctx context.Context, f history.Filter, buckets int) (history.Histogram, error) {
	v, err := g.visible(ctx)
	if err != nil {
		return history.Histogram{}, fmt.Errorf("count runs: %w", err)
	}
	return g.d.History.Histogram(ctx, f, v, buckets)
}

// Values suggests values of a field of the filter.
func (g *Gate) Values(ctx context.Context, a history.Asked, f history.Filter) ([]string, error) {
	v, err := g.visible(ctx)
	if err != nil {
		return nil, fmt.Errorf("suggest values: %w", err)
	}
	return g.d.History.Values(ctx, a, f, v)
}

// JobHistory sums up the runs of a job.
func (g *Gate) JobHistory(ctx context.Context, f history.Filter) (history.Trend, error) {
	v, err := g.visible(ctx)
	if err != nil {
		return history.Trend{}, fmt.Errorf("sum up runs: %w", err)
	}
	return g.d.History.JobHistory(ctx, f, v)
}

// Pull sums up the runs of a pull request; one without runs is empty, one of a repository that the reader may not see is
// ErrNotFound.
func (g *Gate) Pull(ctx context.Context, ref scm.PullRef) (history.Pull, error) {
	ok, err := g.MayRead(ctx, ref.Repo)
	if err == nil && !ok {
		err = ErrNotFound
	}
	if err != nil {
		return history.Pull{}, fmt.Errorf("get %s: %w", ref, err)
	}
	v, err := g.visible(ctx)
	if err != nil {
		return history.Pull{}, fmt.Errorf("get %s: %w", ref, err)
	}
	p, err := g.d.History.Pull(ctx, history.Repo(ref.Repo), ref.Number, v)
	if errors.Is(err, history.ErrNotExist) {
		return history.Pull{}, nil
	}
	return p, err
}

// Changes tells of changed runs until ctx ends; the channel is closed then. See is asked about each of them.
func (g *Gate) Changes(ctx context.Context) <-chan history.Change { return g.d.History.Subscribe(ctx) }

// See says whether the reader may know of a changed run.
func (g *Gate) See(ctx context.Context, pj *v1alpha1.PipelineJob) (bool, error) {
	return g.MayRead(ctx, access.Repos(pj)...)
}
