// Package sweep looks at open pull requests for what no webhook told: commits and comments that came while nobody
// listened, on forges that do not send a failed delivery again.
//
// What it finds goes into the inbox like any delivery, under an identity that is the same at every sweep, so that finding
// it again changes nothing. It starts no jobs itself and never looks at closed pull requests.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/transport"
)

// Forges gives the client of a connection and the bot's login there.
type Forges interface {
	Client(connection string) (*scm.Client, error)
	Bot(connection string) string
}

// Inbox stores events; the same one again is a no-op.
type Inbox interface {
	Put(ctx context.Context, e scm.Event) error
}

// Memory knows what was heard before.
type Memory interface {
	// Heard is when the last delivery of a connection before a moment came; zero if none is known.
	Heard(ctx context.Context, connection string, before time.Time) (time.Time, error)
	// Took says whether a delivery told of the same head or comment.
	Took(ctx context.Context, e scm.Event) (bool, error)
}

// Sweeper sweeps once when it starts, as the leader, and then every so often.
type Sweeper struct {
	Forges Forges
	Inbox  Inbox
	Memory Memory
	// Repos lists the repositories to look at.
	Repos func() []scm.Repo
	// Wants says whether anything would handle an event.
	Wants func(scm.Event) bool
	// Contexts are the statuses that runs of a repository report, by which a tested commit is known after its runs are gone.
	Contexts func(scm.Repo) map[string]bool
	Every    time.Duration
	// Started is when this process began to listen: what was heard before is where a downtime began.
	Started time.Time
	Now     func() time.Time
}

// overlap of two windows covers clocks that differ and deliveries that were under way.
const overlap = 10 * time.Minute

// Start sweeps until ctx ends: first everything since the last delivery before this process, then what is recent.
func (s *Sweeper) Start(ctx context.Context) error {
	s.sweep(ctx, s.sinceDowntime)
	ticker := time.NewTicker(s.Every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			s.sweep(ctx, s.recent)
		}
	}
}

// NeedLeaderElection is true: one sweeper is enough.
func (*Sweeper) NeedLeaderElection() bool { return true }

func (s *Sweeper) sweep(ctx context.Context, since sinceFunc) {
	found, err := s.once(ctx, since)
	if err != nil && ctx.Err() == nil {
		// The next sweep looks again; whatever keeps it from looking shows in the requests' metrics too.
		log.FromContext(ctx).Error(err, "sweep is incomplete")
	}
	if found > 0 {
		log.FromContext(ctx).Info("sweep found what no webhook told", "events", found)
	}
}

// sinceFunc is where a sweep of a connection begins; zero where there is nothing to look for. A connection that never told
// anything was installed just now: its old pull requests are nobody's loss.
type sinceFunc func(ctx context.Context, connection string) (time.Time, error)

func (s *Sweeper) sinceDowntime(ctx context.Context, connection string) (time.Time, error) {
	heard, err := s.Memory.Heard(ctx, connection, s.Started)
	if err != nil || heard.IsZero() {
		return heard, err
	}
	return heard.Add(-overlap), nil
}

func (s *Sweeper) recent(ctx context.Context, connection string) (time.Time, error) {
	heard, err := s.Memory.Heard(ctx, connection, s.Now())
	if err != nil || heard.IsZero() {
		return heard, err
	}
	return s.Now().Add(-s.Every - overlap), nil
}

// AfterDowntime sweeps once as at the start, and says how many events it stored. Repositories that it could not look at
// are in the error.
func (s *Sweeper) AfterDowntime(ctx context.Context) (found int, err error) {
	return s.once(ctx, s.sinceDowntime)
}

// Again sweeps once as it does every so often.
func (s *Sweeper) Again(ctx context.Context) (found int, err error) { return s.once(ctx, s.recent) }

func (s *Sweeper) once(ctx context.Context, since sinceFunc) (found int, err error) {
	ctx = transport.InBackground(ctx)
	from := map[string]time.Time{}
	var failures []error
	for _, repo := range s.Repos() {
		if _, known := from[repo.Connection]; !known {
			if from[repo.Connection], err = since(ctx, repo.Connection); err != nil {
				return found, err
			}
		}
		if from[repo.Connection].IsZero() {
			continue
		}
		n, err := s.repo(ctx, repo, from[repo.Connection])
		found += n
		if err != nil {
			failures = append(failures, fmt.Errorf("sweep %v: %w", repo, err))
		}
	}
	return found, errors.Join(failures...)
}

func (s *Sweeper) repo(ctx context.Context, repo scm.Repo, since time.Time) (found int, err error) {
	client, err := s.Forges.Client(repo.Connection)
	if err != nil {
		return 0, err
	}
	pulls, err := client.Pulls.List(ctx, repo)
	if err != nil {
		return 0, err
	}
	var failures []error
	for i := range pulls {
		if pulls[i].Updated.Before(since) {
			continue
		}
		n, err := s.pull(ctx, client, &pulls[i], since)
		found += n
		failures = append(failures, err)
	}
	return found, errors.Join(failures...)
}

func (s *Sweeper) pull(ctx context.Context, client *scm.Client, pull *scm.PullRequest, since time.Time) (found int, err error) {
	found, err = s.head(ctx, client, pull)
	if err != nil {
		return found, err
	}
	comments, err := client.Comments.List(ctx, pull.Ref)
	if err != nil {
		return found, fmt.Errorf("list comments of %v: %w", pull.Ref, err)
	}
	for _, c := range comments {
		if c.Created.Before(since) || client.Named(c.Author, s.Forges.Bot(pull.Ref.Connection)) {
			continue
		}
		stored, err := s.put(ctx, &scm.CommentEvent{
			Meta: meta(pull.Ref.Repo, c.Author, pull.Ref.String()+"/comment/"+c.ID), Action: scm.ActionCreated, Comment: c,
			Number: pull.Ref.Number, IsPull: true, State: pull.State, Pull: pull,
		})
		if err != nil {
			return found, err
		}
		found += stored
	}
	return found, nil
}

// head looks for news of the head. The deliveries of the last days are asked first; the forge remembers for longer.
func (s *Sweeper) head(ctx context.Context, client *scm.Client, pull *scm.PullRequest) (found int, err error) {
	e := &scm.PullRequestEvent{
		Meta: meta(pull.Ref.Repo, pull.Author, pull.Ref.String()+"@"+pull.Head.SHA), Action: scm.ActionSynchronize, Pull: *pull,
	}
	if news, err := s.news(ctx, e); err != nil || !news {
		return 0, err
	}
	statuses, err := client.Statuses.List(ctx, pull.Ref.Repo, pull.Head.SHA)
	if err != nil {
		return 0, fmt.Errorf("list statuses of %v: %w", pull.Ref, err)
	}
	ours := s.Contexts(pull.Ref.Repo)
	for _, status := range statuses {
		if ours[status.Context] {
			return 0, nil
		}
	}
	return s.put(ctx, e)
}

// news says that something would handle the event and that no delivery told of it.
func (s *Sweeper) news(ctx context.Context, e scm.Event) (bool, error) {
	if !s.Wants(e) {
		return false, nil
	}
	took, err := s.Memory.Took(ctx, e)
	return !took, err
}

func (s *Sweeper) put(ctx context.Context, e scm.Event) (stored int, err error) {
	if news, err := s.news(ctx, e); err != nil || !news {
		return 0, err
	}
	if err := s.Inbox.Put(ctx, e); err != nil {
		return 0, err
	}
	return 1, nil
}

func meta(repo scm.Repo, sender scm.User, what string) scm.Envelope {
	return scm.Envelope{ID: scm.NativeSweep + " " + what, Native: scm.NativeSweep, Repo: repo, Sender: sender}
}
