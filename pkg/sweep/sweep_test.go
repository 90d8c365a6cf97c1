package sweep_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/scmtest"
	"github.com/pharos-ci/pharos/pkg/sweep"
)

var (
	repo = scm.Repo{Connection: "main", Org: "acme", Name: "app"}
	noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
)

// world is a forge with its pull requests, and what Pharos knows of them.
type world struct {
	*scmtest.Forge
	pulls    []scm.PullRequest
	comments []scm.Comment
	heard    time.Time
	took     []string
	stored   []string
}

func (w *world) Client(string) (*scm.Client, error) {
	c := *w.Forge.Client()
	c.Pulls, c.Comments = pulls{c.Pulls, w}, comments{c.Comments, w}
	return &c, nil
}

type pulls struct {
	scm.PullRequests
	w *world
}

func (p pulls) List(context.Context, scm.Repo) ([]scm.PullRequest, error) { return p.w.pulls, nil }

type comments struct {
	scm.Comments
	w *world
}

func (c comments) List(context.Context, scm.PullRef) ([]scm.Comment, error) { return c.w.comments, nil }

func (w *world) Bot(string) string                                           { return scmtest.Bot }
func (w *world) Heard(context.Context, string, time.Time) (time.Time, error) { return w.heard, nil }
func (w *world) Put(_ context.Context, e scm.Event) error {
	w.stored = append(w.stored, e.Envelope().ID)
	return nil
}
func (w *world) Took(_ context.Context, e scm.Event) (bool, error) {
	return slices.Contains(w.took, e.Envelope().ID), nil
}

func pull(n int, updated time.Time) scm.PullRequest {
	p := scmtest.Pull(scm.PullRef{Repo: repo, Number: n}, "alice")
	p.Updated, p.Head.SHA = updated, "abc"
	return p
}

func (w *world) sweep(t *testing.T, once func(*sweep.Sweeper, context.Context) (int, error)) []string {
	t.Helper()
	n, err := once(&sweep.Sweeper{
		Forges: w, Inbox: w, Memory: w, Repos: func() []scm.Repo { return []scm.Repo{repo} },
		Wants:    func(scm.Event) bool { return true },
		Contexts: func(scm.Repo) map[string]bool { return map[string]bool{"unit": true} },
		Every:    time.Hour, Started: noon,
		Now: func() time.Time { return noon },
	}, t.Context())
	if err != nil || n != len(w.stored) {
		t.Errorf("found %d, error %v; stored %v", n, err, w.stored)
	}
	return w.stored
}

func TestASweepFindsCommitsThatNobodyTested(t *testing.T) {
	w := &world{Forge: scmtest.New(), took: []string{"sweep main:acme/app#1@abc"}, heard: noon.Add(-time.Hour)}
	w.pulls = []scm.PullRequest{pull(1, noon), pull(2, noon), pull(3, noon), pull(4, noon.Add(-24*time.Hour))}
	w.pulls[2].Head.SHA = "old"
	if err := w.Forge.Client().Statuses.Set(t.Context(), repo, "old", scm.Status{Context: "unit", State: scm.StatusSuccess}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sweep main:acme/app#2@abc"}, w.sweep(t, (*sweep.Sweeper).AfterDowntime)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestASweepFindsComments(t *testing.T) {
	at := func(id, author string, minutes int) scm.Comment {
		return scm.Comment{ID: id, Author: scm.User{Login: author}, Body: "/test all", Created: noon.Add(time.Duration(minutes) * time.Minute)}
	}
	all := []scm.Comment{at("old", "alice", -500), at("early", "alice", -190), at("late", "alice", -30), at("taken", "alice", -30), at("own", scmtest.Bot, -30)}
	for name, tc := range map[string]struct {
		sweep func(*sweep.Sweeper, context.Context) (int, error)
		heard time.Time
		want  []string
	}{
		"of the whole downtime":                  {(*sweep.Sweeper).AfterDowntime, noon.Add(-3 * time.Hour), []string{"sweep main:acme/app#1/comment/early", "sweep main:acme/app#1/comment/late"}},
		"of the last while":                      {(*sweep.Sweeper).Again, noon.Add(-3 * time.Hour), []string{"sweep main:acme/app#1/comment/late"}},
		"none on a new connection after a start": {(*sweep.Sweeper).AfterDowntime, time.Time{}, nil},
		"none on a new connection later":         {(*sweep.Sweeper).Again, time.Time{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{Forge: scmtest.New(), took: []string{"sweep main:acme/app#1@abc", "sweep main:acme/app#1/comment/taken"},
				comments: all, heard: tc.heard, pulls: []scm.PullRequest{pull(1, noon)}}
			if diff := cmp.Diff(tc.want, w.sweep(t, tc.sweep)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
		})
	}
}
