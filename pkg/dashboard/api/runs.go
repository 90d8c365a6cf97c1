package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard/sse"
	"github.com/pharos-ci/pharos/pkg/history"
)

func (f RunFilter) filter() history.Filter {
	out := history.Filter{
		Connection: f.Connection, Repo: f.Repo, Pull: f.Pull, Author: f.Author, Job: f.Job, SHA: f.SHA, Since: f.Since, Until: f.Until,
	}
	for _, t := range f.Type {
		out.Types = append(out.Types, v1alpha1.JobType(t))
	}
	for _, s := range f.State {
		out.States = append(out.States, v1alpha1.JobState(s))
	}
	return out
}

func (a *API) session(ctx context.Context, _ *struct{}) (*Session, error) {
	s := &Session{Logins: []Login{}, Version: a.Version, StoreURL: a.StoreURL, ErrorPatterns: a.Gate.Settings().ErrorPatterns}
	if s.ErrorPatterns == nil {
		s.ErrorPatterns = []string{}
	}
	if user := a.Gate.Viewer(ctx); user != nil {
		s.User = &User{Connection: user.Connection, Login: user.Login, Name: user.Name, Avatar: safeLink(user.Avatar)}
	}
	for _, c := range a.Logins() {
		s.Logins = append(s.Logins, Login(c))
	}
	if setup, err := a.Gate.Setup(ctx); err == nil {
		s.Findings = len(setup.Warnings) + len(setup.Refused)
	}
	if done, total, running := a.Rebuilding(); running {
		s.Rebuilding = &Progress{Done: done, Total: total}
	}
	return s, nil
}

func (a *API) listRuns(ctx context.Context, in *listInput) (*RunPage, error) {
	page, err := a.Gate.List(ctx, in.filter(), history.Paging{Before: in.Before, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &RunPage{Runs: a.runsOf(page.Runs), Next: page.Next}, nil
}

func (a *API) histogram(ctx context.Context, in *histogramInput) (*Histogram, error) {
	h, err := a.Gate.Histogram(ctx, in.filter(), in.Buckets)
	if err != nil {
		return nil, err
	}
	out := &Histogram{From: h.From, To: h.To, Seconds: int64(h.Width.Seconds()), Buckets: make([]Bucket, len(h.Buckets))}
	for i, b := range h.Buckets {
		out.Buckets[i] = Bucket{Start: b.Start, Counts: make(map[string]int, len(b.Counts))}
		for state, n := range b.Counts {
			out.Buckets[i].Counts[string(state)] = n
		}
	}
	return out, nil
}

func (a *API) values(ctx context.Context, in *valuesInput) (*Values, error) {
	asked := history.Asked{Field: history.Field(in.Field), Prefix: in.Prefix, Limit: in.Limit}
	values, err := a.Gate.Values(ctx, asked, history.Filter{Connection: in.Connection, Repo: in.Repo})
	if err != nil {
		return nil, err
	}
	if values == nil {
		values = []string{}
	}
	return &Values{Values: values}, nil
}

// followRuns sends runs that match as they change. A run that matched and does so no more is gone.
func (a *API) followRuns(w http.ResponseWriter, r *http.Request, in *RunFilter) error {
	if r.Method == http.MethodHead {
		sse.Headers(w)
		return nil
	}
	changes := a.Gate.Changes(r.Context())
	out, err := a.Streams.Open(w)
	if err != nil {
		return err
	}
	defer out.Close()
	filter := in.filter()
	for {
		if out.Flush() != nil {
			return nil
		}
		select {
		case change, more := <-changes:
			if !more {
				out.Leave()
				return nil
			}
			if err := a.tellRun(r.Context(), out, filter, change); err != nil {
				LogFailure(r, fmt.Errorf("follow runs: %w", err))
				out.Event("", "resync", Resync{})
			}
		case <-out.Beats():
			out.Beat()
		case <-out.Draining():
			out.Leave()
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
}

func (a *API) tellRun(ctx context.Context, out *sse.Stream, filter history.Filter, c history.Change) error {
	if c.Resync {
		out.Event("", "resync", Resync{})
		return nil
	}
	seen, err := a.Gate.See(ctx, c.Run)
	if err != nil || !seen {
		return err
	}
	if c.Gone || !filter.Match(c.Run) {
		out.Event("", "gone", Gone{Name: c.Run.Name})
		return nil
	}
	out.Event("", "run", a.runOf(c.Run))
	return nil
}
