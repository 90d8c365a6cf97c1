package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/inbox"
	"github.com/pharos-ci/pharos/pkg/job"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/sweep"
)

// addCatchUp adds what looks, after a downtime, for what was missed: deliveries where the forge sends them again, open pull
// requests elsewhere.
func (s *server) addCatchUp() error {
	memory := deliveries{s.GetCache(), s.config.Current().ProwJobNamespace}
	started := time.Now()
	redelivery := leading(func(ctx context.Context) error {
		s.redeliver(ctx, memory, started)
		return nil
	})
	return s.addAll(redelivery, &sweep.Sweeper{
		Forges: s.forges, Inbox: s.inbox, Memory: memory, Wants: s.chat.Wants, Every: sweepEvery, Started: started, Now: time.Now,
		Repos:    s.sweptRepos,
		Contexts: func(r scm.Repo) map[string]bool { return contexts(s.config.Current().Jobs.Presubmits(r)) },
	})
}

// sweptRepos are those with jobs for pull requests, unless their forge sends failed deliveries again.
func (s *server) sweptRepos() []scm.Repo {
	jobs := s.config.Current().Jobs
	var repos []scm.Repo
	for _, repo := range jobs.Repos() {
		if len(jobs.Presubmits(repo)) > 0 && !s.redelivers(repo.Connection) {
			repos = append(repos, repo)
		}
	}
	return repos
}

// redelivers says that a connection's forge can be asked for failed deliveries. Without our own address its webhooks cannot
// be told from other tools'.
func (s *server) redelivers(connection string) bool {
	c, err := s.forges.Client(connection)
	return err == nil && c.Redelivery && s.WebhookURL != ""
}

// redeliver asks each forge that can for what failed since the last delivery that came before this process.
func (s *server) redeliver(ctx context.Context, memory deliveries, started time.Time) {
	for _, conn := range s.config.Current().Connections {
		if !s.redelivers(conn.Name) {
			continue
		}
		since, err := memory.Heard(ctx, conn.Name, started)
		if err == nil && since.IsZero() {
			continue // it was installed just now
		}
		asked := 0
		if err == nil {
			i := s.forges.installer(conn.Name, s.WebhookURL)
			targets, failure := i.Targets(ctx, s.forges.served(conn.Name))
			asked, err = i.Redeliver(ctx, targets, since)
			err = errors.Join(failure, err)
		}
		if err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "cannot ask for everything that was missed", "connection", conn.Name)
		}
		log.FromContext(ctx).Info("asked the forge for what was missed", "connection", conn.Name, "since", since, "deliveries", asked)
	}
}

func contexts(jobs []*job.Presubmit) map[string]bool {
	all := make(map[string]bool, len(jobs))
	for _, j := range jobs {
		all[j.Context] = true
	}
	return all
}

// deliveries is the memory of what was heard, as the informer has it.
type deliveries struct {
	client.Reader
	namespace string
}

// Heard implements sweep.Memory. What a sweep found does not count: nobody told it.
func (d deliveries) Heard(ctx context.Context, connection string, before time.Time) (time.Time, error) {
	var list v1alpha1.DeliveryList
	if err := d.List(ctx, &list, client.InNamespace(d.namespace), client.UnsafeDisableDeepCopy); err != nil {
		return time.Time{}, err
	}
	var newest time.Time
	for i := range list.Items {
		spec := &list.Items[i].Spec
		at := spec.ReceivedAt.Time
		if spec.Connection == connection && at.Before(before) && at.After(newest) && !strings.HasPrefix(spec.ID, scm.NativeSweep+" ") {
			newest = at
		}
	}
	return newest, nil
}

// Took implements sweep.Memory.
func (d deliveries) Took(ctx context.Context, e scm.Event) (bool, error) {
	var list v1alpha1.DeliveryList
	err := d.List(ctx, &list, client.InNamespace(d.namespace), client.MatchingLabels{v1alpha1.LabelAbout: inbox.About(e)}, client.UnsafeDisableDeepCopy)
	return len(list.Items) > 0, err
}

// leading is a runnable of the leader.
type leading func(context.Context) error

// Start implements manager.Runnable.
func (f leading) Start(ctx context.Context) error { return f(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (leading) NeedLeaderElection() bool { return true }
