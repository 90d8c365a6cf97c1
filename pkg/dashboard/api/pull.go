package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pharos-ci/pharos/pkg/apis/pharos/v1alpha1"
	"github.com/pharos-ci/pharos/pkg/dashboard/gate"
	"github.com/pharos-ci/pharos/pkg/history"
	"github.com/pharos-ci/pharos/pkg/scm"
)

// Bounds of pages that sum up many runs.
const (
	timelineLength = 200
	historyRuns    = 200
	historyWindow  = 30 * 24 * time.Hour
)

func (a *API) pull(ctx context.Context, in *pullInput) (*PullPage, error) {
	repo, err := scm.ParseRepo(in.Connection, in.Repo)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBadQuery, err)
	}
	p, err := a.Gate.Pull(ctx, scm.PullRef{Repo: repo, Number: in.Number})
	if err != nil {
		return nil, err
	}
	page := &PullPage{
		Connection: in.Connection, Repo: in.Repo, Number: in.Number, Title: p.Title, Author: p.Author, Link: safeLink(p.Link),
		Commits: []PullCommit{}, Jobs: p.Jobs, Cells: []PullCell{}, Runs: []Run{},
	}
	if page.Jobs == nil {
		page.Jobs = []string{}
	}
	for i := range p.Commits {
		a.addCommit(page, &p.Commits[i])
	}
	slices.SortStableFunc(page.Runs, func(a, b Run) int { return v1alpha1.CompareBuilds(b.BuildID, a.BuildID) })
	deliveries, _, err := a.Gate.Deliveries(ctx, gate.DeliveryFilter{Connection: in.Connection, Repo: in.Repo, Pull: in.Number, Limit: timelineLength})
	if err != nil {
		return nil, err
	}
	page.Timeline = deliveriesOf(deliveries)
	return page, nil
}

func (a *API) addCommit(page *PullPage, c *history.Commit) {
	commit := PullCommit{SHA: c.SHA, Link: safeLink(c.Link)}
	for _, job := range slices.Sorted(maps.Keys(c.Runs)) {
		runs := c.Runs[job]
		page.Cells = append(page.Cells, PullCell{SHA: c.SHA, Job: job, Run: runs[0].Name, State: runs[0].Status.State.Known(), Runs: len(runs)})
		page.Runs = append(page.Runs, a.runsOf(runs)...)
		oldest := moment(&runs[len(runs)-1].CreationTimestamp)
		if commit.Created == nil || oldest != nil && oldest.Before(*commit.Created) {
			commit.Created = oldest
		}
	}
	page.Commits = append(page.Commits, commit)
}

func (a *API) jobHistory(ctx context.Context, in *jobHistoryInput) (*JobHistory, error) {
	filter := history.Filter{Connection: in.Connection, Repo: in.Repo, Job: in.Job, Since: in.Since}
	if filter.Since.IsZero() {
		filter.Since = time.Now().Add(-historyWindow)
	}
	trend, err := a.Gate.JobHistory(ctx, filter)
	if err != nil {
		return nil, err
	}
	runs, err := a.Gate.List(ctx, filter, history.Paging{Limit: historyRuns})
	if err != nil {
		return nil, err
	}
	out := &JobHistory{
		Connection: in.Connection, Repo: in.Repo, Job: in.Job, Runs: a.runsOf(runs.Runs),
		ByDay: make([]Day, len(trend.Days)), Flakes: make([]Flake, len(trend.Flakes)),
	}
	for i, d := range trend.Days {
		out.ByDay[i] = Day{
			Day: d.Start.UTC().Format(time.DateOnly), Runs: d.Runs, Success: d.Success, Failure: d.Failure,
			P50: d.Median.Seconds(), P95: d.P95.Seconds(),
		}
	}
	for i, f := range trend.Flakes {
		out.Flakes[i] = Flake{SHA: f.SHA, Runs: f.Runs, Success: f.Success, Failure: f.Failure, Last: f.Last}
	}
	return out, nil
}

func (a *API) deliveries(ctx context.Context, in *deliveriesInput) (*DeliveryPage, error) {
	found, next, err := a.Gate.Deliveries(ctx, gate.DeliveryFilter{
		Connection: in.Connection, Repo: in.Repo, Phase: v1alpha1.DeliveryPhase(in.Phase), Before: in.Before, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	return &DeliveryPage{Deliveries: deliveriesOf(found), Next: next}, nil
}

func (a *API) delivery(ctx context.Context, in *deliveryInput) (*Delivery, error) {
	d, err := a.Gate.Delivery(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	out := deliveryOf(d)
	replay := permission(a.Gate.MayReplay(ctx, d))
	out.Replay = &replay
	return &out, nil
}

func (a *API) replay(ctx context.Context, in *deliveryInput) (*Done, error) {
	if err := a.Gate.Replay(ctx, in.Name); err != nil {
		return nil, err
	}
	return &Done{Message: "The delivery is worked on again."}, nil
}

func deliveriesOf(all []*v1alpha1.Delivery) []Delivery {
	out := make([]Delivery, len(all))
	for i, d := range all {
		out[i] = deliveryOf(d)
	}
	return out
}

func deliveryOf(d *v1alpha1.Delivery) Delivery {
	out := Delivery{
		Name: d.Name, ID: d.Spec.ID, Connection: d.Spec.Connection, Event: d.Spec.Event, Sender: d.Spec.Sender,
		Received: d.Spec.ReceivedAt.UTC(), Phase: string(cmp.Or(d.Status.Phase, v1alpha1.DeliveryPending)), Attempts: int(d.Status.Attempts),
		NextAttempt: moment(d.Status.NextAttempt), Finished: moment(d.Status.FinishedAt), Message: d.Status.Message,
		Outcomes: make([]Outcome, len(d.Status.Outcomes)), Jobs: make([]JobDecision, len(d.Status.Jobs)),
	}
	if ref, ok := gate.Subject(d); ok {
		out.Repo, out.Pull = ref.FullName(), ref.Number
	}
	for i, o := range d.Status.Outcomes {
		out.Outcomes[i] = Outcome{Plugin: o.Plugin, Did: append([]string{}, o.Did...), Error: o.Error}
	}
	for i, j := range d.Status.Jobs {
		out.Jobs[i] = JobDecision{Name: j.Name, Context: j.Context, Run: j.Run, Reason: j.Reason, RunName: j.PipelineJob}
	}
	return out
}
